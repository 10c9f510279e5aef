//! Notifications: how to ask for them, and how to receive them.

use std::{io, net::IpAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    http::StatusCode,
    routing::post,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, Mac};
use reqwest::Url;
use serde_json::Value;
use sha2::Sha256;

use crate::{
    calls::BoxFuture,
    read::{self, Fields, guid, header, id_in, pattern, scalar},
};

/// What cannot be asked for, and what was wanted.
#[derive(Debug, PartialEq)]
pub struct Unfit(String);

impl std::fmt::Display for Unfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unfit {}

/// The value of `erp-api-background` that has a notification posted there. Keep a secret part in its path.
pub fn to_url(address: &str) -> Result<String, Unfit> {
    let unfit = || Unfit("the address of a webhook: want https://, without a user and without blanks".into());
    let url = Url::parse(address).map_err(|_| unfit())?;
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let secure = url.scheme() == "https" || (url.scheme() == "http" && here);
    let rest = address.split_once("://").map_or("", |(_, rest)| rest);
    let plain = address.bytes().all(|byte| byte.is_ascii_graphic()) && !rest.is_empty() && !rest.starts_with('/');
    let user = rest.split(['/', '?', '#']).next().is_some_and(|authority| authority.contains('@'));
    if secure && plain && !user { Ok(address.to_owned()) } else { Err(unfit()) }
}

/// The value of `erp-api-background` that has the subscription of the application notified.
///
/// Each pair comes back as a header of the notification, unsigned: it may help to find your order, and proves nothing.
pub fn to_subscription(pairs: &[(&str, &str)]) -> Result<String, Unfit> {
    let reserved = pattern!(
        r"(?i)^(?:x-vwd-.*|content-.*|host|authorization|connection|transfer-encoding|te|trailer|upgrade|keep-alive|proxy-.*)$"
    );
    let mut names = Vec::new();
    for (name, value) in pairs {
        let lower = name.to_ascii_lowercase();
        if !pattern!(r"^[a-zA-Z0-9-]+$").is_match(name) || reserved.is_match(name) || names.contains(&lower) {
            return Err(Unfit(format!(
                "the pair {name:?} of a subscription: want names of letters, digits and dashes, each once, and none that \
                 HTTP or the sender uses"
            )));
        }
        if !pattern!(r"^[!-~](?:[ -~]*[!-~])?$").is_match(value) || value.contains(',') {
            return Err(Unfit(format!(
                "the pair {name:?} of a subscription: want a value of visible ASCII without commas"
            )));
        }
        names.push(lower);
    }
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    Ok(format!("subscription{}{}", if pairs.is_empty() { "" } else { ":" }, pairs.join(",")))
}

/// Which of the keys has signed a body. Verify the bytes that came, before anything is read of them.
pub fn signed_by(keys: &[String], body: &[u8], signature: &str) -> Option<usize> {
    let given = BASE64_STANDARD.decode(signature.trim()).ok()?;
    keys.iter().position(|key| {
        let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes());
        !key.is_empty() && mac.is_ok_and(|mac| mac.chain_update(body).verify_slice(&given).is_ok())
    })
}

/// What a notification tells. It is a hint: read the state of the operation before you believe anything.
#[derive(Debug, Default, PartialEq)]
pub struct Notification {
    pub id: Option<String>,
    /// 0 for none.
    pub status_code: u16,
}

/// Reads a notification.
pub fn notification(body: &str) -> Notification {
    let outer = read::fields(body).unwrap_or_default();
    let told = told_by(&outer);
    let located = ["statelocation", "contentlocation"].iter().any(|name| is_given(outer.get(*name)));
    if told.id.is_some() && (told.status_code > 0 || located) {
        return told;
    }
    for name in ["data", "payload", "body"] {
        let inner = told_by(&outer.get(name).and_then(read::lowered).unwrap_or_default());
        if inner.id.is_some() {
            let status_code = if inner.status_code > 0 { inner.status_code } else { told.status_code };
            return Notification { status_code, ..inner };
        }
    }
    told
}

fn is_given(value: Option<&Value>) -> bool {
    !scalar(value).is_empty()
}

fn told_by(known: &Fields) -> Notification {
    let told = |name: &str| scalar(known.get(name));
    let named = ["id", "jobid", "referenceid", "reference"].iter().find_map(|name| guid(&told(name)));
    let located = || {
        let ids = ["statelocation", "contentlocation"].map(|name| id_in(&told(name)));
        ids.into_iter().flatten().find_map(|id| guid(&id))
    };
    Notification { id: named.or_else(located), status_code: read::status_code(known.get("statuscode"), 100) }
}

/// Where notifications are kept.
pub trait Store: Send + Sync {
    /// Stores the id (empty if none was found) and the body of a notification, which may come many times. Returns once
    /// they cannot get lost, and with an error if they may be.
    fn store(&self, id: &str, body: &str) -> BoxFuture<'_, io::Result<()>>;
}

const LARGEST: usize = 1 << 20; // bytes of a notification
const SLOWEST: Duration = Duration::from_secs(30); // of a sender that stops in the middle

/// Receives notifications: they are verified, stored, and only then acknowledged.
pub struct Hook {
    /// The keys of the subscription, the newest first; `None` where nothing is signed. Then the path of the hook has to
    /// hold a secret.
    pub keys: Option<Vec<String>>,
    pub store: Arc<dyn Store>,
}

impl Hook {
    /// Takes the body as it came and the header `x-vwd-signature-v1`, and returns the status to answer with. What gets a
    /// 2xx never comes again, anything else does.
    pub async fn receive(&self, body: &[u8], signature: &str) -> StatusCode {
        if self.keys.as_ref().is_some_and(|keys| signed_by(keys, body, signature).is_none()) {
            return StatusCode::UNAUTHORIZED;
        }
        let text = read::text(body, "");
        let id = notification(&text).id.unwrap_or_default();
        match self.store.store(&id, &text).await {
            Ok(()) => StatusCode::ACCEPTED,
            Err(error) => {
                eprintln!("a notification could not be stored, and comes again: {error}");
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }

    /// The hook at a path of an axum router.
    pub fn at(self, path: &str) -> Router {
        let hook = Arc::new(self);
        Router::new().route(path, post(move |request: Request<Body>| async move { hook.take(request).await }))
    }

    async fn take(&self, request: Request<Body>) -> StatusCode {
        let (head, body) = request.into_parts();
        match tokio::time::timeout(SLOWEST, to_bytes(body, LARGEST)).await {
            Ok(Ok(body)) => self.receive(&body, header(&head.headers, "x-vwd-signature-v1")).await,
            Ok(Err(_)) => StatusCode::PAYLOAD_TOO_LARGE, // or it broke off, and nobody reads the answer
            Err(_) => StatusCode::REQUEST_TIMEOUT,
        }
    }
}
