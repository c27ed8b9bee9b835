//! What a project shows, to whom, and until when.

use std::sync::Arc;
use std::time::Duration;

use application::conversations::{
    CreateConversation, DeleteConversation, ForkConversation, GetConversation, ListConversations,
    UpdateConversation,
};
use application::events::{EventScope, Inbox, ReadEvents, Subscribe};
use application::messages::{
    DeleteMessage, EditMessage, GetMessage, ListMessages, RegenerateMessage, SendMessage, ThreadBranch,
};
use application::projects::{
    CreateProject, DeleteProject, GetProject, ListProjectMembers, ListProjects, RemoveProjectMember,
    SetProjectMember, UpdateProject,
};
use application::runs::{CancelRun, FollowRun, GetRun};
use application::shares::{CreateShare, ListShares};
use application::{Code, Context, Error, PageInput, Reply};
use domain::ports::Journal;
use domain::{Actor, ConversationId, Event, MessageId, ProjectId, Role, RunId, User, WorkspaceId};
use serde_json::{Value, json};
use testing::contracts::World as Accounts;
use testing::fakes::{Noise, ScriptedModel};
use tokio::sync::Notify;

use crate::world::{Node, World, within};

/// Somebody who writes in a project, somebody who reads there, and somebody who does neither.
pub struct People {
    pub world: World,
    pub owner: Context,
    pub writer: Context,
    pub reader: Context,
    pub stranger: Context,
    /// May write in the project, and only look in the workspace.
    viewer: Context,
    /// The owner, in another workspace.
    pub elsewhere: Context,
}

impl People {
    pub async fn new() -> Self {
        let world = World::new(7, ScriptedModel::answering("Hi")).await;
        let owner = world.context();
        let writer = person(&world, "writer", Role::Member).await;
        let reader = person(&world, "reader", Role::Member).await;
        let stranger = person(&world, "stranger", Role::Admin).await;
        let viewer = person(&world, "viewer", Role::Viewer).await;
        let workspace_id = WorkspaceId::from_uuid(domain::ports::Ids::uuid(&*world.ids));
        let actor = Actor { workspace_id, ..(*owner.actor).clone() };
        let elsewhere = Context::new(Arc::new(actor), "request".into(), None);
        Self { world, owner, writer, reader, stranger, viewer, elsewhere }
    }
}

async fn person(world: &World, name: &str, role: Role) -> Context {
    let email = format!("{name}@example.org");
    let account = Accounts::account(&world.ids, world.workspace_id, &email, world.user.created_at);
    let user = User { role, ..account };
    let actor = Actor { user_id: user.id, role, ..(*world.actor()).clone() };
    let made = world.database.node().commit(world.unit(vec![Event::UserCreated(user)])).await;
    made.expect("the account is in order");
    Context::new(Arc::new(actor), "request".into(), None)
}

/// A conversation of the owner's in a project, with a question and an answer.
pub struct Shared {
    pub project: ProjectId,
    pub conversation: ConversationId,
    pub question: MessageId,
    pub answer: MessageId,
    pub run: RunId,
}

pub fn result(reply: Result<Reply, Error>) -> Value {
    serde_json::from_str(reply.expect("it is allowed").result.get()).expect("JSON")
}

pub fn id<T: std::str::FromStr>(value: &Value) -> T {
    value.as_str().and_then(|text| text.parse().ok()).expect("an id")
}

/// A command as clients send it.
pub fn command<T: serde::de::DeserializeOwned + validator::Validate>(parameters: Value) -> T {
    application::decode(parameters).expect("the parameters are in order")
}

pub async fn shared(people: &People, node: &Node) -> Shared {
    let project =
        result(node.bus.send(&people.owner, command::<CreateProject>(json!({ "name": "Garden" }))).await);
    let project: ProjectId = id(&project["id"]);
    for (who, access) in [(&people.writer, "write"), (&people.reader, "read"), (&people.viewer, "write")] {
        let set = json!({ "project_id": project, "user_id": who.actor.user_id, "access": access });
        result(node.bus.send(&people.owner, command::<SetProjectMember>(set)).await);
    }
    let create = command::<CreateConversation>(json!({ "title": "Roses", "project_id": project }));
    let conversation = id(&result(node.bus.send(&people.owner, create).await)["id"]);
    let send = command::<SendMessage>(json!({ "conversation_id": conversation, "text": "Which soil?" }));
    let exchange = result(node.bus.send(&people.owner, send).await);
    let shared = Shared {
        project,
        conversation,
        question: id(&exchange["message"]["id"]),
        answer: id(&exchange["reply"]["id"]),
        run: id(&exchange["run"]["id"]),
    };
    over(people, node, shared.run).await;
    shared
}

async fn over(people: &People, node: &Node, run: RunId) {
    let is_over = async || {
        let run = people.world.run(node, run).await;
        run.ended_at.map(|_| ())
    };
    within(Duration::from_secs(30), is_over).await.expect("the answer ends");
}

/// How an operation ended.
pub fn code<T>(outcome: Result<T, Error>) -> Option<Code> {
    outcome.err().map(|error| error.code())
}

/// What somebody may do with a conversation of somebody else: how each operation ends, in kinds.
struct Outcomes {
    reads: Vec<Option<Code>>,
    writes: Vec<Option<Code>>,
    owns: Vec<Option<Code>>,
}

async fn outcomes(people: &People, node: &Node, shared: &Shared, who: &Context) -> Outcomes {
    let Shared { conversation: conversation_id, question: message_id, run: run_id, .. } = *shared;
    let bus = &node.bus;
    let inbox = Inbox::new(Arc::new(Notify::new()));
    let scope = EventScope::Conversation(conversation_id);
    let list = |branch| ListMessages { conversation_id, branch, page: PageInput::default() };
    let named = json!({ "conversation_id": conversation_id });
    let with = |more: Value| {
        let mut parameters = named.clone();
        parameters.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        parameters
    };
    let mut reads = vec![
        code(bus.ask(who, GetConversation { conversation_id }).await),
        code(bus.ask(who, list(ThreadBranch::Active)).await),
        code(bus.ask(who, list(ThreadBranch::All)).await),
        code(bus.ask(who, list(ThreadBranch::Through(message_id))).await),
        code(bus.ask(who, GetMessage { message_id }).await),
        code(bus.ask(who, GetRun { run_id }).await),
        code(bus.ask(who, FollowRun { run_id, resume: None, inbox: Some(inbox.clone()) }).await),
        code(bus.ask(who, Subscribe { scope, inbox }).await),
        code(bus.ask(who, ReadEvents { scope, after: None, limit: 10 }).await),
        code(bus.ask(who, GetProject { project_id: shared.project }).await),
        code(
            bus.ask(who, ListProjectMembers { project_id: shared.project, page: PageInput::default() }).await,
        ),
    ];
    let in_project = ListConversations { project_id: Some(shared.project), ..ListConversations::default() };
    reads.push(code(bus.ask(who, in_project).await));
    let mut writes = Vec::new();
    let send = command::<SendMessage>(with(json!({ "text": "More", "reply": false })));
    writes.push(code(bus.send(who, send).await));
    let regenerate = command::<RegenerateMessage>(json!({ "message_id": shared.answer }));
    match bus.send(who, regenerate).await {
        Ok(reply) => {
            over(people, node, id(&result(Ok(reply))["run"]["id"])).await;
            writes.push(None);
        }
        Err(error) => writes.push(Some(error.code())),
    }
    writes.push(code(bus.send(who, CancelRun { run_id }).await));
    let owns = vec![
        code(bus.send(who, command::<UpdateConversation>(with(json!({ "title": "Mine" })))).await),
        code(bus.send(who, command::<UpdateConversation>(with(json!({ "pinned": true })))).await),
        code(bus.send(who, command::<UpdateConversation>(with(json!({ "project_id": null })))).await),
        code(
            bus.send(who, command::<UpdateConversation>(with(json!({ "active_leaf_id": message_id })))).await,
        ),
        code(bus.send(who, command::<EditMessage>(json!({ "message_id": message_id, "text": "x" }))).await),
        code(bus.send(who, command::<DeleteMessage>(json!({ "message_id": message_id }))).await),
        code(bus.send(who, command::<CreateShare>(with(json!({ "kind": "live" })))).await),
        code(bus.ask(who, ListShares { conversation_id }).await),
        code(bus.send(who, command::<DeleteConversation>(named.clone())).await),
    ];
    Outcomes { reads, writes, owns }
}

fn all(outcomes: &[Option<Code>], expected: Option<Code>) -> bool {
    outcomes.iter().all(|outcome| *outcome == expected)
}

#[tokio::test(start_paused = true)]
async fn members_read_or_write_owners_do_all_and_nobody_else_sees_anything() {
    let people = People::new().await;
    let node = people.world.node();
    let shared = shared(&people, &node).await;
    let (forbidden, not_found) = (Some(Code::Forbidden), Some(Code::NotFound));
    for (name, who, reads, writes, owns) in [
        ("reader", &people.reader, None, forbidden, forbidden),
        ("writer", &people.writer, None, None, forbidden),
        ("stranger", &people.stranger, not_found, not_found, not_found),
        ("elsewhere", &people.elsewhere, not_found, not_found, not_found),
    ] {
        let outcomes = outcomes(&people, &node, &shared, who).await;
        assert!(all(&outcomes.reads, reads), "{name} reads: {:?}", outcomes.reads);
        assert!(all(&outcomes.writes, writes), "{name} writes: {:?}", outcomes.writes);
        assert!(all(&outcomes.owns, owns), "{name} owns: {:?}", outcomes.owns);
    }
    // The role in the workspace bounds what a project allows.
    let viewed = outcomes(&people, &node, &shared, &people.viewer).await;
    assert!(all(&viewed.reads, None), "{:?}", viewed.reads);
    assert!(all(&viewed.writes, forbidden), "{:?}", viewed.writes);
    let own = outcomes(&people, &node, &shared, &people.owner).await;
    assert!(all(&own.reads, None) && all(&own.writes, None), "{:?} {:?}", own.reads, own.writes);
}

#[tokio::test(start_paused = true)]
async fn only_who_manages_a_project_changes_it_and_somebody_always_does() {
    let people = People::new().await;
    let node = people.world.node();
    let shared = shared(&people, &node).await;
    let project_id = shared.project;
    let member = |who: &Context| json!({ "project_id": project_id, "user_id": who.actor.user_id });
    let rename = || command::<UpdateProject>(json!({ "project_id": project_id, "name": "Mine" }));
    let set = |who: &Context, access: &str| {
        let mut parameters = member(who);
        parameters["access"] = access.into();
        command::<SetProjectMember>(parameters)
    };
    for (who, expected) in [(&people.writer, Code::Forbidden), (&people.stranger, Code::NotFound)] {
        let outcomes = [
            code(node.bus.send(who, rename()).await),
            code(node.bus.send(who, command::<DeleteProject>(json!({ "project_id": project_id }))).await),
            code(node.bus.send(who, set(&people.stranger, "write")).await),
            code(node.bus.send(who, command::<RemoveProjectMember>(member(&people.reader))).await),
        ];
        assert_eq!(outcomes, [Some(expected); 4]);
    }
    let owner = &people.owner;
    // Nobody is added who does not belong to the workspace.
    let mut unknown = member(owner);
    unknown["user_id"] = json!("0192f000-0000-7000-8000-000000000000");
    unknown["access"] = json!("read");
    assert_eq!(code(node.bus.send(owner, command::<SetProjectMember>(unknown)).await), Some(Code::NotFound));
    let removed = command::<RemoveProjectMember>(member(&people.stranger));
    assert_eq!(code(node.bus.send(owner, removed).await), Some(Code::NotFound));
    // The last one who manages it cannot stop.
    for outcome in [
        code(node.bus.send(owner, set(owner, "write")).await),
        code(node.bus.send(owner, command::<RemoveProjectMember>(member(owner))).await),
    ] {
        assert_eq!(outcome, Some(Code::Conflict));
    }
    result(node.bus.send(owner, set(&people.writer, "manage")).await);
    let (one, other) = tokio::join!(
        node.bus.send(owner, set(owner, "read")),
        node.bus.send(&people.writer, set(&people.writer, "read")),
    );
    assert_eq!([one.is_ok(), other.is_ok()].iter().filter(|is_done| **is_done).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_administrator_steps_in_where_nobody_is_left_who_manages() {
    let people = People::new().await;
    let node = people.world.node();
    let Shared { project: project_id, conversation: conversation_id, .. } = shared(&people, &node).await;
    let admin = &people.stranger;
    let manage = |who: &Context| {
        let set = json!({ "project_id": project_id, "user_id": who.actor.user_id, "access": "manage" });
        command::<SetProjectMember>(set)
    };
    for (who, target) in
        [(&people.writer, &people.writer), (admin, &people.reader), (&people.elsewhere, admin)]
    {
        assert!(node.bus.send(who, manage(target)).await.is_err());
    }
    assert_eq!(code(node.bus.ask(admin, GetConversation { conversation_id }).await), Some(Code::NotFound));
    result(node.bus.send(admin, manage(admin)).await);
    node.bus.ask(admin, GetConversation { conversation_id }).await.expect("they see it from now on");
    result(node.bus.send(admin, manage(&people.reader)).await);
}

#[tokio::test(start_paused = true)]
async fn conversations_are_put_only_where_their_owner_may_write() {
    let people = People::new().await;
    let node = people.world.node();
    let shared = shared(&people, &node).await;
    let into = |project: ProjectId| command::<CreateConversation>(json!({ "project_id": project }));
    assert_eq!(code(node.bus.send(&people.reader, into(shared.project)).await), Some(Code::Forbidden));
    assert_eq!(code(node.bus.send(&people.stranger, into(shared.project)).await), Some(Code::NotFound));
    let theirs = result(node.bus.send(&people.writer, into(shared.project)).await);
    let own: ConversationId =
        id(&result(node.bus.send(&people.reader, command::<CreateConversation>(json!({}))).await)["id"]);
    let moved = json!({ "conversation_id": own, "project_id": shared.project });
    let moving = node.bus.send(&people.reader, command::<UpdateConversation>(moved)).await;
    assert_eq!(code(moving), Some(Code::Forbidden));
    let list = |project_id| ListConversations { project_id, ..ListConversations::default() };
    let found = node.bus.ask(&people.reader, list(Some(shared.project))).await.expect("a list").items;
    let found: Vec<ConversationId> = found.into_iter().map(|conversation| conversation.id).collect();
    assert_eq!(found.len(), 2);
    assert!(found.contains(&shared.conversation) && found.contains(&id(&theirs["id"])));
    let mine = node.bus.ask(&people.reader, list(None)).await.expect("a list").items;
    assert_eq!(mine.iter().map(|conversation| conversation.id).collect::<Vec<_>>(), [own]);

    // A copy belongs to who makes it, and stays in the project where they may write there.
    let fork = json!({ "conversation_id": shared.conversation, "message_id": shared.answer });
    for (who, project) in [(&people.writer, json!(shared.project)), (&people.reader, Value::Null)] {
        let copy = result(node.bus.send(who, command::<ForkConversation>(fork.clone())).await);
        assert_eq!((&copy["owner_id"], &copy["project_id"]), (&json!(who.actor.user_id), &project));
    }
    // What others have put there is theirs alone again once the project is gone.
    let delete = command::<DeleteProject>(json!({ "project_id": shared.project }));
    result(node.bus.send(&people.owner, delete).await);
    let conversation_id = shared.conversation;
    let gone = node.bus.ask(&people.reader, GetConversation { conversation_id }).await;
    assert_eq!(code(gone), Some(Code::NotFound));
    let kept = node.bus.ask(&people.owner, GetConversation { conversation_id }).await.expect("it is theirs");
    assert_eq!(kept.project_id, None);
    let left = node.bus.ask(&people.reader, ListProjects { page: PageInput::default() }).await;
    assert!(left.expect("a list").items.is_empty());
}

/// What ends what a reader sees.
#[derive(Debug, Clone, Copy)]
enum Ending {
    Removed,
    MovedOut,
    ProjectDeleted,
}

/// How long somebody who reads on a node is told on after their sight has ended on another, or on the same.
async fn time_until_the_end(ending: Ending, noise: Noise, is_same_node: bool) -> Duration {
    let people = People::new().await;
    let (here, there) = (people.world.node(), people.world.node());
    let shared = shared(&people, &here).await;
    let reads_on = if is_same_node { &here } else { &there };
    let inboxes = [Inbox::new(Arc::new(Notify::new())), Inbox::new(Arc::new(Notify::new()))];
    let scope = EventScope::Conversation(shared.conversation);
    let subscribe = Subscribe { scope, inbox: Arc::clone(&inboxes[0]) };
    let _subscribed = reads_on.bus.ask(&people.reader, subscribe).await.expect("it is shown");
    let follow = FollowRun { run_id: shared.run, resume: None, inbox: Some(Arc::clone(&inboxes[1])) };
    let _following = reads_on.bus.ask(&people.reader, follow).await.expect("it is shown");
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(!inboxes.iter().any(|inbox| inbox.has_lost_any()), "nothing has ended");
    people.world.database.set_noise(noise);
    let since = tokio::time::Instant::now();
    let project_id = shared.project;
    let outcome = match ending {
        Ending::Removed => {
            let parameters = json!({ "project_id": project_id, "user_id": people.reader.actor.user_id });
            here.bus.send(&people.owner, command::<RemoveProjectMember>(parameters)).await
        }
        Ending::MovedOut => {
            let parameters = json!({ "conversation_id": shared.conversation, "project_id": null });
            here.bus.send(&people.owner, command::<UpdateConversation>(parameters)).await
        }
        Ending::ProjectDeleted => {
            here.bus.send(&people.owner, command::<DeleteProject>(json!({ "project_id": project_id }))).await
        }
    };
    outcome.expect("it is allowed");
    if is_same_node {
        assert!(inboxes.iter().all(|inbox| inbox.has_lost_any()), "{ending:?} is felt before it is answered");
    }
    let ended = async || inboxes.iter().all(|inbox| inbox.has_lost_any()).then(|| since.elapsed());
    let after = within(Duration::from_secs(30), ended).await.expect("it ends");
    assert_eq!(inboxes[0].take().lost, [shared.conversation]);
    after
}

#[tokio::test(start_paused = true)]
async fn who_no_longer_sees_a_conversation_is_told_at_once_or_in_time() {
    for ending in [Ending::Removed, Ending::MovedOut, Ending::ProjectDeleted] {
        time_until_the_end(ending, Noise::default(), true).await;
        for noise in [Noise::default(), Noise { lost: 100, ..Noise::default() }] {
            let after = time_until_the_end(ending, noise, false).await;
            assert!(after < Duration::from_secs(5), "{ending:?} took {after:?}");
        }
    }
}
