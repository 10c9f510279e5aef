//! What became of each submit, by its key.

use std::{
    collections::HashMap,
    fs::{File, OpenOptions},
    io::{self, Write},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{calls::BoxFuture, outcome::Submitted};

/// A table of your database does as well as what is here.
pub trait Journal: Send + Sync {
    fn get(&self, key: &str) -> BoxFuture<'_, io::Result<Option<Submitted>>>;
    /// Returns once it cannot get lost.
    fn put(&self, key: &str, submitted: &Submitted) -> BoxFuture<'_, io::Result<()>>;
}

/// Forgets everything with the process.
#[derive(Default)]
pub struct InMemory(Mutex<HashMap<String, Submitted>>);

impl Journal for InMemory {
    fn get(&self, key: &str) -> BoxFuture<'_, io::Result<Option<Submitted>>> {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
        Box::pin(async { Ok(found) })
    }

    fn put(&self, key: &str, submitted: &Submitted) -> BoxFuture<'_, io::Result<()>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned(), submitted.clone());
        Box::pin(async { Ok(()) })
    }
}

/// Keeps the journal in a file, for one process at a time.
///
/// A submit is on the disk before it is sent; what was being sent when the process ended is found there as `Uncertain`.
pub struct InFile {
    known: InMemory,
    log: Arc<Log>,
}

impl InFile {
    /// Opens the file, or makes it. It is an error if another process has it open.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let (log, lines) = Log::open(path.as_ref())?;
        let known =
            lines.iter().map(|line| serde_json::from_str::<(String, Submitted)>(line).map_err(io::Error::other));
        let known = InMemory(Mutex::new(known.collect::<io::Result<_>>()?));
        Ok(Self { known, log: Arc::new(log) })
    }
}

impl Journal for InFile {
    fn get(&self, key: &str) -> BoxFuture<'_, io::Result<Option<Submitted>>> {
        self.known.get(key)
    }

    fn put(&self, key: &str, submitted: &Submitted) -> BoxFuture<'_, io::Result<()>> {
        let (key, submitted, log) = (key.to_owned(), submitted.clone(), self.log.clone());
        Box::pin(async move {
            let line = serde_json::to_string(&(&key, &submitted))?;
            tokio::task::spawn_blocking(move || log.append(&line)).await.map_err(io::Error::other)??;
            self.known.put(&key, &submitted).await
        })
    }
}

/// Lines on disk.
pub(crate) struct Log(Mutex<Option<File>>);

impl Log {
    /// Opens a file and reads its lines. What was written in part when the process ended is cut off: nobody was told
    /// that it is there.
    pub fn open(path: &Path) -> io::Result<(Self, Vec<String>)> {
        let file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        file.try_lock().map_err(|error| io::Error::other(format!("{}: {error}", path.display())))?;
        #[cfg(unix)] // the name of a new file has to be on the disk as well
        path.canonicalize()?.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())?;
        let text = std::fs::read(path)?;
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        file.set_len(whole as u64)?;
        let lines = String::from_utf8(text[..whole].to_vec()).map_err(io::Error::other)?;
        Ok((Self(Mutex::new(Some(file))), lines.lines().map(str::to_owned).collect()))
    }

    /// Returns once the line is on the disk. After an error nothing more is taken until the file is opened anew, for it
    /// may end in the middle of a line.
    pub fn append(&self, line: &str) -> io::Result<()> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut file = open.take().ok_or_else(|| io::Error::other("a write failed before; open the file anew"))?;
        file.write_all(format!("{line}\n").as_bytes())?;
        file.sync_data()?;
        *open = Some(file);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_an_error_nothing_more_is_taken() {
        let log = Log(Mutex::new(File::open(std::env::current_exe().expect("a path")).ok())); // which cannot be written
        for want in ["Bad file descriptor", "a write failed before"] {
            let got = log.append("a line").map_err(|error| error.to_string());
            assert!(got.clone().is_err_and(|why| why.contains(want)), "got {got:?}, want {want}");
        }
    }
}
