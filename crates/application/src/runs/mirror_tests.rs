//! Promises of mirrors, whatever happens to the relay and however readers come, go and change nodes.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::ports::{Relay, Runs, StorageError};
use domain::{
    ConversationId, MessageId, NodeId, Part, Parts, Run, RunId, RunOutcome, RunStatus, Timestamp, UserId,
    WorkspaceId,
};
use parking_lot::Mutex;
use proptest::prelude::*;
use testing::fakes::{FaultyRelay, RelayFault};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use uuid::Uuid;

use super::log_tests::{Client, end, log, script};
use super::mirror::Mirrors;
use super::{LogEntry, ReadResult, Resume, RunEvent, RunLog, RunReader, publish};

const AT: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

/// What both nodes see of the run in storage.
struct Storage(Mutex<(Run, Parts)>);

impl Storage {
    fn run(&self) -> Run {
        self.0.lock().0.clone()
    }

    fn parts(&self) -> Parts {
        self.0.lock().1.clone()
    }

    fn end(&self, outcome: &RunOutcome, parts: Parts) {
        let mut stored = self.0.lock();
        stored.0 = stored.0.end(outcome, AT).expect("it runs");
        stored.1 = parts;
    }
}

#[async_trait]
impl Runs for Storage {
    async fn get(&self, _: WorkspaceId, _: RunId) -> Result<Option<Run>, StorageError> {
        Ok(Some(self.run()))
    }

    async fn of_message(&self, _: WorkspaceId, _: MessageId) -> Result<Option<Run>, StorageError> {
        Ok(Some(self.run()))
    }

    async fn running(&self, _: WorkspaceId, _: ConversationId) -> Result<Vec<Run>, StorageError> {
        Ok(vec![self.run()])
    }

    async fn abandoned(&self, _: Timestamp, _: u16) -> Result<Vec<Run>, StorageError> {
        Ok(Vec::new())
    }
}

/// A run, the node that owns it, and another one.
struct World {
    relay: Arc<FaultyRelay>,
    storage: Arc<Storage>,
    owner: Arc<RunLog>,
    mirrors: Arc<Mirrors>,
    publisher: JoinHandle<()>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Node {
    Owner,
    Other,
}

impl World {
    fn new() -> Self {
        let owner = log();
        let run = Run {
            id: owner.run_id(),
            workspace_id: WorkspaceId::from_uuid(Uuid::nil()),
            conversation_id: owner.conversation_id(),
            message_id: MessageId::from_uuid(Uuid::nil()),
            user_id: UserId::from_uuid(Uuid::nil()),
            model: owner.model().clone(),
            status: RunStatus::Running,
            failure: None,
            lease_owner: NodeId::from_uuid(Uuid::nil()),
            lease_expires_at: AT,
            started_at: AT,
            ended_at: None,
        };
        let relay = Arc::new(FaultyRelay::default());
        let storage = Arc::new(Storage(Mutex::new((run, Parts::new()))));
        let publishing = publish::publish(Arc::clone(&relay) as Arc<dyn Relay>, Arc::clone(&owner));
        let mirrors =
            Mirrors::new(Arc::clone(&relay) as Arc<dyn Relay>, Arc::clone(&storage) as Arc<dyn Runs>);
        let publisher = tokio::runtime::Handle::current().spawn(publishing);
        Self { relay, storage, owner, mirrors, publisher }
    }

    /// The log that a reader finds at a node.
    async fn log_at(&self, node: Node, resume: Option<&Resume>) -> Option<Arc<RunLog>> {
        match node {
            Node::Owner => Some(Arc::clone(&self.owner)),
            Node::Other => self.mirrors.of(&self.storage.run(), resume).await,
        }
    }

    /// The run ends: in storage first.
    fn end(&self) {
        let outcome = RunOutcome::Completed { finish_reason: domain::FinishReason::Stop, usage: None };
        self.storage.end(&outcome, self.owner.parts());
        self.owner.append([end()]);
    }
}

/// A client with its connection to one of the nodes.
struct Connected {
    client: Client,
    reader: Option<RunReader>,
}

impl Connected {
    async fn to(world: &World, node: Node, client: Client) -> Self {
        let mut connected = Self { client, reader: None };
        let after = connected.client.position;
        let epoch = (after > 0).then(|| "epoch".to_owned());
        connected.attach(world, node, Some(Resume { epoch, after })).await;
        connected
    }

    async fn attach(&mut self, world: &World, node: Node, resume: Option<Resume>) {
        self.reader = None;
        if let Some(log) = world.log_at(node, resume.as_ref()).await {
            let attached = log.attach(resume.as_ref(), Arc::new(Notify::new()));
            self.client.starts_anew = !attached.recovered;
            self.reader = Some(attached.reader);
        }
    }

    /// Reads what there is: from the log, or from storage once the run is over there.
    async fn read(&mut self, world: &World) {
        let goes_on = self.reader.as_mut().is_some_and(|reader| self.client.read(reader));
        if goes_on || self.client.is_over {
            return;
        }
        self.attach(world, Node::Other, None).await;
        if self.reader.is_none() && world.storage.run().status != RunStatus::Running {
            self.client.parts = world.storage.parts();
            self.client.is_over = true;
        }
    }
}

/// What happens after the run has said something.
#[derive(Debug, Clone)]
struct Step {
    pause: Duration,
    fault: Fault,
    reads: [bool; 2],
    moves: [Option<Node>; 2],
}

#[derive(Debug, Clone, Copy)]
enum Fault {
    None,
    Away(bool),
    Flush,
    Once(RelayFault),
}

fn step() -> impl Strategy<Value = Step> {
    let pause = prop_oneof![4 => Just(0), 4 => 1_u64..40, 1 => 40_u64..3_000].prop_map(Duration::from_millis);
    let once = prop_oneof![
        Just(RelayFault::Unavailable),
        Just(RelayFault::Unclear),
        Just(RelayFault::Flushed),
        (1_u64..500).prop_map(|ms| RelayFault::Delay(Duration::from_millis(ms))),
    ];
    let fault = prop_oneof![
        12 => Just(Fault::None),
        1 => any::<bool>().prop_map(Fault::Away),
        1 => Just(Fault::Flush),
        3 => once.prop_map(Fault::Once),
    ];
    let node = prop_oneof![4 => Just(None), 1 => Just(Some(Node::Owner)), 2 => Just(Some(Node::Other))];
    let moves = [node.clone(), node];
    (pause, fault, any::<[bool; 2]>(), moves).prop_map(|(pause, fault, reads, moves)| Step {
        pause,
        fault,
        reads,
        moves,
    })
}

fn within_paused_time<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(work)
}

async fn two_clients_follow(events: Vec<RunEvent>, steps: Vec<Step>, is_away_at_the_end: bool) {
    /// Longer than it takes to find out that the end will not arrive.
    const PATIENCE: Duration = Duration::from_secs(6);
    let world = World::new();
    let mut clients = [
        Connected::to(&world, Node::Owner, Client::default()).await,
        Connected { client: Client::default(), reader: None },
    ];
    for (event, step) in events.into_iter().zip(steps.into_iter().cycle()) {
        world.owner.append([event]);
        match step.fault {
            Fault::None => {}
            Fault::Away(is_away) => world.relay.set_away(is_away),
            Fault::Flush => world.relay.flush(),
            Fault::Once(fault) => world.relay.plan([fault]),
        }
        tokio::time::sleep(step.pause).await;
        for (connected, (reads, moves)) in clients.iter_mut().zip(step.reads.into_iter().zip(step.moves)) {
            if let Some(node) = moves {
                *connected = Connected::to(&world, node, std::mem::take(&mut connected.client)).await;
            }
            if reads && connected.reader.is_some() {
                connected.read(&world).await;
            }
        }
    }
    world.relay.set_away(is_away_at_the_end);
    world.end();
    let over_at = Instant::now();
    while clients.iter().any(|connected| !connected.client.is_over) {
        assert!(over_at.elapsed() < PATIENCE, "a client never learns of the end");
        tokio::time::sleep(Duration::from_millis(50)).await;
        for connected in &mut clients {
            connected.read(&world).await;
        }
    }
    for connected in &clients {
        assert_eq!(connected.client.parts, world.storage.parts());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn whatever_happens_to_the_relay_clients_end_with_what_is_stored(
        events in script(),
        steps in prop::collection::vec(step(), 200),
        is_away_at_the_end in any::<bool>(),
    ) {
        within_paused_time(two_clients_follow(events, steps, is_away_at_the_end));
    }
}

/// Everything that a reader gets from a position on, which it must not need a snapshot for.
async fn exactly_after(world: &World, node: Node, position: u64) -> Vec<Arc<LogEntry>> {
    let resume = Resume { epoch: Some("epoch".to_owned()), after: position };
    let log = world.log_at(node, Some(&resume)).await.expect("a log");
    let mut attached = log.attach(Some(&resume), Arc::new(Notify::new()));
    assert!(attached.recovered, "after {position} at {node:?}");
    let ReadResult::Events(entries) = attached.reader.read() else { panic!("expected events") };
    entries
}

fn same(ours: &[Arc<LogEntry>], theirs: &[Arc<LogEntry>]) -> bool {
    let equal = |(ours, theirs): (&Arc<LogEntry>, &Arc<LogEntry>)| {
        (ours.position, &ours.event) == (theirs.position, &theirs.event)
    };
    ours.len() == theirs.len() && ours.iter().zip(theirs).all(equal)
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_changes_nodes_at_any_position_gets_exactly_what_it_misses() {
    let world = World::new();
    world.owner.append([RunEvent::PartStarted { index: 0, part: Part::text("") }]);
    for number in 0..1_200 {
        let text = format!("{number} ");
        world.owner.append([RunEvent::Delta { part: 0, text }]);
        let newest = world.owner.last_position();
        for back in [0, 1, 7, 300] {
            let position = newest.saturating_sub(back);
            let here = exactly_after(&world, Node::Owner, position).await;
            let there = exactly_after(&world, Node::Other, position).await;
            assert!(same(&here, &there), "after {position} of {newest}");
        }
    }
    world.end();
    let newest = world.owner.last_position();
    for position in (newest - 500..=newest).rev() {
        let here = exactly_after(&world, Node::Owner, position).await;
        let there = exactly_after(&world, Node::Other, position).await;
        assert!(same(&here, &there), "after {position} of {newest}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_comes_late_goes_on_exactly_for_who_is_not_far_behind() {
    for said in [0, 1, 600, 3_000] {
        let world = World::new();
        for number in 0..said {
            world.owner.append([RunEvent::PartStarted { index: number, part: Part::text("part ") }]);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        world.owner.append([RunEvent::PartEnded { index: 0 }]);
        let newest = world.owner.last_position();
        for back in [0, 1, 400] {
            let position = newest.saturating_sub(back);
            let here = exactly_after(&world, Node::Owner, position).await;
            assert!(
                same(&here, &exactly_after(&world, Node::Other, position).await),
                "{back} back of {said}"
            );
        }
        let log = world.log_at(Node::Other, None).await.expect("a log");
        assert_eq!(log.parts(), world.owner.parts());
    }
}

#[tokio::test(start_paused = true)]
async fn readers_go_on_without_a_snapshot_when_the_relay_has_lost_everything() {
    let world = World::new();
    let mut connected = Connected::to(&world, Node::Other, Client::default()).await;
    assert!(connected.reader.is_none(), "nothing was said");
    for number in 0..50 {
        world.owner.append([RunEvent::PartStarted { index: number, part: Part::text("part ") }]);
        if number == 0 {
            // That the relay has nothing is believed for a moment.
            tokio::time::sleep(Duration::from_millis(1_500)).await;
            connected = Connected::to(&world, Node::Other, Client::default()).await;
            assert!(!connected.client.starts_anew, "it is there from the beginning");
        }
        if number % 7 == 3 {
            world.relay.flush();
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
        connected.read(&world).await;
        assert!(!connected.client.starts_anew);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    connected.read(&world).await;
    assert_eq!(connected.client.position, world.owner.last_position());
    assert_eq!(connected.client.parts, world.owner.parts());
}

#[tokio::test(start_paused = true)]
async fn readers_of_a_run_whose_owner_died_are_sent_to_storage_soon_after_it_is_ended() {
    let world = World::new();
    world.owner.append([RunEvent::PartStarted { index: 0, part: Part::text("Hi") }]);
    let log = world.log_at(Node::Other, None).await.expect("a log");
    let wake = Arc::new(Notify::new());
    let mut reader = log.attach(None, Arc::clone(&wake)).reader;
    assert!(matches!(reader.read(), ReadResult::Snapshot(_)));
    world.publisher.abort();
    tokio::time::sleep(Duration::from_secs(7)).await;
    assert!(matches!(reader.read(), ReadResult::Events(entries) if entries.is_empty()), "it is not over yet");
    world.storage.end(&RunOutcome::Interrupted, Parts::from_text("Hi"));
    let ended_at = Instant::now();
    wake.notified().await;
    assert!(matches!(reader.read(), ReadResult::Lost));
    assert!(ended_at.elapsed() < Duration::from_millis(1_500), "{:?}", ended_at.elapsed());
    assert!(world.log_at(Node::Other, None).await.is_none(), "its end will not arrive");
}

#[tokio::test(start_paused = true)]
async fn what_the_relay_keeps_of_a_run_is_bounded() {
    let world = World::new();
    for number in 0..6_000 {
        world.owner.append([RunEvent::PartStarted { index: number, part: Part::text("part ") }]);
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert!(world.relay.kept(world.owner.run_id()) <= 2_100);
    }
    let log = world.log_at(Node::Other, None).await.expect("a log");
    assert_eq!(log.parts(), world.owner.parts());
}

#[tokio::test(start_paused = true)]
async fn many_readers_share_one_mirror_which_goes_when_nobody_reads_it() {
    let world = World::new();
    world.owner.append([RunEvent::PartStarted { index: 0, part: Part::text("Hi") }]);
    let asking = (0..50).map(|_| world.log_at(Node::Other, None));
    let logs: Vec<Arc<RunLog>> =
        futures_util::future::join_all(asking).await.into_iter().map(|log| log.expect("a log")).collect();
    assert!(logs.iter().all(|log| Arc::ptr_eq(log, &logs[0])));
    let reader = logs[0].attach(None, Arc::new(Notify::new())).reader;
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert!(!logs[0].is_lost(), "somebody reads it");
    drop(reader);
    tokio::time::sleep(Duration::from_secs(40)).await;
    assert!(logs[0].is_lost(), "whoever still holds it is told");
    let again = world.log_at(Node::Other, None).await.expect("a log");
    assert!(!Arc::ptr_eq(&again, &logs[0]));
}
