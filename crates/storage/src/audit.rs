//! What the audit log keeps of an event, and the chain of hashes that keeps it honest.

use domain::{
    AuditEntry, AuditRecord, Event, KeyPurpose, SignInFailure, Totp, UnitOfWork, UserChange, UserId,
};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::facts::credential;
use crate::words::Word as _;

/// What the audit log keeps of a unit of work, in order; none for one that nobody has to account for.
pub fn records(unit: &UnitOfWork) -> Vec<AuditRecord> {
    unit.events.iter().filter_map(|event| record(event, unit)).collect()
}

fn record(event: &Event, unit: &UnitOfWork) -> Option<AuditRecord> {
    let (user_id, subject_id, detail) = about(event)?;
    let (credential, credential_id) = credential(&unit.origin.credential);
    Some(AuditRecord {
        name: event.name().to_owned(),
        at: unit.at,
        actor_id: unit.origin.user_id,
        credential: credential.to_owned(),
        credential_id,
        address: unit.origin.address,
        request_id: unit.origin.request_id.clone(),
        user_id,
        subject_id,
        detail: Value::Object(detail).to_string(),
    })
}

/// The person and the thing that an event is about, and what else there is to tell.
type About = (Option<UserId>, Option<Uuid>, Map<String, Value>);

/// The person and the thing that an event is about, and what else there is to tell; `None` for one that is not audited.
#[expect(clippy::too_many_lines, reason = "one arm for each event")]
fn about(event: &Event) -> Option<About> {
    let person = |user_id: UserId| (Some(user_id), None, json!({}));
    let thing = |user_id: UserId, id: Uuid| (Some(user_id), Some(id), json!({}));
    let (user_id, subject_id, detail) = match event {
        Event::WorkspaceCreated(workspace) | Event::WorkspaceUpdated(workspace) => {
            (None, Some(workspace.id.uuid()), json!({ "name": workspace.name }))
        }
        Event::UserCreated(user) => (
            Some(user.id),
            None,
            json!({ "email": user.email, "role": user.role, "state": user.state.word() }),
        ),
        Event::UserUpdated { change: UserChange::Profile | UserChange::Rehashed, .. } => return None,
        Event::UserUpdated { user, change: UserChange::Role { previous } } => {
            (Some(user.id), None, json!({ "role": user.role, "previous_role": previous }))
        }
        Event::UserUpdated { user, change: UserChange::Email } => {
            (Some(user.id), None, json!({ "email": user.email }))
        }
        Event::UserUpdated { user, .. } => person(user.id),
        Event::UserDeleted(user) => (Some(user.id), None, json!({ "email": user.email })),
        Event::MemberAdded(membership) | Event::MemberRemoved(membership) => {
            (Some(membership.user_id), None, json!({ "role": membership.role }))
        }
        Event::InvitationCreated(invitation) => {
            (None, Some(invitation.id.uuid()), json!({ "email": invitation.email, "role": invitation.role }))
        }
        Event::InvitationRevoked { invitation_id, email } => {
            (None, Some(invitation_id.uuid()), json!({ "email": email }))
        }
        Event::InvitationAccepted { invitation_id, user_id } => thing(*user_id, invitation_id.uuid()),
        Event::TicketIssued(ticket) => {
            let user_id = ticket.user_id?;
            (Some(user_id), Some(ticket.id.uuid()), json!({ "kind": ticket.kind.word() }))
        }
        Event::SessionOpened(session) => (
            Some(session.user_id),
            Some(session.id.uuid()),
            json!({ "kind": session.kind.word(), "device": session.device }),
        ),
        Event::SessionSwitched(session) => thing(session.user_id, session.id.uuid()),
        Event::SignInFailed { user_id, reason } => {
            (*user_id, None, json!({ "reason": reason_word(*reason) }))
        }
        Event::SessionClosed { session_id, user_id, .. } => thing(*user_id, session_id.uuid()),
        Event::SessionsClosed { user_id, .. }
        | Event::TotpEnabled { totp: Totp { user_id, .. }, .. }
        | Event::TotpDisabled { user_id }
        | Event::RecoveryCodeUsed { user_id, .. }
        | Event::RecoveryCodesReplaced { user_id, .. }
        | Event::DataExported { user_id }
        | Event::AuditExported { user_id } => person(*user_id),
        Event::PasskeyAdded(passkey) | Event::PasskeyRenamed(passkey) => {
            (Some(passkey.user_id), Some(passkey.id.uuid()), json!({ "name": passkey.name }))
        }
        Event::PasskeyRemoved { passkey_id, user_id } => thing(*user_id, passkey_id.uuid()),
        Event::ExternalIdentityLinked(identity) | Event::ExternalIdentityUnlinked(identity) => {
            (Some(identity.user_id), None, json!({ "issuer": identity.issuer }))
        }
        Event::ApiKeyCreated(key) => (
            Some(key.user_id),
            Some(key.id.uuid()),
            json!({
                "name": key.name, "prefix": key.prefix, "scopes": key.scopes, "expires_at": key.expires_at,
                "requests_per_minute": key.limits.requests_per_minute,
                "monthly_budget_microusd": key.limits.monthly_budget,
            }),
        ),
        Event::ApiKeyRevoked { api_key_id, user_id } => thing(*user_id, api_key_id.uuid()),
        Event::ProjectCreated(project) | Event::ProjectUpdated(project) | Event::ProjectDeleted(project) => {
            (None, Some(project.id.uuid()), json!({ "name": project.name }))
        }
        Event::ProjectMemberSet(member) => {
            (Some(member.user_id), Some(member.project_id.uuid()), json!({ "access": member.access }))
        }
        Event::ProjectMemberRemoved { project_id, user_id } => thing(*user_id, project_id.uuid()),
        Event::ShareCreated(share) => (
            Some(share.owner_id),
            Some(share.id.uuid()),
            json!({ "conversation_id": share.conversation_id, "kind": share.kind }),
        ),
        Event::ShareRevoked { share_id, conversation_id } => {
            (None, Some(share_id.uuid()), json!({ "conversation_id": conversation_id }))
        }
        Event::ProviderCreated(provider)
        | Event::ProviderUpdated(provider)
        | Event::ProviderDeleted(provider) => (
            None,
            Some(provider.id.uuid()),
            json!({ "name": provider.name, "kind": provider.kind, "base_url": provider.base_url }),
        ),
        Event::SecretKeysRotated { rewrapped, replaced } => {
            let has = |purpose| replaced.iter().any(|key| key.purpose == purpose);
            let detail = json!({
                "secret_key": !rewrapped.is_empty(),
                "signing": has(KeyPurpose::Signing),
                "sealing": has(KeyPurpose::Sealing),
            });
            (None, None, detail)
        }
        Event::SecretKeysReset(_) => (None, None, json!({})),
        Event::ConversationMoved { conversation_id, owner_id, project_id, previous } => (
            Some(*owner_id),
            Some(conversation_id.uuid()),
            json!({ "project_id": project_id, "previous_project_id": previous }),
        ),
        Event::ConversationDeleted(conversation) => {
            (Some(conversation.owner_id), Some(conversation.id.uuid()), json!({}))
        }
        _ => return None,
    };
    let Value::Object(detail) = detail else { return None };
    Some((user_id, subject_id, detail))
}

const fn reason_word(reason: SignInFailure) -> &'static str {
    match reason {
        SignInFailure::UnknownAccount => "unknown_account",
        SignInFailure::WrongPassword => "wrong_password",
        SignInFailure::WrongCode => "wrong_code",
        SignInFailure::WrongPasskey => "wrong_passkey",
        SignInFailure::NotActive => "not_active",
        SignInFailure::Throttled => "too_many_attempts",
        SignInFailure::Mismatch => "mismatch",
        SignInFailure::RefusedByProvider => "refused_by_provider",
        SignInFailure::EmailUnverified => "email_unverified",
        SignInFailure::AccountExists => "account_exists",
        SignInFailure::RegistrationClosed => "registration_closed",
    }
}

/// SHA-256 of everything that a record says: each field as its length in eight bytes, the most significant first, and its
/// text; a field that is not there as eight bytes of ones.
pub fn digest(record: &AuditRecord) -> [u8; 32] {
    let mut hash = Sha256::new();
    let fields = [
        Some(record.name.clone()),
        Some(record.at.micros().to_string()),
        record.actor_id.map(|id| id.to_string()),
        Some(record.credential.clone()),
        record.credential_id.map(|id| id.to_string()),
        record.address.map(|address| address.to_string()),
        record.request_id.clone(),
        record.user_id.map(|id| id.to_string()),
        record.subject_id.map(|id| id.to_string()),
        Some(record.detail.clone()),
    ];
    for field in fields {
        match field {
            Some(text) => {
                hash.update(u64::try_from(text.len()).unwrap_or(u64::MAX - 1).to_be_bytes());
                hash.update(text);
            }
            None => hash.update(u64::MAX.to_be_bytes()),
        }
    }
    hash.finalize().into()
}

/// The hash of an entry, from the hash of the one before it (zeros for the first), its place and the digest of its record.
pub fn link(previous: &[u8; 32], sequence: u64, digest: &[u8; 32]) -> [u8; 32] {
    let hash = Sha256::new().chain_update(previous).chain_update(sequence.to_be_bytes());
    hash.chain_update(digest).finalize().into()
}

/// Goes through the entries of a workspace, oldest first, and finds the first that was changed, left out or put in.
#[derive(Debug, Clone, Copy, Default)]
pub struct Check {
    place: u64,
    previous: [u8; 32],
    broken: Option<u64>,
}

impl Check {
    /// The place of the newest entry that was looked at; those after it come next.
    pub const fn place(&self) -> u64 {
        self.place
    }

    /// Looks at further entries, and gives whether it is worth while to go on.
    pub fn follow(&mut self, entries: &[AuditEntry]) -> bool {
        for entry in entries {
            let place = self.place + 1;
            let expected = link(&self.previous, place, &digest(&entry.record));
            if entry.sequence != place || entry.hash != expected {
                self.broken = Some(place);
                return false;
            }
            (self.place, self.previous) = (place, entry.hash);
        }
        !entries.is_empty()
    }

    /// The place of the first entry that is not what was written, where there is one: the log has to end where it is said
    /// to, apart from it, to end.
    pub fn end(self, sequence: u64, hash: &[u8; 32]) -> Option<u64> {
        let is_whole = self.place == sequence && self.previous == *hash;
        self.broken.or_else(|| (!is_whole).then_some(self.place + 1))
    }
}

#[cfg(test)]
mod tests {
    use domain::{Timestamp, WorkspaceId};

    use super::*;

    fn chain() -> Vec<AuditEntry> {
        let mut previous = [0; 32];
        let entry = |sequence: u64| {
            let record = AuditRecord {
                name: "session.opened".to_owned(),
                at: Timestamp::from_micros(1),
                actor_id: None,
                credential: "system".to_owned(),
                credential_id: None,
                address: None,
                request_id: Some(sequence.to_string()),
                user_id: None,
                subject_id: None,
                detail: "{}".to_owned(),
            };
            previous = link(&previous, sequence, &digest(&record));
            AuditEntry { workspace_id: WorkspaceId::from_uuid(Uuid::nil()), sequence, record, hash: previous }
        };
        (1..=4).map(entry).collect()
    }

    fn first_break(entries: &[AuditEntry]) -> Option<u64> {
        let mut check = Check::default();
        check.follow(entries);
        let end = chain();
        check.end(4, &end[3].hash)
    }

    #[test]
    fn a_change_a_gap_another_order_and_another_end_are_found() {
        let whole = chain();
        assert_eq!(first_break(&whole), None);
        let mut changed = chain();
        changed[2].record.name = "session.closed".to_owned();
        assert_eq!(first_break(&changed), Some(3));
        let mut shorter = chain();
        shorter.remove(1);
        assert_eq!(first_break(&shorter), Some(2));
        assert_eq!(first_break(&whole[..3]), Some(4));
        let mut swapped = chain();
        swapped.swap(0, 1);
        assert_eq!(first_break(&swapped), Some(1));
        let mut moved = chain();
        moved[0].record.request_id = None;
        moved[0].record.subject_id = Some(Uuid::nil());
        assert_eq!(first_break(&moved), Some(1));
    }
}
