//! A workspace with one person in it, and short ways to have something happen there.

use std::net::IpAddr;
use std::time::Duration;

use domain::ports::{Clock, Committed, FactScope, Ids, Position, StorageError};
use domain::{
    ApiKey, ApiKeyId, ApiKeyName, Conversation, ConversationId, Credential, DeviceName, DisplayName,
    EffectiveRequest, Email, Event, FinishReason, KeyLimits, Membership, Message, MessageId, MessageRole,
    ModelName, NewConversation, NewMessage, NodeId, Origin, Parameters, Parts, PromptContext, Role, Run,
    RunId, RunOutcome, RunStatus, Scope, Session, SessionId, SessionKind, Timestamp, Title, TokenHash,
    UnitOfWork, User, UserId, UserState, Version, Workspace, WorkspaceId, WorkspaceName,
};

use super::Storage;
use crate::fakes::{ManualClock, SequentialIds};

/// A workspace with one person in it.
pub struct World {
    /// The storage under test.
    pub storage: Storage,
    /// Where ids come from.
    pub ids: SequentialIds,
    /// What time it is.
    pub clock: ManualClock,
    /// The workspace.
    pub workspace_id: WorkspaceId,
    /// The person.
    pub user: User,
    /// The process that holds the leases.
    pub node_id: NodeId,
}

impl World {
    /// Founds the workspace and makes the account.
    pub async fn new(storage: Storage) -> Self {
        let ids = SequentialIds::new();
        let clock = ManualClock::default();
        let workspace_id = WorkspaceId::from_uuid(ids.uuid());
        let user = Self::account(&ids, workspace_id, "ada@example.org", clock.now());
        let node_id = NodeId::from_uuid(ids.uuid());
        let world = Self { storage, ids, clock, workspace_id, user, node_id };
        world
            .commit(vec![Event::WorkspaceCreated(world.workspace()), Event::UserCreated(world.user.clone())])
            .await
            .expect("a fresh database takes a workspace and an account");
        world
    }

    /// A second workspace with a person of its own in the same database.
    pub async fn neighbour(&self) -> (WorkspaceId, User) {
        let workspace_id = WorkspaceId::from_uuid(self.ids.uuid());
        let user = Self::account(&self.ids, workspace_id, "eve@example.net", self.tick());
        let workspace = Workspace { id: workspace_id, ..self.workspace() };
        let unit = UnitOfWork {
            workspace_id,
            ..self.unit(vec![Event::WorkspaceCreated(workspace), Event::UserCreated(user.clone())])
        };
        self.storage.journal.commit(unit).await.expect("a second workspace is as good as the first");
        (workspace_id, user)
    }

    /// The workspace.
    pub fn workspace(&self) -> Workspace {
        let name = WorkspaceName::new("Home").expect("the name is valid");
        Workspace { id: self.workspace_id, name, version: Version::FIRST, created_at: self.clock.now() }
    }

    /// An account that nobody has made yet.
    pub fn stranger(&self, email: &str) -> User {
        Self::account(&self.ids, self.workspace_id, email, self.tick())
    }

    /// A session of somebody in a browser, for a minute; not stored yet.
    pub fn session(&self, user: &User, token: u8) -> Session {
        let now = self.clock.now();
        Session {
            id: SessionId::from_uuid(self.ids.uuid()),
            user_id: user.id,
            workspace_id: user.workspace_id,
            kind: SessionKind::Browser,
            token_hash: TokenHash::new([token; 32]),
            generation: 0,
            rotated_at: now,
            device: Some(DeviceName::new("Firefox on Linux").expect("the name is valid")),
            last_address: Some(IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1])),
            last_used_at: now,
            created_at: now,
            expires_at: now.plus(Duration::from_mins(1)),
        }
    }

    /// A key of somebody; not stored yet.
    pub fn api_key(&self, user: &User, secret: u8) -> ApiKey {
        ApiKey {
            id: ApiKeyId::from_uuid(self.ids.uuid()),
            workspace_id: user.workspace_id,
            user_id: user.id,
            name: ApiKeyName::new("script").expect("the name is valid"),
            prefix: "clq_12345678".to_owned(),
            key_hash: TokenHash::new([secret; 32]),
            scopes: vec![Scope::Read, Scope::Generate],
            created_at: self.clock.now(),
            expires_at: Some(self.clock.now().plus(Duration::from_mins(1))),
            last_used_at: None,
            limits: KeyLimits::default(),
        }
    }

    /// The position of the person's newest fact.
    pub async fn head(&self) -> Position {
        let head = self.storage.journal.head(self.workspace_id, FactScope::User(self.user.id)).await;
        head.expect("reading works")
    }

    /// A second later.
    pub fn tick(&self) -> Timestamp {
        self.clock.advance(Duration::from_secs(1));
        self.clock.now()
    }

    /// A unit of work of the person.
    pub fn unit(&self, events: Vec<Event>) -> UnitOfWork {
        let origin = Origin {
            user_id: Some(self.user.id),
            credential: Credential::System,
            request_id: Some("request-1".to_owned()),
            address: Some(IpAddr::from([192, 0, 2, 1])),
        };
        UnitOfWork::new(self.workspace_id, origin, self.clock.now(), events)
    }

    /// Commits events.
    pub async fn commit(&self, events: Vec<Event>) -> Result<Committed, StorageError> {
        self.storage.journal.commit(self.unit(events)).await
    }

    /// Commits events that must be accepted.
    pub async fn done(&self, events: Vec<Event>) -> Committed {
        self.commit(events).await.expect("the events are in order")
    }

    /// Commits events of another workspace.
    pub async fn commit_in(
        &self,
        workspace_id: WorkspaceId,
        events: Vec<Event>,
    ) -> Result<Committed, StorageError> {
        self.storage.journal.commit(UnitOfWork { workspace_id, ..self.unit(events) }).await
    }

    /// Somebody else who belongs to the workspace.
    pub async fn colleague(&self, email: &str) -> User {
        let user = self.stranger(email);
        self.done(vec![Event::UserCreated(user.clone())]).await;
        user
    }

    /// Has somebody join another workspace, and gives them as it sees them.
    pub async fn join(&self, workspace_id: WorkspaceId, user: &User) -> User {
        let seen = User { workspace_id, role: Role::Viewer, ..user.clone() };
        let (user_id, role, created_at) = (user.id, seen.role, self.tick());
        let joined = Event::MemberAdded(Membership { workspace_id, user_id, role, created_at });
        self.commit_in(workspace_id, vec![joined]).await.expect("they are not there yet");
        seen
    }

    /// A conversation that is not stored yet.
    pub fn new_conversation(&self, owner_id: UserId, title: &str) -> Conversation {
        let new = NewConversation {
            id: ConversationId::from_uuid(self.ids.uuid()),
            workspace_id: self.workspace_id,
            owner_id,
            project_id: None,
            title: Some(Title::new(title).expect("the title is valid")),
            model: None,
            system_prompt: None,
            parameters: Parameters::default(),
        };
        Conversation::create(new, self.tick())
    }

    /// A stored conversation of the person.
    pub async fn conversation(&self, title: &str) -> Conversation {
        let conversation = self.new_conversation(self.user.id, title);
        self.done(vec![Event::ConversationCreated(conversation.clone())]).await;
        conversation
    }

    /// Posts a message of the person.
    pub async fn post(
        &self,
        conversation: &mut Conversation,
        parent: Option<&Message>,
        text: &str,
    ) -> Message {
        let (after, message) = self.draft(conversation, parent, text);
        *conversation = after.clone();
        self.done(vec![Event::MessagePosted(message.clone()), Event::ConversationUpdated(after)]).await;
        message
    }

    /// A message of the person that is not stored yet, and the conversation with it.
    pub fn draft(
        &self,
        conversation: &Conversation,
        parent: Option<&Message>,
        text: &str,
    ) -> (Conversation, Message) {
        let id = MessageId::from_uuid(self.ids.uuid());
        let new = NewMessage { id, role: MessageRole::User, parts: Parts::from_text(text) };
        conversation.post(new, parent, self.tick()).expect("the message fits the conversation")
    }

    /// Begins an answer under a question.
    pub async fn answer(&self, conversation: &mut Conversation, question: &Message) -> (Message, Run) {
        let request = EffectiveRequest {
            model: model(),
            parameters: Parameters { temperature: Some(0.7), ..Parameters::default() },
            system_prompt: Some("Be brief.".to_owned()),
            context: PromptContext {
                first_message_id: question.id,
                last_message_id: question.id,
                messages: 1,
            },
        };
        let answer_id = MessageId::from_uuid(self.ids.uuid());
        let (after, message) = conversation
            .begin_answer(answer_id, question, request, self.tick())
            .expect("the question can be answered");
        *conversation = after.clone();
        let run = self.run_of(&message);
        self.done(vec![
            Event::MessagePosted(message.clone()),
            Event::ConversationUpdated(after),
            Event::RunStarted(run.clone()),
        ])
        .await;
        (message, run)
    }

    /// A running run of an answer, not stored yet.
    pub fn run_of(&self, message: &Message) -> Run {
        Run {
            id: RunId::from_uuid(self.ids.uuid()),
            workspace_id: message.workspace_id,
            conversation_id: message.conversation_id,
            message_id: message.id,
            user_id: self.user.id,
            model: model(),
            status: RunStatus::Running,
            failure: None,
            lease_owner: self.node_id,
            lease_expires_at: self.clock.now().plus(Duration::from_secs(30)),
            started_at: self.clock.now(),
            ended_at: None,
        }
    }

    /// The event of a run that completed with an answer.
    pub fn completed(&self, run: &Run, message: &Message, text: &str) -> Event {
        let outcome = RunOutcome::Completed { finish_reason: FinishReason::Stop, usage: None };
        let run = run.end(&outcome, self.tick()).expect("the run is running");
        Event::RunEnded { run, message: message.end(Parts::from_text(text), &outcome) }
    }
}

impl World {
    /// An account that nobody has made yet.
    pub fn account(ids: &SequentialIds, workspace_id: WorkspaceId, email: &str, at: Timestamp) -> User {
        User {
            id: UserId::from_uuid(ids.uuid()),
            workspace_id,
            home_workspace_id: workspace_id,
            role: Role::Member,
            email: Email::new(email).expect("the address is valid"),
            display_name: DisplayName::new("Ada").expect("the name is valid"),
            state: UserState::Active,
            password_hash: None,
            version: Version::FIRST,
            created_at: at,
        }
    }
}

/// A model.
pub(crate) fn model() -> ModelName {
    ModelName::new("test/model").expect("the name is valid")
}
