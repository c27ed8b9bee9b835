//! What other processes are to be told, until it is told.

use std::collections::{HashMap, HashSet};

use domain::ports::{News, Position};
use domain::{RunId, UserId};
use parking_lot::Mutex;
use tokio::sync::Notify;
use uuid::Uuid;

/// How many people's news wait at most; beyond that, others are told to look for themselves.
const MOST: usize = 10_000;
/// How long one message to others is at most, in bytes; Postgres takes 7,999.
const LONGEST: usize = 7_900;

/// What other processes are to be told, until it is told.
#[derive(Default)]
pub(crate) struct Outbox {
    waiting: Mutex<Waiting>,
    filled: Notify,
}

/// What waits. The newest position of a person stands for all before it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Waiting {
    facts: HashMap<UserId, Position>,
    stops: HashSet<RunId>,
    jobs: bool,
    too_much: bool,
}

impl Outbox {
    /// A person has facts up to this position.
    pub(crate) fn facts(&self, owner_id: UserId, position: Position) {
        self.put(|waiting| waiting.fact(owner_id, position));
    }

    /// There are jobs.
    pub(crate) fn jobs(&self) {
        self.put(|waiting| waiting.jobs = true);
    }

    /// A run is to be stopped.
    pub(crate) fn stop(&self, run_id: RunId) {
        self.put(|waiting| {
            waiting.stops.insert(run_id);
        });
    }

    /// Puts back what could not be told.
    pub(crate) fn put_back(&self, untold: Waiting) {
        self.put(|waiting| {
            for (owner_id, position) in untold.facts {
                waiting.fact(owner_id, position);
            }
            waiting.stops.extend(untold.stops);
            waiting.jobs |= untold.jobs;
            waiting.too_much |= untold.too_much;
        });
    }

    fn put(&self, change: impl FnOnce(&mut Waiting)) {
        let mut waiting = self.waiting.lock();
        change(&mut waiting);
        if waiting.facts.len() + waiting.stops.len() > MOST {
            *waiting = Waiting { too_much: true, ..Waiting::default() };
        }
        drop(waiting);
        self.filled.notify_one();
    }

    /// Waits until there is something, and takes it.
    pub(crate) async fn take(&self) -> Waiting {
        loop {
            let waiting = std::mem::take(&mut *self.waiting.lock());
            if waiting != Waiting::default() {
                return waiting;
            }
            self.filled.notified().await;
        }
    }
}

impl Waiting {
    fn fact(&mut self, owner_id: UserId, position: Position) {
        let newest = self.facts.entry(owner_id).or_insert(position);
        *newest = position.max(*newest);
    }

    /// The messages that tell it, each of a length that Postgres takes.
    pub(crate) fn messages(&self) -> Vec<String> {
        let facts =
            self.facts.iter().map(|(owner, position)| format!("f{}:{}", owner.uuid().simple(), position.0));
        let stops = self.stops.iter().map(|run| format!("s{}", run.uuid().simple()));
        let flags = [(self.jobs, "j"), (self.too_much, "d")];
        let flags = flags.into_iter().filter(|(is_set, _)| *is_set).map(|(_, word)| word.to_owned());
        let mut messages: Vec<String> = Vec::new();
        for word in stops.chain(flags).chain(facts) {
            match messages.last_mut() {
                Some(message) if message.len() + 1 + word.len() <= LONGEST => {
                    message.push(' ');
                    message.push_str(&word);
                }
                _ => messages.push(word),
            }
        }
        messages
    }
}

/// What a message of another process tells. Words of a newer release that are not understood mean: look for yourself.
pub(crate) fn news(message: &str) -> impl Iterator<Item = News> {
    message.split(' ').map(|word| read(word).unwrap_or(News::Disturbed))
}

fn read(word: &str) -> Option<News> {
    let id = |text: &str| Uuid::try_parse(text).ok();
    match word.split_at_checked(1)? {
        ("f", rest) => {
            let (owner, position) = rest.split_once(':')?;
            Some(News::Facts(UserId::from_uuid(id(owner)?), Position(position.parse().ok()?)))
        }
        ("s", run) => Some(News::StopRun(RunId::from_uuid(id(run)?))),
        ("j", "") => Some(News::Jobs),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(number: u128) -> UserId {
        UserId::from_uuid(Uuid::from_u128(number))
    }

    #[tokio::test]
    async fn what_is_told_is_what_was_put_in() {
        let outbox = Outbox::default();
        outbox.facts(user(1), Position(7));
        outbox.facts(user(1), Position(5));
        outbox.jobs();
        outbox.stop(RunId::from_uuid(Uuid::from_u128(2)));
        let told: Vec<News> =
            outbox.take().await.messages().iter().flat_map(|message| news(message)).collect();
        assert_eq!(told.len(), 3);
        assert!(told.contains(&News::Facts(user(1), Position(7))), "{told:?}");
        assert!(
            told.contains(&News::StopRun(RunId::from_uuid(Uuid::from_u128(2)))) && told.contains(&News::Jobs)
        );
    }

    #[tokio::test]
    async fn much_is_told_in_messages_that_fit_and_too_much_in_a_word() {
        let outbox = Outbox::default();
        for number in 0..1_000 {
            outbox.facts(user(number), Position(i64::MAX));
        }
        let waiting = outbox.take().await;
        let messages = waiting.messages();
        assert!(messages.iter().all(|message| message.len() <= LONGEST));
        assert_eq!(messages.iter().flat_map(|message| news(message)).count(), 1_000);
        outbox.put_back(waiting);
        for number in 0..20_000 {
            outbox.facts(user(number), Position(1));
        }
        let told = outbox.take().await.messages();
        assert!(told.iter().flat_map(|message| news(message)).any(|news| news == News::Disturbed));
    }

    #[test]
    fn what_is_not_understood_means_to_look() {
        for word in ["", "x", "fnonsense", "f:1", "s", "jj", "é"] {
            assert_eq!(news(word).collect::<Vec<_>>(), [News::Disturbed], "{word}");
        }
    }
}
