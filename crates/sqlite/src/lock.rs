//! One process at a time: an exclusive lock on a file beside the database.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::owner;

/// The lock of this process on a database; released when it is dropped, or when the process ends in any way.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// Why a database cannot be locked.
#[derive(Debug, Error)]
pub enum LockError {
    /// Another process serves the database.
    #[error(
        "the database {} is in use by another process{}; stop that process first \
         (the lock is {})",
        .database.display(), holder(*.process_id), .lock.display()
    )]
    Held {
        /// The database.
        database: PathBuf,
        /// The locked file.
        lock: PathBuf,
        /// The process that holds the lock, where it can be told.
        process_id: Option<u32>,
    },
    /// The lock file cannot be created or locked.
    #[error("the lock {} cannot be taken", .lock.display())]
    Failed {
        /// The file.
        lock: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

fn holder(process_id: Option<u32>) -> String {
    process_id.map(|id| format!(" (process {id})")).unwrap_or_default()
}

impl Lock {
    /// Locks `database`, or says who has it.
    pub(crate) fn take(database: &Path) -> Result<Self, LockError> {
        let lock = beside(database, "lock");
        let failed = |source| LockError::Failed { lock: lock.clone(), source };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let is_new = !lock.exists();
        let mut file = options.open(&lock).map_err(failed)?;
        if is_new {
            owner::like_its_folder(&lock).map_err(failed)?;
        }
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Some systems do not let others read a locked file; then the message goes without the number.
                let process_id =
                    file.read_to_string(&mut holder).ok().and_then(|_| holder.trim().parse().ok());
                return Err(LockError::Held { database: database.to_owned(), lock, process_id });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .and_then(|()| file.flush())
            .map_err(failed)?;
        Ok(Self { _file: file })
    }
}

/// The path of a file that belongs to the database: its name with an extension added.
pub(crate) fn beside(database: &Path, extension: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    PathBuf::from(name)
}
