//! What a unit of work asks of the database, in order.

use domain::{Event, Message, UnitOfWork, WorkspaceId};
use storage::{leaf_changes, rules};

use super::batch::{Expected, Step};
use super::{
    annotations, audit, conversations, factors, facts, messages, people, projects, providers, runs,
    secret_keys, sessions, tags, upkeep, workspaces,
};
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
        upkeep::prepare(&mut plan, &unit.expected);
        if let Some(record) = &unit.idempotency {
            upkeep::remember(&mut plan, record, unit.at);
        }
        // Before anything that would take them along.
        for event in &unit.events {
            if let Event::TicketUsed { ticket_id } = event {
                people::use_ticket(&mut plan, *ticket_id);
            }
        }
        plan.add_events(unit, language)?;
        for expectation in &unit.expected {
            upkeep::expect(&mut plan, *expectation);
        }
        for job in &unit.jobs {
            upkeep::enqueue(&mut plan, job)?;
        }
        facts::append(&mut plan, unit);
        audit::append(&mut plan, unit);
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
            Event::WorkspaceCreated(workspace) => workspaces::create(self, workspace, language),
            Event::WorkspaceUpdated(workspace) => workspaces::update(self, workspace),
            Event::UserCreated(user) => people::create(self, user),
            Event::UserUpdated { user, change } => people::update(self, user, *change),
            Event::UserDeleted(user) => people::delete(self, user),
            Event::MemberAdded(membership) => workspaces::add_member(self, membership),
            Event::MemberRemoved(membership) => workspaces::remove_member(self, membership),
            Event::InvitationCreated(invitation) => workspaces::invite(self, invitation),
            Event::TicketIssued(ticket) => people::issue_ticket(self, ticket),
            Event::SessionOpened(session) => sessions::open(self, session),
            Event::SessionRefreshed(session) => sessions::refresh(self, session),
            Event::TotpEnabled { totp, recovery_codes } => factors::enable_totp(self, totp, recovery_codes),
            Event::TotpUsed { user_id, step } => factors::use_totp(self, *user_id, *step),
            Event::ApiKeyCreated(api_key) => sessions::create_api_key(self, api_key),
            Event::ProjectCreated(project) => projects::create(self, project),
            Event::ProjectUpdated(project) => projects::update(self, project),
            Event::ProjectDeleted(project) => projects::delete(self, project),
            Event::ShareCreated(share) => projects::share(self, share),
            Event::ProviderCreated(provider) => providers::create(self, provider),
            Event::ProviderUpdated(provider) => providers::update(self, provider),
            Event::ProviderDeleted(provider) => providers::delete(self, provider),
            Event::SecretKeysRotated { rewrapped, replaced } => {
                secret_keys::rotate(self, unit.at, rewrapped, replaced);
                Ok(())
            }
            Event::SecretKeysReset(keys) => {
                secret_keys::reset(self, keys);
                Ok(())
            }
            Event::ConversationCreated(conversation) => conversations::create(self, conversation),
            Event::ConversationUpdated(conversation) => conversations::update(self, conversation, false),
            Event::ConversationDeleted(conversation) => conversations::delete(self, conversation),
            Event::TagCreated(tag) => tags::create(self, tag),
            Event::TagUpdated(tag) => tags::update(self, tag),
            Event::TagDeleted(tag) => tags::delete(self, tag),
            Event::AnnotationCreated(annotation) => annotations::create(self, annotation),
            Event::AnnotationUpdated(annotation) => annotations::update(self, annotation),
            Event::AnnotationDeleted(annotation) => annotations::delete(self, annotation),
            Event::MessagePosted(message) => messages::post(self, &[message]),
            Event::MessageEdited { message, edit } => messages::edit(self, message, edit),
            Event::RunStarted(run) => runs::start(self, run),
            Event::RunStopRequested(run) => runs::request_stop(self, run),
            Event::RunEnded { run, message } => runs::end(self, run, message),
            Event::UsageRecorded(entries) => upkeep::record(self, entries, unit.at),
            Event::InvitationRevoked { .. }
            | Event::InvitationAccepted { .. }
            | Event::TicketUsed { .. }
            | Event::SignInFailed { .. }
            | Event::SessionSwitched(_)
            | Event::SessionClosed { .. }
            | Event::SessionsClosed { .. }
            | Event::TotpDisabled { .. }
            | Event::RecoveryCodeUsed { .. }
            | Event::RecoveryCodesReplaced { .. }
            | Event::PasskeyAdded(_)
            | Event::PasskeyUsed(_)
            | Event::PasskeyRenamed(_)
            | Event::PasskeyRemoved { .. }
            | Event::ExternalIdentityLinked(_)
            | Event::ExternalIdentityUnlinked(_)
            | Event::DataExported { .. }
            | Event::AuditExported { .. }
            | Event::ConversationMoved { .. }
            | Event::ApiKeyRevoked { .. }
            | Event::ProjectMemberSet(_)
            | Event::ProjectMemberRemoved { .. }
            | Event::ShareRevoked { .. }
            | Event::ConversationTagged { .. }
            | Event::ConversationUntagged { .. }
            | Event::MessageDeleted { .. } => {
                self.add_certain(event);
                Ok(())
            }
        }
    }

    /// The events that name no workspace and hold nothing that could be unstorable.
    fn add_certain(&mut self, event: &'a Event) {
        match event {
            Event::InvitationRevoked { invitation_id, .. }
            | Event::InvitationAccepted { invitation_id, .. } => {
                workspaces::end_invitation(self, *invitation_id);
            }
            Event::SessionSwitched(session) => sessions::switch(self, session),
            Event::SessionClosed { session_id, user_id, .. } => sessions::close(self, *session_id, *user_id),
            Event::SessionsClosed { user_id, except } => sessions::close_all(self, *user_id, *except),
            Event::TotpDisabled { user_id } => factors::disable_totp(self, *user_id),
            Event::RecoveryCodeUsed { user_id, code } => factors::use_code(self, *user_id, code),
            Event::RecoveryCodesReplaced { user_id, codes } => factors::replace_codes(self, *user_id, codes),
            Event::PasskeyAdded(passkey) => factors::add_passkey(self, passkey),
            Event::PasskeyUsed(passkey) => factors::use_passkey(self, passkey),
            Event::PasskeyRenamed(passkey) => factors::rename_passkey(self, passkey),
            Event::PasskeyRemoved { passkey_id, user_id } => {
                factors::remove_passkey(self, *passkey_id, *user_id);
            }
            Event::ExternalIdentityLinked(identity) => factors::link(self, identity),
            Event::ExternalIdentityUnlinked(identity) => factors::unlink(self, identity),
            Event::ApiKeyRevoked { api_key_id, user_id } => {
                sessions::revoke_api_key(self, *api_key_id, *user_id);
            }
            Event::ProjectMemberSet(member) => projects::set_member(self, member),
            Event::ProjectMemberRemoved { project_id, user_id } => {
                projects::remove_member(self, *project_id, *user_id);
            }
            Event::ShareRevoked { share_id, conversation_id } => {
                projects::revoke_share(self, *share_id, *conversation_id);
            }
            Event::ConversationTagged { conversation_id, tag_id } => {
                tags::attach(self, *conversation_id, *tag_id);
            }
            Event::ConversationUntagged { conversation_id, tag_id } => {
                tags::detach(self, *conversation_id, *tag_id);
            }
            Event::MessageDeleted { conversation_id, removed, .. } => {
                messages::delete(self, *conversation_id, removed);
            }
            // A used ticket went before everything else; the others change nothing.
            _ => {}
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
