//! Domain events: what happened, in the past tense.

use uuid::Uuid;

use crate::{
    Annotation, ApiKey, ApiKeyId, Conversation, ConversationId, ExternalIdentity, Invitation, InvitationId,
    Membership, Message, MessageEdit, MessageId, Passkey, PasskeyId, Project, ProjectId, ProjectMember,
    Provider, Run, SecretKey, Session, SessionEnd, SessionId, Share, ShareId, SignInFailure, Tag, TagId,
    Ticket, TicketId, TokenHash, Totp, UsageEntry, User, UserChange, UserId, Workspace,
};

/// Something that happened. An event carries the state *after* it, so that storage can write its tables from the
/// event alone. A versioned entity of version `v` may only replace the stored version `v - 1`; storage answers
/// anything else with a conflict.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A workspace was founded.
    WorkspaceCreated(Workspace),
    /// Something about a workspace changed.
    WorkspaceUpdated(Workspace),
    /// An account was made, and is a member of the workspace from which it is seen.
    UserCreated(User),
    /// Something about an account changed, or its role in the workspace from which it is seen.
    UserUpdated {
        /// The account as it is now.
        user: User,
        /// What changed.
        change: UserChange,
    },
    /// An account was deleted in all workspaces, with everything that belonged to it. Carries its last state with the
    /// version one on.
    UserDeleted(User),
    /// Somebody who has an account joined a workspace.
    MemberAdded(Membership),
    /// Somebody no longer belongs to a workspace. Their sessions and keys there end, and so does what projects showed
    /// them; their conversations stay theirs, for when they come back.
    MemberRemoved(Membership),
    /// Somebody was invited to a workspace.
    InvitationCreated(Invitation),
    /// An invitation was taken back.
    InvitationRevoked {
        /// The invitation.
        invitation_id: InvitationId,
        /// Who had been invited by it; part of what the audit log tells.
        email: crate::Email,
    },
    /// An invitation was followed, and is used up.
    InvitationAccepted {
        /// The invitation.
        invitation_id: InvitationId,
        /// Who joined.
        user_id: UserId,
    },
    /// Something was made that works once.
    TicketIssued(Ticket),
    /// It was used: there is no second time.
    TicketUsed {
        /// The ticket.
        ticket_id: TicketId,
    },
    /// Somebody signed in.
    SessionOpened(Session),
    /// Somebody was not let in.
    SignInFailed {
        /// The account, where there is one.
        user_id: Option<UserId>,
        /// Why not.
        reason: SignInFailure,
    },
    /// A program renewed its session: the refresh token of the generation before no longer counts.
    SessionRefreshed(Session),
    /// A session looks at another workspace of its person. Carries it as it is now.
    SessionSwitched(Session),
    /// A session ended.
    SessionClosed {
        /// The session that ended.
        session_id: SessionId,
        /// Whose it was.
        user_id: UserId,
        /// Why.
        end: SessionEnd,
    },
    /// All sessions of a person ended, in all workspaces.
    SessionsClosed {
        /// Whose they were.
        user_id: UserId,
        /// The one that goes on.
        except: Option<SessionId>,
    },
    /// Codes are asked for from now on, beside the password.
    TotpEnabled {
        /// The secret.
        totp: Totp,
        /// The hashes of the recovery codes, each of which takes the place of a code once.
        recovery_codes: Vec<TokenHash>,
    },
    /// A code was used; those of its time step, and earlier ones, no longer count.
    TotpUsed {
        /// Whose.
        user_id: UserId,
        /// Its time step: later than that of every code used before.
        step: u64,
    },
    /// Codes are no longer asked for.
    TotpDisabled {
        /// By whom.
        user_id: UserId,
    },
    /// A recovery code was used, and is gone.
    RecoveryCodeUsed {
        /// Whose.
        user_id: UserId,
        /// Its hash.
        code: TokenHash,
    },
    /// New recovery codes took the place of all earlier ones.
    RecoveryCodesReplaced {
        /// Whose.
        user_id: UserId,
        /// Their hashes.
        codes: Vec<TokenHash>,
    },
    /// A passkey was added.
    PasskeyAdded(Passkey),
    /// Somebody signed in with a passkey. Carries it as it is now.
    PasskeyUsed(Passkey),
    /// A passkey has another name. Carries it as it is now.
    PasskeyRenamed(Passkey),
    /// A passkey was removed.
    PasskeyRemoved {
        /// The passkey.
        passkey_id: PasskeyId,
        /// Whose it was.
        user_id: UserId,
    },
    /// An account can be reached through an `OpenID` provider.
    ExternalIdentityLinked(ExternalIdentity),
    /// An account can no longer be reached through an `OpenID` provider.
    ExternalIdentityUnlinked(ExternalIdentity),
    /// Somebody took their data along.
    DataExported {
        /// Who.
        user_id: UserId,
    },
    /// Somebody took the audit log of the workspace along.
    AuditExported {
        /// Who.
        user_id: UserId,
    },
    /// An API key was made.
    ApiKeyCreated(ApiKey),
    /// An API key was revoked.
    ApiKeyRevoked {
        /// The key.
        api_key_id: ApiKeyId,
        /// Whose it was.
        user_id: UserId,
    },
    /// A project was made; its maker manages it.
    ProjectCreated(Project),
    /// Something about a project changed.
    ProjectUpdated(Project),
    /// A project was deleted; its conversations are their owners' alone again. Carries its last state with the version
    /// one on.
    ProjectDeleted(Project),
    /// Somebody sees a project from now on, or may do more or less there than before.
    ProjectMemberSet(ProjectMember),
    /// Somebody no longer sees a project.
    ProjectMemberRemoved {
        /// The project.
        project_id: ProjectId,
        /// The person.
        user_id: UserId,
    },
    /// A link to a conversation was made.
    ShareCreated(Share),
    /// A link to a conversation no longer leads anywhere.
    ShareRevoked {
        /// The link.
        share_id: ShareId,
        /// The conversation.
        conversation_id: ConversationId,
    },
    /// A model provider was connected.
    ProviderCreated(Provider),
    /// Something about a model provider changed.
    ProviderUpdated(Provider),
    /// A model provider was disconnected. Carries its last state with the version one on.
    ProviderDeleted(Provider),
    /// Keys of the server were encrypted with another secret key, or replaced.
    SecretKeysRotated {
        /// Those that are encrypted anew, in their new form.
        rewrapped: Vec<SecretKey>,
        /// Those that are used from now on, in place of the ones of their purpose.
        replaced: Vec<SecretKey>,
    },
    /// The keys of the server could no longer be opened: these are used from now on, and everything is gone that only the
    /// earlier ones could read or recognise.
    SecretKeysReset(Vec<SecretKey>),
    /// A conversation was created, from nothing or as a fork.
    ConversationCreated(Conversation),
    /// A conversation was put into a project, or taken out of it, which shows it to others or hides it from them. Goes with
    /// the event that carries the conversation, and is for the audit log alone.
    ConversationMoved {
        /// The conversation.
        conversation_id: ConversationId,
        /// Whose it is.
        owner_id: UserId,
        /// Where it is now.
        project_id: Option<ProjectId>,
        /// Where it was before.
        previous: Option<ProjectId>,
    },
    /// Something about a conversation changed, its active leaf among other things.
    ConversationUpdated(Conversation),
    /// A conversation and everything in it was deleted. Carries its last state with the version one on.
    ConversationDeleted(Conversation),
    /// A conversation was given a tag. [`Event::ConversationUpdated`] comes with it, in the same unit and before it.
    ConversationTagged {
        /// The conversation.
        conversation_id: ConversationId,
        /// The tag, which belongs to the owner of the conversation.
        tag_id: TagId,
    },
    /// A tag was taken from a conversation. [`Event::ConversationUpdated`] comes with it, in the same unit and before it.
    ConversationUntagged {
        /// The conversation.
        conversation_id: ConversationId,
        /// The tag.
        tag_id: TagId,
    },
    /// A tag was made.
    TagCreated(Tag),
    /// A tag has another name or color.
    TagUpdated(Tag),
    /// A tag was deleted; conversations no longer have it, which is no new version of them. Carries its last state with
    /// the version one on.
    TagDeleted(Tag),
    /// Somebody annotated a message.
    AnnotationCreated(Annotation),
    /// An annotation says something else.
    AnnotationUpdated(Annotation),
    /// An annotation was deleted. Carries its last state with the version one on.
    AnnotationDeleted(Annotation),
    /// A message was added.
    MessagePosted(Message),
    /// A person changed what a message says.
    MessageEdited {
        /// The message as it is now.
        message: Message,
        /// What it said before.
        edit: MessageEdit,
    },
    /// A message and everything below it was deleted.
    MessageDeleted {
        /// The conversation.
        conversation_id: ConversationId,
        /// The message that was named.
        message_id: MessageId,
        /// Everything that is gone, parents before children, `message_id` first.
        removed: Vec<MessageId>,
    },
    /// A model began to answer.
    RunStarted(Run),
    /// Somebody asked to stop a run that another process carries out.
    RunStopRequested(Run),
    /// A run ended in one way or another.
    RunEnded {
        /// The run as it ended.
        run: Run,
        /// The answer as the run left it.
        message: Message,
    },
    /// Models were used; adds to the usage ledger. Kept in the ledger only, not in the event log.
    UsageRecorded(Vec<UsageEntry>),
}

impl Event {
    /// The stable name of the event, `<noun>.<verb in the past tense>`.
    pub const fn name(&self) -> &'static str {
        use crate::RunStatus;
        match self {
            Self::WorkspaceCreated(_) => "workspace.created",
            Self::WorkspaceUpdated(_) => "workspace.updated",
            Self::UserCreated(_) => "user.created",
            Self::UserUpdated { change, .. } => match change {
                UserChange::Profile => "user.updated",
                UserChange::Email => "user.email_changed",
                UserChange::Password => "user.password_changed",
                UserChange::Rehashed => "user.password_rehashed",
                UserChange::Role { .. } => "user.role_changed",
                UserChange::Activated => "user.activated",
                UserChange::Suspended => "user.suspended",
            },
            Self::UserDeleted(_) => "user.deleted",
            Self::MemberAdded(_) => "member.added",
            Self::MemberRemoved(_) => "member.removed",
            Self::InvitationCreated(_) => "invitation.created",
            Self::InvitationRevoked { .. } => "invitation.revoked",
            Self::InvitationAccepted { .. } => "invitation.accepted",
            Self::TicketIssued(_) => "ticket.issued",
            Self::TicketUsed { .. } => "ticket.used",
            Self::SessionOpened(_) => "session.opened",
            Self::SignInFailed { .. } => "session.refused",
            Self::SessionRefreshed(_) => "session.refreshed",
            Self::SessionSwitched(_) => "session.switched",
            Self::SessionClosed { end: SessionEnd::SignedOut, .. } => "session.closed",
            Self::SessionClosed { end: SessionEnd::Revoked, .. } => "session.revoked",
            Self::SessionClosed { end: SessionEnd::Reused, .. } => "session.reused",
            Self::SessionsClosed { .. } => "session.all_closed",
            Self::TotpEnabled { .. } => "totp.enabled",
            Self::TotpUsed { .. } => "totp.used",
            Self::TotpDisabled { .. } => "totp.disabled",
            Self::RecoveryCodeUsed { .. } => "recovery_code.used",
            Self::RecoveryCodesReplaced { .. } => "recovery_code.replaced",
            Self::PasskeyAdded(_) => "passkey.added",
            Self::PasskeyUsed(_) => "passkey.used",
            Self::PasskeyRenamed(_) => "passkey.renamed",
            Self::PasskeyRemoved { .. } => "passkey.removed",
            Self::ExternalIdentityLinked(_) => "external_identity.linked",
            Self::ExternalIdentityUnlinked(_) => "external_identity.unlinked",
            Self::DataExported { .. } => "data.exported",
            Self::AuditExported { .. } => "audit.exported",
            Self::ConversationMoved { .. } => "conversation.moved",
            Self::ProjectCreated(_) => "project.created",
            Self::ProjectUpdated(_) => "project.updated",
            Self::ProjectDeleted(_) => "project.deleted",
            Self::ProjectMemberSet(_) => "project.member_set",
            Self::ProjectMemberRemoved { .. } => "project.member_removed",
            Self::ShareCreated(_) => "share.created",
            Self::ShareRevoked { .. } => "share.revoked",
            Self::ProviderCreated(_) => "provider.created",
            Self::ProviderUpdated(_) => "provider.updated",
            Self::ProviderDeleted(_) => "provider.deleted",
            Self::SecretKeysRotated { .. } => "secret_key.rotated",
            Self::SecretKeysReset(_) => "secret_key.reset",
            Self::ApiKeyCreated(_) => "api_key.created",
            Self::ApiKeyRevoked { .. } => "api_key.revoked",
            Self::ConversationCreated(_) => "conversation.created",
            Self::ConversationUpdated(_) => "conversation.updated",
            Self::ConversationDeleted(_) => "conversation.deleted",
            Self::ConversationTagged { .. } => "conversation.tagged",
            Self::ConversationUntagged { .. } => "conversation.untagged",
            Self::TagCreated(_) => "tag.created",
            Self::TagUpdated(_) => "tag.updated",
            Self::TagDeleted(_) => "tag.deleted",
            Self::AnnotationCreated(_) => "annotation.created",
            Self::AnnotationUpdated(_) => "annotation.updated",
            Self::AnnotationDeleted(_) => "annotation.deleted",
            Self::MessagePosted(_) => "message.posted",
            Self::MessageEdited { .. } => "message.edited",
            Self::MessageDeleted { .. } => "message.deleted",
            Self::RunStarted(_) => "run.started",
            Self::RunStopRequested(_) => "run.stop_requested",
            Self::RunEnded { run, .. } => match run.status {
                RunStatus::Running | RunStatus::Completed => "run.completed",
                RunStatus::Failed => "run.failed",
                RunStatus::Cancelled => "run.cancelled",
                RunStatus::Interrupted => "run.interrupted",
            },
            Self::UsageRecorded(_) => "usage.recorded",
        }
    }

    /// What it is about beside people, conversations, messages and runs: the identifier of a workspace, project, link,
    /// session, key, ….
    pub const fn subject_id(&self) -> Option<Uuid> {
        Some(match self {
            Self::WorkspaceCreated(workspace) | Self::WorkspaceUpdated(workspace) => workspace.id.uuid(),
            Self::MemberAdded(membership) | Self::MemberRemoved(membership) => membership.workspace_id.uuid(),
            Self::InvitationCreated(invitation) => invitation.id.uuid(),
            Self::InvitationRevoked { invitation_id, .. }
            | Self::InvitationAccepted { invitation_id, .. } => invitation_id.uuid(),
            Self::SessionOpened(session)
            | Self::SessionRefreshed(session)
            | Self::SessionSwitched(session) => session.id.uuid(),
            Self::SessionClosed { session_id, .. } => session_id.uuid(),
            Self::PasskeyAdded(passkey) | Self::PasskeyRenamed(passkey) | Self::PasskeyUsed(passkey) => {
                passkey.id.uuid()
            }
            Self::PasskeyRemoved { passkey_id, .. } => passkey_id.uuid(),
            Self::ApiKeyCreated(api_key) => api_key.id.uuid(),
            Self::ApiKeyRevoked { api_key_id, .. } => api_key_id.uuid(),
            Self::ProjectCreated(project) | Self::ProjectUpdated(project) | Self::ProjectDeleted(project) => {
                project.id.uuid()
            }
            Self::ProjectMemberSet(member) => member.project_id.uuid(),
            Self::ProjectMemberRemoved { project_id, .. } => project_id.uuid(),
            Self::ShareCreated(share) => share.id.uuid(),
            Self::ShareRevoked { share_id, .. } => share_id.uuid(),
            Self::ProviderCreated(provider)
            | Self::ProviderUpdated(provider)
            | Self::ProviderDeleted(provider) => provider.id.uuid(),
            Self::ConversationTagged { tag_id, .. } | Self::ConversationUntagged { tag_id, .. } => {
                tag_id.uuid()
            }
            Self::TagCreated(tag) | Self::TagUpdated(tag) | Self::TagDeleted(tag) => tag.id.uuid(),
            Self::AnnotationCreated(annotation)
            | Self::AnnotationUpdated(annotation)
            | Self::AnnotationDeleted(annotation) => annotation.id.uuid(),
            _ => return None,
        })
    }

    /// Whether it changes rows of other workspaces than that of its unit of work too.
    pub const fn crosses_workspaces(&self) -> bool {
        matches!(
            self,
            Self::UserDeleted(_)
                | Self::MemberRemoved(_)
                | Self::SessionClosed { .. }
                | Self::SessionsClosed { .. }
                | Self::SessionSwitched(_)
                | Self::SecretKeysRotated { .. }
                | Self::SecretKeysReset(_)
        )
    }
}
