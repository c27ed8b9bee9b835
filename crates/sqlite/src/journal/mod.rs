//! The one way to change data: events become rows.

mod accounts;
mod context;
mod conversations;
mod facts;
mod idempotency;
mod jobs;
mod messages;
mod runs;
mod usage;

use std::sync::Arc;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel::sqlite::SqliteConnection;
use domain::ports::{
    Checkpoint, CommitObserver, Committed, Fact, FactScope, Journal, Position, StorageError,
};
use domain::{Event, Expectation, NodeId, RunId, Timestamp, UnitOfWork, UserId, WorkspaceId};

use crate::Sqlite;
use crate::errors::{CONFLICT, Outcome};
use crate::statement::{query, values};
use context::Context;
#[cfg(test)]
pub(crate) use facts::{BY_CONVERSATION as FACTS_BY_CONVERSATION, BY_OWNER as FACTS_BY_OWNER};

#[async_trait]
impl Journal for Sqlite {
    async fn commit(&self, unit: UnitOfWork) -> Result<Committed, StorageError> {
        let unit = Arc::new(unit);
        let (observer, announced) = (Arc::clone(&self.observer), Arc::clone(&unit));
        let announce = move |committed: &Committed| {
            let observer = observer.read().clone();
            if let Some(observer) = observer {
                observer.committed(&announced, committed);
            }
        };
        self.writer.write_and_announce(move |connection| write(connection, &unit), announce).await
    }

    async fn read_after(
        &self,
        workspace_id: WorkspaceId,
        scope: FactScope,
        after: Position,
        limit: u16,
    ) -> Result<Vec<Fact>, StorageError> {
        self.readers
            .read(move |connection| facts::read_after(connection, workspace_id, scope, after, limit))
            .await
    }

    async fn forgotten(&self, _: WorkspaceId, _: FactScope) -> Result<Position, StorageError> {
        // Everything is kept.
        Ok(Position(0))
    }

    async fn head(&self, workspace_id: WorkspaceId, scope: FactScope) -> Result<Position, StorageError> {
        self.readers.read(move |connection| facts::head(connection, workspace_id, scope)).await
    }

    async fn heads(&self, owners: &[UserId]) -> Result<Vec<(UserId, Position)>, StorageError> {
        let owners = owners.to_vec();
        self.readers.read(move |connection| facts::heads(connection, &owners)).await
    }

    async fn checkpoint(&self, checkpoint: Checkpoint) -> Result<(), StorageError> {
        self.writer.write(move |connection| runs::checkpoint(connection, &checkpoint)).await
    }

    async fn renew_leases(&self, owner: NodeId, until: Timestamp) -> Result<Vec<RunId>, StorageError> {
        self.writer.write(move |connection| runs::renew_leases(connection, owner, until)).await
    }

    fn commits_alone(&self) -> bool {
        true
    }

    fn observe(&self, observer: Arc<dyn CommitObserver>) {
        *self.observer.write() = Some(observer);
    }
}

fn write(connection: &mut SqliteConnection, unit: &UnitOfWork) -> Outcome<Committed> {
    for expectation in &unit.expected {
        expect(connection, *expectation)?;
    }
    if let Some(record) = &unit.idempotency {
        idempotency::insert(connection, unit.workspace_id, record, unit.at)?;
    }
    let mut context = Context::new(unit);
    let mut facts = Vec::with_capacity(unit.events.len());
    for event in &unit.events {
        apply(connection, &mut context, event)?;
        facts.push(facts::entry(connection, &mut context, event)?);
    }
    conversations::set_leaves(connection, &unit.events)?;
    for job in &unit.jobs {
        jobs::insert(connection, &context, job)?;
    }
    Ok(Committed { places: facts::append(connection, &context, &facts)? })
}

fn apply(connection: &mut SqliteConnection, context: &mut Context<'_>, event: &Event) -> Outcome<()> {
    match event {
        Event::WorkspaceCreated(workspace) => accounts::create_workspace(connection, context, workspace),
        Event::UserCreated(user) => accounts::create_user(connection, context, user),
        Event::SessionOpened(session) => accounts::open_session(connection, context, session),
        Event::SessionClosed { session_id, user_id } => {
            accounts::close_session(connection, context, *session_id, *user_id)
        }
        Event::ApiKeyCreated(api_key) => accounts::create_api_key(connection, context, api_key),
        Event::ApiKeyRevoked { api_key_id, user_id } => {
            accounts::revoke_api_key(connection, context, *api_key_id, *user_id)
        }
        Event::ConversationCreated(conversation) => conversations::create(connection, context, conversation),
        Event::ConversationUpdated(conversation) => conversations::update(connection, context, conversation),
        Event::ConversationDeleted(conversation) => conversations::delete(connection, context, conversation),
        Event::MessagePosted(message) => messages::post(connection, context, message),
        Event::MessageEdited { message, edit } => messages::edit(connection, context, message, edit),
        Event::MessageDeleted { conversation_id, removed, .. } => {
            messages::delete(connection, context, *conversation_id, removed)
        }
        Event::RunStarted(run) => runs::start(connection, context, run),
        Event::RunStopRequested(run) => runs::request_stop(connection, context, run),
        Event::RunEnded { run, message } => runs::end(connection, context, run, message),
        Event::UsageRecorded(entries) => usage::record(connection, context, entries),
    }
}

fn expect(connection: &mut SqliteConnection, expectation: Expectation) -> Outcome<()> {
    match expectation {
        Expectation::NoAccountExists => {
            let exists = query::<BigInt>("SELECT EXISTS (SELECT 1 FROM users)", values![]);
            if exists.get_result::<i64>(connection)? == 0 { Ok(()) } else { Err(CONFLICT) }
        }
    }
}
