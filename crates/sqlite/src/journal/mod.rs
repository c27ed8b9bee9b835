//! The one way to change data: events become rows.

mod annotations;
mod api_keys;
mod audit;
mod context;
mod conversations;
mod factors;
mod facts;
mod idempotency;
mod jobs;
mod messages;
mod people;
mod projects;
mod providers;
mod runs;
mod secret_keys;
mod sessions;
mod tags;
mod usage;

use std::sync::Arc;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel::sqlite::SqliteConnection;
use domain::ports::{
    Checkpoint, CommitObserver, Committed, Fact, FactScope, Journal, Position, StorageError,
};
use domain::{
    CredentialUse, Event, Expectation, Membership, NodeId, RunId, Timestamp, UnitOfWork, UserId, WorkspaceId,
};
use storage::rules;

use crate::Sqlite;
use crate::errors::{CONFLICT, Outcome, rejected};
use crate::statement::{Value, query, values};
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

    async fn note_uses(&self, uses: Vec<CredentialUse>) -> Result<(), StorageError> {
        self.writer.write(move |connection| sessions::note_uses(connection, &uses)).await
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
        expect_before(connection, *expectation)?;
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
    for expectation in &unit.expected {
        expect_after(connection, unit.workspace_id, *expectation)?;
    }
    audit::append(connection, unit)?;
    Ok(Committed { places: facts::append(connection, &context, &facts)? })
}

fn apply(connection: &mut SqliteConnection, context: &mut Context<'_>, event: &Event) -> Outcome<()> {
    match event {
        Event::WorkspaceCreated(workspace) => people::create_workspace(connection, context, workspace),
        Event::WorkspaceUpdated(workspace) => people::update_workspace(connection, context, workspace),
        Event::UserCreated(user) => people::create_user(connection, context, user),
        Event::UserUpdated { user, change } => people::update_user(connection, context, user, *change),
        Event::UserDeleted(user) => people::delete_user(connection, context, user),
        Event::MemberAdded(membership) => people::add_member(connection, context, membership),
        Event::MemberRemoved(Membership { workspace_id, user_id, .. }) => {
            people::remove_member(connection, context, *workspace_id, *user_id)
        }
        Event::InvitationCreated(invitation) => people::invite(connection, context, invitation),
        Event::InvitationRevoked { invitation_id, .. } | Event::InvitationAccepted { invitation_id, .. } => {
            people::end_invitation(connection, context, *invitation_id)
        }
        Event::TicketIssued(ticket) => factors::issue(connection, context, ticket),
        Event::TicketUsed { ticket_id } => factors::use_up(connection, *ticket_id),
        Event::SessionOpened(session) => sessions::open(connection, context, session),
        Event::SessionRefreshed(session) => sessions::refresh(connection, context, session),
        Event::SessionSwitched(session) => sessions::switch(connection, session),
        Event::SessionClosed { session_id, user_id, .. } => {
            sessions::close(connection, *session_id, *user_id)
        }
        Event::SessionsClosed { user_id, except } => sessions::close_all(connection, *user_id, *except),
        Event::TotpEnabled { totp, recovery_codes } => factors::enable_totp(connection, totp, recovery_codes),
        Event::TotpUsed { user_id, step } => factors::use_totp(connection, *user_id, *step),
        Event::TotpDisabled { user_id } => factors::disable_totp(connection, *user_id),
        Event::RecoveryCodeUsed { user_id, code } => factors::use_recovery_code(connection, *user_id, code),
        Event::RecoveryCodesReplaced { user_id, codes } => {
            factors::replace_recovery_codes(connection, *user_id, codes)
        }
        Event::PasskeyAdded(passkey) => factors::add_passkey(connection, passkey),
        Event::PasskeyUsed(passkey) => factors::use_passkey(connection, passkey),
        Event::PasskeyRenamed(passkey) => factors::rename_passkey(connection, passkey),
        Event::PasskeyRemoved { passkey_id, user_id } => {
            factors::remove_passkey(connection, *passkey_id, *user_id)
        }
        Event::ExternalIdentityLinked(identity) => factors::link(connection, identity),
        Event::ExternalIdentityUnlinked(identity) => factors::unlink(connection, identity),
        // Only the audit log knows of these.
        Event::SignInFailed { .. }
        | Event::DataExported { .. }
        | Event::AuditExported { .. }
        | Event::ConversationMoved { .. } => Ok(()),
        Event::ApiKeyCreated(api_key) => api_keys::create(connection, context, api_key),
        Event::ApiKeyRevoked { api_key_id, user_id } => {
            api_keys::revoke(connection, context, *api_key_id, *user_id)
        }
        Event::ProjectCreated(project) => projects::create(connection, context, project),
        Event::ProjectUpdated(project) => projects::update(connection, context, project),
        Event::ProjectDeleted(project) => projects::delete(connection, context, project),
        Event::ProjectMemberSet(member) => projects::set_member(connection, context, member),
        Event::ProjectMemberRemoved { project_id, user_id } => {
            projects::remove_member(connection, context, *project_id, *user_id)
        }
        Event::ShareCreated(share) => projects::share(connection, context, share),
        Event::ShareRevoked { share_id, conversation_id } => {
            projects::revoke_share(connection, context, *share_id, *conversation_id)
        }
        Event::ProviderCreated(provider) => providers::create(connection, context, provider),
        Event::ProviderUpdated(provider) => providers::update(connection, context, provider),
        Event::ProviderDeleted(provider) => providers::delete(connection, context, provider),
        Event::SecretKeysRotated { rewrapped, replaced } => {
            secret_keys::rotate(connection, context, rewrapped, replaced)
        }
        Event::SecretKeysReset(keys) => secret_keys::reset(connection, keys),
        Event::ConversationCreated(conversation) => conversations::create(connection, context, conversation),
        Event::ConversationUpdated(conversation) => conversations::update(connection, context, conversation),
        Event::ConversationDeleted(conversation) => conversations::delete(connection, context, conversation),
        Event::ConversationTagged { conversation_id, tag_id } => {
            tags::attach(connection, context, *conversation_id, *tag_id)
        }
        Event::ConversationUntagged { conversation_id, tag_id } => {
            tags::detach(connection, context, *conversation_id, *tag_id)
        }
        Event::TagCreated(tag) => tags::create(connection, context, tag),
        Event::TagUpdated(tag) => tags::update(connection, context, tag),
        Event::TagDeleted(tag) => tags::delete(connection, context, tag),
        Event::AnnotationCreated(annotation) => annotations::create(connection, context, annotation),
        Event::AnnotationUpdated(annotation) => annotations::update(connection, context, annotation),
        Event::AnnotationDeleted(annotation) => annotations::delete(connection, context, annotation),
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

/// Looks at what must hold before anything is written.
fn expect_before(connection: &mut SqliteConnection, expectation: Expectation) -> Outcome<()> {
    let holds = match expectation {
        Expectation::NoAccountExists => {
            holds(connection, "SELECT NOT EXISTS (SELECT 1 FROM users)", values![])?
        }
        Expectation::AccountUnchanged { user_id, version } => {
            holds(connection, ACCOUNT_UNCHANGED, values![user_id, version])?
        }
        Expectation::AnOwnerRemains | Expectation::OthersHaveAnOwner { .. } => true,
    };
    if holds { Ok(()) } else { Err(CONFLICT) }
}

/// Looks at what must hold once everything is written.
fn expect_after(
    connection: &mut SqliteConnection,
    unit_workspace: WorkspaceId,
    expectation: Expectation,
) -> Outcome<()> {
    let holds = match expectation {
        Expectation::AnOwnerRemains => holds(connection, OWNER_REMAINS, values![unit_workspace])?,
        Expectation::OthersHaveAnOwner { workspace_id, besides } => {
            holds(connection, OTHERS_HAVE_AN_OWNER, values![workspace_id, besides])?
        }
        Expectation::NoAccountExists | Expectation::AccountUnchanged { .. } => true,
    };
    if holds { Ok(()) } else { Err(rejected(rules::LAST_OWNER)) }
}

fn holds(connection: &mut SqliteConnection, sql: &'static str, values: &[Value<'_>]) -> Outcome<bool> {
    Ok(query::<BigInt>(sql, values).get_result::<i64>(connection)? != 0)
}

pub(crate) const ACCOUNT_UNCHANGED: &str =
    "SELECT EXISTS (SELECT 1 FROM users WHERE id = ?1 AND version = ?2)";

pub(crate) const OWNER_REMAINS: &str = "SELECT EXISTS (
         SELECT 1 FROM memberships m JOIN users u ON u.id = m.user_id
         WHERE m.workspace_id = ?1 AND m.role = 'owner' AND u.state = 'active'
     )";

pub(crate) const OTHERS_HAVE_AN_OWNER: &str = "SELECT EXISTS (
         SELECT 1 FROM memberships m JOIN users u ON u.id = m.user_id
         WHERE m.workspace_id = ?1 AND m.role = 'owner' AND u.state = 'active'
     ) OR NOT EXISTS (SELECT 1 FROM memberships WHERE workspace_id = ?1 AND user_id <> ?2)";
