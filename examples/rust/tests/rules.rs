//! The rules of submit and await, with an ERP that gives set answers, on a clock that moves only by waits.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use background::{
    Answered, Background, Ended, Operation, Poll, SubmitError, Submitted,
    calls::{BoxFuture, CallError, Clock, TokenSource, Transport},
    journal::{InFile, Journal},
    read::Answer,
};
use reqwest::{Method, Request, header::HeaderMap};
use serde_json::{Value, json};

const ID: &str = "2f6f0a57-3c43-4d0e-9d0b-6c1f1d3a7b10";
const ROOT: &str = "https://erp.test/api";
const HOUR: Duration = Duration::from_secs(3600);

type Made = Result<Answer, CallError>;

/// Gives its answers one after the other, the last one for ever, and is a clock.
#[derive(Default)]
struct Inner {
    answers: VecDeque<Made>,
    now: Duration,
    calls: Vec<(String, u64)>,
    authorizations: Vec<String>,
}

#[derive(Clone, Default)]
struct Erp(Arc<Mutex<Inner>>);

impl Erp {
    fn new(answers: impl IntoIterator<Item = Made>) -> (Self, Background) {
        let erp = Self::default();
        erp.inner().answers.extend(answers);
        let poll = Poll { first: Duration::from_secs(1), factor: 2.0, longest: Duration::from_secs(60) };
        let background = Background::new(ROOT).poll(poll).clock(Arc::new(erp.clone())).transport(erp.clone());
        (erp, background)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("an ERP that did not panic")
    }
}

impl Clock for Erp {
    fn now(&self) -> Duration {
        self.inner().now
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            self.inner().now += duration;
        })
    }
}

impl Transport for Erp {
    fn send(&self, request: Request) -> BoxFuture<'_, Made> {
        let mut inner = self.inner();
        let at = inner.now.as_secs();
        inner.calls.push((format!("{} {}", request.method(), request.url()), at));
        let authorization =
            request.headers().get("authorization").map(|value| value.to_str().unwrap_or("?").to_owned());
        inner.authorizations.extend(authorization);
        let answer = if inner.answers.len() > 1 { inner.answers.pop_front() } else { inner.answers.front().cloned() };
        Box::pin(async { answer.expect("an answer that was set") })
    }
}

fn says(status: u16, json: Value) -> Made {
    Ok(Answer { status, body: json.to_string().into(), ..Answer::default() })
}

fn raw(status: u16, content_type: &'static str, body: &str) -> Made {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", content_type.parse().expect("a header"));
    Ok(Answer { status, headers, body: body.into(), broken: false })
}

fn empty(status: u16) -> Made {
    Ok(Answer { status, ..Answer::default() })
}

fn with(made: Made, name: &'static str, value: &str) -> Made {
    made.map(|mut answer| {
        answer.headers.insert(name, value.parse().expect("a header"));
        answer
    })
}

fn broken(made: Made) -> Made {
    made.map(|answer| Answer { broken: true, ..answer })
}

fn accepted() -> Made {
    says(202, json!({"id": ID}))
}

fn state(mut more: Value) -> Made {
    more["id"] = ID.into();
    says(200, more)
}

fn finished() -> Made {
    state(json!({"status": "Finished", "statusCode": 200}))
}

fn with_content() -> Made {
    state(json!({"status": "Finished", "statusCode": 200, "hasResponseContent": true}))
}

fn operation() -> Operation {
    Operation { id: ID.into(), accepted_at: Duration::ZERO, action: false, poll_from: Duration::ZERO }
}

fn create() -> Request {
    let mut request = Request::new(Method::POST, format!("{ROOT}/v2/customerinvoice").parse().expect("a URL"));
    request.headers_mut().insert("erp-api-background", "none".parse().expect("a header"));
    request
}

async fn submit(background: &Background, key: &str) -> Submitted {
    background.submit_request(key, create()).await.expect("a submit")
}

fn name(outcome: &impl std::fmt::Debug) -> String {
    let text = format!("{outcome:?}");
    text.split(['(', ' ', '{']).next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn what_an_answer_means_and_that_none_of_these_is_sent_twice() {
    for (what, answer, outcome) in [
        ("a connection that broke", Err(CallError::NoAnswer("reset".into())), "Uncertain"),
        ("no connection", Err(CallError::NotSent("refused".into())), "Refused"),
        ("a 202 that broke off behind its id", broken(raw(202, "", &format!("{{\"id\":\"{ID}\",\"sta"))), "Accepted"),
        ("a 200 that broke off", broken(raw(200, "", "{\"id\":")), "Uncertain"),
        ("an answer at once", says(201, json!({"number": 1})), "Succeeded"),
        ("a status that nobody has a name for", empty(299), "Succeeded"),
        ("a redirect", with(empty(307), "location", "https://elsewhere.test/"), "Refused"),
        ("a page of a proxy", raw(200, "", "<html>"), "Uncertain"),
        ("503", with(empty(503), "retry-after", "5"), "Uncertain"),
        ("400", says(400, json!({"message": "no"})), "Refused"),
    ] {
        let (erp, background) = Erp::new([answer]);
        let got = submit(&background, "order-1").await;
        assert_eq!(name(&got), outcome, "{what}: got {got:?}");
        assert_eq!(erp.inner().calls, [(format!("POST {ROOT}/v2/customerinvoice"), 0)], "{what}");
    }
}

#[tokio::test]
async fn a_429_was_not_taken_so_it_is_waited_out_and_sent_again() {
    let (erp, background) = Erp::new([with(empty(429), "retry-after", "120"), empty(429), accepted()]);
    assert_eq!(name(&submit(&background, "order-1").await), "Accepted");
    assert_eq!(erp.inner().calls.iter().map(|call| call.1).collect::<Vec<_>>(), [0, 120, 180]);
}

struct Counted(Mutex<u32>);

impl TokenSource for Counted {
    fn token(&self, renew: bool) -> BoxFuture<'_, Result<String, String>> {
        let mut made = self.0.lock().expect("a count");
        *made += u32::from(renew);
        let token = format!("t{made}");
        Box::pin(async { Ok(token) })
    }
}

#[tokio::test]
async fn a_401_was_not_taken_so_it_is_sent_once_more_with_a_new_token() {
    let (erp, background) = Erp::new([empty(401)]);
    let background = background.token(Counted(Mutex::new(0)));
    let want = Submitted::Refused { status_code: Some(401), message: String::new() };
    assert_eq!(submit(&background, "order-1").await, want);
    assert_eq!(erp.inner().authorizations, ["Bearer t0", "Bearer t1"]);
}

#[tokio::test]
async fn a_key_is_sent_once_and_again_only_after_it_was_refused() {
    let (erp, background) = Erp::new([empty(400), accepted()]);
    assert_eq!(name(&submit(&background, "order-1").await), "Refused");
    let (one, two) = tokio::join!(submit(&background, "order-1"), submit(&background, "order-1"));
    assert_eq!((name(&one), name(&two)), ("Accepted".into(), "Accepted".into()));
    assert_eq!(erp.inner().calls.len(), 2);
}

#[tokio::test]
async fn a_journal_outlives_the_process_and_knows_what_was_being_sent() {
    let path = std::env::temp_dir().join(format!("journal-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let open = || InFile::open(&path).expect("a journal");

    let (_, background) = Erp::new([raw(200, "application/json", "[1.10]")]);
    let background = background.journal(open());
    let before = submit(&background, "order-2").await;
    let hanging = background.transport(Hanging);
    let given_up = tokio::time::timeout(Duration::from_millis(20), submit(&hanging, "order-1")).await;
    assert!(given_up.is_err(), "a call without an answer ended: {given_up:?}");
    assert!(InFile::open(&path).is_err(), "a journal was opened twice");
    drop(hanging);
    std::fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .and_then(|mut file| io::Write::write_all(&mut file, b"[\"ord"))
        .expect("the half of a line");

    let (erp, background) = Erp::new([accepted()]);
    let background = background.journal(open());
    assert_eq!(name(&submit(&background, "order-1").await), "Uncertain");
    assert_eq!(submit(&background, "order-2").await, before);
    assert!(erp.inner().calls.is_empty(), "it was sent again: {:?}", erp.inner().calls);
    let first = submit(&background, "order-3").await;
    drop(background);
    let again = open().get("order-3").await.expect("a journal");
    assert_eq!((again, first), (Some(Submitted::Accepted(operation())), Submitted::Accepted(operation())));
    std::fs::remove_file(&path).expect("the journal is there");
}

struct Hanging;

impl Transport for Hanging {
    fn send(&self, _: Request) -> BoxFuture<'_, Made> {
        Box::pin(std::future::pending())
    }
}

struct Full;

impl Journal for Full {
    fn get(&self, _: &str) -> BoxFuture<'_, io::Result<Option<Submitted>>> {
        Box::pin(async { Ok(None) })
    }

    fn put(&self, _: &str, submitted: &Submitted) -> BoxFuture<'_, io::Result<()>> {
        let full = matches!(submitted, Submitted::Accepted(_));
        Box::pin(async move { if full { Err(io::Error::other("the disk is full")) } else { Ok(()) } })
    }
}

#[tokio::test]
async fn an_id_is_told_even_if_it_cannot_be_written_down() {
    let (_, background) = Erp::new([accepted()]);
    match background.journal(Full).submit_request("order-1", create()).await {
        Err(error @ SubmitError::NotWritten { .. }) => {
            assert!(error.to_string().contains(ID), "got {error}, want the id")
        }
        other => panic!("got {other:?}, want that it was not written"),
    }
}

#[tokio::test]
async fn nothing_but_a_state_ends_a_wait_and_all_pauses_are_kept() {
    let (erp, background) = Erp::new([
        with(empty(503), "retry-after", "30"),
        empty(429),
        Err(CallError::NoAnswer("reset".into())),
        raw(502, "text/html", "<html>502</html>"),
        empty(404),
        with(empty(302), "location", "https://elsewhere.test/v1/background/1"),
        empty(401),
        says(200, json!({"id": "another", "status": "Finished", "statusCode": 200})),
        says(200, json!({"status": "Sleeping"})),
        with(state(json!({"status": "Started"})), "retry-after", "100"),
        state(json!({"status": "Finished", "statusCode": 204})),
    ]);
    let want = Ended::Succeeded(Answered { status_code: 204, ..Answered::default() });
    assert_eq!(background.wait(&operation()).await, want);
    let inner = erp.inner();
    let mut before = 0;
    let mut pauses = Vec::new();
    for (call, at) in &inner.calls {
        assert_eq!(*call, format!("GET {ROOT}/v1/background/{ID}"));
        pauses.push(at - before);
        before = *at;
    }
    assert_eq!(pauses, [1, 30, 60, 8, 16, 32, 60, 60, 60, 60, 100]);
}

#[tokio::test]
async fn only_finished_with_a_2xx_is_success() {
    for (told, outcome) in [
        (json!({"status": "Finished", "statusCode": 200}), "Succeeded"),
        (json!({"status": "finished", "statusCode": "201"}), "Succeeded"),
        (json!({"status": "Finished", "statusCode": 400, "errorMessage": null}), "Failed"),
        (json!({"status": "Finished", "statusCode": 302}), "Failed"),
        (json!({"status": "Failed", "statusCode": 200, "errorMessage": "no worker"}), "Failed"),
        (json!({"status": "Completed", "statusCode": 200, "finishedUtc": "2026-09-01T08:00:00"}), "Unclear"),
        (json!({"status": "Finished", "finishedUtc": "2026-09-01T08:00:00"}), "Unclear"),
    ] {
        let (erp, background) = Erp::new([state(told.clone())]);
        let got = background.wait(&operation()).await;
        assert_eq!(name(&got), outcome, "{told}");
        assert!(outcome != "Unclear" || erp.now() > HOUR / 6, "{told}: given up after {:?}", erp.now());
    }
}

#[tokio::test]
async fn the_body_of_an_action_tells_whether_it_succeeded() {
    let body = json!({"actionResult": "Failed", "errorInfo": "It is on hold."});
    let (_, background) = Erp::new([with_content(), says(200, body)]);
    match background.wait(&Operation { action: true, ..operation() }).await {
        Ended::Failed(answered) => assert_eq!(answered.message, "It is on hold."),
        other => panic!("got {other:?}, want a failure"),
    }
}

#[tokio::test]
async fn what_is_missing_has_expired_once_its_day_is_over_and_not_before() {
    let (erp, background) = Erp::new([empty(404)]);
    assert_eq!(name(&background.wait(&operation()).await), "Expired");
    let took = erp.now();
    assert!(took >= HOUR * 24 && took <= HOUR * 24 + Duration::from_secs(60), "expired after {took:?}, want a day");
}

#[tokio::test]
async fn an_erp_that_keeps_refusing_to_tell_is_told_of() {
    let (erp, background) = Erp::new([says(403, json!({"message": "not yours"}))]);
    let want = Ended::Unreadable { status_code: 403, message: "not yours".into() };
    assert_eq!(background.wait(&operation()).await, want);
    assert!(erp.now() > HOUR / 6 && erp.now() < HOUR / 3, "after {:?}, want more than ten minutes", erp.now());
}

#[tokio::test]
async fn content_is_read_until_it_is_whole() {
    let (_, background) = Erp::new([
        with_content(),
        empty(503),
        empty(204),
        raw(200, "application/json", "[{\"amount\": 12"),
        raw(200, "text/html", "<html>Sign in</html>"),
        raw(200, "application/json", "\u{feff}[{\"amount\": 12345678901234567890.10}]"),
    ]);
    match background.wait(&operation()).await {
        Ended::Succeeded(Answered { content: Some(content), .. }) => {
            let read: Value = content.json().expect("JSON");
            assert_eq!(read[0]["amount"].to_string(), "12345678901234567890.10");
        }
        other => panic!("got {other:?}, want the content"),
    }
}

#[tokio::test]
async fn content_that_is_gone_is_told_of() {
    for (status, note) in
        [(404, "its content could not be read, although its state tells of some"), (410, "its content is gone")]
    {
        let (_, background) = Erp::new([with_content(), empty(status)]);
        let want = Answered { status_code: 200, message: note.into(), ..Answered::default() };
        assert_eq!(background.wait(&operation()).await, Ended::Succeeded(want));
    }
}

/// A clock on which nothing passes: only a notification ends a pause.
struct Still(tokio::sync::mpsc::UnboundedSender<()>);

impl Clock for Still {
    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'_, ()> {
        Box::pin(async {
            self.0.send(()).expect("the test goes on");
            std::future::pending().await
        })
    }
}

#[tokio::test]
async fn a_notification_wakes_a_wait_also_one_that_begins_after_it_and_proves_nothing() {
    let started = || state(json!({"status": "Started", "statusCode": 0}));
    let (erp, background) = Erp::new([started(), started(), finished()]);
    let (sender, mut sleeping) = tokio::sync::mpsc::unbounded_channel();
    let background = background.clock(Arc::new(Still(sender)));
    background.notified(ID); // before the 202 was read
    let notify = async {
        sleeping.recv().await;
        background.notified("another");
        background.notified(ID); // early: it has not ended
        sleeping.recv().await;
        background.notified(ID);
    };
    let at = operation();
    let (end, ()) = tokio::join!(background.wait(&at), notify);
    assert_eq!(name(&end), "Succeeded");
    assert_eq!(erp.inner().calls.len(), 3);
}

#[tokio::test]
async fn a_mistake_in_a_submit_is_told_and_nothing_is_sent() {
    let (erp, background) = Erp::new([accepted()]);
    let mut bare = create();
    bare.headers_mut().clear();
    let told = background.submit_request("order-1", bare).await.map_err(|error| error.to_string());
    assert!(told.clone().is_err_and(|why| why.contains("erp-api-background")), "got {told:?}");
    let told = background.submit("order-1", async |_| ()).await.map_err(|error| error.to_string());
    assert!(told.clone().is_err_and(|why| why.contains("one call")), "got {told:?}");
    assert!(erp.inner().calls.is_empty(), "it was sent: {:?}", erp.inner().calls);
}
