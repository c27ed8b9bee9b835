//! The connection on which processes tell each other what they committed.
//!
//! Nobody is told inside a transaction: that would make the commits of all processes take turns. One connection tells
//! and listens, so what comes from itself is known by the number of its server process.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use diesel::sql_types::{Bool, Integer};
use domain::ports::{CommitObserver, News};
use parking_lot::RwLock;
use storage::Outage;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_postgres::Notification;
use tokio_util::sync::CancellationToken;

use crate::connection::{Connection, Connector};
use crate::outbox::{Outbox, Waiting, news};
use crate::session::rows;
use crate::statement::{Value, values};

/// What the channel is called, and what is said on it first.
pub(crate) const LISTEN: &str = "LISTEN colloquy";
/// How long it may be silent before we look for ourselves; half of it at least.
const SILENCE: Duration = Duration::from_secs(4);
/// When we look for ourselves however much is told: somebody may have ended between a commit and telling of it.
const LONGEST: Duration = Duration::from_secs(15);
/// How long telling may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long to wait before connecting anew.
const PAUSE: Duration = Duration::from_secs(1);

/// Tells others, and hears from them.
pub(crate) struct Exchange {
    pub(crate) connector: Connector,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) observer: Arc<RwLock<Option<Arc<dyn CommitObserver>>>>,
}

impl Exchange {
    /// Does so until it is stopped.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut was_away = false;
        loop {
            let (sender, notifications) = mpsc::unbounded_channel();
            let attempt = tokio::select! {
                () = stop.cancelled() => return,
                attempt = self.connector.connect(Some(sender)) => attempt.map_err(|error| Outage::new(error.to_string())),
            };
            let ended = match attempt {
                Ok(connection) => {
                    if was_away {
                        tracing::info!("other processes are heard again");
                        was_away = false;
                    }
                    let ended = tokio::select! {
                        () = stop.cancelled() => return,
                        ended = self.converse(&connection, notifications) => ended,
                    };
                    connection.cut();
                    ended
                }
                Err(outage) => outage,
            };
            if !was_away {
                tracing::warn!(reason = %ended, "other processes are not heard; trying again");
                was_away = true;
            }
            self.hear(News::Disturbed);
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(jittered(PAUSE)) => {}
            }
        }
    }

    /// Tells and listens on one connection, until it fails.
    async fn converse(
        &self,
        connection: &Connection,
        mut notifications: mpsc::UnboundedReceiver<Notification>,
    ) -> Outage {
        let itself =
            match answer(rows::<Integer, i32>(&connection.diesel, "SELECT pg_backend_pid()", &[])).await {
                Ok(numbers) => numbers.first().copied(),
                Err(outage) => return outage,
            };
        // Whatever was told before, nobody here heard.
        self.hear(News::Disturbed);
        let mut look = Instant::now() + jittered(SILENCE);
        let mut look_anyway = Instant::now() + jittered(LONGEST);
        loop {
            tokio::select! {
                notification = notifications.recv() => {
                    let Some(notification) = notification else { return Outage::new("the connection is gone") };
                    if Some(notification.process_id()) != itself {
                        news(notification.payload()).for_each(|news| self.hear(news));
                        look = Instant::now() + jittered(SILENCE);
                    }
                }
                waiting = self.outbox.take() => {
                    if let Err(outage) = self.send(connection, waiting).await {
                        return outage;
                    }
                }
                () = sleep_until(look.min(look_anyway)) => {
                    // An answer shows that we would have heard.
                    if let Err(outage) = answer(rows::<Bool, bool>(&connection.diesel, "SELECT true", &[])).await {
                        return outage;
                    }
                    self.hear(News::Disturbed);
                    look = Instant::now() + jittered(SILENCE);
                    look_anyway = Instant::now() + jittered(LONGEST);
                }
            }
        }
    }

    async fn send(&self, connection: &Connection, waiting: Waiting) -> Result<(), Outage> {
        let messages =
            Value::Texts(waiting.messages().into_iter().map(|message| Some(message.into())).collect());
        let sql = "SELECT pg_notify('colloquy', message) IS NULL FROM unnest($1) message";
        let told = answer(rows::<Bool, bool>(&connection.diesel, sql, values![messages])).await;
        if told.is_err() {
            self.outbox.put_back(waiting);
        }
        told.map(|_| ())
    }

    fn hear(&self, news: News) {
        let observer = self.observer.read().clone();
        if let Some(observer) = observer {
            observer.news(news);
        }
    }
}

async fn answer<T>(answer: impl Future<Output = diesel::QueryResult<T>>) -> Result<T, Outage> {
    let answer =
        timeout(PATIENCE, answer).await.map_err(|_| Outage::new("the database did not answer in time"))?;
    answer.map_err(|error| Outage::new(error.to_string()))
}

/// Between half and all of a pause: many processes do not look at one time.
fn jittered(pause: Duration) -> Duration {
    let random = RandomState::new().hash_one(pause) >> 33;
    let share = f64::from(u32::try_from(random).unwrap_or_default()) / f64::from(1_u32 << 31);
    pause / 2 + (pause / 2).mul_f64(share)
}
