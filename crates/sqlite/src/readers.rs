//! A few threads that read, each with a connection that cannot write.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use diesel::sqlite::SqliteConnection;
use domain::ports::StorageError;
use parking_lot::{Mutex, RwLock};
use tokio::sync::oneshot;

use crate::connection;
use crate::errors::{Failure, Outage, Outcome};
use crate::lock::Lock;
use crate::settings::Settings;

/// A query on its way to a reader. It gets the connection, or why there is none, and tells whether the connection
/// is still good.
type Query = Box<dyn FnOnce(Result<&mut SqliteConnection, Outage>) -> bool + Send>;

/// The handle to the threads that read.
pub(crate) struct Readers {
    queue: RwLock<Option<Sender<Query>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Readers {
    /// Starts the threads. They keep the lock on the database until they have ended.
    pub(crate) fn start(
        settings: &Settings,
        path: &std::path::Path,
        lock: &Arc<Lock>,
    ) -> Result<Self, Outage> {
        let (sender, receiver) = bounded(usize::from(settings.read_queue));
        let mut threads = Vec::with_capacity(usize::from(settings.readers));
        for number in 0..settings.readers {
            let connection = connection::reading(settings, path)?;
            let worker = Worker {
                settings: settings.clone(),
                path: path.to_owned(),
                connection: Some(connection),
                _lock: Arc::clone(lock),
            };
            let receiver = receiver.clone();
            let thread = std::thread::Builder::new()
                .name(format!("sqlite-reader-{number}"))
                .spawn(move || worker.run(&receiver))
                .map_err(|error| Outage::new(format!("a reader cannot be started: {error}")))?;
            threads.push(thread);
        }
        Ok(Self { queue: RwLock::new(Some(sender)), threads: Mutex::new(threads) })
    }

    /// Runs a query on one of the connections. A query nobody waits for any more is not run.
    pub(crate) async fn read<T, W>(&self, work: W) -> Result<T, StorageError>
    where
        T: Send + 'static,
        W: FnOnce(&mut SqliteConnection) -> Outcome<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.enqueue(Box::new(move |connection| {
            if reply.is_closed() {
                return true;
            }
            let outcome = match connection {
                Ok(connection) => work(connection),
                Err(outage) => Err(Failure(outage.into())),
            };
            let is_good =
                !matches!(outcome, Err(Failure(StorageError::Unavailable(_) | StorageError::Corrupt(_))));
            // Whoever asked may have gone meanwhile.
            let _ = reply.send(outcome.map_err(|Failure(error)| error));
            is_good
        }))?;
        answer.await.unwrap_or_else(|_| Err(Outage::new("the reader gave up on this query").into()))
    }

    fn enqueue(&self, query: Query) -> Result<(), Outage> {
        let queue = self.queue.read();
        let sender = queue.as_ref().ok_or_else(|| Outage::new("the database is shutting down"))?;
        sender.try_send(query).map_err(|error| match error {
            TrySendError::Full(_) => Outage::new("too many queries wait to be answered"),
            TrySendError::Disconnected(_) => Outage::new("the readers have stopped"),
        })
    }

    /// Accepts nothing more; what is queued is still answered.
    pub(crate) fn close(&self) {
        self.queue.write().take();
    }

    /// Waits until everything is answered. Call [`Self::close`] first.
    pub(crate) fn join(&self) {
        for thread in std::mem::take(&mut *self.threads.lock()) {
            if thread.join().is_err() {
                tracing::error!("a thread that reads the database ended in a panic");
            }
        }
    }
}

struct Worker {
    settings: Settings,
    path: PathBuf,
    connection: Option<SqliteConnection>,
    _lock: Arc<Lock>,
}

impl Worker {
    fn run(mut self, queue: &Receiver<Query>) {
        while let Ok(query) = queue.recv() {
            let is_good = catch_unwind(AssertUnwindSafe(|| self.answer(query))).unwrap_or_else(|_| {
                tracing::error!("a defect in the server stopped a query");
                false
            });
            if !is_good {
                self.connection = None;
            }
        }
    }

    fn answer(&mut self, query: Query) -> bool {
        match &mut self.connection {
            Some(connection) => query(Ok(connection)),
            none => match connection::reading(&self.settings, &self.path) {
                Ok(connection) => query(Ok(none.insert(connection))),
                Err(outage) => query(Err(outage)),
            },
        }
    }
}
