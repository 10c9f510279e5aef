//! These run against erpmock, which stands in for the ERP: in ERPMOCK, or found like any program.

use std::{
    env,
    io::{self, BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use background::{
    Background, Ended, Poll, Submitted,
    calls::{self, BoxFuture, CallError, Transport},
    erp::{
        Client,
        types::{
            CustomerInvoice, CustomerInvoiceUpdate, CustomerInvoiceUpdateLine, DateValue, LineOperation, NumberValue,
            StringValue,
        },
    },
    read::Answer,
    webhook::{Hook, Store, to_subscription, to_url},
};
use reqwest::{Method, Request};
use rust_decimal::Decimal;
use serde_json::{Value, json};

#[allow(dead_code)]
#[path = "../examples/invoice.rs"]
mod invoice;

struct Mock {
    process: Child,
    root: String,
}

impl Mock {
    fn start() -> Self {
        let program = env::var("ERPMOCK").unwrap_or_else(|_| "erpmock".into());
        let options = ["--listen", "127.0.0.1:0", "--quiet", "--exec-time", "20ms"];
        let mut process = Command::new(&program).args(options).stdout(Stdio::piped()).spawn().unwrap_or_else(|error| {
            panic!("{program}: {error}; go install github.com/vismanet-go/background/mockserver/cmd/erpmock@latest")
        });
        let mut line = String::new(); // erpmock listens on http://127.0.0.1:40123
        BufReader::new(process.stdout.take().expect("its output")).read_line(&mut line).expect("its first line");
        let root = line.split_whitespace().last().expect("an address").to_owned();
        Self { process, root }
    }

    fn background(&self) -> Background {
        let poll = Poll { first: Duration::from_millis(10), factor: 1.5, longest: Duration::from_millis(100) };
        Background::new(&self.root).poll(poll)
    }

    async fn control(&self, method: Method, path: &str, body: Value) -> String {
        let request = calls::http(Duration::from_secs(20)).request(method, format!("{}/__mock/v1{path}", self.root));
        let request = if body.is_null() { request } else { request.json(&body) };
        let answer = request.send().await.expect("an answer");
        let (status, text) = (answer.status(), answer.text().await.expect("a body"));
        assert!(status.is_success(), "{path}: {status} {text}");
        text
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn decimal(digits: &str) -> Decimal {
    digits.parse().expect("a decimal")
}

fn new_invoice(price: Decimal) -> CustomerInvoiceUpdate {
    let line = CustomerInvoiceUpdateLine {
        operation: Some(LineOperation::Insert),
        inventory_number: Some(StringValue { value: Some("SYK-01".into()) }),
        quantity: Some(NumberValue { value: Some(decimal("2")) }),
        unit_price_in_currency: Some(NumberValue { value: Some(price) }),
        ..Default::default()
    };
    CustomerInvoiceUpdate {
        customer_number: Some(StringValue { value: Some("10045".into()) }),
        document_date: Some(DateValue { value: Some("2026-09-01".parse().expect("a date")) }),
        invoice_lines: vec![line],
        ..Default::default()
    }
}

async fn create(background: &Background, notify: &str, price: Decimal) -> Submitted {
    let body = new_invoice(price);
    let call = async |erp: Client| erp.create_customer_invoice().erp_api_background(notify).body(body).send().await;
    background.submit("order-1", call).await.expect("a submit")
}

async fn end_of(background: &Background, submitted: Submitted) -> Ended {
    match submitted {
        Submitted::Accepted(operation) => background.wait(&operation).await,
        other => panic!("got {other:?}, want it accepted"),
    }
}

#[tokio::test]
async fn the_example_creates_an_invoice_once() {
    let mock = Mock::start();
    let path = env::temp_dir().join(format!("example-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    for time in ["first", "second"] {
        let said = invoice::create_invoice(&mock.root, &path).await.expect("an outcome");
        assert!(said.starts_with("created http") && said.ends_with("/v1/customerinvoice/003549"), "{time}: {said}");
    }
    std::fs::remove_file(&path).expect("the journal is there");
}

#[tokio::test]
async fn amounts_keep_their_digits_both_ways() {
    let mock = Mock::start();
    let background = mock.background();
    let submitted = create(&background, "none", decimal("1234567890123456.07")).await; // which is too large for it
    assert!(matches!(submitted, Submitted::Accepted(_)), "got {submitted:?}, want it accepted");
    let sent = mock.control(Method::GET, "/journal?kind=request", Value::Null).await;
    assert!(sent.contains(r#"\"unitPriceInCurrency\":{\"value\":1234567890123456.07}"#), "sent: {sent}");

    let call = async |erp: Client| erp.list_customer_invoices().erp_api_background("none").page_size(3).send().await;
    let listed = background.submit("list-1", call).await.expect("a submit");
    let Ended::Succeeded(answered) = end_of(&background, listed).await else { panic!("want a list") };
    let invoices: Vec<CustomerInvoice> = answered.content.expect("content").json().expect("invoices");
    assert_eq!(invoices.iter().filter_map(|one| one.amount).count(), 3, "got {invoices:?}, want three amounts");
}

#[tokio::test]
async fn an_end_that_the_erp_refused_is_a_failure_with_its_message() {
    let mock = Mock::start();
    let background = mock.background();
    let body = CustomerInvoiceUpdate { note: Some(StringValue { value: Some("x".into()) }), ..Default::default() };
    let call = async |erp: Client| {
        erp.update_customer_invoice().invoice_number("nobody").erp_api_background("none").body(body).send().await
    };
    let submitted = background.submit("order-1", call).await.expect("a submit");
    match end_of(&background, submitted).await {
        Ended::Failed(answered) => assert_eq!((answered.status_code, answered.message.is_empty()), (404, false)),
        other => panic!("got {other:?}, want a failure"),
    }
}

#[tokio::test]
async fn a_lost_answer_is_uncertain_and_nothing_is_sent_again() {
    let mock = Mock::start();
    let background = mock.background();
    let rule = json!({"on": "intake", "do": {"process": true, "drop": true}});
    mock.control(Method::POST, "/faults", json!({"rules": [rule]})).await;
    for time in ["first", "second"] {
        let got = create(&background, "none", decimal("1")).await;
        assert!(matches!(got, Submitted::Uncertain { .. }), "{time}: got {got:?}, want it uncertain");
    }
    let once = json!({"request": {"method": "POST"}, "times": 1});
    mock.control(Method::POST, "/verify", json!({"expectations": [once]})).await;
}

/// Wakes the client, as an inbox does.
struct Waking {
    client: Arc<Background>,
    told: Mutex<Vec<String>>,
}

impl Store for Waking {
    fn store(&self, id: &str, _: &str) -> BoxFuture<'_, io::Result<()>> {
        self.told.lock().expect("a list").push(id.to_owned());
        self.client.notified(id);
        Box::pin(async { Ok(()) })
    }
}

/// Counts polls.
struct Counted(reqwest::Client, Arc<Mutex<u32>>);

impl Transport for Counted {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, CallError>> {
        *self.1.lock().expect("a count") += 1;
        self.0.send(request)
    }
}

#[tokio::test]
async fn a_webhook_wakes_the_wait() {
    for signed in [false, true] {
        let mock = Mock::start();
        let hour = Duration::from_secs(3600);
        let calls = Arc::new(Mutex::new(0));
        let client = Background::new(&mock.root)
            .poll(Poll { first: hour, factor: 1.0, longest: hour }) // or the test hangs
            .transport(Counted(calls::http(Duration::from_secs(20)), calls.clone()));
        let client = Arc::new(client);
        let store = Arc::new(Waking { client: client.clone(), told: Mutex::default() });

        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let secret = Hook { keys: None, store: store.clone() }.at("/hook/4bTq9");
        let router = secret.merge(Hook { keys: Some(vec!["whsec".into()]), store: store.clone() }.at("/signed"));
        tokio::spawn(async { axum::serve(listener, router).await });
        let subscription = json!({"url": format!("{address}/signed"), "signingKey": "whsec"});
        mock.control(Method::PUT, "/subscription", subscription).await;

        let notify =
            if signed { to_subscription(&[("order", "4711")]) } else { to_url(&format!("{address}/hook/4bTq9")) };
        let submitted = create(&client, &notify.expect("a header"), decimal("1")).await;
        let Submitted::Accepted(operation) = submitted else { panic!("got {submitted:?}, want it accepted") };
        let end = client.wait(&operation).await;
        assert!(matches!(end, Ended::Succeeded(_)), "signed {signed}: got {end:?}");
        assert_eq!(*store.told.lock().expect("a list"), [operation.id], "signed {signed}");

        let forged =
            calls::http(Duration::from_secs(20)).post(format!("{address}/signed")).header("x-vwd-signature-v1", "x");
        assert_eq!(forged.send().await.expect("an answer").status(), 401);
    }
}
