//! The one thread that writes. What waits while a commit is on its way to the disk shares the next one.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use diesel::result::QueryResult;
use diesel::sqlite::SqliteConnection;
use domain::ports::StorageError;
use parking_lot::{Mutex, RwLock};
use tokio::sync::oneshot;

use crate::connection;
use crate::errors::{Failure, Outage, Outcome};
use crate::lock::Lock;
use crate::settings::Settings;
use crate::statement::execute;

/// The handle to the thread that writes.
pub(crate) struct Writer {
    queue: RwLock<Option<Sender<Box<dyn Unit>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the thread. It keeps the lock on the database until it has written everything.
    pub(crate) fn start(settings: &Settings, path: PathBuf, lock: Arc<Lock>) -> Result<Self, Outage> {
        let (sender, receiver) = bounded(usize::from(settings.write_queue));
        let connection = connection::writing(settings, &path)?;
        let worker = Worker { settings: settings.clone(), path, connection: Some(connection), _lock: lock };
        let thread = std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || worker.run(&receiver))
            .map_err(|error| Outage::new(format!("the writer cannot be started: {error}")))?;
        Ok(Self { queue: RwLock::new(Some(sender)), thread: Mutex::new(Some(thread)) })
    }

    /// Does `work` in a transaction, together with other units but failing alone, and answers once it is durable.
    /// Work may be rolled back and done again, so it has no effect but on the connection.
    /// Work that was queued is done even when nobody waits for it any more.
    pub(crate) async fn write<T, W>(&self, work: W) -> Result<T, StorageError>
    where
        T: Send + 'static,
        W: Fn(&mut SqliteConnection) -> Outcome<T> + Send + 'static,
    {
        self.write_and_announce(work, |_| {}).await
    }

    /// [`Self::write`], and `announce` on the thread that writes, once the work is durable and before the answer.
    /// Announcements come in the order of the work and never overlap.
    pub(crate) async fn write_and_announce<T, W, A>(&self, work: W, announce: A) -> Result<T, StorageError>
    where
        T: Send + 'static,
        W: Fn(&mut SqliteConnection) -> Outcome<T> + Send + 'static,
        A: FnOnce(&T) + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.enqueue(Box::new(Pending { work, announce, outcome: None, reply }))?;
        answer.await.unwrap_or_else(|_| Err(Outage::new("the writer gave up on this unit of work").into()))
    }

    fn enqueue(&self, unit: Box<dyn Unit>) -> Result<(), Outage> {
        let queue = self.queue.read();
        let sender = queue.as_ref().ok_or_else(|| Outage::new("the database is shutting down"))?;
        sender.try_send(unit).map_err(|error| match error {
            TrySendError::Full(_) => Outage::new("too many changes wait to be written"),
            TrySendError::Disconnected(_) => Outage::new("the writer has stopped"),
        })
    }

    /// Accepts nothing more; what is queued is still written.
    pub(crate) fn close(&self) {
        self.queue.write().take();
    }

    /// Waits until everything is written. Call [`Self::close`] first.
    pub(crate) fn join(&self) {
        if let Some(thread) = self.thread.lock().take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that writes to the database ended in a panic");
        }
    }
}

/// One unit of work on its way through the writer.
trait Unit: Send {
    /// Does the work and keeps the outcome; whether it succeeded. May be repeated after a rollback.
    fn apply(&mut self, connection: &mut SqliteConnection) -> bool;

    /// Tells the outcome to whoever waits; it counts only when the group was committed.
    fn answer(self: Box<Self>, committed: Result<(), Outage>);
}

struct Pending<T, W, A> {
    work: W,
    announce: A,
    outcome: Option<Outcome<T>>,
    reply: oneshot::Sender<Result<T, StorageError>>,
}

impl<T, W, A> Unit for Pending<T, W, A>
where
    T: Send,
    W: Fn(&mut SqliteConnection) -> Outcome<T> + Send,
    A: FnOnce(&T) + Send,
{
    fn apply(&mut self, connection: &mut SqliteConnection) -> bool {
        self.outcome = Some((self.work)(connection));
        matches!(self.outcome, Some(Ok(_)))
    }

    fn answer(self: Box<Self>, committed: Result<(), Outage>) {
        let answer = match (committed, self.outcome) {
            (Ok(()), Some(Ok(done))) => {
                (self.announce)(&done);
                Ok(done)
            }
            (Ok(()), Some(Err(Failure(error)))) => Err(error),
            (Ok(()), None) => Err(Outage::new("the unit of work was not reached").into()),
            (Err(outage), _) => Err(outage.into()),
        };
        // Whoever asked may have gone meanwhile; the work is done all the same.
        let _ = self.reply.send(answer);
    }
}

struct Worker {
    settings: Settings,
    path: PathBuf,
    connection: Option<SqliteConnection>,
    _lock: Arc<Lock>,
}

impl Worker {
    fn run(mut self, queue: &Receiver<Box<dyn Unit>>) {
        let most = usize::from(self.settings.group);
        let mut group: Vec<Box<dyn Unit>> = Vec::with_capacity(most);
        while let Ok(first) = queue.recv() {
            group.push(first);
            group.extend(queue.try_iter().take(most - 1));
            let written = catch_unwind(AssertUnwindSafe(|| self.write(&mut group)));
            let committed = written.unwrap_or_else(|_| {
                self.connection = None;
                Err(Outage::new("a defect in the server stopped this group of changes"))
            });
            if let Err(outage) = &committed {
                tracing::error!(reason = %outage, units = group.len(), "nothing of a group of changes was stored");
            }
            for unit in group.drain(..) {
                let committed = committed.clone();
                if catch_unwind(AssertUnwindSafe(|| unit.answer(committed))).is_err() {
                    tracing::error!("an observer of commits panicked");
                }
            }
        }
    }

    /// Writes a group in one transaction. After an error the connection is opened anew for the next group, so that
    /// nothing of a broken one lingers.
    fn write(&mut self, group: &mut [Box<dyn Unit>]) -> Result<(), Outage> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(connection::writing(&self.settings, &self.path)?),
        };
        let written = write_group(connection, group);
        if written.is_err() {
            self.connection = None;
        }
        written.map_err(|error| Outage::new(error.to_string()))
    }
}

/// Does the work of a group in one transaction. Usually nothing fails, so the first attempt goes without savepoints:
/// each of them would make FTS5 write out what it has gathered, and SQLite keep a second copy of every page.
fn write_group(connection: &mut SqliteConnection, group: &mut [Box<dyn Unit>]) -> QueryResult<()> {
    execute(connection, "BEGIN IMMEDIATE", &[])?;
    if !group.iter_mut().all(|unit| unit.apply(connection)) {
        execute(connection, "ROLLBACK", &[])?;
        if group.len() == 1 {
            return Ok(());
        }
        execute(connection, "BEGIN IMMEDIATE", &[])?;
        for unit in group {
            execute(connection, "SAVEPOINT unit", &[])?;
            if !unit.apply(connection) {
                execute(connection, "ROLLBACK TO unit", &[])?;
            }
            execute(connection, "RELEASE unit", &[])?;
        }
    }
    execute(connection, "COMMIT", &[])?;
    Ok(())
}
