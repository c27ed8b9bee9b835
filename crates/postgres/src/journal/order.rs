//! Units of work are told to the observer in the order of each person's positions, as far as this process committed
//! them.

use std::collections::HashSet;

use domain::ports::{Place, Position};
use parking_lot::Mutex;
use tokio::sync::Notify;

/// The units that are about to be committed and were not told yet.
#[derive(Default)]
pub(crate) struct Order {
    untold: Mutex<HashSet<Position>>,
    told: Notify,
}

/// One of them; told, or given up, when this is dropped.
pub(super) struct Turn<'a> {
    order: &'a Order,
    positions: Vec<Position>,
}

impl Order {
    /// Remembers the places of a unit. Has to happen before the commit: only after it another unit can follow them.
    pub(super) fn enter(&self, places: &[Option<Place>]) -> Turn<'_> {
        let positions: Vec<Position> = places.iter().flatten().map(|place| place.position).collect();
        self.untold.lock().extend(&positions);
        Turn { order: self, positions }
    }

    /// Waits until every unit of this process that these places follow was told.
    pub(super) async fn wait(&self, places: &[Option<Place>], own: &Turn<'_>) {
        let mut before: Vec<Position> = places.iter().flatten().filter_map(|place| place.previous).collect();
        before.retain(|position| !own.positions.contains(position));
        loop {
            let told = self.told.notified();
            let is_first = {
                let untold = self.untold.lock();
                !before.iter().any(|position| untold.contains(position))
            };
            if is_first {
                return;
            }
            told.await;
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut untold = self.order.untold.lock();
        for position in &self.positions {
            untold.remove(position);
        }
        drop(untold);
        self.order.told.notify_waiters();
    }
}
