//! One call to the ERP.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, Once, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use reqwest::{
    Method, Request, Url,
    header::{AUTHORIZATION, HeaderValue, LOCATION},
};

use crate::read::{self, Answer, header};

pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Why there is no answer.
#[derive(Clone, Debug)]
pub enum CallError {
    /// Nothing was sent: the work may be submitted again.
    NotSent(String),
    /// It may have been sent.
    NoAnswer(String),
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSent(why) => write!(f, "nothing was sent: {why}"),
            Self::NoAnswer(why) => write!(f, "no answer: {why}"),
        }
    }
}

impl std::error::Error for CallError {}

/// The time of day, since 1970, and how to wait, so that tests need not.
pub trait Clock: Send + Sync {
    fn now(&self) -> Duration;
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()>;
}

pub struct RealClock;

impl Clock for RealClock {
    fn now(&self) -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// Returns access tokens. `renew` asks for a new one, because the last was refused.
pub trait TokenSource: Send + Sync {
    fn token(&self, renew: bool) -> BoxFuture<'_, Result<String, String>>;
}

/// Sends a request once, follows no redirects, and reads the whole answer.
pub trait Transport: Send + Sync {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, CallError>>;
}

const LARGEST: usize = 64 << 20; // bytes of a body

/// The HTTP client of all calls: it follows no redirects, which would send a POST again after a 307.
pub fn http(timeout: Duration) -> reqwest::Client {
    static CRYPTO: Once = Once::new();
    // An error says that the application has chosen one already.
    CRYPTO.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .timeout(timeout)
        .build()
        .expect("an HTTP client from these settings")
}

impl Transport for reqwest::Client {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, CallError>> {
        Box::pin(async move {
            let mut response = self.execute(request).await.map_err(|error| {
                if error.is_connect() || error.is_builder() {
                    CallError::NotSent(causes(&error))
                } else {
                    CallError::NoAnswer(causes(&error))
                }
            })?;
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let mut answer = Answer { status, headers, ..Answer::default() };
            loop {
                match response.chunk().await {
                    Ok(Some(part)) if answer.body.len() + part.len() <= LARGEST => answer.body.extend(part),
                    Ok(None) => break,
                    _ => {
                        answer.broken = true;
                        break;
                    }
                }
            }
            Ok(answer)
        })
    }
}

/// An error with what it comes from.
fn causes(error: &dyn std::error::Error) -> String {
    let more = std::iter::successors(error.source(), |cause| cause.source());
    more.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// Makes calls to the ERP, each of them once.
///
/// The token goes to `base_url` only, redirects are not followed by themselves, and when the ERP asks for a pause, all
/// calls keep it.
pub(crate) struct Calls {
    pub base_url: String,
    pub clock: Arc<dyn Clock>,
    pub token: Option<Arc<dyn TokenSource>>,
    pub transport: Arc<dyn Transport>,
    paused_until: Mutex<Duration>,
}

impl Calls {
    pub fn new(base_url: &str, transport: Arc<dyn Transport>) -> Self {
        let base_url = base_url.trim_end_matches('/').to_owned();
        let paused_until = Mutex::new(Duration::ZERO);
        Self { base_url, clock: Arc::new(RealClock), token: None, transport, paused_until }
    }

    /// Sends a request and returns its answer, whatever that is. A 401 has it sent once more with a new token: the ERP
    /// took nothing.
    pub async fn send(&self, request: &Request) -> Result<Answer, CallError> {
        if !self.is_ours(request.url()) {
            return Err(CallError::NotSent(format!("{} is not below {}", request.url(), self.base_url)));
        }
        let mut renew = false;
        loop {
            self.pause().await;
            let mut once = request.try_clone().ok_or_else(|| CallError::NotSent("its body is a stream".into()))?;
            if let Some(source) = &self.token {
                let token = source.token(renew).await;
                let value = token.and_then(|token| {
                    HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| "it is no header value".into())
                });
                let value = value.map_err(|why| CallError::NotSent(format!("no access token: {why}")))?;
                once.headers_mut().insert(AUTHORIZATION, value);
            }
            let answer = self.transport.send(once).await?;
            self.keep(&answer);
            if answer.status != 401 || renew || self.token.is_none() {
                return Ok(answer);
            }
            renew = true;
        }
    }

    /// Reads a path below the root; redirects are followed while they stay there. `None` if no answer came.
    pub async fn get(&self, path: &str) -> Option<Answer> {
        let mut url = Url::parse(&format!("{}{path}", self.base_url)).ok()?;
        for _ in 0..5 {
            let answer = self.send(&Request::new(Method::GET, url.clone())).await.ok()?;
            let location = header(&answer.headers, LOCATION);
            match url.join(location) {
                Ok(next) if (300..400).contains(&answer.status) && !location.is_empty() && self.is_ours(&next) => {
                    url = next;
                }
                _ => return Some(answer),
            }
        }
        None
    }

    fn is_ours(&self, url: &Url) -> bool {
        Url::parse(&format!("{}/", self.base_url)).is_ok_and(|root| url.as_str().starts_with(root.as_str()))
    }

    /// Remembers for how long the ERP wants no calls.
    fn keep(&self, answer: &Answer) {
        let now = self.clock.now();
        let asked = read::retry_after(&answer.headers, now);
        let pause = match answer.status {
            429 => asked.or_else(|| read::limit_reset(&answer.headers, now)).unwrap_or(Duration::from_secs(60)),
            503 => asked.unwrap_or_default(),
            _ => return,
        };
        let mut until = self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        *until = until.max(now + pause);
    }

    async fn pause(&self) {
        loop {
            let until = *self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
            let rest = until.saturating_sub(self.clock.now());
            if rest.is_zero() {
                return;
            }
            self.clock.sleep(rest).await;
        }
    }
}
