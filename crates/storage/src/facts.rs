//! What the event log keeps of an event.

use domain::{
    Annotation, Conversation, ConversationId, Credential, Event, ExternalIdentity, Invitation, MessageId,
    RunId, RunStatus, Share, Tag, Totp, UserId, Version,
};
use uuid::Uuid;

/// What a fact says beyond its time and who caused it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// The name of the event.
    pub name: &'static str,
    /// Whose it is, where the event says so; otherwise whose [`Self::conversation_id`] is.
    pub owner_id: Option<UserId>,
    /// What else it is about: a workspace, session, key, project, link, ….
    pub subject_id: Option<Uuid>,
    /// The conversation.
    pub conversation_id: Option<ConversationId>,
    /// The message.
    pub message_id: Option<MessageId>,
    /// The run.
    pub run_id: Option<RunId>,
    /// The version of the entity after the event.
    pub version: Option<Version>,
    /// What the run was then.
    pub run_status: Option<RunStatus>,
    /// Everything that is gone.
    pub removed: Option<Vec<MessageId>>,
}

impl About {
    /// What the log keeps of an event; `None` for an event that it does not keep.
    pub fn of(event: &Event) -> Option<Self> {
        let about = Self::of_account(event)
            .or_else(|| Self::of_credential(event))
            .or_else(|| Self::of_shared(event))
            .or_else(|| Self::of_notes(event))
            .or_else(|| Self::of_conversation(event))?;
        Some(Self { name: event.name(), ..about })
    }

    /// Of workspaces, and who belongs to them.
    fn of_account(event: &Event) -> Option<Self> {
        Some(match event {
            Event::WorkspaceCreated(workspace) | Event::WorkspaceUpdated(workspace) => Self {
                subject_id: Some(workspace.id.uuid()),
                version: Some(workspace.version),
                ..Self::default()
            },
            Event::UserCreated(user) | Event::UserUpdated { user, .. } | Event::UserDeleted(user) => {
                Self { owner_id: Some(user.id), version: Some(user.version), ..Self::default() }
            }
            Event::MemberAdded(membership) | Event::MemberRemoved(membership) => {
                Self::of_person(membership.user_id, membership.workspace_id.uuid())
            }
            Event::InvitationCreated(Invitation { id, .. })
            | Event::InvitationRevoked { invitation_id: id, .. } => {
                Self { subject_id: Some(id.uuid()), ..Self::default() }
            }
            Event::InvitationAccepted { invitation_id, user_id } => {
                Self::of_person(*user_id, invitation_id.uuid())
            }
            Event::DataExported { user_id } | Event::AuditExported { user_id } => {
                Self { owner_id: Some(*user_id), ..Self::default() }
            }
            _ => return None,
        })
    }

    /// Of what proves who somebody is. Some of it tells nobody anything: a ticket is told of by what it was used for, a
    /// refusal by the audit log.
    fn of_credential(event: &Event) -> Option<Self> {
        Some(match event {
            Event::SessionOpened(session) | Event::SessionSwitched(session) => {
                Self::of_person(session.user_id, session.id.uuid())
            }
            Event::SessionClosed { session_id, user_id, .. } => Self::of_person(*user_id, session_id.uuid()),
            Event::SessionsClosed { user_id, .. }
            | Event::TotpEnabled { totp: Totp { user_id, .. }, .. }
            | Event::TotpDisabled { user_id }
            | Event::RecoveryCodeUsed { user_id, .. }
            | Event::RecoveryCodesReplaced { user_id, .. }
            | Event::ExternalIdentityLinked(ExternalIdentity { user_id, .. })
            | Event::ExternalIdentityUnlinked(ExternalIdentity { user_id, .. }) => {
                Self { owner_id: Some(*user_id), ..Self::default() }
            }
            Event::PasskeyAdded(passkey) | Event::PasskeyRenamed(passkey) => {
                Self::of_person(passkey.user_id, passkey.id.uuid())
            }
            Event::PasskeyRemoved { passkey_id, user_id } => Self::of_person(*user_id, passkey_id.uuid()),
            Event::ApiKeyCreated(api_key) => Self::of_person(api_key.user_id, api_key.id.uuid()),
            Event::ApiKeyRevoked { api_key_id, user_id } => Self::of_person(*user_id, api_key_id.uuid()),
            _ => return None,
        })
    }

    /// Of projects, links and providers.
    fn of_shared(event: &Event) -> Option<Self> {
        Some(match event {
            Event::ProjectCreated(project)
            | Event::ProjectUpdated(project)
            | Event::ProjectDeleted(project) => Self {
                owner_id: Some(project.created_by),
                subject_id: Some(project.id.uuid()),
                version: Some(project.version),
                ..Self::default()
            },
            Event::ProjectMemberSet(member) => Self::of_person(member.user_id, member.project_id.uuid()),
            Event::ProjectMemberRemoved { project_id, user_id } => {
                Self::of_person(*user_id, project_id.uuid())
            }
            Event::ShareCreated(Share { id, conversation_id, .. })
            | Event::ShareRevoked { share_id: id, conversation_id } => Self {
                subject_id: Some(id.uuid()),
                conversation_id: Some(*conversation_id),
                ..Self::default()
            },
            Event::ProviderCreated(provider)
            | Event::ProviderUpdated(provider)
            | Event::ProviderDeleted(provider) => Self {
                subject_id: Some(provider.id.uuid()),
                version: Some(provider.version),
                ..Self::default()
            },
            _ => return None,
        })
    }

    /// Of tags and annotations. Nobody but their person learns of one, so it names no conversation, whose readers would be
    /// told. That a conversation was given a tag, or lost one, its readers are told without the tag.
    fn of_notes(event: &Event) -> Option<Self> {
        let (owner_id, id, version) = match event {
            Event::TagCreated(tag) | Event::TagUpdated(tag) | Event::TagDeleted(tag) => {
                let Tag { id, owner_id, version, .. } = tag;
                (*owner_id, id.uuid(), *version)
            }
            Event::AnnotationCreated(annotation)
            | Event::AnnotationUpdated(annotation)
            | Event::AnnotationDeleted(annotation) => {
                let Annotation { id, author_id, version, .. } = annotation;
                (*author_id, id.uuid(), *version)
            }
            Event::ConversationTagged { conversation_id, tag_id }
            | Event::ConversationUntagged { conversation_id, tag_id } => {
                return Some(Self {
                    subject_id: Some(tag_id.uuid()),
                    conversation_id: Some(*conversation_id),
                    ..Self::default()
                });
            }
            _ => return None,
        };
        Some(Self { version: Some(version), ..Self::of_person(owner_id, id) })
    }

    /// Of conversations, messages and runs.
    fn of_conversation(event: &Event) -> Option<Self> {
        Some(match event {
            Event::ConversationCreated(conversation)
            | Event::ConversationUpdated(conversation)
            | Event::ConversationDeleted(conversation) => Self {
                owner_id: Some(conversation.owner_id),
                conversation_id: Some(conversation.id),
                version: Some(conversation.version),
                ..Self::default()
            },
            Event::MessagePosted(message) | Event::MessageEdited { message, .. } => Self {
                conversation_id: Some(message.conversation_id),
                message_id: Some(message.id),
                version: Some(message.version),
                ..Self::default()
            },
            Event::MessageDeleted { conversation_id, message_id, removed } => Self {
                conversation_id: Some(*conversation_id),
                message_id: Some(*message_id),
                removed: Some(removed.clone()),
                ..Self::default()
            },
            Event::RunStarted(run) | Event::RunStopRequested(run) => Self {
                conversation_id: Some(run.conversation_id),
                message_id: Some(run.message_id),
                run_id: Some(run.id),
                run_status: Some(run.status),
                ..Self::default()
            },
            Event::RunEnded { run, message } => Self {
                conversation_id: Some(run.conversation_id),
                message_id: Some(message.id),
                run_id: Some(run.id),
                version: Some(message.version),
                run_status: Some(run.status),
                ..Self::default()
            },
            _ => return None,
        })
    }

    fn of_person(user_id: UserId, id: Uuid) -> Self {
        Self { owner_id: Some(user_id), subject_id: Some(id), ..Self::default() }
    }
}

/// The word for a kind of credential, and which one it was.
pub const fn credential(credential: &Credential) -> (&'static str, Option<Uuid>) {
    match credential {
        Credential::Session(id) => ("session", Some(id.uuid())),
        Credential::ApiKey { id, .. } => ("api_key", Some(id.uuid())),
        Credential::System => ("system", None),
    }
}

/// The active leaves that a unit of work leaves behind, to be set once all its messages are there, whatever the order
/// of its events: the last word on each conversation that still exists after it.
pub fn leaf_changes(events: &[Event]) -> Vec<(ConversationId, Option<MessageId>)> {
    let mut leaves: Vec<(ConversationId, Option<MessageId>)> = Vec::new();
    for event in events {
        match event {
            Event::ConversationCreated(Conversation { id, active_leaf_id, .. })
            | Event::ConversationUpdated(Conversation { id, active_leaf_id, .. }) => {
                leaves.retain(|(known, _)| known != id);
                leaves.push((*id, *active_leaf_id));
            }
            Event::ConversationDeleted(conversation) => leaves.retain(|(id, _)| *id != conversation.id),
            _ => {}
        }
    }
    leaves
}
