//! How far the people are whose facts this process has seen lately.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use domain::UserId;
use domain::ports::Position;
use parking_lot::Mutex;

/// How long a replica may lag: longer than this, what was seen is forgotten.
const KEPT: Duration = Duration::from_mins(1);
/// How many people are remembered at most; beyond that, everybody counts as ahead of the replica for a while.
const MOST: usize = 50_000;

/// How far the people are whose facts this process has seen lately.
#[derive(Default)]
pub(crate) struct Seen(Mutex<State>);

#[derive(Default)]
struct State {
    heads: HashMap<UserId, (Position, Instant)>,
    /// Until when too many people were seen to remember them all.
    crowded_until: Option<Instant>,
}

/// What is known of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// Nothing that happened lately.
    Nothing,
    /// There is a fact at this position.
    Head(Position),
    /// Something may have happened.
    Unsure,
}

impl Seen {
    /// Remembers that a person has a fact at a position.
    pub(crate) fn note(&self, owner_id: UserId, position: Position) {
        let now = Instant::now();
        let mut state = self.0.lock();
        if state.heads.len() >= MOST {
            state.heads.retain(|_, (_, seen)| now.duration_since(*seen) < KEPT);
            if state.heads.len() >= MOST {
                state.heads.clear();
                state.crowded_until = Some(now + KEPT);
            }
        }
        let head = state.heads.entry(owner_id).or_insert((position, now));
        *head = (head.0.max(position), now);
    }

    /// What is known of a person.
    pub(crate) fn of(&self, owner_id: UserId) -> Known {
        let now = Instant::now();
        let state = self.0.lock();
        match state.heads.get(&owner_id) {
            Some((position, seen)) if now.duration_since(*seen) < KEPT => Known::Head(*position),
            _ if state.crowded_until.is_some_and(|until| now < until) => Known::Unsure,
            _ => Known::Nothing,
        }
    }
}
