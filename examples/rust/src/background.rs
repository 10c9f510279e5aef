//! Submits calls that are to run in the background, and waits for their outcomes.

use std::{
    collections::{HashMap, HashSet},
    io,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use reqwest::Request;
use tokio::sync::Notify;

use crate::{
    calls::{self, CallError, Calls, Clock, TokenSource, Transport},
    erp,
    journal::{InMemory, Journal},
    judge::{self, Verdict},
    outcome::{Answered, Content, Ended, Operation, Submitted, at_once, judged},
    plan::{Plan, Poll, Streak},
    read,
    record::{MistakenCall, record},
    state::{self, State},
};

const MINUTE: Duration = Duration::from_secs(60);
const LONG: Duration = Duration::from_secs(10 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Submits calls that are to run in the background, and waits for their outcomes. One is enough for a process.
pub struct Background {
    calls: Calls,
    http: reqwest::Client,
    poll: Poll,
    journal: Arc<dyn Journal>,
    under_way: Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>,
    told: Mutex<HashSet<String>>,
    waking: Notify,
}

impl Background {
    /// A client of the ERP at `base_url`, such as `https://api.finance.visma.net`.
    ///
    /// Its calls carry no token, have failed after a minute without an answer, and a crash forgets what was submitted;
    /// what follows changes that.
    pub fn new(base_url: &str) -> Self {
        let http = calls::http(MINUTE);
        Self {
            calls: Calls::new(base_url, Arc::new(http.clone())),
            http,
            poll: Poll::default(),
            journal: Arc::new(InMemory::default()),
            under_way: Mutex::default(),
            told: Mutex::default(),
            waking: Notify::new(),
        }
    }

    pub fn token(mut self, source: impl TokenSource + 'static) -> Self {
        self.calls.token = Some(Arc::new(source));
        self
    }

    pub fn journal(mut self, journal: impl Journal + 'static) -> Self {
        self.journal = Arc::new(journal);
        self
    }

    pub fn poll(mut self, poll: Poll) -> Self {
        self.poll = poll;
        self
    }

    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.calls.clock = clock;
        self
    }

    /// Replaces what makes the calls; `calls::http` has one with another timeout.
    pub fn transport(mut self, transport: impl Transport + 'static) -> Self {
        self.calls.transport = Arc::new(transport);
        self
    }

    /// Makes a call in the background, and tells what became of it as soon as that is known:
    ///
    /// ```no_run
    /// # async fn f(background: background::Background, invoice: background::erp::types::CustomerInvoiceUpdate) {
    /// let submitted = background.submit("order-4711", async |erp| {
    ///     erp.create_customer_invoice().erp_api_background("none").body(invoice).send().await
    /// });
    /// # }
    /// ```
    ///
    /// It is sent once; again only after an answer that says it was not taken (401, 429). Two submits of one key are the
    /// same work, unless the first was refused: the second sends nothing and is told what became of it. An error says
    /// that the call is none, or that the journal does not work.
    pub async fn submit<F: Future>(
        &self,
        key: &str,
        call: impl FnOnce(erp::Client) -> F,
    ) -> Result<Submitted, SubmitError> {
        let request = record(&self.calls.base_url, self.http.clone(), call)?;
        self.submit_request(key, request).await
    }

    /// Makes a call by its request, the header `erp-api-background` included, as `submit` does.
    pub async fn submit_request(&self, key: &str, request: Request) -> Result<Submitted, SubmitError> {
        if !request.headers().contains_key("erp-api-background") {
            return Err(MistakenCall("the request has no header erp-api-background, and would run at once").into());
        }
        let lock = self.lock_of(key);
        let _guard = lock.lock().await;
        if let Some(known) = self.journal.get(key).await?
            && !matches!(known, Submitted::Refused { .. })
        {
            return Ok(known);
        }
        let sending = Submitted::Uncertain { message: "the process ended before it had an answer".into() };
        self.journal.put(key, &sending).await?;
        let submitted = self.send(&request).await;
        match self.journal.put(key, &submitted).await {
            Ok(()) => Ok(submitted),
            Err(cause) => Err(SubmitError::NotWritten { submitted: Box::new(submitted), cause }),
        }
    }

    fn lock_of(&self, key: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut all = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lock) = all.get(key).and_then(Weak::upgrade) {
            return lock;
        }
        all.retain(|_, lock| lock.strong_count() > 0);
        let lock = Arc::default();
        all.insert(key.to_owned(), Arc::downgrade(&lock));
        lock
    }

    async fn send(&self, request: &Request) -> Submitted {
        let action = request.url().path().to_ascii_lowercase().contains("/action/");
        loop {
            let answer = match self.calls.send(request).await {
                Ok(answer) => answer,
                Err(CallError::NotSent(message)) => return Submitted::Refused { status_code: None, message },
                Err(error @ CallError::NoAnswer(_)) => return Submitted::Uncertain { message: error.to_string() },
            };
            return match judge::judge(&answer) {
                Verdict::Accepted(id) => {
                    let accepted_at = self.calls.clock.now();
                    let wait = read::retry_after(&answer.headers, accepted_at);
                    let poll_from = wait.map(|wait| accepted_at + wait).unwrap_or_default();
                    Submitted::Accepted(Operation { id, accepted_at, action, poll_from })
                }
                Verdict::Foreground => at_once(action, &answer),
                Verdict::Uncertain(message) => Submitted::Uncertain { message },
                Verdict::Limited => continue, // all calls keep the pause that it asked for
                Verdict::Refused | Verdict::Unauthorized => {
                    Submitted::Refused { status_code: Some(answer.status), message: read::message(&answer.text()).text }
                }
            };
        }
    }

    /// Has whoever waits for an operation poll at once: a notification names it, which proves nothing.
    pub fn notified(&self, id: &str) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() > 1000 {
            told.clear();
        }
        told.insert(id.to_owned());
        self.waking.notify_waiters();
    }

    /// Waits until an operation has ended.
    ///
    /// Whatever polls are answered, only its state ends the wait, or that there has been none for long. Bound it by
    /// `tokio::time::timeout`; afterwards it can be waited for again.
    pub async fn wait(&self, operation: &Operation) -> Ended {
        let (mut missing, mut refused, mut unclear) = (Streak::default(), Streak::default(), Streak::default());
        let mut plan = Plan::new(self.poll);
        let mut poll_from = operation.poll_from;
        loop {
            let rest = poll_from.saturating_sub(self.calls.clock.now());
            if self.pause(&operation.id, plan.next().max(rest)).await {
                plan.reset();
            }
            let Some(answer) = self.calls.get(&format!("/v1/background/{}", operation.id)).await else {
                continue;
            };
            let (now, status, body) = (self.calls.clock.now(), answer.status, answer.text());
            poll_from = now + read::retry_after(&answer.headers, now).unwrap_or_default();
            let told = if status == 200 { state::parse(&body) } else { None };
            let told = told.filter(|told| told.id.as_ref().is_none_or(|id| *id == operation.id)); // or another one's
            if let Some(end @ State { verdict: state::Verdict::Succeeded | state::Verdict::Failed, .. }) = told {
                return self.outcome(operation, end).await;
            }

            let gone = missing.goes_on(matches!(status, 404 | 410), now) && missing.count > 2 && missing.lasts > LONG;
            if gone && now.saturating_sub(operation.accepted_at) >= DAY {
                return Ended::Expired { message: format!("answered {status}: its outcome is no longer known") };
            }
            if refused.goes_on(judge::is_final_refusal(&answer), now) && refused.lasts > LONG {
                return Ended::Unreadable { status_code: status, message: read::message(&body).text };
            }
            let odd = told.filter(|told| told.verdict == state::Verdict::Unclear);
            if unclear.goes_on(odd.is_some(), now)
                && unclear.lasts > LONG
                && let Some(odd) = odd
            {
                return Ended::Unclear { status_code: odd.status_code, message: format!("it ended as {}", odd.status) };
            }
        }
    }

    async fn outcome(&self, operation: &Operation, end: State) -> Ended {
        let (content, note) = if end.has_content { self.content(&operation.id, &end).await } else { (None, "") };
        let said = content.as_ref().map(|content| read::message(&content.text()).text);
        let answered =
            Answered { status_code: end.status_code, headers: end.headers, content, message: note.to_owned() };
        if end.verdict == state::Verdict::Failed {
            let message = end.error_message.or(said).unwrap_or_else(|| note.to_owned());
            return Ended::Failed(Answered { message, ..answered });
        }
        judged(operation.action, answered).map_or_else(Ended::Failed, Ended::Succeeded)
    }

    /// Reads the stored answer until it is whole; not for ever, because how the call ended is known.
    async fn content(&self, id: &str, end: &State) -> (Option<Content>, &'static str) {
        let (mut failing, mut plan) = (Streak::default(), Plan::new(self.poll));
        let types = end.headers.get("content-type").into_iter().flatten();
        let page_is_due =
            end.status_code >= 400 || types.into_iter().any(|one| one.to_ascii_lowercase().contains("html"));
        while failing.lasts < LONG {
            let answer = self.calls.get(&format!("/v1/background/{id}/content")).await;
            let now = self.calls.clock.now();
            match &answer {
                Some(answer) if answer.status == 410 => return (None, "its content is gone"),
                Some(answer) if answer.status == 200 => {
                    let body = answer.text();
                    if judge::not_whole(answer, &body).is_none() && (page_is_due || !judge::is_page(answer, &body)) {
                        return (Content::of(answer), "");
                    }
                }
                _ => {}
            }
            failing.goes_on(true, now);
            let wait = answer.and_then(|answer| read::retry_after(&answer.headers, now));
            self.pause(id, plan.next().max(wait.unwrap_or_default())).await;
        }
        (None, "its content could not be read, although its state tells of some")
    }

    /// Waits, and tells whether a notification cut it short.
    async fn pause(&self, id: &str, duration: Duration) -> bool {
        let mut slept = self.calls.clock.sleep(duration);
        loop {
            let woken = self.waking.notified(); // which notices what is told from here on
            if self.told.lock().unwrap_or_else(PoisonError::into_inner).remove(id) {
                return true;
            }
            tokio::select! {
                () = &mut slept => return false,
                () = woken => {}
            }
        }
    }
}

/// Why a submit has no outcome.
#[derive(Debug)]
pub enum SubmitError {
    /// Nothing was sent.
    Mistaken(MistakenCall),
    /// Nothing was sent, because it could not be written down.
    Journal(io::Error),
    /// It was sent, and what became of it could not be written down: keep it yourself.
    NotWritten { submitted: Box<Submitted>, cause: io::Error },
}

impl std::fmt::Display for SubmitError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Mistaken(mistake) => mistake.fmt(f),
            Self::Journal(cause) => write!(f, "nothing was sent: the journal: {cause}"),
            Self::NotWritten { submitted, cause } => write!(f, "not written down: {cause}: it is {submitted:?}"),
        }
    }
}

impl std::error::Error for SubmitError {}

impl From<MistakenCall> for SubmitError {
    fn from(mistake: MistakenCall) -> Self {
        Self::Mistaken(mistake)
    }
}

impl From<io::Error> for SubmitError {
    fn from(cause: io::Error) -> Self {
        Self::Journal(cause)
    }
}
