//! What carrying a run costs, and what it does not wait for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::Part;
use domain::ports::Relay;
use testing::fakes::{FaultyRelay, RelayFault};
use tokio::task::JoinHandle;

use super::log_tests::{end, log};
use super::{RunEvent, RunLog, publish};

fn published(relay: &Arc<FaultyRelay>) -> (Arc<RunLog>, JoinHandle<()>) {
    let log = log();
    let relay = Arc::clone(relay) as Arc<dyn Relay>;
    let publishing = publish::publish(relay, Arc::clone(&log));
    let publisher = tokio::runtime::Handle::current().spawn(publishing);
    (log, publisher)
}

fn token() -> RunEvent {
    RunEvent::Delta { part: 0, text: " a token or two".to_owned() }
}

#[tokio::test(start_paused = true)]
async fn a_slow_relay_gets_what_was_said_meanwhile_in_one_go() {
    let relay = Arc::new(FaultyRelay::default());
    let (log, publisher) = published(&relay);
    log.append([RunEvent::PartStarted { index: 0, part: Part::text("") }]);
    relay.plan([RelayFault::Delay(Duration::from_secs(3)), RelayFault::None, RelayFault::Unavailable]);
    for _ in 0..100 {
        log.append([token()]);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(relay.kept(log.run_id()), 0, "the first attempt is still under way");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(relay.kept(log.run_id()), 101);
    log.append([end()]);
    publisher.await.expect("it ends with the run");
    assert_eq!(relay.kept(log.run_id()), 102);
}

#[tokio::test(start_paused = true)]
async fn a_publisher_gives_up_soon_after_the_end_of_a_run_that_it_cannot_carry() {
    let relay = Arc::new(FaultyRelay::default());
    relay.set_away(true);
    let (log, publisher) = published(&relay);
    log.append([RunEvent::PartStarted { index: 0, part: Part::text("") }]);
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert!(!publisher.is_finished(), "the relay may come back while the run goes on");
    log.append([end()]);
    tokio::time::timeout(Duration::from_secs(5), publisher).await.expect("soon").expect("it ends");
}

/// Prints; judges nothing.
#[tokio::test]
async fn what_it_costs_to_carry_an_event() {
    const EVENTS: u32 = 20_000;
    let mut best = [Duration::MAX; 3];
    for _ in 0..3 {
        let alone = log();
        let began = Instant::now();
        for _ in 0..EVENTS {
            alone.append([token()]);
            tokio::task::yield_now().await;
        }
        best[0] = best[0].min(began.elapsed());
        for (index, batch) in [(1, 1), (2, 20)] {
            let relay = Arc::new(FaultyRelay::default());
            let (log, publisher) = published(&relay);
            log.append([RunEvent::PartStarted { index: 0, part: Part::text("") }]);
            let began = Instant::now();
            for number in 0..EVENTS {
                log.append([token()]);
                if number % batch == 0 {
                    tokio::task::yield_now().await;
                }
            }
            log.append([end()]);
            publisher.await.expect("it ends with the run");
            best[index] = best[index].min(began.elapsed());
        }
    }
    let [alone, singly, batched] = best.map(|time| time / EVENTS);
    print(&format!(
        "an event in a log: {alone:?}; carried too, singly: {singly:?}, by twenties: {batched:?}"
    ));
}

#[expect(clippy::print_stdout, reason = "figures are for people who ask for them")]
fn print(line: &str) {
    println!("{line}");
}
