//! A credential that ends on one node ends on all.

use std::sync::Arc;
use std::time::Duration;

use application::Context;
use application::events::Inbox;
use application::identities::SignOut;
use domain::ports::{Ids, Journal};
use domain::{Event, Session, SessionId, Timestamp, TokenHash};
use testing::fakes::{Noise, ScriptedModel};
use tokio::sync::Notify;

use crate::world::{Node, World, within};

const TOKEN: &str = "a session's token";

/// Signs in, and opens a connection on the node.
async fn connect(
    world: &World,
    node: &Node,
) -> (Context, Arc<Inbox>, application::identities::CredentialWatch) {
    let session = Session {
        id: SessionId::from_uuid(world.ids.uuid()),
        user_id: world.user.id,
        workspace_id: world.workspace_id,
        token_hash: TokenHash::new(*blake3::hash(TOKEN.as_bytes()).as_bytes()),
        created_at: Timestamp::from_micros(0),
        expires_at: Timestamp::from_micros(i64::MAX / 2),
    };
    node.storage
        .commit(world.unit(vec![Event::SessionOpened(session)]))
        .await
        .expect("the session is in order");
    let actor = node.services.authenticator.authenticate(&node.services, TOKEN).await.expect("it counts");
    let inbox = Inbox::new(Arc::new(Notify::new()));
    let watch = node.services.watches.watch(&actor, &inbox);
    (Context::new(actor, "request".into(), None), inbox, watch)
}

/// Signs out on one node; gives how long the other one goes on as if nothing had happened.
async fn time_until_the_end(noise: Noise) -> Option<Duration> {
    let world = World::new(3, ScriptedModel::answering("Hi")).await;
    let (here, there) = (world.node(), world.node());
    let (context, inbox, _watch) = connect(&world, &there).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(!inbox.has_ended());
    world.database.set_noise(noise);
    let since = tokio::time::Instant::now();
    here.bus.send(&context, SignOut {}).await.expect("signing out works");
    within(Duration::from_secs(30), async || {
        let is_refused = there.services.authenticator.authenticate(&there.services, TOKEN).await.is_err();
        (is_refused && inbox.has_ended()).then(|| since.elapsed())
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn an_open_connection_ends_at_once_when_its_session_is_closed_elsewhere() {
    let after = time_until_the_end(Noise::default()).await.expect("it ends");
    assert!(after < Duration::from_secs(1), "{after:?}");
}

#[tokio::test(start_paused = true)]
async fn an_open_connection_ends_in_time_though_all_news_is_lost() {
    let after = time_until_the_end(Noise { lost: 100, ..Noise::default() }).await.expect("it ends");
    assert!(after <= Duration::from_secs(5), "{after:?}");
}

#[tokio::test(start_paused = true)]
async fn signing_out_ends_connections_of_the_same_node_before_it_is_answered() {
    let world = World::new(4, ScriptedModel::answering("Hi")).await;
    let node = world.node();
    let (context, inbox, _watch) = connect(&world, &node).await;
    node.bus.send(&context, SignOut {}).await.expect("signing out works");
    assert!(inbox.has_ended());
    assert!(node.services.authenticator.authenticate(&node.services, TOKEN).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_session_that_was_closed_before_it_was_watched_is_found() {
    let world = World::new(5, ScriptedModel::answering("Hi")).await;
    let (here, there) = (world.node(), world.node());
    let (context, _, first) = connect(&world, &there).await;
    drop(first);
    world.database.set_noise(Noise { lost: 100, ..Noise::default() });
    here.bus.send(&context, SignOut {}).await.expect("signing out works");
    let inbox = Inbox::new(Arc::new(Notify::new()));
    let _watch = there.services.watches.watch(&context.actor, &inbox);
    let ended = within(Duration::from_secs(5), async || inbox.has_ended().then_some(())).await;
    assert!(ended.is_some(), "nobody looked at the credential again");
}
