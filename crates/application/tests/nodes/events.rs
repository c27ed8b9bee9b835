//! What happens on any node reaches subscribers on every node, once and in order.

use std::sync::Arc;
use std::time::Duration;

use application::events::{EventScope, Inbox, Subscribe, Subscribed};
use application::{Code, Context};
use domain::ports::{FactScope, Ids, Journal, Position};
use domain::{
    Actor, Conversation, Event, Membership, Message, MessageId, MessageRole, NewMessage, Parts, Role,
    UnitOfWork, Version, Workspace, WorkspaceId, WorkspaceName,
};
use futures_util::future::join_all;
use parking_lot::Mutex;
use proptest::prelude::*;
use testing::contracts::World as Accounts;
use testing::fakes::{Noise, ScriptedModel};
use tokio::runtime::Handle;
use tokio::sync::Notify;

use crate::world::{Node, World};

/// A subscriber, and what it was told.
struct Listener {
    workspace_id: WorkspaceId,
    scope: FactScope,
    head: Position,
    told: Arc<Mutex<Vec<Position>>>,
    kinds: Arc<Mutex<Vec<String>>>,
    has_overflowed: Arc<Mutex<bool>>,
}

async fn listen(node: &Node, context: &Context, scope: EventScope) -> Listener {
    let wake = Arc::new(Notify::new());
    let inbox = Inbox::new(Arc::clone(&wake));
    let subscribed = loop {
        match node.bus.ask(context, Subscribe { scope, inbox: Arc::clone(&inbox) }).await {
            Ok(subscribed) => break subscribed,
            Err(error) => assert_eq!(error.code(), Code::Unavailable, "{error}"),
        }
    };
    let Subscribed { subscription, head } = subscribed;
    let listener = Listener {
        workspace_id: context.actor.workspace_id,
        scope: match scope {
            EventScope::Mine => FactScope::User(context.actor.user_id),
            EventScope::Conversation(id) => FactScope::Conversation(id),
        },
        head,
        told: Arc::default(),
        kinds: Arc::default(),
        has_overflowed: Arc::default(),
    };
    let (told, kinds) = (Arc::clone(&listener.told), Arc::clone(&listener.kinds));
    let has_overflowed = Arc::clone(&listener.has_overflowed);
    Handle::current().spawn(async move {
        let _subscription = subscription;
        loop {
            wake.notified().await;
            let mail = inbox.take();
            *has_overflowed.lock() |= mail.overflowed;
            for delivery in mail.deliveries {
                if delivery.published.position > head {
                    told.lock().push(delivery.published.position);
                    kinds.lock().push(delivery.published.view.kind.clone());
                }
            }
        }
    });
    listener
}

fn draft(world: &World, conversation: &Conversation) -> Message {
    let id = MessageId::from_uuid(world.ids.uuid());
    let new = NewMessage { id, role: MessageRole::User, parts: Parts::from_text("Hello") };
    let (_, message) = conversation.post(new, None, conversation.created_at).expect("a message is in order");
    message
}

/// A unit of work in any workspace.
fn unit_in(world: &World, workspace_id: WorkspaceId, events: Vec<Event>) -> UnitOfWork {
    UnitOfWork { workspace_id, ..world.unit(events) }
}

/// Founds a second workspace, to which the first person belongs too.
async fn second_workspace(world: &World, node: &Node) -> WorkspaceId {
    let (id, at) = (WorkspaceId::from_uuid(world.ids.uuid()), world.user.created_at);
    let name = WorkspaceName::new("Second").expect("a name");
    let workspace = Workspace { id, name, version: Version::FIRST, created_at: at };
    let member = Membership { workspace_id: id, user_id: world.user.id, role: Role::Member, created_at: at };
    let events = vec![Event::WorkspaceCreated(workspace), Event::MemberAdded(member)];
    node.storage.commit(unit_in(world, id, events)).await.expect("a workspace");
    id
}

/// One step of a test: on which node, about whom and where, what, and how long after the step before.
type Step = (usize, usize, u8, u16);

async fn run(seed: u64, noise: Noise, steps: Vec<Step>) {
    let world = World::new(seed, ScriptedModel::answering("Hi")).await;
    let nodes = [world.node(), world.node()];
    let eve = Accounts::account(&world.ids, world.workspace_id, "eve@example.org", world.user.created_at);
    let second = second_workspace(&world, &nodes[0]).await;
    let commit = async |node: &Node, workspace_id: WorkspaceId, events: Vec<Event>| {
        node.storage.commit(unit_in(&world, workspace_id, events)).await.expect("the events are in order")
    };
    commit(&nodes[0], world.workspace_id, vec![Event::UserCreated(eve.clone())]).await;
    // The first person belongs to two workspaces.
    let places = [(world.workspace_id, world.user.id), (world.workspace_id, eve.id), (second, world.user.id)];
    let context = |(workspace_id, user_id)| {
        let actor = Actor { workspace_id, user_id, ..(*world.actor()).clone() };
        Context::new(Arc::new(actor), "request".into(), None)
    };
    let conversation_in =
        |(workspace_id, user_id)| Conversation { workspace_id, ..world.conversation(user_id) };
    let conversations = places.map(conversation_in);
    for conversation in &conversations {
        let created = Event::ConversationCreated(conversation.clone());
        commit(&nodes[0], conversation.workspace_id, vec![created]).await;
    }
    world.database.set_noise(noise);
    let mut at = Duration::ZERO;
    let steps = steps.into_iter().map(|(node, place, what, after)| {
        at += Duration::from_micros(after.into());
        let (node, place, conversation) = (&nodes[node], places[place], &conversations[place]);
        let (world, commit, context, at) = (&world, &commit, &context, at);
        async move {
            tokio::time::sleep(at).await;
            match what {
                0 => return Some(listen(node, &context(place), EventScope::Mine).await),
                1 => {
                    return Some(
                        listen(node, &context(place), EventScope::Conversation(conversation.id)).await,
                    );
                }
                2 => {
                    let events = [draft(world, conversation), draft(world, conversation)];
                    commit(node, place.0, events.map(Event::MessagePosted).to_vec()).await;
                }
                3 => {
                    commit(node, place.0, vec![Event::ConversationCreated(conversation_in(place))]).await;
                }
                4 => world.database.disturb(),
                _ => {
                    commit(node, place.0, vec![Event::MessagePosted(draft(world, conversation))]).await;
                }
            }
            None
        }
    });
    let listeners: Vec<Listener> = join_all(steps).await.into_iter().flatten().collect();
    tokio::time::sleep(Duration::from_secs(10)).await;
    // Whoever failed to read all that time tries once more.
    world.database.set_noise(Noise::default());
    tokio::time::sleep(Duration::from_secs(10)).await;
    for listener in &listeners {
        let facts =
            nodes[0].storage.read_after(listener.workspace_id, listener.scope, listener.head, u16::MAX).await;
        let expected: Vec<Position> =
            facts.expect("reading works").iter().map(|fact| fact.position).collect();
        assert_eq!(*listener.told.lock(), expected, "{:?} after {:?}", listener.scope, listener.head);
        assert!(!*listener.has_overflowed.lock());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn every_subscriber_is_told_everything_once_and_in_order(
        seed in any::<u64>(),
        (lost, doubled, failing) in (0_u8..60, 0_u8..60, 0_u8..30),
        longest in 0_u64..4_000,
        steps in prop::collection::vec((0_usize..2, 0_usize..3, 0_u8..12, 0_u16..3_000), 1..60),
    ) {
        let noise = Noise { lost, doubled, failing, longest: Duration::from_micros(longest) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        runtime.expect("a runtime can be made").block_on(run(seed, noise, steps));
    }
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_conversation_reaches_its_subscribers_on_the_other_node() {
    let world = World::new(1, ScriptedModel::answering("Hi")).await;
    let (here, there) = (world.node(), world.node());
    let conversation = world.conversation(world.user.id);
    let commit =
        async |events| here.storage.commit(world.unit(events)).await.expect("the events are in order");
    commit(vec![Event::ConversationCreated(conversation.clone())]).await;
    let listener = listen(&there, &world.context(), EventScope::Conversation(conversation.id)).await;
    let version = Version::FIRST.next();
    commit(vec![Event::MessagePosted(draft(&world, &conversation))]).await;
    commit(vec![Event::ConversationDeleted(Conversation { version, ..conversation })]).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(*listener.kinds.lock(), ["message.posted", "conversation.deleted"]);
}

#[tokio::test(start_paused = true)]
async fn what_an_administrator_does_reaches_the_person_it_is_about() {
    let world = World::new(2, ScriptedModel::answering("Hi")).await;
    let node = world.node();
    let bob = Accounts::account(&world.ids, world.workspace_id, "bob@example.org", world.user.created_at);
    let actor = Actor { user_id: bob.id, ..(*world.actor()).clone() };
    let context = Context::new(Arc::new(actor), "request".into(), None);
    let bobs = listen(&node, &context, EventScope::Mine).await;
    let mine = listen(&node, &world.context(), EventScope::Mine).await;
    let mut unit = world.unit(vec![Event::UserCreated(bob)]);
    unit.origin.user_id = Some(world.user.id);
    node.storage.commit(unit).await.expect("the account is in order");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(*bobs.kinds.lock(), ["user.created"]);
    assert!(mine.kinds.lock().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_happens_in_one_workspace_is_not_told_in_another() {
    let world = World::new(6, ScriptedModel::answering("Hi")).await;
    let (here, there) = (world.node(), world.node());
    let second = second_workspace(&world, &here).await;
    let elsewhere = Actor { workspace_id: second, ..(*world.actor()).clone() };
    let elsewhere = Context::new(Arc::new(elsewhere), "request".into(), None);
    for node in [&here, &there] {
        let (mine, theirs) = (
            listen(node, &world.context(), EventScope::Mine).await,
            listen(node, &elsewhere, EventScope::Mine).await,
        );
        let conversation = world.conversation(world.user.id);
        here.storage
            .commit(world.unit(vec![Event::ConversationCreated(conversation)]))
            .await
            .expect("a conversation");
        let conversation = Conversation { workspace_id: second, ..world.conversation(world.user.id) };
        here.storage
            .commit(unit_in(&world, second, vec![Event::ConversationCreated(conversation.clone())]))
            .await
            .expect("a conversation");
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(mine.told.lock().len(), 1);
        assert_eq!(theirs.told.lock().len(), 1);
        assert!(mine.told.lock()[0] < theirs.told.lock()[0], "each is told of what happened in its own");
        let scope = EventScope::Conversation(conversation.id);
        let refused =
            node.bus.ask(&world.context(), Subscribe { scope, inbox: Inbox::new(Arc::default()) }).await;
        assert_eq!(refused.err().map(|error| error.code()), Some(Code::NotFound));
    }
}
