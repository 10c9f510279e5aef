//! Generates the client from openapi/background.yaml.

use std::{env, error::Error, fs, path::Path};

use openapiv3::{OpenAPI, ReferenceOr, Responses};
use progenitor::{GenerationSettings, Generator, HooksMode, InterfaceStyle, TypeImpl};
use quote::quote;
use schemars::schema::{InstanceType, SchemaObject};

const DOCUMENT: &str = "../../openapi/background.yaml";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed={DOCUMENT}");
    let mut document = serde_yaml::from_reader(fs::File::open(DOCUMENT)?)?;
    forget_answers(&mut document);
    let mut settings = GenerationSettings::new();
    settings
        .with_interface(InterfaceStyle::Builder)
        // Without hooks of its own a generated client follows redirects, and sends a POST again after a 307. It does
        // not compile without `ClientHooks` now, which `record` implements.
        .with_hooks(HooksMode::Expected)
        .with_inner_type(quote!(crate::Recorder))
        // Amounts are decimals. Serde reads and writes them with all of their digits.
        .with_conversion(number(), "::rust_decimal::Decimal", [TypeImpl::Display].into_iter())
        // `>` and `<=` make no names of variants.
        .with_replacement("DateCondition", "::std::string::String", [TypeImpl::Display].into_iter());
    let tokens = Generator::new(&settings).generate_tokens(&document)?;
    let code = prettyplease::unparse(&syn::parse2(tokens)?);
    fs::write(Path::new(&env::var("OUT_DIR")?).join("erp.rs"), code)?;
    Ok(())
}

/// Leaves out what operations answer: only their requests are used, and progenitor takes no operation whose errors are of
/// two types.
fn forget_answers(document: &mut OpenAPI) {
    for item in document.paths.paths.values_mut() {
        if let ReferenceOr::Item(item) = item {
            let all = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
            all.into_iter().flatten().for_each(|operation| operation.responses = Responses::default());
        }
    }
}

fn number() -> SchemaObject {
    SchemaObject {
        instance_type: Some(InstanceType::Number.into()),
        format: Some("double".into()),
        ..Default::default()
    }
}
