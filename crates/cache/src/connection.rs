//! A connection to Redis that costs nothing while there is none.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::RwLock;
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, FromRedisValue as _, PushInfo, PushKind, RedisError, RedisResult,
};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::settings::RedisSettings;

/// A connection to Redis, shared by many, that is made again whenever it is lost.
///
/// While there is no connection every use fails at once: only the supervisor waits for the server. A use that gets no
/// answer in time ends the connection for all, so that the next one does not wait as well.
pub struct Connection {
    shared: Arc<Shared>,
    patience: Duration,
    _supervisor: JoinSet<()>,
}

struct Shared {
    place: String,
    current: RwLock<Option<Established>>,
    generations: AtomicU64,
    is_lost: Notify,
    is_there: watch::Sender<bool>,
    /// Whether it was told that the server is away; shared by all connections to it, so that one of them does.
    is_told: Arc<AtomicBool>,
}

#[derive(Clone)]
struct Established {
    generation: u64,
    connection: MultiplexedConnection,
}

/// Who listens on channels over a connection.
pub trait Listener: Send + Sync + 'static {
    /// The channels to listen on, asked for on each new connection.
    fn channels(&self) -> Vec<String>;

    /// A new connection is there and listens on the channels; what was sent before may have been missed.
    fn connected(&self);

    /// Something was sent on a channel. Must not block.
    fn heard(&self, channel: &str, payload: &[u8]);
}

/// Why nothing came of a use of Redis.
#[derive(Debug)]
pub enum Away {
    /// There is no connection at present.
    NotConnected,
    /// There was no answer in time.
    TimedOut,
    /// The connection or the server failed.
    Failed(RedisError),
}

impl Connection {
    /// The longest that making a connection may take.
    const CONNECTING: Duration = Duration::from_secs(1);
    /// The pause between the first attempts to connect again; doubled up to the longest one.
    const FIRST_PAUSE: Duration = Duration::from_millis(50);
    const LONGEST_PAUSE: Duration = Duration::from_secs(1);
    /// A connection that lasted for so long was a good one: the next one is made without a pause.
    const GOOD: Duration = Duration::from_secs(5);
    /// How often the supervisor asks whether the server is there when nobody else does.
    const PING: Duration = Duration::from_secs(1);

    /// Begins to connect, on the present tokio runtime.
    pub fn start(
        client: Client,
        settings: &RedisSettings,
        patience: Duration,
        listener: Arc<dyn Listener>,
        is_told: Arc<AtomicBool>,
    ) -> Self {
        let shared = Arc::new(Shared {
            place: settings.place(),
            current: RwLock::default(),
            generations: AtomicU64::default(),
            is_lost: Notify::new(),
            is_there: watch::Sender::new(false),
            is_told,
        });
        let mut supervisor = JoinSet::new();
        supervisor.spawn(supervise(Arc::clone(&shared), client, patience, listener));
        Self { shared, patience, _supervisor: supervisor }
    }

    /// Waits until there is a connection, for so long at most, and says whether there is one.
    pub async fn ready(&self, wait: Duration) -> bool {
        let mut is_there = self.shared.is_there.subscribe();
        timeout(wait, is_there.wait_for(|is_there| *is_there)).await.is_ok_and(|waited| waited.is_ok())
    }

    /// Whether there is a connection.
    pub fn is_there(&self) -> bool {
        self.shared.current.read().is_some()
    }

    /// Uses the connection.
    ///
    /// # Errors
    /// Where there is none, or no answer in time.
    pub async fn run<T, F>(&self, operation: impl FnOnce(MultiplexedConnection) -> F) -> Result<T, Away>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let current = self.shared.current.read().clone();
        let Some(established) = current else { return Err(Away::NotConnected) };
        match timeout(self.patience, operation(established.connection)).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => {
                // Who may only be read was the primary once: its name may stand for another server by now.
                let is_replica = error.code() == Some("READONLY");
                if error.is_io_error() || error.is_unrecoverable_error() || is_replica {
                    self.shared.lose(established.generation, &error);
                }
                Err(Away::Failed(error))
            }
            Err(_) => {
                self.shared.lose(established.generation, &Away::TimedOut);
                Err(Away::TimedOut)
            }
        }
    }
}

impl Shared {
    fn establish(&self, connection: MultiplexedConnection) {
        let generation = self.generations.fetch_add(1, Ordering::Relaxed) + 1;
        *self.current.write() = Some(Established { generation, connection });
        self.is_there.send_replace(true);
        self.is_told.store(false, Ordering::Relaxed);
        tracing::info!(redis = self.place, "connected to Redis");
    }

    /// Ends a connection, unless another one has taken its place already.
    fn lose(&self, generation: u64, reason: &dyn fmt::Display) {
        let mut current = self.current.write();
        if current.as_ref().is_some_and(|established| established.generation == generation) {
            *current = None;
            drop(current);
            self.is_there.send_replace(false);
            if self.is_told.swap(true, Ordering::Relaxed) {
                tracing::debug!(redis = self.place, %reason, "lost another connection to Redis");
            } else {
                tracing::warn!(redis = self.place, %reason, "lost the connection to Redis; going on without it");
            }
            self.is_lost.notify_one();
        }
    }
}

/// Keeps a connection there: makes it, asks whether the server still answers, and makes it again.
async fn supervise(shared: Arc<Shared>, client: Client, patience: Duration, listener: Arc<dyn Listener>) {
    let mut pause = Connection::FIRST_PAUSE;
    let mut is_first_failure = true;
    loop {
        let attempt = timeout(Connection::CONNECTING, connect(&client, patience, &listener)).await;
        let failure = match attempt {
            Ok(Ok(connection)) => {
                is_first_failure = true;
                let began = Instant::now();
                shared.establish(connection.clone());
                listener.connected();
                watch_over(&shared, connection, patience).await;
                if began.elapsed() > Connection::GOOD {
                    pause = Connection::FIRST_PAUSE;
                    continue;
                }
                None
            }
            Ok(Err(error)) => Some(Away::Failed(error)),
            Err(_) => Some(Away::TimedOut),
        };
        if let Some(failure) = failure
            && is_first_failure
        {
            if !shared.is_told.swap(true, Ordering::Relaxed) {
                tracing::warn!(redis = shared.place, reason = %failure, "cannot connect to Redis; trying on");
            }
            is_first_failure = false;
        }
        tokio::time::sleep(jittered(pause)).await;
        pause = (pause * 2).min(Connection::LONGEST_PAUSE);
    }
}

async fn connect(
    client: &Client,
    patience: Duration,
    listener: &Arc<dyn Listener>,
) -> RedisResult<MultiplexedConnection> {
    let hearing = Arc::clone(listener);
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(Connection::CONNECTING))
        .set_response_timeout(Some(patience.max(Connection::CONNECTING)))
        .set_pipeline_buffer_size(1024)
        .set_push_sender(move |push| {
            hear(&*hearing, &push);
            Ok::<_, std::convert::Infallible>(())
        });
    let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
    let channels = listener.channels();
    if !channels.is_empty() {
        connection.subscribe(channels).await?;
    }
    Ok(connection)
}

fn hear(listener: &dyn Listener, push: &PushInfo) {
    if push.kind == PushKind::Message
        && let [channel, payload] = &push.data[..]
        && let (Ok(channel), Ok(payload)) =
            (String::from_redis_value_ref(channel), Vec::<u8>::from_redis_value_ref(payload))
    {
        listener.heard(&channel, &payload);
    }
}

/// Returns once the connection is lost; finds out by itself where nobody uses it.
async fn watch_over(shared: &Shared, connection: MultiplexedConnection, patience: Duration) {
    let generation = shared.generations.load(Ordering::Relaxed);
    loop {
        let pause = timeout(jittered(Connection::PING), shared.is_lost.notified());
        if pause.await.is_ok() {
            return;
        }
        let mut connection = connection.clone();
        let reason = match timeout(patience, redis::cmd("PING").query_async::<()>(&mut connection)).await {
            Ok(Ok(())) => continue,
            Ok(Err(error)) => Away::Failed(error),
            Err(_) => Away::TimedOut,
        };
        shared.lose(generation, &reason);
    }
}

/// Between half and all of a pause: many processes that lost one server do not come back at one time.
fn jittered(pause: Duration) -> Duration {
    let random = RandomState::new().hash_one(pause) >> 33;
    pause / 2
        + (pause / 2).mul_f64(f64::from(u32::try_from(random).unwrap_or_default()) / f64::from(1u32 << 31))
}

impl fmt::Display for Away {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotConnected => formatter.write_str("there is no connection"),
            Self::TimedOut => formatter.write_str("there was no answer in time"),
            Self::Failed(error) => error.fmt(formatter),
        }
    }
}

impl std::error::Error for Away {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Failed(error) => Some(error),
            Self::NotConnected | Self::TimedOut => None,
        }
    }
}
