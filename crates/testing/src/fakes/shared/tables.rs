//! What is stored, and what events do to it.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::ports::{Committed, Fact, Place, Position, StorageError};
use domain::{
    ApiKey, ApiKeyId, Conversation, ConversationId, Event, Expectation, IdempotencyRecord, Job, JobId,
    Message, MessageEdit, MessageId, MessageStatus, NodeId, Run, RunId, RunStatus, Session, SessionId,
    Timestamp, UnitOfWork, User, UserId, Workspace, WorkspaceId,
};

/// What is stored.
#[derive(Clone, Default)]
pub(super) struct Tables {
    pub workspaces: BTreeMap<WorkspaceId, Workspace>,
    pub users: BTreeMap<UserId, User>,
    pub sessions: HashMap<SessionId, Session>,
    pub api_keys: BTreeMap<ApiKeyId, ApiKey>,
    pub conversations: BTreeMap<ConversationId, Conversation>,
    pub messages: BTreeMap<MessageId, Message>,
    pub edits: Vec<MessageEdit>,
    pub runs: BTreeMap<RunId, Run>,
    pub stops: HashSet<RunId>,
    pub records: Vec<(WorkspaceId, IdempotencyRecord)>,
    pub jobs: BTreeMap<JobId, (Job, Option<(NodeId, Timestamp)>)>,
    pub facts: Vec<(WorkspaceId, Fact)>,
}

type Applied = Result<(), StorageError>;

impl Tables {
    /// Applies a unit to a copy that is thrown away where it is refused.
    pub fn commit(&mut self, unit: &UnitOfWork) -> Result<Committed, StorageError> {
        for Expectation::NoAccountExists in &unit.expected {
            refuse_if(!self.users.is_empty())?;
        }
        let mut places = Vec::new();
        for event in &unit.events {
            let owner_id = self.owner(event);
            self.apply(event)?;
            places.push(self.append(unit, event, owner_id));
        }
        if let Some(record) = &unit.idempotency {
            let is_same = |other: &IdempotencyRecord| {
                (other.user_id, &other.operation, &other.key)
                    == (record.user_id, &record.operation, &record.key)
            };
            refuse_if(self.records.iter().any(|(_, other)| is_same(other)))?;
            self.records.push((unit.workspace_id, record.clone()));
        }
        for job in &unit.jobs {
            self.jobs.insert(job.id, (job.clone(), None));
        }
        Ok(Committed { places })
    }

    fn apply(&mut self, event: &Event) -> Applied {
        match event {
            Event::WorkspaceCreated(workspace) => {
                refuse_if(self.workspaces.insert(workspace.id, workspace.clone()).is_some())
            }
            Event::UserCreated(user) => {
                if self.users.values().any(|other| other.email == user.email) {
                    return Err(StorageError::Rejected("an account with this e-mail address exists"));
                }
                refuse_if(self.users.insert(user.id, user.clone()).is_some())
            }
            Event::SessionOpened(session) => {
                refuse_if(self.sessions.insert(session.id, session.clone()).is_some())
            }
            Event::SessionClosed { session_id, .. } => refuse_if(self.sessions.remove(session_id).is_none()),
            Event::ApiKeyCreated(api_key) => {
                refuse_if(self.api_keys.insert(api_key.id, api_key.clone()).is_some())
            }
            Event::ApiKeyRevoked { api_key_id, user_id } => {
                let revoked = self.api_keys.remove(api_key_id);
                refuse_if(revoked.is_none_or(|key| key.user_id != *user_id))
            }
            Event::ConversationCreated(conversation) => {
                let created = Conversation { message_count: 0, ..conversation.clone() };
                match self.conversations.insert(conversation.id, created) {
                    None => Ok(()),
                    Some(_) => Err(StorageError::Rejected("a conversation with this id exists")),
                }
            }
            Event::ConversationUpdated(conversation) => self.replace_conversation(conversation),
            Event::ConversationDeleted(conversation) => {
                self.replace_conversation(conversation)?;
                self.delete_conversation(conversation.id);
                Ok(())
            }
            Event::MessagePosted(message) => {
                refuse_if(self.messages.insert(message.id, message.clone()).is_some())?;
                self.count(message.conversation_id, 1)
            }
            Event::MessageEdited { message, edit } => {
                self.edits.push(edit.clone());
                self.replace_message(message)
            }
            Event::MessageDeleted { conversation_id, removed, .. } => {
                for id in removed {
                    refuse_if(self.messages.remove(id).is_none())?;
                    self.count(*conversation_id, -1)?;
                }
                Ok(())
            }
            Event::RunStarted(run) => self.start(run),
            Event::RunStopRequested(run) => {
                self.stops.insert(run.id);
                refuse_if(!self.is_running(run.id))
            }
            Event::RunEnded { run, message } => {
                refuse_if(!self.is_running(run.id))?;
                let lease =
                    self.runs.get(&run.id).map_or(run.lease_expires_at, |stored| stored.lease_expires_at);
                self.runs.insert(run.id, Run { lease_expires_at: lease, ..run.clone() });
                self.replace_message(message)
            }
            Event::UsageRecorded(_) => Ok(()),
        }
    }

    fn replace_conversation(&mut self, conversation: &Conversation) -> Applied {
        let stored = self.conversations.get_mut(&conversation.id).ok_or(StorageError::Conflict)?;
        refuse_if(stored.version.next() != conversation.version)?;
        *stored = Conversation { message_count: stored.message_count, ..conversation.clone() };
        Ok(())
    }

    fn delete_conversation(&mut self, id: ConversationId) {
        self.conversations.remove(&id);
        self.messages.retain(|_, message| message.conversation_id != id);
        self.runs.retain(|_, run| run.conversation_id != id);
        let is_about = |job: &Job| {
            let domain::JobKind::TitleConversation { conversation_id } = job.kind;
            conversation_id == id
        };
        self.jobs.retain(|_, (job, _)| !is_about(job));
    }

    fn replace_message(&mut self, message: &Message) -> Applied {
        let stored = self.messages.get_mut(&message.id).ok_or(StorageError::Conflict)?;
        refuse_if(stored.version.next() != message.version)?;
        *stored = message.clone();
        Ok(())
    }

    fn count(&mut self, id: ConversationId, by: i32) -> Applied {
        let conversation = self.conversations.get_mut(&id).ok_or(StorageError::Conflict)?;
        conversation.message_count = conversation.message_count.saturating_add_signed(by);
        Ok(())
    }

    fn start(&mut self, run: &Run) -> Applied {
        let answer = self.messages.get(&run.message_id).ok_or(StorageError::Conflict)?;
        refuse_if(answer.status != MessageStatus::Pending)?;
        let is_rival = |other: &Run| other.message_id == run.message_id && other.status == RunStatus::Running;
        if self.runs.values().any(is_rival) {
            return Err(StorageError::Rejected("the message is already being answered"));
        }
        self.runs.insert(run.id, run.clone());
        Ok(())
    }

    pub fn is_running(&self, id: RunId) -> bool {
        self.runs.get(&id).is_some_and(|run| run.status == RunStatus::Running)
    }

    fn owner(&self, event: &Event) -> Option<UserId> {
        let of = |id: &ConversationId| self.conversations.get(id).map(|conversation| conversation.owner_id);
        match event {
            Event::UserCreated(user) => Some(user.id),
            Event::SessionOpened(session) => Some(session.user_id),
            Event::SessionClosed { user_id, .. } | Event::ApiKeyRevoked { user_id, .. } => Some(*user_id),
            Event::ApiKeyCreated(api_key) => Some(api_key.user_id),
            Event::ConversationCreated(conversation)
            | Event::ConversationUpdated(conversation)
            | Event::ConversationDeleted(conversation) => Some(conversation.owner_id),
            Event::MessagePosted(message) | Event::MessageEdited { message, .. } => {
                of(&message.conversation_id)
            }
            Event::MessageDeleted { conversation_id, .. } => of(conversation_id),
            Event::RunStarted(run) | Event::RunStopRequested(run) | Event::RunEnded { run, .. } => {
                of(&run.conversation_id)
            }
            Event::WorkspaceCreated(_) | Event::UsageRecorded(_) => None,
        }
    }

    /// Adds the fact of an event to the log.
    fn append(&mut self, unit: &UnitOfWork, event: &Event, owner_id: Option<UserId>) -> Option<Place> {
        if matches!(event, Event::UsageRecorded(_)) {
            return None;
        }
        let position = Position(i64::try_from(self.facts.len()).unwrap_or(i64::MAX) + 1);
        let mine = self.facts.iter().rev().find(|(_, fact)| fact.owner_id == owner_id);
        let previous = Some(mine.map_or(Position(0), |(_, fact)| fact.position));
        let bare = Fact {
            position,
            name: event.name().to_owned(),
            at: unit.at,
            user_id: unit.origin.user_id,
            owner_id,
            conversation_id: None,
            message_id: None,
            run_id: None,
            version: None,
            removed: Vec::new(),
            run_status: None,
        };
        self.facts.push((unit.workspace_id, detailed(bare, event)));
        Some(Place { position, owner_id, previous })
    }
}

/// What the log keeps of an event beyond its name.
fn detailed(bare: Fact, event: &Event) -> Fact {
    match event {
        Event::UserCreated(user) => Fact { version: Some(user.version), ..bare },
        Event::ConversationCreated(conversation)
        | Event::ConversationUpdated(conversation)
        | Event::ConversationDeleted(conversation) => {
            Fact { conversation_id: Some(conversation.id), version: Some(conversation.version), ..bare }
        }
        Event::MessagePosted(message) | Event::MessageEdited { message, .. } => Fact {
            conversation_id: Some(message.conversation_id),
            message_id: Some(message.id),
            version: Some(message.version),
            ..bare
        },
        Event::MessageDeleted { conversation_id, message_id, removed } => Fact {
            conversation_id: Some(*conversation_id),
            message_id: Some(*message_id),
            removed: removed.clone(),
            ..bare
        },
        Event::RunStarted(run) | Event::RunStopRequested(run) => about_run(bare, run),
        Event::RunEnded { run, message } => Fact { version: Some(message.version), ..about_run(bare, run) },
        _ => bare,
    }
}

fn about_run(bare: Fact, run: &Run) -> Fact {
    Fact {
        conversation_id: Some(run.conversation_id),
        message_id: Some(run.message_id),
        run_id: Some(run.id),
        run_status: Some(run.status),
        ..bare
    }
}

fn refuse_if(is_wrong: bool) -> Applied {
    if is_wrong { Err(StorageError::Conflict) } else { Ok(()) }
}
