//! Lets `erpmock conformance` hold this client and this receiver to the rules.
//!
//! docs/conformance.md says what is read and written here. It is no part of what you would copy, but for how it puts the
//! parts together.

use std::{
    env,
    error::Error,
    io,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::Router;
use background::{
    Background, Ended, Poll, Submitted,
    calls::{self, BoxFuture, CallError, Clock, RealClock, TokenSource, Transport},
    inbox::Inbox,
    journal::{InFile, Journal},
    outcome::Answered,
    read::Answer,
    token::{Credentials, Tokens},
    webhook::{Hook, Store, to_subscription, to_url},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use reqwest::{Method, Request, Url, header::HeaderValue};
use serde_json::{Map, Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader, stdin},
    net::TcpListener,
    sync::Notify,
};

type Failure = Box<dyn Error + Send + Sync>;
type Said = Result<Value, Failure>;

const CAN: [&str; 8] = ["url", "subscription", "keys", "resume", "credentials", "actions", "clock", "storeFault"];

#[tokio::main]
async fn main() -> Result<(), Failure> {
    if var("ROLE") == "receiver" { play_receiver().await } else { play_client().await }
}

fn var(name: &str) -> String {
    env::var(format!("BACKGROUND_{name}")).unwrap_or_default()
}

fn millis(name: &str) -> Result<Duration, Failure> {
    let text = var(name);
    let millis = text.parse().map_err(|_| format!("BACKGROUND_{name} is {text:?}, want milliseconds"))?;
    Ok(Duration::from_millis(millis))
}

fn keys() -> Option<Vec<String>> {
    Some(var("SIGNING_KEYS").split(',').filter(|key| !key.is_empty()).map(str::to_owned).collect())
}

/// Receives notifications, and says in the first line where.
async fn listen(hooks: Router) -> Result<(), Failure> {
    let port = var("WEBHOOK_PORT").parse::<u16>().unwrap_or(0);
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let webhook = format!("http://{}/hook", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, hooks).await });
    println!(
        "{}",
        json!({"protocol": 1, "name": "rust", "roles": ["client", "receiver"], "can": CAN, "webhook": webhook})
    );
    Ok(())
}

async fn play(mut answer: impl AsyncFnMut(&Value) -> Said) -> Result<(), Failure> {
    let mut lines = BufReader::new(stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let step: Value = serde_json::from_str(&line)?;
        let mut said = answer(&step).await.unwrap_or_else(|error| json!({"error": error.to_string()}));
        said["step"] = step["step"].clone();
        println!("{said}");
    }
    Ok(())
}

/// An inbox that can be made to fail, and that wakes a client.
struct Gate {
    inbox: Inbox,
    works: Arc<AtomicBool>,
    client: Option<Arc<Background>>,
}

impl Store for Gate {
    fn store(&self, id: &str, body: &str) -> BoxFuture<'_, io::Result<()>> {
        let (id, body) = (id.to_owned(), body.to_owned());
        Box::pin(async move {
            if !self.works.load(Ordering::SeqCst) {
                return Err(io::Error::other("the store does not work"));
            }
            self.inbox.store(&id, &body).await?;
            if let Some(client) = &self.client {
                client.notified(&id);
            }
            Ok(())
        })
    }
}

async fn play_receiver() -> Result<(), Failure> {
    let inbox = Inbox::open(PathBuf::from(var("DIR")).join("inbox"))?;
    let works = Arc::new(AtomicBool::new(true));
    let store = Arc::new(Gate { inbox: inbox.clone(), works: works.clone(), client: None });
    listen(Hook { keys: keys(), store }.at("/hook")).await?;
    play(async |step| {
        if step["do"] == "list" {
            let all: Vec<_> = inbox.ids().iter().map(|id| json!({"id": id})).collect();
            return Ok(json!({"notifications": all}));
        }
        works.store(step["works"] == true, Ordering::SeqCst);
        Ok(json!({}))
    })
    .await
}

async fn play_client() -> Result<(), Failure> {
    let directory = PathBuf::from(var("DIR"));
    let simulated =
        if var("CLOCK") == "virtual" { Some(Arc::new(VirtualClock::new(millis("CLOCK_START")?))) } else { None };
    let clock: Arc<dyn Clock> = simulated.clone().map_or_else(|| Arc::new(RealClock) as _, |clock| clock as _);
    let journal = Arc::new(InFile::open(directory.join("journal"))?);
    let first = millis("POLL_MS")?;
    let transport = Timed { http: calls::http(millis("CALL_TIMEOUT_MS")?), clock: simulated.clone() };
    let client = Background::new(&var("URL"))
        .journal(Shared(journal.clone()))
        .poll(Poll { first, factor: 1.5, longest: first * 4 })
        .clock(clock)
        .transport(transport);
    let client = if var("TOKEN_URL").is_empty() {
        client.token(Fixed(var("TOKEN")))
    } else {
        client.token(Tokens::new(Credentials {
            token_url: var("TOKEN_URL"),
            client_id: var("CLIENT_ID"),
            client_secret: var("CLIENT_SECRET"),
            tenant_id: var("TENANT_ID"),
            scope: var("SCOPE"),
        }))
    };
    let client = Arc::new(client);

    let inbox = Inbox::open(directory.join("inbox"))?;
    let works = Arc::new(AtomicBool::new(true));
    let store: Arc<dyn Store> = Arc::new(Gate { inbox, works, client: Some(client.clone()) });
    let secret = format!("/hook/{}", var("SECRET"));
    let address = to_url(&format!("http://127.0.0.1:{}{secret}", var("WEBHOOK_PORT")))?;
    let signed = Hook { keys: keys(), store: store.clone() };
    listen(signed.at("/hook").merge(Hook { keys: None, store }.at(&secret))).await?;

    play(async |step| {
        let key = step["key"].as_str().unwrap_or_default();
        if step["do"] == "submit" {
            let notify = match step["notify"].as_str() {
                Some("url") => address.clone(),
                Some("subscription") => to_subscription(&[])?,
                _ => "none".into(),
            };
            return Ok(match client.submit_request(key, request_of(step, &notify)?).await? {
                Submitted::Accepted(operation) => json!({"outcome": "pending", "id": operation.id}),
                other => told(other),
            });
        }
        let operation = match journal.get(key).await?.ok_or("nothing was submitted with this key")? {
            Submitted::Accepted(operation) => operation,
            other => return Ok(told(other)),
        };
        let most = Duration::from_millis(step["timeoutMs"].as_u64().unwrap_or(0));
        let end = match &simulated {
            Some(clock) => clock.timeout(most, client.wait(&operation)).await,
            None => tokio::time::timeout(most, client.wait(&operation)).await.ok(),
        };
        Ok(match end {
            Some(Ended::Succeeded(answered)) => told(Submitted::Succeeded(answered)),
            Some(Ended::Failed(answered)) => told(Submitted::Failed(answered)),
            Some(Ended::Expired { message }) => json!({"outcome": "expired", "message": message}),
            Some(Ended::Unclear { message, .. }) => json!({"outcome": "uncertain", "message": message}),
            Some(Ended::Unreadable { message, .. }) => json!({"outcome": "pending", "message": message}),
            None => json!({"outcome": "pending"}),
        })
    })
    .await
}

/// The request of a step, as generated code would make it; its path and its body are texts.
fn request_of(step: &Value, notify: &str) -> Result<Request, Failure> {
    let text = |name: &str| step[name].as_str();
    let url = Url::parse(&format!("{}{}", var("URL"), text("path").unwrap_or_default()))?;
    let mut request = Request::new(Method::from_bytes(text("method").unwrap_or_default().as_bytes())?, url);
    request.headers_mut().insert("erp-api-background", HeaderValue::try_from(notify)?);
    if let Some(content_type) = text("contentType") {
        request.headers_mut().insert("content-type", HeaderValue::try_from(content_type)?);
    }
    *request.body_mut() = text("body").map(|body| body.to_owned().into());
    Ok(request)
}

/// An outcome in the words of the protocol.
fn told(submitted: Submitted) -> Value {
    match submitted {
        Submitted::Accepted(operation) => json!({"outcome": "pending", "id": operation.id}),
        Submitted::Succeeded(answered) => answer("succeeded", &answered),
        Submitted::Failed(answered) => answer("failed", &answered),
        Submitted::Refused { status_code: None, message } => json!({"outcome": "refused", "message": message}),
        Submitted::Refused { status_code, message } => {
            json!({"outcome": "refused", "message": message, "statusCode": status_code})
        }
        Submitted::Uncertain { message } => json!({"outcome": "uncertain", "message": message}),
    }
}

fn answer(outcome: &str, answered: &Answered) -> Value {
    let mut said = Map::new();
    said.insert("outcome".into(), outcome.into());
    said.insert("statusCode".into(), answered.status_code.into());
    if let Some(content) = &answered.content {
        said.insert("contentType".into(), content.content_type.clone().into());
        if content.content_type.to_lowercase().contains("json") {
            said.insert("body".into(), content.text().into());
        } else {
            said.insert("bodyBase64".into(), BASE64_STANDARD.encode(&content.body).into());
        }
    }
    said.into()
}

/// A journal that is also looked at from here.
struct Shared(Arc<InFile>);

impl Journal for Shared {
    fn get(&self, key: &str) -> BoxFuture<'_, io::Result<Option<Submitted>>> {
        self.0.get(key)
    }

    fn put(&self, key: &str, submitted: &Submitted) -> BoxFuture<'_, io::Result<()>> {
        self.0.put(key, submitted)
    }
}

struct Fixed(String);

impl TokenSource for Fixed {
    fn token(&self, _: bool) -> BoxFuture<'_, Result<String, String>> {
        Box::pin(async { Ok(self.0.clone()) })
    }
}

/// Tells with each call what time it is on a clock that is not the real one.
struct Timed {
    http: reqwest::Client,
    clock: Option<Arc<VirtualClock>>,
}

impl Transport for Timed {
    fn send(&self, mut request: Request) -> BoxFuture<'_, Result<Answer, CallError>> {
        if let Some(clock) = &self.clock {
            let now = HeaderValue::from(u64::try_from(clock.now().as_millis()).unwrap_or(u64::MAX));
            request.headers_mut().insert("x-conformance-time", now);
        }
        self.http.send(request)
    }
}

/// Time that moves only when somebody waits, and at once.
struct VirtualClock {
    time: Mutex<(Duration, Duration)>, // now, and when a timeout ends
    over: Notify,
}

impl VirtualClock {
    fn new(start: Duration) -> Self {
        Self { time: Mutex::new((start, Duration::MAX)), over: Notify::new() }
    }

    async fn timeout<T>(&self, most: Duration, work: impl Future<Output = T>) -> Option<T> {
        {
            let mut time = self.time.lock().expect("a clock that did not panic");
            time.1 = time.0 + most;
        }
        let end = tokio::select! {
            end = work => Some(end),
            () = self.over.notified() => None,
        };
        self.time.lock().expect("a clock that did not panic").1 = Duration::MAX;
        end
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Duration {
        self.time.lock().expect("a clock that did not panic").0
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let over = {
                let mut time = self.time.lock().expect("a clock that did not panic");
                time.0 = (time.0 + duration).min(time.1);
                time.0 == time.1
            };
            if over {
                self.over.notify_one();
                std::future::pending::<()>().await;
            }
        })
    }
}
