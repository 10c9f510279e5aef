//! openapi/vectors holds what comes over the wire, and what is to be made of it, for all languages alike.

use std::{fs, path::Path, time::Duration};

use background::{
    judge::{self, Verdict},
    read::{self, Answer},
    state,
    webhook::{notification, signed_by, to_subscription, to_url},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

/// Has `hold` look at each case; it returns what it got and what was wanted.
fn vectors<T: PartialEq + std::fmt::Debug>(file: &str, hold: impl Fn(&Value, &Value) -> (T, T)) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../openapi/vectors/{file}.json"));
    let document: Value = serde_json::from_slice(&fs::read(path).expect("the vectors")).expect("JSON");
    assert_eq!(document["version"], 1, "{file}.json");
    let cases = document["cases"].as_array().expect("cases");
    assert!(cases.len() > 9, "{file}.json has {} cases, want more", cases.len());
    for case in cases {
        let (got, want) = hold(case, &case["want"]);
        assert_eq!(got, want, "got and want of {file}.json, {}: {}", case["name"], case["why"]);
    }
}

fn bytes(given: &Value, name: &str) -> Vec<u8> {
    match given[format!("{name}Base64")].as_str() {
        Some(encoded) => BASE64_STANDARD.decode(encoded).expect("base64"),
        None => given[name].as_str().unwrap_or_default().into(),
    }
}

fn text(case: &Value) -> String {
    read::text(&bytes(case, "input"), "")
}

fn instant(value: &Value) -> Option<DateTime<Utc>> {
    value.as_str().map(|text| text.parse().expect("a time"))
}

fn owned(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn headers<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a Value)>) -> HeaderMap {
    let pairs = pairs.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?)));
    let value = |text: &str| HeaderValue::from_bytes(text.as_bytes()).expect("a value");
    pairs.map(|(name, text)| (name.parse::<HeaderName>().expect("a name"), value(text))).collect()
}

#[test]
fn times() {
    vectors("times", |case, want| {
        let plain = case["input"].as_str().unwrap_or_default();
        (read::time(plain), instant(&want["time"]))
    });
}

#[test]
fn states() {
    vectors("states", |case, want| {
        let Some(got) = state::parse(&text(case)) else {
            return ("unreadable".into(), owned(&want["verdict"]).unwrap_or_default());
        };
        let times = ["receivedUtc", "startedUtc", "finishedUtc"].map(|name| instant(&want[name]));
        let headers = want["headers"]
            .as_object()
            .map_or(got.headers.clone(), |all| serde_json::from_value(Value::Object(all.clone())).expect("headers"));
        let verdict = format!("{:?}", got.verdict).to_lowercase();
        let was = (verdict, got.id, got.status, got.status_code, got.has_content, got.error_message, got.headers);
        let wanted = (
            owned(&want["verdict"]).unwrap_or_default(),
            owned(&want["id"]),
            owned(&want["status"]).unwrap_or_default(),
            u16::try_from(want["statusCode"].as_u64().expect("a status")).expect("a status"),
            want["hasContent"] == true,
            owned(&want["errorMessage"]),
            headers,
        );
        let got_times = [got.received, got.started, got.finished];
        (format!("{was:?} {got_times:?}"), format!("{wanted:?} {times:?}"))
    });
}

#[test]
fn answers() {
    vectors("answers", |case, want| {
        let given = &case["input"];
        let named = given["headers"].as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value));
        let status = u16::try_from(given["status"].as_u64().expect("a status")).expect("a status");
        let answer = Answer { status, headers: headers(named), body: bytes(given, "body"), broken: false };
        let got = match judge::judge(&answer) {
            Verdict::Accepted(id) => ("accepted".to_owned(), Some(id)),
            Verdict::Uncertain(_) => ("uncertain".into(), None),
            other => (format!("{other:?}").to_lowercase(), None),
        };
        (got, (owned(&want["outcome"]).expect("an outcome"), owned(&want["id"])))
    });
}

#[test]
fn errors() {
    vectors("errors", |case, want| {
        let want =
            read::Message { text: owned(&want["message"]).expect("a text"), fault_code: owned(&want["faultCode"]) };
        (read::message(&text(case)), want)
    });
}

#[test]
fn retry_after() {
    vectors("retry-after", |case, want| {
        let given = &case["input"];
        let headers = headers([("retry-after", &given["retryAfter"]), ("date", &given["date"])]);
        let now = instant(&given["now"]).expect("now").timestamp_millis();
        let got = read::retry_after(&headers, Duration::from_millis(now.unsigned_abs()));
        (got, want["seconds"].as_f64().map(Duration::from_secs_f64))
    });
}

#[test]
fn signatures() {
    vectors("signatures", |case, want| {
        let given = &case["input"];
        let keys: Vec<_> = given["keys"].as_array().expect("keys").iter().filter_map(owned).collect();
        let got = signed_by(&keys, &bytes(given, "body"), given["signature"].as_str().unwrap_or_default());
        let key = want["key"].as_u64().and_then(|key| usize::try_from(key).ok());
        (got, key.filter(|_| want["valid"] == true))
    });
}

#[test]
fn notifications() {
    vectors("notifications", |case, want| {
        let got = notification(&text(case));
        let code = u64::from(got.status_code);
        let wanted = if got.id.is_some() { want["statusCode"].as_u64().unwrap_or(0) } else { code };
        ((got.id, code), (owned(&want["id"]), wanted))
    });
}

#[test]
fn header_build() {
    vectors("header-build", |case, want| {
        let given = &case["input"];
        let pairs: Vec<(String, String)> = serde_json::from_value(given["pairs"].clone()).unwrap_or_default();
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let got = match given["mode"].as_str() {
            Some("url") => to_url(given["url"].as_str().unwrap_or_default()).ok(),
            Some("subscription") => to_subscription(&pairs).ok(),
            _ => Some("none".into()),
        };
        (got, owned(&want["header"]))
    });
}
