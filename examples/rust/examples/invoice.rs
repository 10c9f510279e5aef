//! Creates an invoice in the background: `cargo run --example invoice -- http://127.0.0.1:8787`, where erpmock listens.

use std::{env, error::Error, path::Path, time::Duration};

use background::{
    Background, Ended, Submitted,
    erp::{
        Client,
        types::{CustomerInvoiceUpdate, CustomerInvoiceUpdateLine, DateValue, LineOperation, NumberValue, StringValue},
    },
    journal::InFile,
};
use tokio::time::timeout;

pub async fn create_invoice(base_url: &str, journal: &Path) -> Result<String, Box<dyn Error>> {
    let line = CustomerInvoiceUpdateLine {
        operation: Some(LineOperation::Insert),
        inventory_number: Some(StringValue { value: Some("SYK-01".into()) }),
        quantity: Some(NumberValue { value: Some("2.5".parse()?) }),
        ..Default::default()
    };
    let invoice = CustomerInvoiceUpdate {
        customer_number: Some(StringValue { value: Some("10045".into()) }),
        document_date: Some(DateValue { value: Some("2026-09-01".parse()?) }),
        invoice_lines: vec![line],
        ..Default::default()
    };
    // And .token(Tokens::new(…)) for the real ERP.
    let background = Background::new(base_url).journal(InFile::open(journal)?);
    let call = async |erp: Client| erp.create_customer_invoice().erp_api_background("none").body(invoice).send().await;
    Ok(match background.submit("order-4711", call).await? {
        Submitted::Accepted(operation) => match timeout(Duration::from_secs(300), background.wait(&operation)).await? {
            Ended::Succeeded(answered) => format!("created {}", answered.header("location")),
            end => format!("{end:?}"),
        },
        Submitted::Succeeded(answered) => format!("created {}", answered.header("location")), // it ran at once
        Submitted::Failed(answered) => format!("not created: {}", answered.message),
        Submitted::Refused { message, .. } => format!("not created: {message}"), // mend it, and submit it again
        Submitted::Uncertain { message } => format!("look for order-4711 in the ERP: {message}"), // never submit it again
    })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let base_url = env::args().nth(1).ok_or("want the address of erpmock, such as http://127.0.0.1:8787")?;
    println!("{}", create_invoice(&base_url, Path::new("journal")).await?);
    Ok(())
}
