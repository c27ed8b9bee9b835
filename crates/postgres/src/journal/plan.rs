//! What a unit of work asks of the database, in order.

use domain::{Event, Message, UnitOfWork, WorkspaceId};
use storage::{leaf_changes, rules};

use super::batch::{Expected, Step};
use super::{accounts, conversations, facts, messages, runs, upkeep};
use crate::errors::{Outcome, rejected};
use crate::statement::Value;

/// What a unit of work asks of the database, in order.
pub(super) struct Plan<'a> {
    workspace_id: WorkspaceId,
    steps: Vec<Step<'a>>,
}

impl<'a> Plan<'a> {
    /// The steps of a unit of work; new workspaces search in `language`.
    pub(super) fn of(unit: &'a UnitOfWork, language: &str) -> Outcome<Vec<Step<'a>>> {
        let mut plan =
            Self { workspace_id: unit.workspace_id, steps: Vec::with_capacity(unit.events.len() + 6) };
        for expectation in &unit.expected {
            upkeep::expect(&mut plan, *expectation);
        }
        if let Some(record) = &unit.idempotency {
            upkeep::remember(&mut plan, record, unit.at);
        }
        plan.add_events(unit, language)?;
        for job in &unit.jobs {
            upkeep::enqueue(&mut plan, job)?;
        }
        facts::append(&mut plan, unit);
        Ok(plan.steps)
    }

    fn add_events(&mut self, unit: &'a UnitOfWork, language: &str) -> Outcome<()> {
        let mut leaves = leaf_changes(&unit.events);
        let mut events = unit.events.as_slice();
        while let [event, rest @ ..] = events {
            events = rest;
            match event {
                Event::MessagePosted(message) => {
                    let mut posted: Vec<&'a Message> = vec![message];
                    while let [Event::MessagePosted(message), rest @ ..] = events {
                        posted.push(message);
                        events = rest;
                    }
                    messages::post(self, &posted)?;
                }
                Event::ConversationUpdated(conversation) => {
                    let is_last = !rest.iter().any(|event| changes_leaf(event, conversation.id));
                    if is_last {
                        leaves.retain(|(id, _)| *id != conversation.id);
                    }
                    conversations::update(self, conversation, is_last)?;
                }
                other => self.add_event(other, unit, language)?,
            }
        }
        for (conversation_id, leaf) in leaves {
            conversations::set_leaf(self, conversation_id, leaf);
        }
        Ok(())
    }

    fn add_event(&mut self, event: &'a Event, unit: &'a UnitOfWork, language: &str) -> Outcome<()> {
        match event {
            Event::WorkspaceCreated(workspace) => accounts::create_workspace(self, workspace, language),
            Event::UserCreated(user) => accounts::create_user(self, user),
            Event::SessionOpened(session) => accounts::open_session(self, session),
            Event::SessionClosed { session_id, user_id } => {
                accounts::close_session(self, *session_id, *user_id);
                Ok(())
            }
            Event::ApiKeyCreated(api_key) => accounts::create_api_key(self, api_key),
            Event::ApiKeyRevoked { api_key_id, user_id } => {
                accounts::revoke_api_key(self, *api_key_id, *user_id);
                Ok(())
            }
            Event::ConversationCreated(conversation) => conversations::create(self, conversation),
            Event::ConversationUpdated(conversation) => conversations::update(self, conversation, false),
            Event::ConversationDeleted(conversation) => conversations::delete(self, conversation),
            Event::MessagePosted(message) => messages::post(self, &[message]),
            Event::MessageEdited { message, edit } => messages::edit(self, message, edit),
            Event::MessageDeleted { conversation_id, removed, .. } => {
                messages::delete(self, *conversation_id, removed);
                Ok(())
            }
            Event::RunStarted(run) => runs::start(self, run),
            Event::RunStopRequested(run) => runs::request_stop(self, run),
            Event::RunEnded { run, message } => runs::end(self, run, message),
            Event::UsageRecorded(entries) => upkeep::record(self, entries, unit.at),
        }
    }

    /// Refuses an entity of another workspace.
    pub(super) fn check_workspace(&self, workspace_id: WorkspaceId) -> Outcome<()> {
        if workspace_id == self.workspace_id { Ok(()) } else { Err(rejected(rules::ONE_WORKSPACE)) }
    }

    /// The workspace that is changed.
    pub(super) const fn workspace_id(&self) -> WorkspaceId {
        self.workspace_id
    }

    /// Adds a statement.
    pub(super) fn add(&mut self, sql: &'static str, values: &[Value<'a>], expected: Expected) {
        self.add_values(sql, values.to_vec(), expected);
    }

    /// Adds a statement.
    pub(super) fn add_values(&mut self, sql: &'static str, values: Vec<Value<'a>>, expected: Expected) {
        self.steps.push(Step::new(sql, values, expected));
    }
}

/// Whether an event may bring a leaf of a conversation, take one, or name another.
fn changes_leaf(event: &Event, conversation: domain::ConversationId) -> bool {
    match event {
        Event::MessagePosted(message) => message.conversation_id == conversation,
        Event::MessageDeleted { conversation_id, .. } => *conversation_id == conversation,
        Event::ConversationUpdated(other) | Event::ConversationDeleted(other) => other.id == conversation,
        _ => false,
    }
}
