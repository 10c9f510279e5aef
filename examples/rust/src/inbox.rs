//! Notifications, on disk before they are acknowledged.

use std::{
    io,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{calls::BoxFuture, journal::Log, webhook::Store};

/// Keeps notifications in a file.
#[derive(Clone)]
pub struct Inbox(Arc<Inner>);

struct Inner {
    log: Log,
    known: Mutex<Vec<(String, String)>>,
}

impl Inbox {
    /// Opens the file, or makes it. It is an error if another process has it open.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let (log, lines) = Log::open(path.as_ref())?;
        let known = lines.iter().map(|line| serde_json::from_str(line)).collect::<Result<_, _>>()?;
        Ok(Self(Arc::new(Inner { log, known: Mutex::new(known) })))
    }

    /// The operations that notifications were taken for, in the order in which they came.
    pub fn ids(&self) -> Vec<String> {
        let known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().map(|(id, _)| id.clone()).collect()
    }
}

impl Store for Inbox {
    /// Another notification for the same operation changes nothing.
    fn store(&self, id: &str, body: &str) -> BoxFuture<'_, io::Result<()>> {
        let (inner, one) = (self.0.clone(), (id.to_owned(), body.to_owned()));
        let store = move || {
            let mut known = inner.known.lock().unwrap_or_else(PoisonError::into_inner);
            if known.iter().any(|(id, body)| *id == one.0 && (!id.is_empty() || *body == one.1)) {
                return Ok(());
            }
            inner.log.append(&serde_json::to_string(&one)?)?;
            known.push(one);
            Ok(())
        };
        Box::pin(async { tokio::task::spawn_blocking(store).await.map_err(io::Error::other)? })
    }
}
