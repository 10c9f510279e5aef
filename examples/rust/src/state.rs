//! What a state document says, and what that means.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::read::{self, identifier, scalar};

/// Only `Finished` with a 2xx is success.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    Pending,
    Succeeded,
    Failed,
    /// An end of a kind that nobody knows: neither success nor failure, until a person looks.
    Unclear,
}

/// The headers of a call's answer, their names in lower case.
pub type Headers = BTreeMap<String, Vec<String>>;

#[derive(Clone, Debug)]
pub struct State {
    pub verdict: Verdict,
    pub id: Option<String>,
    pub status: String,
    /// That of the call itself; 0 until there is one.
    pub status_code: u16,
    pub has_content: bool,
    pub error_message: Option<String>,
    pub headers: Headers,
    pub received: Option<DateTime<Utc>>,
    pub started: Option<DateTime<Utc>>,
    pub finished: Option<DateTime<Utc>>,
}

/// Reads a state document; `None` for anything that is none, after which one asks again.
pub fn parse(json: &str) -> Option<State> {
    let known = read::fields(json)?;
    let told = |name: &str| scalar(known.get(name));
    let status = told("status");
    let status_code = read::status_code(known.get("statuscode"), 200);
    let finished = read::time(&told("finishedutc"));
    let closed = finished.is_some() && status_code > 0;
    if status.is_empty() && !closed {
        return None;
    }
    let word = status.to_lowercase();
    let verdict = match word.as_str() {
        "failed" => Verdict::Failed,
        "finished" => match status_code {
            0 => Verdict::Unclear,
            200..300 => Verdict::Succeeded,
            _ => Verdict::Failed,
        },
        _ if closed => Verdict::Unclear,
        _ => Verdict::Pending,
    };
    let has_content = match told("hasresponsecontent").to_lowercase().as_str() {
        "" => ["finished", "failed"].contains(&word.as_str()) && !told("contentlocation").is_empty(),
        flag => flag == "true",
    };
    Some(State {
        verdict,
        id: ["id", "jobid"].iter().find_map(|name| identifier(&told(name))),
        status,
        status_code,
        has_content,
        error_message: Some(told("errormessage")).filter(|text| !text.is_empty()),
        headers: known.get("responseheaders").map(headers).unwrap_or_default(),
        received: read::time(&told("receivedutc")),
        started: read::time(&told("startedutc")),
        finished,
    })
}

fn headers(value: &Value) -> Headers {
    let texts = |value: &Value| -> Vec<String> {
        let all = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        all.iter().map(|one| scalar(Some(one))).filter(|text| !text.is_empty()).collect()
    };
    let known = read::lowered(value).unwrap_or_default();
    known.iter().map(|(name, one)| (name.clone(), texts(one))).filter(|(_, texts)| !texts.is_empty()).collect()
}
