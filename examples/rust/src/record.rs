//! Takes from the generated client the requests that it would make.
//!
//! Its own calls read an answer as the document says, and give up on a 202 without JSON, a page of HTML or a status that
//! has no name: after your invoice was made, and its id is lost. So only its requests are used.

use std::{
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Waker},
};

use progenitor_client::{ClientHooks, ClientInfo, OperationInfo};
use reqwest::{Request, Response};

use crate::erp::Client;

/// Where the generated client puts its requests.
#[derive(Clone, Debug, Default)]
pub struct Recorder(Arc<Mutex<Vec<Request>>>);

impl ClientHooks<Recorder> for Client {
    async fn exec(&self, request: Request, _: &OperationInfo) -> reqwest::Result<Response> {
        self.inner().0.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        Ok(http_response())
    }
}

fn http_response() -> Response {
    Response::from(http::Response::new(Vec::new()))
}

/// The one request that `call` makes with the client that it is handed.
pub(crate) fn record<F: Future>(
    base_url: &str,
    http: reqwest::Client,
    call: impl FnOnce(Client) -> F,
) -> Result<Request, MistakenCall> {
    let recorder = Recorder::default();
    let client = Client::new_with_client(base_url, http, recorder.clone());
    // It is done at once, because nothing is sent.
    let _ = pin!(call(client)).poll(&mut Context::from_waker(Waker::noop()));
    let mut made = std::mem::take(&mut *recorder.0.lock().unwrap_or_else(PoisonError::into_inner));
    match (made.pop(), made.is_empty()) {
        (Some(request), true) => Ok(request),
        _ => Err(MistakenCall("a submit makes one call with the client that it is handed, and awaits it")),
    }
}

/// What was handed over is no call that could be submitted; nothing was sent.
#[derive(Clone, Copy, Debug)]
pub struct MistakenCall(pub(crate) &'static str);

impl std::fmt::Display for MistakenCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for MistakenCall {}
