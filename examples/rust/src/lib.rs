//! Calls the Visma.net ERP API in the background, and gets the answer back.

mod background;
pub mod calls;
pub mod inbox;
pub mod journal;
pub mod judge;
pub mod outcome;
mod plan;
pub mod read;
mod record;
pub mod state;
pub mod token;
pub mod webhook;

pub use background::{Background, SubmitError};
pub use outcome::{Answered, Content, Ended, Operation, Submitted};
pub use plan::Poll;
pub use record::{MistakenCall, Recorder};

/// The client and the models that build.rs generates from openapi/background.yaml.
#[allow(clippy::all, rustdoc::all, unused)]
pub mod erp {
    include!(concat!(env!("OUT_DIR"), "/erp.rs"));
}
