//! What every [`Cache`] does.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use domain::UserId;
use domain::ports::{Cache, CacheKey, Cached, Loaded, StorageError};
use futures_util::FutureExt as _;
use tokio::sync::Notify;
use uuid::Uuid;

/// Longer than any case takes.
const KEEP: Duration = Duration::from_secs(3);

fn key(id: &str) -> CacheKey {
    CacheKey { kind: "contract", id: id.to_owned() }
}

fn owner(number: u128) -> UserId {
    UserId::from_uuid(Uuid::from_u128(number))
}

fn value(text: &str) -> Cached {
    Cached { owner_id: owner(1), bytes: text.into() }
}

async fn ask(port: &Arc<dyn Cache>, id: &str, load: impl Future<Output = Loaded> + Send) -> Loaded {
    port.get_or_load(&key(id), KEEP, Box::pin(load)).await
}

/// What is given for a key when storage holds `stored`.
async fn given(port: &Arc<dyn Cache>, id: &str, stored: &str) -> String {
    let found =
        ask(port, id, async { Ok(Some(value(stored))) }).await.expect("nothing fails").expect("a value");
    assert_eq!(found.owner_id, owner(1));
    String::from_utf8(found.bytes).expect("text")
}

/// What was loaded is remembered, whatever storage holds by then; other keys are others.
pub async fn what_was_loaded_is_remembered(port: Arc<dyn Cache>) {
    assert_eq!(given(&port, "a", "one").await, "one");
    assert_eq!(given(&port, "a", "two").await, "one");
    assert_eq!(given(&port, "b", "two").await, "two");
}

/// A value that is too old for the asker is loaded again, and that is remembered.
pub async fn what_is_too_old_is_loaded_again(port: Arc<dyn Cache>) {
    assert_eq!(given(&port, "a", "one").await, "one");
    let load = Box::pin(async { Ok(Some(value("two"))) });
    let found = port.get_or_load(&key("a"), Duration::ZERO, load).await;
    assert_eq!(found.expect("nothing fails"), Some(value("two")));
    assert_eq!(given(&port, "a", "three").await, "two");
}

/// What does not exist is not remembered, nor is a failure.
pub async fn absence_and_failure_are_not_remembered(port: Arc<dyn Cache>) {
    assert!(matches!(ask(&port, "a", async { Ok(None) }).await, Ok(None)));
    let failed = ask(&port, "a", async { Err(StorageError::Unavailable("away".into())) }).await;
    assert!(matches!(failed, Err(StorageError::Unavailable(_))));
    assert_eq!(given(&port, "a", "one").await, "one");
}

/// Of many who ask at one time one loads, and all get what it gives.
pub async fn of_many_at_one_time_one_loads(port: Arc<dyn Cache>) {
    let loads = AtomicU32::default();
    let asking = (0..100).map(|_| {
        ask(&port, "a", async {
            loads.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(20)).await;
            Ok(Some(value("one")))
        })
    });
    for found in futures_util::future::join_all(asking).await {
        assert_eq!(found.expect("nothing fails"), Some(value("one")));
    }
    assert_eq!(loads.into_inner(), 1);
}

/// A failure is told to all who waited for it.
pub async fn a_failure_reaches_all_who_wait(port: Arc<dyn Cache>) {
    let asking = (0..10).map(|_| {
        ask(&port, "a", async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Err(StorageError::Conflict)
        })
    });
    for found in futures_util::future::join_all(asking).await {
        assert!(matches!(found, Err(StorageError::Conflict)));
    }
}

/// Where the one who loads gives up, another one takes over.
pub async fn a_load_that_is_given_up_passes_on(port: Arc<dyn Cache>) {
    let key = key("a");
    let mut first = port.get_or_load(&key, KEEP, Box::pin(std::future::pending()));
    assert!((&mut first).now_or_never().is_none());
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!((&mut first).now_or_never().is_none());
    let second = given(&port, "a", "two");
    tokio::pin!(second);
    assert!((&mut second).now_or_never().is_none());
    drop(first);
    assert_eq!(second.await, "two");
}

/// Invalidated keys are loaded again; others are not.
pub async fn invalidated_keys_are_loaded_again(port: Arc<dyn Cache>) {
    given(&port, "a", "one").await;
    given(&port, "b", "one").await;
    port.invalidate(&[key("a"), key("never asked for")]).await;
    assert_eq!(given(&port, "a", "two").await, "two");
    assert_eq!(given(&port, "b", "two").await, "one");
}

/// Everything about a person is loaded again once that person is forgotten, and nothing else is.
pub async fn a_forgotten_person_is_loaded_again(port: Arc<dyn Cache>) {
    given(&port, "a", "one").await;
    given(&port, "b", "one").await;
    port.forget_owner(owner(2));
    assert_eq!(given(&port, "a", "two").await, "one");
    port.forget_owner(owner(1));
    assert_eq!(given(&port, "a", "two").await, "two");
    assert_eq!(given(&port, "b", "two").await, "two");
    assert_eq!(given(&port, "b", "three").await, "two", "what was loaded since is remembered");
}

/// Once everything is forgotten, everything is loaded again.
pub async fn everything_can_be_forgotten(port: Arc<dyn Cache>) {
    given(&port, "a", "one").await;
    port.forget_all();
    assert_eq!(given(&port, "a", "two").await, "two");
    assert_eq!(given(&port, "a", "three").await, "two");
}

/// What was loaded while it was forgotten, in any way, is given to who asked before, and is not kept.
pub async fn what_was_forgotten_meanwhile_is_not_kept(port: Arc<dyn Cache>) {
    for (number, id) in ["key", "owner", "all"].into_iter().enumerate() {
        let (began, may_end) = (Notify::new(), Notify::new());
        let slow = ask(&port, id, async {
            began.notify_one();
            may_end.notified().await;
            Ok(Some(value("old")))
        });
        let forgetting = async {
            began.notified().await;
            match number {
                0 => port.invalidate(&[key(id)]).await,
                1 => port.forget_owner(owner(1)),
                _ => port.forget_all(),
            }
            may_end.notify_one();
        };
        let (found, ()) = tokio::join!(slow, forgetting);
        assert_eq!(found.expect("nothing fails"), Some(value("old")));
        assert_eq!(given(&port, id, "new").await, "new", "by {id}");
    }
}

/// Who asks after something was forgotten never gets what was read before, not even from a load that is going on.
pub async fn who_asks_after_a_change_sees_it(port: Arc<dyn Cache>) {
    for (number, id) in ["key", "owner", "all", "absent"].into_iter().enumerate() {
        let (began, may_end) = (Notify::new(), Notify::new());
        let slow = ask(&port, id, async {
            began.notify_one();
            may_end.notified().await;
            Ok((number < 3).then(|| value("old")))
        });
        let after = async {
            began.notified().await;
            match number {
                0 => port.invalidate(&[key(id)]).await,
                2 => port.forget_all(),
                _ => port.forget_owner(owner(1)),
            }
            let releasing = async { may_end.notify_one() };
            tokio::join!(given(&port, id, "new"), releasing).0
        };
        let (_, seen) = tokio::join!(slow, after);
        assert_eq!(seen, "new", "by {id}");
        assert_eq!(given(&port, id, "newer").await, "new", "by {id}");
    }
}

/// Values of any bytes and size come back as they were.
pub async fn values_come_back_as_they_were(port: Arc<dyn Cache>) {
    for (id, size) in [("empty", 0), ("small", 1), ("large", 200_000)] {
        let bytes: Vec<u8> = (0..=255).cycle().take(size).collect();
        let stored = Cached { owner_id: owner(7), bytes };
        for _ in 0..2 {
            let found = ask(&port, id, async { Ok(Some(stored.clone())) }).await;
            assert_eq!(found.expect("nothing fails").as_ref(), Some(&stored));
        }
    }
}

/// Makes a test of each promise. `$setup` gives an empty `Arc<dyn Cache>`.
#[macro_export]
macro_rules! cache_contract {
    ($setup:expr) => {
        $crate::cache_contract! { @cases $setup;
            what_was_loaded_is_remembered
            what_is_too_old_is_loaded_again
            absence_and_failure_are_not_remembered
            of_many_at_one_time_one_loads
            a_failure_reaches_all_who_wait
            a_load_that_is_given_up_passes_on
            invalidated_keys_are_loaded_again
            a_forgotten_person_is_loaded_again
            everything_can_be_forgotten
            what_was_forgotten_meanwhile_is_not_kept
            who_asks_after_a_change_sees_it
            values_come_back_as_they_were
        }
    };
    (@cases $setup:expr; $($case:ident)+) => {$(
        #[tokio::test]
        async fn $case() {
            $crate::contracts::cache::$case($setup).await;
        }
    )+};
}
