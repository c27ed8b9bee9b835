//! A credential that ends, or counts for something else, on one node does so on all.

use std::sync::Arc;
use std::time::Duration;

use application::Context;
use application::events::Inbox;
use application::identities::{
    CredentialWatch, ListSessions, Proof, RevokeOtherSessions, RevokeSession, SignOut, SwitchWorkspace,
};
use application::{Code, PageInput};
use domain::ports::{Ids as _, Journal as _};
use domain::{
    Actor, Event, Membership, Role, Session, SessionEnd, SessionId, SessionKind, User, UserChange, UserState,
    Version, Workspace, WorkspaceId, WorkspaceName,
};
use testing::fakes::{Noise, ScriptedModel};
use tokio::sync::Notify;

use crate::world::{Node, World, within};

const TOKEN: &str = "a session's token";

/// Somebody who is connected.
struct Connected {
    session_id: SessionId,
    context: Context,
    inbox: Arc<Inbox>,
    _watch: CredentialWatch,
}

/// A session that is open already.
async fn open_session(world: &World, node: &Node, token: &str) -> SessionId {
    let at = node.services.ports.clock.now();
    let session = Session {
        id: SessionId::from_uuid(world.ids.uuid()),
        user_id: world.user.id,
        workspace_id: world.workspace_id,
        kind: SessionKind::Browser,
        token_hash: node.services.keyring.hash(token),
        generation: 0,
        rotated_at: at,
        device: None,
        last_address: None,
        last_used_at: at,
        created_at: at,
        expires_at: at.plus(Duration::from_hours(24)),
    };
    let id = session.id;
    let opened = node.storage.commit(world.unit(vec![Event::SessionOpened(session)])).await;
    opened.expect("the session is in order");
    id
}

/// Opens a connection on the node with a session.
async fn connect_with(node: &Node, session_id: SessionId, token: &str) -> Connected {
    let actor = accepted(node, token).await.expect("it counts");
    let inbox = Inbox::new(Arc::new(Notify::new()));
    let watch = node.services.watches.watch(&actor, &inbox);
    Connected { session_id, context: Context::new(actor, "request".into(), None), inbox, _watch: watch }
}

/// Signs in, and opens a connection on the node.
async fn connect(world: &World, node: &Node) -> Connected {
    let session_id = open_session(world, node, TOKEN).await;
    connect_with(node, session_id, TOKEN).await
}

async fn accepted(node: &Node, token: &str) -> Option<Arc<Actor>> {
    node.services.authenticator.authenticate(&node.services, Proof::Cookie(token)).await.ok()
}

/// Signs out on one node; gives how long the other one goes on as if nothing had happened.
async fn time_until_the_end(noise: Noise) -> Option<Duration> {
    let world = World::new(3, ScriptedModel::answering("Hi")).await;
    let (here, there) = (world.node(), world.node());
    let connected = connect(&world, &there).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(!connected.inbox.has_ended());
    world.database.set_noise(noise);
    let since = tokio::time::Instant::now();
    here.bus.send(&connected.context, SignOut { everywhere: false }).await.expect("signing out works");
    within(Duration::from_secs(30), async || {
        let is_refused = accepted(&there, TOKEN).await.is_none();
        (is_refused && connected.inbox.has_ended()).then(|| since.elapsed())
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
    let connected = connect(&world, &node).await;
    node.bus.send(&connected.context, SignOut { everywhere: false }).await.expect("signing out works");
    assert!(connected.inbox.has_ended());
    assert!(accepted(&node, TOKEN).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_session_that_was_closed_before_it_was_watched_is_found() {
    let world = World::new(5, ScriptedModel::answering("Hi")).await;
    let (here, there) = (world.node(), world.node());
    let Connected { context, _watch: first, .. } = connect(&world, &there).await;
    drop(first);
    world.database.set_noise(Noise { lost: 100, ..Noise::default() });
    here.bus.send(&context, SignOut { everywhere: false }).await.expect("signing out works");
    let inbox = Inbox::new(Arc::new(Notify::new()));
    let _watch = there.services.watches.watch(&context.actor, &inbox);
    let ended = within(Duration::from_secs(5), async || inbox.has_ended().then_some(())).await;
    assert!(ended.is_some(), "nobody looked at the credential again");
}

/// A second workspace that the person belongs to.
async fn second_workspace(world: &World, node: &Node) -> WorkspaceId {
    let id = WorkspaceId::from_uuid(world.ids.uuid());
    let at = node.services.ports.clock.now();
    let name = WorkspaceName::new("Second").expect("the name is valid");
    let membership =
        Membership { workspace_id: id, user_id: world.user.id, role: Role::Admin, created_at: at };
    let mut unit = world.unit(vec![
        Event::WorkspaceCreated(Workspace { id, name, version: Version::FIRST, created_at: at }),
        Event::MemberAdded(membership),
    ]);
    unit.workspace_id = id;
    node.storage.commit(unit).await.expect("the workspace is in order");
    id
}

/// Whether a connection goes on, here and on the other node, when these events are committed here.
async fn goes_on_after(events: impl AsyncFn(&World, &Node, SessionId) -> Vec<Event>, is_alone: bool) -> bool {
    let world = World::new(6, ScriptedModel::answering("Hi")).await;
    let (here, there) = (world.node(), world.node());
    let session_id = open_session(&world, &here, TOKEN).await;
    let (ours, theirs) =
        (connect_with(&here, session_id, TOKEN).await, connect_with(&there, session_id, TOKEN).await);
    let another = is_alone.then_some("another session's token");
    let bystander = match another {
        Some(token) => Some(connect_with(&here, open_session(&world, &here, token).await, token).await),
        None => None,
    };
    let events = events(&world, &here, session_id).await;
    here.storage.commit(world.unit(events)).await.expect("the events are in order");
    let is_over = ours.inbox.has_ended();
    let ends_there =
        within(Duration::from_secs(5), async || theirs.inbox.has_ended().then_some(())).await.is_some();
    assert_eq!(is_over, ends_there, "one node knows more than the other");
    if let Some(bystander) = bystander {
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert!(!bystander.inbox.has_ended(), "another session ended too");
    }
    !is_over
}

fn changed(user: &User, change: UserChange) -> Event {
    let role = if matches!(change, UserChange::Role { .. }) { Role::Viewer } else { user.role };
    let state = if change == UserChange::Suspended { UserState::Suspended } else { user.state };
    let user = User { version: user.version.next(), role, state, ..user.clone() };
    Event::UserUpdated { user, change }
}

#[tokio::test(start_paused = true)]
async fn connections_end_with_everything_that_they_depend_on() {
    let membership = |world: &World| Membership {
        workspace_id: world.workspace_id,
        user_id: world.user.id,
        role: world.user.role,
        created_at: world.user.created_at,
    };
    for change in [UserChange::Suspended, UserChange::Role { previous: Role::Member }] {
        let changed = async |world: &World, _: &Node, _| vec![changed(&world.user, change)];
        assert!(!goes_on_after(changed, false).await, "{change:?}");
    }
    for change in [UserChange::Profile, UserChange::Email, UserChange::Rehashed] {
        let changed = async |world: &World, _: &Node, _| vec![changed(&world.user, change)];
        assert!(goes_on_after(changed, false).await, "{change:?}");
    }
    let removed = async |world: &World, here: &Node, _| {
        second_workspace(world, here).await;
        vec![Event::MemberRemoved(membership(world))]
    };
    assert!(!goes_on_after(removed, false).await, "removed");
    let deleted = async |world: &World, _: &Node, _| {
        vec![Event::UserDeleted(User { version: world.user.version.next(), ..world.user.clone() })]
    };
    assert!(!goes_on_after(deleted, false).await, "deleted");
    for end in [SessionEnd::SignedOut, SessionEnd::Revoked, SessionEnd::Reused] {
        let closed = async |world: &World, _: &Node, session_id| {
            vec![Event::SessionClosed { session_id, user_id: world.user.id, end }]
        };
        assert!(!goes_on_after(closed, true).await, "{end:?}");
    }
    let all = async |world: &World, _: &Node, _| {
        vec![changed(&world.user, UserChange::Password), all_closed(world, None)]
    };
    assert!(!goes_on_after(all, false).await, "the password was changed elsewhere");
    let all_but_this = async |world: &World, _: &Node, session_id| {
        vec![changed(&world.user, UserChange::Password), all_closed(world, Some(session_id))]
    };
    assert!(goes_on_after(all_but_this, false).await, "the password was changed here");
    let switched = async |world: &World, here: &Node, session_id| {
        let workspace_id = second_workspace(world, here).await;
        let found = here.services.ports.identities.session(session_id).await.expect("reading works");
        let session = found.expect("the session is open").session;
        vec![Event::SessionSwitched(Session { workspace_id, ..session })]
    };
    assert!(!goes_on_after(switched, true).await, "switched");
}

fn all_closed(world: &World, except: Option<SessionId>) -> Event {
    Event::SessionsClosed { user_id: world.user.id, except }
}

#[tokio::test(start_paused = true)]
async fn a_session_looks_at_the_workspace_that_it_was_switched_to() {
    let world = World::new(7, ScriptedModel::answering("Hi")).await;
    let (here, there) = (world.node(), world.node());
    let connected = connect(&world, &here).await;
    let second = second_workspace(&world, &here).await;
    let switch = |workspace_id| SwitchWorkspace { workspace_id };
    let stranger = WorkspaceId::from_uuid(world.ids.uuid());
    let refused = here.bus.send(&connected.context, switch(stranger)).await;
    assert_eq!(refused.expect_err("nobody knows them there").code(), Code::NotFound);
    here.bus.send(&connected.context, switch(world.workspace_id)).await.expect("nothing changes");
    assert!(!connected.inbox.has_ended());

    let reply = here.bus.send(&connected.context, switch(second)).await.expect("they belong there");
    assert_eq!(
        reply.result.get(),
        format!(r#"{{"workspace_id":"{second}","role":"admin","refresh":false}}"#)
    );
    assert!(connected.inbox.has_ended());
    for node in [&here, &there] {
        let seen = within(Duration::from_secs(5), async || {
            let actor = accepted(node, TOKEN).await.expect("the session goes on");
            (actor.workspace_id == second).then_some(actor.role)
        });
        assert_eq!(seen.await, Some(Role::Admin));
    }
    let again = connect_with(&here, connected.session_id, TOKEN).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(!again.inbox.has_ended(), "what began after the switch goes on");
}

#[tokio::test(start_paused = true)]
async fn people_see_their_sessions_and_end_them() {
    let world = World::new(8, ScriptedModel::answering("Hi")).await;
    let node = world.node();
    let connected = connect(&world, &node).await;
    let mut others = Vec::new();
    for token in ["one", "two", "three"] {
        others.push(connect_with(&node, open_session(&world, &node, token).await, token).await);
    }
    let list = || ListSessions { page: PageInput::default() };
    let listed = node.bus.ask(&connected.context, list()).await.expect("one's own").items;
    assert_eq!(listed.len(), 4);
    let current: Vec<_> = listed.iter().filter(|session| session.current).map(|session| session.id).collect();
    assert_eq!(current, [connected.session_id]);

    let gone = RevokeSession { session_id: others[0].session_id };
    node.bus.send(&connected.context, gone.clone()).await.expect("one's own");
    assert!(others[0].inbox.has_ended() && !others[1].inbox.has_ended());
    let again = node.bus.send(&connected.context, gone).await;
    assert_eq!(again.expect_err("it is gone").code(), Code::NotFound);

    node.bus.send(&connected.context, RevokeOtherSessions {}).await.expect("one's own");
    assert!(others.iter().all(|other| other.inbox.has_ended()) && !connected.inbox.has_ended());
    let left = node.bus.ask(&connected.context, list()).await.expect("one's own").items;
    assert_eq!(left.iter().map(|session| session.id).collect::<Vec<_>>(), [connected.session_id]);
    assert!(accepted(&node, "three").await.is_none() && accepted(&node, TOKEN).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_session_of_somebody_else_looks_like_none() {
    let world = World::new(9, ScriptedModel::answering("Hi")).await;
    let node = world.node();
    let theirs = connect(&world, &node).await;
    let stranger = testing::contracts::World::account(
        &world.ids,
        world.workspace_id,
        "eve@example.org",
        node.services.ports.clock.now(),
    );
    let actor = Actor { user_id: stranger.id, ..(*world.actor()).clone() };
    node.storage.commit(world.unit(vec![Event::UserCreated(stranger)])).await.expect("a second account");
    let context = Context::new(Arc::new(actor), "request".into(), None);
    let refused = node.bus.send(&context, RevokeSession { session_id: theirs.session_id }).await;
    assert_eq!(refused.expect_err("it is not theirs").code(), Code::NotFound);
    assert!(!theirs.inbox.has_ended());
}
