//! What this process remembers: bounded by weight, one loader a key.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::Duration;

use domain::UserId;
use domain::ports::{CacheKey, Cached, Loaded, StorageError};
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::forgotten::{Forgotten, Moment};

/// Values by their keys, and the loads that are going on.
pub struct Memory {
    values: moka::sync::Cache<CacheKey, Arc<Remembered>>,
    flights: Mutex<HashMap<CacheKey, Flight>>,
    forgotten: Forgotten,
}

/// A value and when its load began.
#[derive(Debug)]
pub struct Remembered {
    pub cached: Cached,
    pub loaded_at: Moment,
}

/// What a load gave.
pub type Outcome = Result<Option<Remembered>, StorageError>;

type SharedOutcome = Arc<Result<Option<Arc<Remembered>>, StorageError>>;

/// A load that others may wait for.
#[derive(Clone)]
struct Flight {
    started: Moment,
    landed: watch::Receiver<Option<SharedOutcome>>,
}

/// What one who asks is to do.
enum Part<'a> {
    Load(Lead<'a>),
    Wait(Flight),
}

/// The duty to load a value for all who wait for it. Dropped early, it passes to one of them.
struct Lead<'a> {
    memory: &'a Memory,
    key: &'a CacheKey,
    landed: watch::Sender<Option<SharedOutcome>>,
}

impl Memory {
    /// What is not asked for is dropped after this time, however much room there is.
    const IDLE: Duration = Duration::from_mins(5);
    /// What a value weighs beside its bytes and its key.
    const OVERHEAD: usize = 256;

    pub fn new(weight_mib: u32) -> Self {
        let weight = |key: &CacheKey, value: &Arc<Remembered>| {
            let bytes = key.id.len() + value.cached.bytes.len() + Self::OVERHEAD;
            u32::try_from(bytes).unwrap_or(u32::MAX)
        };
        let values = moka::sync::Cache::builder()
            .max_capacity(u64::from(weight_mib) * 1024 * 1024)
            .weigher(weight)
            .time_to_idle(Self::IDLE)
            .build();
        Self { values, flights: Mutex::default(), forgotten: Forgotten::default() }
    }

    pub const fn forgotten(&self) -> &Forgotten {
        &self.forgotten
    }

    /// Forgets the values of keys.
    pub fn invalidate(&self, keys: &[CacheKey]) {
        for key in keys {
            self.forgotten.forget_key(key.kind, &key.id);
            self.values.invalidate(key);
        }
    }

    /// A remembered value that is younger than `keep`, or what `load` gives; one load a key at one time.
    pub async fn get_or_load(
        &self,
        key: &CacheKey,
        keep: Duration,
        load: impl Future<Output = Outcome>,
    ) -> Loaded {
        let asked = self.forgotten.now();
        loop {
            if let Some(remembered) = self.recall(key, keep) {
                return Ok(Some(remembered.cached.clone()));
            }
            let flight = match self.join(key) {
                Part::Load(duty) => {
                    // Somebody's load may have landed between the two looks.
                    if let Some(remembered) = self.recall(key, keep) {
                        return Ok(Some(remembered.cached.clone()));
                    }
                    return given(&duty.land(load.await));
                }
                Part::Wait(flight) => flight,
            };
            if let Some(outcome) = flight.outcome().await
                && self.answers(&flight, &outcome, asked)
            {
                return given(&outcome);
            }
        }
    }

    fn recall(&self, key: &CacheKey, keep: Duration) -> Option<Arc<Remembered>> {
        let remembered = self.values.get(key)?;
        let is_young = self.forgotten.since(remembered.loaded_at) < keep;
        (is_young && self.counts(key, remembered.cached.owner_id, remembered.loaded_at)).then_some(remembered)
    }

    /// Whether a value that was loaded at a moment still counts.
    pub fn counts(&self, key: &CacheKey, owner_id: UserId, loaded_at: Moment) -> bool {
        self.forgotten.counts_for_key(key.kind, &key.id, loaded_at)
            && self.forgotten.counts_for_owner(owner_id, loaded_at)
    }

    /// Who comes first loads. Who comes after something was forgotten does not wait for a load from before.
    fn join<'a>(&'a self, key: &'a CacheKey) -> Part<'a> {
        let (landed, receiver) = watch::channel(None);
        let mut flights = self.flights.lock();
        let started = self.forgotten.now();
        let flight = Flight { started, landed: receiver };
        match flights.entry(key.clone()) {
            Entry::Occupied(mut entry) => {
                let earlier = entry.get();
                if self.forgotten.counts_for_key(key.kind, &key.id, earlier.started) {
                    return Part::Wait(earlier.clone());
                }
                entry.insert(flight);
            }
            Entry::Vacant(entry) => {
                entry.insert(flight);
            }
        }
        Part::Load(Lead { memory: self, key, landed })
    }

    /// Whether what a load gave answers one who asked at a moment: it began after that, or nothing that matters was
    /// forgotten since it began.
    fn answers(&self, flight: &Flight, outcome: &SharedOutcome, asked: Moment) -> bool {
        flight.started >= asked
            || match &**outcome {
                Ok(Some(remembered)) => {
                    self.forgotten.counts_for_owner(remembered.cached.owner_id, remembered.loaded_at)
                }
                Ok(None) | Err(_) => self.forgotten.nothing_since(flight.started),
            }
    }
}

impl Flight {
    /// What the load gave; none where it was given up.
    async fn outcome(&self) -> Option<SharedOutcome> {
        let mut landed = self.landed.clone();
        let outcome = landed.wait_for(Option::is_some).await.ok()?;
        outcome.clone()
    }
}

impl Lead<'_> {
    /// Keeps what was loaded where it still counts, and hands it to all who wait.
    fn land(self, outcome: Outcome) -> SharedOutcome {
        let outcome = outcome.map(|found| found.map(Arc::new));
        if let Ok(Some(remembered)) = &outcome
            && self.memory.counts(self.key, remembered.cached.owner_id, remembered.loaded_at)
        {
            self.memory.values.insert(self.key.clone(), Arc::clone(remembered));
        }
        let outcome = Arc::new(outcome);
        self.landed.send_replace(Some(Arc::clone(&outcome)));
        outcome
    }
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        if let Entry::Occupied(entry) = self.memory.flights.lock().entry(self.key.clone())
            && entry.get().landed.same_channel(&self.landed.subscribe())
        {
            entry.remove();
        }
    }
}

fn given(outcome: &SharedOutcome) -> Loaded {
    match &**outcome {
        Ok(found) => Ok(found.as_ref().map(|remembered| remembered.cached.clone())),
        Err(StorageError::Conflict) => Err(StorageError::Conflict),
        Err(StorageError::Rejected(reason)) => Err(StorageError::Rejected(reason)),
        Err(StorageError::Unavailable(_)) => {
            Err(StorageError::Unavailable(Box::new(Failed(Arc::clone(outcome)))))
        }
        Err(StorageError::Corrupt(_)) => Err(StorageError::Corrupt(Box::new(Failed(Arc::clone(outcome))))),
    }
}

/// The failure of a load, shared by all who waited for it.
#[derive(Debug)]
struct Failed(SharedOutcome);

impl std::fmt::Display for Failed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0.as_ref() {
            Err(StorageError::Unavailable(source) | StorageError::Corrupt(source)) => source.fmt(formatter),
            Err(error) => error.fmt(formatter),
            Ok(_) => formatter.write_str("nothing failed"),
        }
    }
}

impl std::error::Error for Failed {}
