//! What an answer says to a request that was to run in the background.

use crate::read::{self, Answer, Fields, fields, guid, header, id_in, identifier, pattern, scalar};

#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Under this id.
    Accepted(String),
    /// It ran at once.
    Foreground,
    Refused,
    /// Not taken; once more with a fresh token.
    Unauthorized,
    /// Not taken; later.
    Limited,
    /// It may have been taken, and never is to be sent again. Says why nobody knows.
    Uncertain(String),
}

/// Judges an answer to a submit.
///
/// A 202 is read as far as its body goes, for its id is the only way to the outcome. A page of HTML, a part of a body or
/// JSON that ends in the middle is nobody's answer: a proxy may have spoken.
pub fn judge(answer: &Answer) -> Verdict {
    let body = answer.text();
    match answer.status {
        202 => accepted_id(answer, &body)
            .map_or_else(|| Verdict::Uncertain("answered 202 without a readable id".into()), Verdict::Accepted),
        status @ 200..=399 => match queued_id(answer, &body) {
            Some(id) => Verdict::Accepted(id),
            None if status >= 300 => Verdict::Refused,
            None => match not_whole(answer, &body) {
                Some(why) => Verdict::Uncertain(why.into()),
                None if is_page(answer, &body) => Verdict::Uncertain("answered with a page of HTML".into()),
                None => Verdict::Foreground,
            },
        },
        401 => Verdict::Unauthorized,
        429 => Verdict::Limited,
        status if status == 408 || !(400..500).contains(&status) => Verdict::Uncertain(format!("answered {status}")),
        _ => Verdict::Refused,
    }
}

/// The id in a 202: in its body, which may be broken, else in an address that it names.
fn accepted_id(answer: &Answer, body: &str) -> Option<String> {
    let known = fields(body).unwrap_or_else(|| pieces(body));
    own_id(&known)
        .or_else(|| id_in(&scalar(known.get("statelocation"))))
        .or_else(|| id_in(header(&answer.headers, "location")))
        .or_else(|| guid(body.trim().trim_matches('"')))
}

/// The id of an answer that names a state although its status does not say so: a proxy gave it another one.
fn queued_id(answer: &Answer, body: &str) -> Option<String> {
    let known = fields(body).unwrap_or_default();
    let at = id_in(&scalar(known.get("statelocation"))).or_else(|| id_in(header(&answer.headers, "location")))?;
    Some(own_id(&known).unwrap_or(at))
}

fn own_id(known: &Fields) -> Option<String> {
    ["id", "jobid"].iter().find_map(|name| identifier(&scalar(known.get(*name))))
}

/// The members at the beginning of JSON that ends in the middle, before anything is nested in it.
fn pieces(body: &str) -> Fields {
    let start = body.trim_start();
    let flat = start.strip_prefix('{').unwrap_or(start).split(['{', '[']).next().unwrap_or_default();
    pattern!(r#""(\w+)"\s*:\s*(?:"([^"\\]*)"|([0-9]+)\s*[,}])"#)
        .captures_iter(flat)
        .filter_map(|member| {
            let value = member.get(2).or_else(|| member.get(3))?;
            Some((member[1].to_lowercase(), value.as_str().into()))
        })
        .collect()
}

/// Why a body is not all of an answer, or nothing.
pub fn not_whole(answer: &Answer, body: &str) -> Option<&'static str> {
    if answer.broken {
        return Some("the body of the answer broke off");
    }
    if answer.status == 206 || answer.headers.contains_key("content-range") {
        return Some("answered with a part of a body");
    }
    let json = body.trim_start().starts_with(['{', '[']) && says_json(answer.content_type());
    if json && serde_json::from_str::<serde::de::IgnoredAny>(body).is_err() {
        return Some("answered with JSON that cannot be read");
    }
    None
}

fn says_json(content_type: &str) -> bool {
    content_type.is_empty() || pattern!(r"(?i)json|^text/(plain|html|xml)|octet-stream").is_match(content_type)
}

/// Whether a body is a page of HTML, by its first bytes or by its declared type.
pub fn is_page(answer: &Answer, body: &str) -> bool {
    let start = pattern!(r"(?s)^\s*(?:(?:<\?xml[^>]*\?>|<!--.*?-->)\s*)*").replace(body, "");
    if pattern!(r"(?i)^<(!doctype html|html|head|body|title|meta|script)[\s/>]").is_match(&start) {
        return true;
    }
    let declared = answer.content_type().to_ascii_lowercase();
    let html = declared.starts_with("text/html") || declared.starts_with("application/xhtml");
    html && !start.is_empty() && !start.starts_with(['{', '['])
}

/// Whether a poll was answered with something that no repetition changes.
pub fn is_final_refusal(answer: &read::Answer) -> bool {
    (300..500).contains(&answer.status) && ![404, 408, 409, 410, 425, 429].contains(&answer.status)
}
