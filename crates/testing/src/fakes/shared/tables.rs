//! What is stored, and what events do to it.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::ports::{Committed, Fact, Place, Position, StorageError};
use domain::{
    Annotation, AnnotationId, ApiKey, ApiKeyId, AuditEntry, Conversation, ConversationId, Event, Expectation,
    ExternalIdentity, IdempotencyRecord, Invitation, InvitationId, Job, JobId, Membership, Message,
    MessageEdit, MessageId, MessageStatus, Money, NodeId, Passkey, PasskeyId, Project, ProjectId,
    ProjectMember, Provider, ProviderId, Role, Run, RunId, RunStatus, SecretKey, SecretKeyId, Session,
    SessionId, Share, ShareId, Tag, TagId, Ticket, TicketId, Timestamp, TokenHash, Totp, UnitOfWork, User,
    UserId, UserState, Workspace, WorkspaceId,
};
use storage::{About, audit, rules};

/// What is stored. A person's role and workspace are those of their memberships, whatever stands in `users`.
#[derive(Clone, Default)]
pub(super) struct Tables {
    pub workspaces: BTreeMap<WorkspaceId, Workspace>,
    pub users: BTreeMap<UserId, User>,
    pub memberships: BTreeMap<(WorkspaceId, UserId), Membership>,
    pub invitations: BTreeMap<InvitationId, Invitation>,
    pub tickets: HashMap<TicketId, Ticket>,
    pub sessions: BTreeMap<SessionId, Session>,
    pub totp: HashMap<UserId, Totp>,
    pub recovery_codes: HashSet<(UserId, TokenHash)>,
    pub passkeys: BTreeMap<PasskeyId, Passkey>,
    pub external: BTreeMap<(String, String), ExternalIdentity>,
    pub api_keys: BTreeMap<ApiKeyId, ApiKey>,
    pub spent: HashMap<(ApiKeyId, i64), Money>,
    pub projects: BTreeMap<ProjectId, Project>,
    pub project_members: BTreeMap<(ProjectId, UserId), ProjectMember>,
    pub tags: BTreeMap<TagId, Tag>,
    pub annotations: BTreeMap<AnnotationId, Annotation>,
    pub shares: BTreeMap<ShareId, Share>,
    pub providers: BTreeMap<ProviderId, Provider>,
    pub secret_keys: BTreeMap<SecretKeyId, SecretKey>,
    pub audit: Vec<AuditEntry>,
    pub conversations: BTreeMap<ConversationId, Conversation>,
    pub messages: BTreeMap<MessageId, Message>,
    pub edits: Vec<MessageEdit>,
    pub runs: BTreeMap<RunId, Run>,
    pub stops: HashSet<RunId>,
    pub records: Vec<(WorkspaceId, IdempotencyRecord)>,
    pub jobs: BTreeMap<JobId, (Job, Option<(NodeId, Timestamp)>)>,
    pub facts: Vec<(WorkspaceId, Fact)>,
}

pub(super) type Applied = Result<(), StorageError>;

impl Tables {
    /// Applies a unit to a copy that is thrown away where it is refused.
    pub fn commit(&mut self, unit: &UnitOfWork) -> Result<Committed, StorageError> {
        for expectation in &unit.expected {
            refuse_if(match expectation {
                Expectation::NoAccountExists => !self.users.is_empty(),
                Expectation::AccountUnchanged { user_id, version } => {
                    self.users.get(user_id).is_none_or(|user| user.version != *version)
                }
                Expectation::AnOwnerRemains | Expectation::OthersHaveAnOwner { .. } => false,
            })?;
        }
        let mut places = Vec::new();
        for event in &unit.events {
            let about = About::of(event);
            let owner_id = about.as_ref().and_then(|about| self.owner(about));
            self.apply(unit, event)?;
            places.push(about.map(|about| self.append(unit, about, owner_id)));
        }
        let lacks_owner = |expectation: &Expectation| match expectation {
            Expectation::AnOwnerRemains => !self.has_owner(unit.workspace_id),
            Expectation::OthersHaveAnOwner { workspace_id, besides } => {
                let others =
                    |(workspace, user): &(WorkspaceId, UserId)| workspace == workspace_id && user != besides;
                !self.has_owner(*workspace_id) && self.memberships.keys().any(others)
            }
            Expectation::NoAccountExists | Expectation::AccountUnchanged { .. } => false,
        };
        if unit.expected.iter().any(lacks_owner) {
            return Err(StorageError::Rejected(rules::LAST_OWNER));
        }
        self.account_for(unit);
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

    #[expect(clippy::too_many_lines, reason = "one arm for each event")]
    fn apply(&mut self, unit: &UnitOfWork, event: &Event) -> Applied {
        match event {
            Event::WorkspaceCreated(workspace) => {
                refuse_if(self.workspaces.insert(workspace.id, workspace.clone()).is_some())
            }
            Event::WorkspaceUpdated(workspace) => {
                check_workspace(unit, workspace.id)?;
                let stored = self.workspaces.get_mut(&workspace.id).ok_or(StorageError::Conflict)?;
                refuse_if(stored.version.next() != workspace.version)?;
                *stored = workspace.clone();
                Ok(())
            }
            Event::UserCreated(user) => self.create_user(user),
            Event::UserUpdated { user, change } => self.update_user(user, *change),
            Event::UserDeleted(user) => self.delete_user(user),
            Event::MemberAdded(membership) => self.add_member(membership),
            Event::MemberRemoved(membership) => self.remove_member(membership),
            Event::InvitationCreated(invitation) => {
                refuse_if(self.invitations.insert(invitation.id, invitation.clone()).is_some())
            }
            Event::InvitationRevoked { invitation_id, .. }
            | Event::InvitationAccepted { invitation_id, .. } => {
                let gone = self.invitations.remove(invitation_id);
                refuse_if(gone.is_none_or(|it| it.workspace_id != unit.workspace_id))
            }
            Event::TicketIssued(ticket) => self.issue(ticket),
            Event::TicketUsed { ticket_id } => refuse_if(self.tickets.remove(ticket_id).is_none()),
            Event::SessionOpened(session) => self.open_session(session),
            Event::SessionRefreshed(session) => self.refresh_session(session),
            Event::SessionSwitched(session) => self.switch_session(session),
            Event::SessionClosed { session_id, user_id, .. } => {
                let closed = self.sessions.remove(session_id);
                refuse_if(closed.is_none_or(|session| session.user_id != *user_id))
            }
            Event::SessionsClosed { user_id, except } => {
                self.sessions.retain(|id, session| session.user_id != *user_id || Some(*id) == *except);
                Ok(())
            }
            Event::TotpEnabled { totp, recovery_codes } => self.enable_totp(totp, recovery_codes),
            Event::TotpUsed { user_id, step } => {
                let totp = self.totp.get_mut(user_id).filter(|totp| totp.last_step < *step);
                totp.ok_or(StorageError::Conflict)?.last_step = *step;
                Ok(())
            }
            Event::TotpDisabled { user_id } => {
                self.recovery_codes.retain(|(owner, _)| owner != user_id);
                refuse_if(self.totp.remove(user_id).is_none())
            }
            Event::RecoveryCodeUsed { user_id, code } => {
                refuse_if(!self.recovery_codes.remove(&(*user_id, *code)))
            }
            Event::RecoveryCodesReplaced { user_id, codes } => {
                self.replace_recovery_codes(*user_id, codes);
                Ok(())
            }
            Event::PasskeyAdded(passkey) => self.add_passkey(passkey),
            Event::PasskeyUsed(used) => {
                let stored = self.passkeys.get_mut(&used.id).filter(|it| it.user_id == used.user_id);
                let stored = stored.ok_or(StorageError::Conflict)?;
                *stored = Passkey { name: stored.name.clone(), ..used.clone() };
                Ok(())
            }
            Event::PasskeyRenamed(renamed) => {
                let stored = self.passkeys.get_mut(&renamed.id).filter(|it| it.user_id == renamed.user_id);
                stored.ok_or(StorageError::Conflict)?.name = renamed.name.clone();
                Ok(())
            }
            Event::PasskeyRemoved { passkey_id, user_id } => {
                let removed = self.passkeys.remove(passkey_id);
                refuse_if(removed.is_none_or(|passkey| passkey.user_id != *user_id))
            }
            Event::ExternalIdentityLinked(identity) => self.link(identity),
            Event::ExternalIdentityUnlinked(identity) => {
                let removed = self.external.remove(&(identity.issuer.clone(), identity.subject.clone()));
                refuse_if(removed.is_none_or(|it| it.user_id != identity.user_id))
            }
            Event::SignInFailed { .. }
            | Event::DataExported { .. }
            | Event::AuditExported { .. }
            | Event::ConversationMoved { .. } => Ok(()),
            Event::SecretKeysRotated { rewrapped, replaced } => {
                self.rotate_secret_keys(unit.at, rewrapped, replaced)
            }
            Event::SecretKeysReset(keys) => self.reset_secret_keys(keys),
            Event::ApiKeyCreated(api_key) => {
                refuse_if(self.api_keys.insert(api_key.id, api_key.clone()).is_some())
            }
            Event::ApiKeyRevoked { api_key_id, user_id } => {
                let revoked = self.api_keys.remove(api_key_id);
                self.spent.retain(|(id, _), _| id != api_key_id);
                refuse_if(revoked.is_none_or(|key| key.user_id != *user_id))
            }
            Event::ProjectCreated(project) => self.create_project(project),
            Event::ProjectUpdated(project) => self.replace_project(project),
            Event::ProjectDeleted(project) => self.delete_project(project),
            Event::ProjectMemberSet(member) => self.set_project_member(unit.workspace_id, member),
            Event::ProjectMemberRemoved { project_id, user_id } => {
                let project = self.projects.get(project_id);
                refuse_if(project.is_none_or(|project| project.workspace_id != unit.workspace_id))?;
                refuse_if(self.project_members.remove(&(*project_id, *user_id)).is_none())
            }
            Event::ShareCreated(share) => {
                let conversation = self.conversations.get(&share.conversation_id);
                refuse_if(conversation.is_none_or(|it| it.workspace_id != share.workspace_id))?;
                refuse_if(self.shares.insert(share.id, share.clone()).is_some())
            }
            Event::ShareRevoked { share_id, .. } => refuse_if(self.shares.remove(share_id).is_none()),
            Event::ProviderCreated(provider) => self.create_provider(provider),
            Event::ProviderUpdated(provider) => self.replace_provider(provider),
            Event::ProviderDeleted(provider) => {
                self.replace_provider(provider)?;
                self.providers.remove(&provider.id);
                Ok(())
            }
            Event::ConversationCreated(conversation) => self.create_conversation(conversation),
            Event::ConversationUpdated(conversation) => self.replace_conversation(conversation),
            Event::ConversationDeleted(conversation) => {
                self.replace_conversation(conversation)?;
                self.delete_conversation(conversation.id);
                Ok(())
            }
            Event::ConversationTagged { conversation_id, tag_id } => {
                self.attach(unit.workspace_id, *conversation_id, *tag_id)
            }
            Event::ConversationUntagged { conversation_id, tag_id } => {
                self.detach(unit.workspace_id, *conversation_id, *tag_id)
            }
            Event::TagCreated(tag) => self.create_tag(tag),
            Event::TagUpdated(tag) => self.replace_tag(tag),
            Event::TagDeleted(tag) => self.delete_tag(tag),
            Event::AnnotationCreated(annotation) => self.create_annotation(annotation),
            Event::AnnotationUpdated(annotation) => self.replace_annotation(annotation),
            Event::AnnotationDeleted(annotation) => {
                self.replace_annotation(annotation)?;
                self.annotations.remove(&annotation.id);
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
                self.annotations.retain(|_, it| !removed.contains(&it.message_id));
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
            Event::UsageRecorded(entries) => self.spend(unit.at, entries),
        }
    }

    fn create_conversation(&mut self, conversation: &Conversation) -> Applied {
        if !is_place(&self.projects, conversation) {
            return Err(StorageError::Rejected(rules::FOREIGN_PROJECT));
        }
        let created = Conversation { message_count: 0, tag_ids: Vec::new(), ..conversation.clone() };
        match self.conversations.insert(conversation.id, created) {
            None => Ok(()),
            Some(_) => Err(StorageError::Rejected(rules::taken("conversations"))),
        }
    }

    fn replace_conversation(&mut self, conversation: &Conversation) -> Applied {
        let stored = self.conversations.get_mut(&conversation.id).ok_or(StorageError::Conflict)?;
        refuse_if(stored.version.next() != conversation.version)?;
        if !is_place(&self.projects, conversation) {
            return Err(StorageError::Rejected(rules::FOREIGN_PROJECT));
        }
        let Conversation { message_count, ref tag_ids, .. } = *stored;
        *stored = Conversation { message_count, tag_ids: tag_ids.clone(), ..conversation.clone() };
        Ok(())
    }

    pub fn delete_conversation(&mut self, id: ConversationId) {
        self.conversations.remove(&id);
        self.messages.retain(|_, message| message.conversation_id != id);
        self.runs.retain(|_, run| run.conversation_id != id);
        self.annotations.retain(|_, it| it.conversation_id != id);
        let is_about = |job: &Job| {
            let domain::JobKind::TitleConversation { conversation_id } = job.kind;
            conversation_id == id
        };
        self.jobs.retain(|_, (job, _)| !is_about(job));
        self.shares.retain(|_, share| share.conversation_id != id);
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

    fn has_owner(&self, workspace_id: WorkspaceId) -> bool {
        self.memberships.values().any(|membership| {
            membership.workspace_id == workspace_id
                && membership.role == Role::Owner
                && self.users.get(&membership.user_id).is_some_and(|user| user.state == UserState::Active)
        })
    }

    fn owner(&self, about: &About) -> Option<UserId> {
        let of = |id| self.conversations.get(&id).map(|conversation| conversation.owner_id);
        about.owner_id.or_else(|| about.conversation_id.and_then(of))
    }

    /// Adds a fact to the log.
    fn append(&mut self, unit: &UnitOfWork, about: About, owner_id: Option<UserId>) -> Place {
        let position = Position(i64::try_from(self.facts.len()).unwrap_or(i64::MAX) + 1);
        let mine = self.facts.iter().rev().find(|(_, fact)| fact.owner_id == owner_id);
        let previous = Some(mine.map_or(Position(0), |(_, fact)| fact.position));
        let fact = Fact {
            position,
            name: about.name.to_owned(),
            at: unit.at,
            user_id: unit.origin.user_id,
            owner_id,
            subject_id: about.subject_id,
            conversation_id: about.conversation_id,
            message_id: about.message_id,
            run_id: about.run_id,
            version: about.version,
            removed: about.removed.unwrap_or_default(),
            run_status: about.run_status,
        };
        self.facts.push((unit.workspace_id, fact));
        Place { position, owner_id, previous }
    }

    /// Adds to the audit log of the workspace.
    fn account_for(&mut self, unit: &UnitOfWork) {
        for record in audit::records(unit) {
            let mut newest = self.audit.iter().rev();
            let (sequence, previous) = newest
                .find(|entry| entry.workspace_id == unit.workspace_id)
                .map_or((1, [0; 32]), |entry| (entry.sequence + 1, entry.hash));
            let hash = audit::link(&previous, sequence, &audit::digest(&record));
            self.audit.push(AuditEntry { workspace_id: unit.workspace_id, sequence, record, hash });
        }
    }
}

/// Whether a conversation stands in no project, or in one of its workspace.
fn is_place(projects: &BTreeMap<ProjectId, Project>, conversation: &Conversation) -> bool {
    conversation.project_id.is_none_or(|id| {
        projects.get(&id).is_some_and(|project| project.workspace_id == conversation.workspace_id)
    })
}

fn check_workspace(unit: &UnitOfWork, id: WorkspaceId) -> Applied {
    if id == unit.workspace_id { Ok(()) } else { Err(StorageError::Rejected(rules::ONE_WORKSPACE)) }
}

pub(super) fn refuse_if(is_wrong: bool) -> Applied {
    if is_wrong { Err(StorageError::Conflict) } else { Ok(()) }
}
