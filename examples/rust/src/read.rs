//! Reads what the ERP and its gateways write, in every form in which it is known to come.
//!
//! Nothing here fails: what cannot be read is `None`, and the caller asks again or tells that it does not know.

use std::time::{Duration, UNIX_EPOCH};

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, RETRY_AFTER};
use serde_json::{Map, Value};

/// A JSON object, its names in lower case: the ERP has been seen with `id` and with `Id`.
pub type Fields = Map<String, Value>;

/// An answer as it came, its body whole unless `broken`.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    /// The body ended before its end; what there is of it may still name an id.
    pub broken: bool,
}

impl Answer {
    pub fn content_type(&self) -> &str {
        header(&self.headers, CONTENT_TYPE)
    }

    pub fn text(&self) -> String {
        text(&self.body, self.content_type())
    }
}

/// The first value of a header, empty if there is none.
pub fn header(headers: &HeaderMap, name: impl reqwest::header::AsHeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// A regular expression that is compiled once.
macro_rules! pattern {
    ($text:literal) => {{
        static PATTERN: std::sync::LazyLock<regex::Regex> =
            std::sync::LazyLock::new(|| regex::Regex::new($text).expect("a pattern that compiles"));
        &*PATTERN
    }};
}
pub(crate) use pattern;

/// The body as text: a mark goes, a declared charset counts, and what is no UTF-8 is windows-1252.
pub fn text(body: &[u8], content_type: &str) -> String {
    if let Some((encoding, mark)) = Encoding::for_bom(body) {
        return encoding.decode_without_bom_handling(&body[mark..]).0.into_owned();
    }
    let declared = pattern!(r#"(?i)charset="?([\w-]+)"#)
        .captures(content_type)
        .map(|found| found[1].to_lowercase())
        .unwrap_or_default();
    let encoding = match (body, declared.as_str()) {
        ([0, second, ..], _) if *second != 0 => UTF_16BE, // JSON begins with ASCII
        ([first, 0, ..], _) if *first != 0 => UTF_16LE,
        (_, "utf-16" | "utf16") => UTF_16BE,
        _ => Encoding::for_label(declared.as_bytes()).unwrap_or(WINDOWS_1252),
    };
    let first = if encoding == UTF_16BE || encoding == UTF_16LE { encoding } else { UTF_8 };
    first
        .decode_without_bom_handling_and_without_replacement(body)
        .unwrap_or_else(|| encoding.decode_without_bom_handling(body).0)
        .into_owned()
}

/// The object in a JSON text. `None` also for a list, a page of HTML, and JSON that ends in the middle.
pub fn fields(json: &str) -> Option<Fields> {
    lowered(&serde_json::from_str(json).ok()?)
}

pub fn lowered(value: &Value) -> Option<Fields> {
    Some(value.as_object()?.iter().map(|(name, one)| (name.to_lowercase(), one.clone())).collect())
}

/// A text, number or boolean as text; of anything else nothing.
pub fn scalar(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(one @ (Value::Bool(_) | Value::Number(_))) => one.to_string(),
        _ => String::new(),
    }
}

/// An id in the form in which paths have it: a GUID in any of its forms, else letters and digits.
pub fn identifier(plain: &str) -> Option<String> {
    let fine = pattern!(r"^(?:[A-Za-z0-9_-]{1,128}|\{[A-Za-z0-9_-]+\})$").is_match(plain);
    if !fine || plain.trim_matches(['0', '{', '}', '-']).is_empty() {
        return None;
    }
    guid(plain).or_else(|| (!plain.starts_with('{')).then(|| plain.to_owned()))
}

/// A GUID in lower case with dashes.
pub fn guid(plain: &str) -> Option<String> {
    let form = pattern!(r"^\{?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})\}?$");
    let lower = plain.to_ascii_lowercase();
    let (_, parts) = form.captures(&lower)?.extract::<5>();
    let found = parts.join("-");
    (!found.trim_matches(['0', '-']).is_empty()).then_some(found)
}

/// The id in the address of a state or of its content. Only the id is taken: addresses may name other hosts.
pub fn id_in(address: &str) -> Option<String> {
    identifier(&pattern!(r"(?i)^[^?#]*/background/([^/?#]+)").captures(address)?[1])
}

/// A time with an offset, with `Z` or without a zone, which is UTC. `None` for none, and for .NET's year one.
pub fn time(plain: &str) -> Option<DateTime<Utc>> {
    let form = pattern!(
        r"^([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]([0-9:]{8})(\.[0-9]{1,9})?)?(?:Z|([+-])([0-9]{2}):([0-9]{2}))?$"
    );
    let parts = form.captures(plain)?;
    let part = |n| parts.get(n).map(|found| found.as_str());
    let clock = part(2).unwrap_or("00:00:00");
    if parts[1].starts_with("0001") || clock.ends_with("60") {
        return None;
    }
    let local = format!("{}T{clock}{}", &parts[1], part(3).unwrap_or(""));
    let local = NaiveDateTime::parse_from_str(&local, "%Y-%m-%dT%H:%M:%S%.f").ok()?;
    let number = |n| part(n).and_then(|digits| digits.parse::<i64>().ok()).unwrap_or(0);
    let (hours, minutes) = (number(5), number(6));
    if hours > 23 || minutes > 59 {
        return None;
    }
    let east = TimeDelta::minutes(hours * 60 + minutes) * if part(4) == Some("-") { -1 } else { 1 };
    Some(local.checked_sub_signed(east)?.and_utc())
}

/// For how long the answer asks to wait, between a second and an hour. `now` is the time since 1970.
pub fn retry_after(headers: &HeaderMap, now: Duration) -> Option<Duration> {
    let values = headers.get_all(RETRY_AFTER).iter().filter_map(|value| value.to_str().ok());
    let waits = values.flat_map(|value| match date(value) {
        // A date counts by the clock that wrote it.
        Some(until) => vec![until - date(header(headers, DATE)).unwrap_or(now.as_secs_f64())],
        None => numbers(value),
    });
    waits.reduce(f64::max).map(bounded)
}

/// How long the limit on calls lasts; the old gateway told its end in seconds since 1970.
pub fn limit_reset(headers: &HeaderMap, now: Duration) -> Option<Duration> {
    let end = *numbers(header(headers, "x-ratelimit-reset")).first()?;
    Some(bounded(if end > 1e9 { end - now.as_secs_f64() } else { end }))
}

fn numbers(values: &str) -> Vec<f64> {
    let plain = pattern!(r"^[0-9]{1,99}(\.[0-9]+)?$");
    values.split(',').map(str::trim).filter(|one| plain.is_match(one)).filter_map(|one| one.parse().ok()).collect()
}

fn bounded(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds.clamp(1.0, 3600.0))
}

fn date(value: &str) -> Option<f64> {
    let time = httpdate::parse_http_date(value.trim()).ok()?;
    Some(time.duration_since(UNIX_EPOCH).ok()?.as_secs_f64())
}

/// What an error says to people, in one line, and the old gateway's code of the fault.
#[derive(Debug, PartialEq)]
pub struct Message {
    pub text: String,
    pub fault_code: Option<String>,
}

const TOLD: [&str; 14] = [
    "message",
    "value",
    "text",
    "title",
    "error",
    "error_description",
    "exceptionmessage",
    "messagedetail",
    "detail",
    "errormessage",
    "errorinfo",
    "modelstate",
    "errors",
    "innerexception",
];

/// Reads the body of an error.
pub fn message(body: &str) -> Message {
    let Some(known) = fields(body) else {
        return Message { text: cut(&line(body), 300), fault_code: None };
    };
    let fault_code = ["exceptionfaultcode", "faultcode"].map(|name| scalar(known.get(name)));
    let mut found = Vec::new();
    sentences(&Value::Object(known), 0, &mut found);
    Message { text: found.join("; "), fault_code: fault_code.into_iter().find(|code| !code.is_empty()) }
}

fn sentences(value: &Value, depth: usize, found: &mut Vec<String>) {
    if depth > 6 {
        return;
    }
    match value {
        Value::String(text) => {
            let line = cut(&line(text), 2000);
            if !line.is_empty() && !found.contains(&line) {
                found.push(line);
            }
        }
        Value::Array(all) => all.iter().for_each(|one| sentences(one, depth + 1, found)),
        Value::Object(_) => {
            let known = lowered(value).unwrap_or_default();
            if depth == 0 || TOLD.iter().any(|name| known.contains_key(*name)) {
                TOLD.iter().filter_map(|name| known.get(*name)).for_each(|one| sentences(one, depth + 1, found));
            } else {
                known.values().for_each(|one| sentences(one, depth + 1, found));
            }
        }
        _ => {}
    }
}

fn line(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// At most so many bytes of a text, whole letters.
fn cut(value: &str, most: usize) -> String {
    if value.len() <= most {
        return value.to_owned();
    }
    let end = (0..=most).rev().find(|at| value.is_char_boundary(*at)).unwrap_or(0);
    format!("{}…", &value[..end])
}

/// The status of an HTTP answer in a JSON value, or 0.
pub fn status_code(value: Option<&Value>, least: u16) -> u16 {
    let code = scalar(value).parse::<f64>().unwrap_or(0.0);
    if (f64::from(least)..1000.0).contains(&code) { code as u16 } else { 0 }
}
