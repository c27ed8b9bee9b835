//! What has been forgotten, and when: decides whether a remembered value still counts.

use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher, Hash};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::UserId;
use tokio::time::Instant;

/// A moment of this process, in nanoseconds since the cache was made; never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(u64);

/// When each key and each person was last forgotten. A value counts when it was loaded later than that.
///
/// Keys and people share a fixed number of places by their hash, so that this stays small however many there are: who
/// shares a place with somebody forgotten is loaded once more than necessary.
pub struct Forgotten {
    start: Instant,
    places: Box<[AtomicU64]>,
    all: AtomicU64,
    latest: AtomicU64,
}

const PLACES: usize = 16_384;

impl Default for Forgotten {
    fn default() -> Self {
        Self {
            start: Instant::now(),
            places: std::iter::repeat_with(AtomicU64::default).take(PLACES).collect(),
            all: AtomicU64::default(),
            latest: AtomicU64::default(),
        }
    }
}

impl Forgotten {
    /// The present moment.
    pub fn now(&self) -> Moment {
        let nanoseconds = u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        Moment(nanoseconds.saturating_add(1))
    }

    /// How long ago a moment was.
    pub fn since(&self, moment: Moment) -> Duration {
        Duration::from_nanos(self.now().0.saturating_sub(moment.0))
    }

    /// The moment that was so long before another one.
    pub fn before(moment: Moment, duration: Duration) -> Moment {
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Moment(moment.0.saturating_sub(nanoseconds))
    }

    /// From now on, what was loaded under this key does not count.
    pub fn forget_key(&self, kind: &str, id: &str) {
        self.mark(&self.places[place(&(kind, id))]);
    }

    /// From now on, what was loaded about this person does not count.
    pub fn forget_owner(&self, owner_id: UserId) {
        self.mark(&self.places[place(&owner_id)]);
    }

    /// From now on, nothing that was loaded counts.
    pub fn forget_all(&self) {
        self.mark(&self.all);
    }

    /// Whether what was loaded at a moment still counts for its key.
    pub fn counts_for_key(&self, kind: &str, id: &str, loaded_at: Moment) -> bool {
        let forgotten = self.places[place(&(kind, id))].load(Ordering::Acquire);
        loaded_at.0 > forgotten && loaded_at.0 > self.all.load(Ordering::Acquire)
    }

    /// Whether what was loaded at a moment still counts for its person.
    pub fn counts_for_owner(&self, owner_id: UserId, loaded_at: Moment) -> bool {
        loaded_at.0 > self.places[place(&owner_id)].load(Ordering::Acquire)
    }

    /// Whether nothing at all has been forgotten since a moment.
    pub fn nothing_since(&self, moment: Moment) -> bool {
        moment.0 > self.latest.load(Ordering::Acquire)
    }

    fn mark(&self, place: &AtomicU64) {
        let now = self.now().0;
        place.fetch_max(now, Ordering::AcqRel);
        self.latest.fetch_max(now, Ordering::AcqRel);
    }
}

fn place(thing: &impl Hash) -> usize {
    let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(thing);
    usize::try_from(hash % PLACES as u64).unwrap_or_default()
}
