//! What every [`Relay`] does.

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::RunId;
use domain::ports::{Relay, RelayEntry, RelayError, RelayKind};
use uuid::Uuid;

/// Longer than any case takes.
const LONG: Duration = Duration::from_secs(20);

fn run(number: u128) -> RunId {
    RunId::from_uuid(Uuid::from_u128(number))
}

fn entry(position: u64, kind: RelayKind) -> RelayEntry {
    let payload = format!("{kind:?} {position} \u{0}\r\n").into_bytes();
    RelayEntry { position, epoch: "e1".into(), kind, payload }
}

fn events(positions: impl IntoIterator<Item = u64>) -> Vec<RelayEntry> {
    positions.into_iter().map(|position| entry(position, RelayKind::Event)).collect()
}

fn snapshot(position: u64) -> RelayEntry {
    entry(position, RelayKind::Snapshot)
}

async fn append(port: &Arc<dyn Relay>, entries: &[RelayEntry]) {
    port.append(run(1), entries).await.expect("appended");
}

async fn read(port: &Arc<dyn Relay>, after: u64) -> Vec<RelayEntry> {
    port.read(run(1), after, Duration::ZERO).await.expect("read")
}

/// Entries come back as they were, in order, from any position on.
pub async fn entries_come_back_in_order(port: Arc<dyn Relay>) {
    append(&port, &events(1..=3)).await;
    append(&port, &events(4..=5)).await;
    assert_eq!(read(&port, 0).await, events(1..=5));
    assert_eq!(read(&port, 3).await, events(4..=5));
    assert_eq!(read(&port, 5).await, []);
}

/// An attempt that is repeated, in whole or with more, adds nothing twice.
pub async fn a_repeated_attempt_is_harmless(port: Arc<dyn Relay>) {
    append(&port, &events(1..=3)).await;
    append(&port, &events(1..=3)).await;
    append(&port, &events(2..=4)).await;
    append(&port, &[snapshot(2)]).await;
    assert_eq!(read(&port, 0).await, events(1..=4));
}

/// What would leave a hole is refused, and what is there stays as it is.
pub async fn a_hole_is_refused(port: Arc<dyn Relay>) {
    append(&port, &events(1..=3)).await;
    for hole in [vec![5], vec![4, 6], vec![2, 3, 5, 6]] {
        assert!(matches!(port.append(run(1), &events(hole)).await, Err(RelayError::Gap)));
        assert_eq!(read(&port, 0).await, events(1..=3));
    }
    append(&port, &events(4..=5)).await;
    assert_eq!(read(&port, 0).await, events(1..=5));
}

/// Where nothing is, only a beginning or a snapshot can follow.
pub async fn a_lost_stream_begins_anew_with_a_snapshot(port: Arc<dyn Relay>) {
    assert!(matches!(port.append(run(1), &events(7..=8)).await, Err(RelayError::Gap)));
    assert_eq!(read(&port, 0).await, [], "what was refused is not there");
    append(&port, &[snapshot(8)]).await;
    append(&port, &events([9, 9, 10])).await;
    let all: Vec<_> = [snapshot(8)].into_iter().chain(events(9..=10)).collect();
    assert_eq!(read(&port, 0).await, all);
    assert_eq!(read(&port, 5).await, all);
    assert_eq!(read(&port, 8).await, events(9..=10));
}

/// A snapshot takes the place of all before it; who has the rest goes on without it.
pub async fn a_snapshot_takes_the_place_of_all_before_it(port: Arc<dyn Relay>) {
    append(&port, &events(1..=5)).await;
    let rest: Vec<_> = events([6]).into_iter().chain([snapshot(9)]).chain(events(10..=11)).collect();
    append(&port, &rest).await;
    assert_eq!(read(&port, 2).await[0], snapshot(9));
    assert_eq!(read(&port, 0).await.len(), 3);
    assert_eq!(read(&port, 9).await, events(10..=11));
    assert_eq!(read(&port, 11).await, []);
}

/// The log of another owner takes the place of an earlier one, from its beginning or a snapshot on only.
pub async fn another_epoch_begins_anew(port: Arc<dyn Relay>) {
    let other = |mut entry: RelayEntry| {
        entry.epoch = "e2".into();
        entry
    };
    append(&port, &events(1..=5)).await;
    let refused = port.append(run(1), &[other(entry(6, RelayKind::Event))]).await;
    assert!(matches!(refused, Err(RelayError::Gap)));
    let anew: Vec<_> = events(1..=2).into_iter().map(other).collect();
    append(&port, &anew).await;
    assert_eq!(read(&port, 0).await, anew);
}

/// Who has read what is lost is told so.
pub async fn who_read_what_is_lost_is_told(port: Arc<dyn Relay>) {
    assert!(matches!(port.read(run(1), 4, LONG).await, Err(RelayError::Gap)));
    append(&port, &[snapshot(3)]).await;
    assert!(matches!(port.read(run(1), 4, LONG).await, Err(RelayError::Gap)));
}

/// A reader waits for what comes, and no longer than it wants to.
pub async fn a_reader_waits_for_what_comes(port: Arc<dyn Relay>) {
    let began = Instant::now();
    let none = port.read(run(1), 0, Duration::from_millis(50)).await.expect("read");
    assert_eq!(none, []);
    assert!(began.elapsed() >= Duration::from_millis(50));
    for position in 1..=20 {
        let reading = port.read(run(1), position - 1, LONG);
        let appending = async {
            tokio::task::yield_now().await;
            append(&port, &events([position])).await;
        };
        let (read, ()) = tokio::join!(reading, appending);
        assert_eq!(read.expect("read"), events([position]));
    }
    assert!(began.elapsed() < LONG);
}

/// Many readers of one run and of others wait at one time, and each gets everything of its own.
pub async fn many_readers_get_everything(port: Arc<dyn Relay>) {
    const RUNS: u128 = 10;
    const LAST: u64 = 100;
    let reading = (0..RUNS * 4).map(|number| {
        let port = &port;
        async move {
            let mut have = 0;
            while have < LAST {
                for entry in port.read(run(number % RUNS), have, LONG).await.expect("read") {
                    assert_eq!(entry.position, have + 1);
                    have = entry.position;
                }
            }
        }
    });
    let writing = async {
        for first in (1..=LAST).step_by(4) {
            let entries = events(first..first + 4);
            let all = (0..RUNS).map(|number| port.append(run(number), &entries));
            for appended in futures_util::future::join_all(all).await {
                appended.expect("appended");
            }
        }
    };
    tokio::time::timeout(LONG, async { tokio::join!(futures_util::future::join_all(reading), writing) })
        .await
        .expect("all is read in time");
}

/// Runs do not mix.
pub async fn runs_do_not_mix(port: Arc<dyn Relay>) {
    append(&port, &events(1..=3)).await;
    port.append(run(2), &events(1..=1)).await.expect("appended");
    assert_eq!(read(&port, 0).await, events(1..=3));
    port.close(run(2)).await.expect("closed");
    assert_eq!(read(&port, 0).await, events(1..=3));
}

/// What a run said can still be read for a while once it is over.
pub async fn a_closed_stream_can_be_read_for_a_while(port: Arc<dyn Relay>) {
    append(&port, &events(1..=3)).await;
    port.close(run(1)).await.expect("closed");
    port.close(run(1)).await.expect("closing twice is harmless");
    port.close(run(3)).await.expect("so is closing what never was");
    assert_eq!(read(&port, 1).await, events(2..=3));
}

/// A stream does not grow for ever; who is too far behind is told.
pub async fn a_stream_is_bounded(port: Arc<dyn Relay>) {
    const MANY: u64 = 10_000;
    for first in (1..=MANY).step_by(500) {
        append(&port, &events(first..first + 500)).await;
    }
    assert!(matches!(port.read(run(1), 0, LONG).await, Err(RelayError::Gap)));
    let page = read(&port, MANY - 1000).await;
    assert!(page.len() <= 1000, "pages are bounded too");
    assert_eq!(page[0], entry(MANY - 999, RelayKind::Event));
}

/// Makes a test of each promise. `$setup` gives an empty `Arc<dyn Relay>`.
#[macro_export]
macro_rules! relay_contract {
    ($setup:expr) => {
        $crate::relay_contract! { @cases $setup;
            entries_come_back_in_order
            a_repeated_attempt_is_harmless
            a_hole_is_refused
            a_lost_stream_begins_anew_with_a_snapshot
            a_snapshot_takes_the_place_of_all_before_it
            another_epoch_begins_anew
            who_read_what_is_lost_is_told
            a_reader_waits_for_what_comes
            many_readers_get_everything
            runs_do_not_mix
            a_closed_stream_can_be_read_for_a_while
            a_stream_is_bounded
        }
    };
    (@cases $setup:expr; $($case:ident)+) => {$(
        #[tokio::test]
        async fn $case() {
            $crate::contracts::relay::$case($setup).await;
        }
    )+};
}
