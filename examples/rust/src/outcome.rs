//! How calls end, in types of which a `match` has to look at each.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::read::{self, Answer, scalar};
pub use crate::state::Headers;

/// A call that the ERP has accepted. Keep it: with it anybody can wait for the outcome.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    pub id: String,
    /// Since 1970.
    pub accepted_at: Duration,
    /// It is one of the ERP's actions, whose body tells whether it succeeded.
    pub action: bool,
    /// The ERP asked not to be polled before; since 1970.
    pub poll_from: Duration,
}

/// The body of an answer. Not each is JSON: look at `content_type`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Content {
    pub content_type: String,
    #[serde(with = "bytes")]
    pub body: Vec<u8>,
}

impl Content {
    pub fn of(answer: &Answer) -> Option<Self> {
        let content_type = answer.content_type().to_owned();
        (!answer.body.is_empty()).then(|| Self { content_type, body: answer.body.clone() })
    }

    pub fn text(&self) -> String {
        read::text(&self.body, &self.content_type)
    }

    /// The content as JSON, for example as a generated type or as `serde_json::Value`, whose numbers have all of their
    /// digits.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_str(&self.text())
    }
}

/// What the call was answered, in the background or at once.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    pub status_code: u16,
    /// The `location` of what was created ends in its number.
    pub headers: Headers,
    pub content: Option<Content>,
    /// What the ERP says of a failure; with a success, why there is no content although there should be.
    pub message: String,
}

impl Answered {
    /// The first value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|values| values.first()).map_or("", String::as_str)
    }
}

/// What became of a submit.
#[must_use]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Submitted {
    Accepted(Operation),
    /// It ran at once, and well.
    Succeeded(Answered),
    /// It ran at once, and failed.
    Failed(Answered),
    /// Certainly not taken: it may be submitted again.
    Refused {
        status_code: Option<u16>,
        message: String,
    },
    /// Nobody knows whether it was taken. Never submit it again: look whether it is there.
    Uncertain {
        message: String,
    },
}

/// How an operation ended.
#[must_use]
#[derive(Clone, Debug, PartialEq)]
pub enum Ended {
    /// With `Finished` and a 2xx.
    Succeeded(Answered),
    Failed(Answered),
    /// The ERP no longer knows the operation; look what became of it.
    Expired {
        message: String,
    },
    /// It ended in a way that nobody knows: look.
    Unclear {
        status_code: u16,
        message: String,
    },
    /// The ERP keeps refusing to tell: find out why, and wait again.
    Unreadable {
        status_code: u16,
        message: String,
    },
}

/// What a 2xx means: success, unless an action's body says that it failed.
pub(crate) fn judged(action: bool, answered: Answered) -> Result<Answered, Answered> {
    let content = answered.content.as_ref().filter(|_| action);
    let body = content.and_then(|content| read::fields(&content.text())).unwrap_or_default();
    if scalar(body.get("actionresult")).eq_ignore_ascii_case("failed") {
        return Err(Answered { message: scalar(body.get("errorinfo")), ..answered });
    }
    Ok(answered)
}

/// What a 2xx means that came at once.
pub(crate) fn at_once(action: bool, answer: &Answer) -> Submitted {
    let mut headers = Headers::new();
    for (name, value) in &answer.headers {
        headers
            .entry(name.as_str().to_owned())
            .or_default()
            .push(String::from_utf8_lossy(value.as_bytes()).into_owned());
    }
    let content = Content::of(answer);
    match judged(action, Answered { status_code: answer.status, headers, content, message: String::new() }) {
        Ok(answered) => Submitted::Succeeded(answered),
        Err(answered) => Submitted::Failed(answered),
    }
}

/// Bytes in JSON, as base64.
mod bytes {
    use base64::{Engine, prelude::BASE64_STANDARD};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_STANDARD.encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        BASE64_STANDARD.decode(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
