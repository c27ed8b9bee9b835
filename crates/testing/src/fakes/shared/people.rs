//! What events do to accounts and to what proves who somebody is.

use domain::ports::StorageError;
use domain::{
    ExternalIdentity, Membership, Money, Passkey, ProjectId, Session, Ticket, TicketKind, Timestamp,
    TokenHash, Totp, UsageEntry, User, UserChange, UserId, WorkspaceId,
};
use storage::{month, rules};

use super::tables::{Applied, Tables, refuse_if};

const fn rejected(rule: &'static str) -> StorageError {
    StorageError::Rejected(rule)
}

impl Tables {
    /// A person as a workspace that they belong to sees them.
    pub fn seen(&self, workspace_id: WorkspaceId, id: UserId) -> Option<User> {
        let role = self.memberships.get(&(workspace_id, id))?.role;
        Some(User { workspace_id, role, ..self.users.get(&id)?.clone() })
    }

    /// A person as their home workspace sees them, or the one that they joined first.
    pub fn seen_from_home(&self, user: &User) -> Option<User> {
        let theirs = self.memberships.values().filter(|membership| membership.user_id == user.id);
        let first = theirs.min_by_key(|it| (it.workspace_id != user.home_workspace_id, it.created_at))?;
        self.seen(first.workspace_id, user.id)
    }

    pub fn create_user(&mut self, user: &User) -> Applied {
        self.check_address(user)?;
        if self.users.insert(user.id, user.clone()).is_some() {
            return Err(rejected(rules::taken("users")));
        }
        self.add_member(&Membership {
            workspace_id: user.workspace_id,
            user_id: user.id,
            role: user.role,
            created_at: user.created_at,
        })
    }

    fn check_address(&self, user: &User) -> Applied {
        let is_twin = |other: &User| other.id != user.id && other.email == user.email;
        if self.users.values().any(is_twin) { Err(rejected(rules::EMAIL_TAKEN)) } else { Ok(()) }
    }

    pub fn update_user(&mut self, user: &User, change: UserChange) -> Applied {
        self.check_address(user)?;
        let stored = self.users.get_mut(&user.id).ok_or(StorageError::Conflict)?;
        refuse_if(stored.version.next() != user.version)?;
        *stored = user.clone();
        let membership = self.memberships.get_mut(&(user.workspace_id, user.id));
        membership.ok_or(StorageError::Conflict)?.role = user.role;
        if change == UserChange::Password {
            let sets_password = |kind| matches!(kind, TicketKind::PasswordReset | TicketKind::Activation);
            self.tickets.retain(|_, it| it.user_id != Some(user.id) || !sets_password(it.kind));
        }
        Ok(())
    }

    pub fn delete_user(&mut self, user: &User) -> Applied {
        let stored = self.users.remove(&user.id).ok_or(StorageError::Conflict)?;
        refuse_if(stored.version.next() != user.version)?;
        let id = user.id;
        let theirs: Vec<_> =
            self.conversations.values().filter(|it| it.owner_id == id).map(|it| it.id).collect();
        for conversation_id in theirs {
            self.delete_conversation(conversation_id);
        }
        let memberships: Vec<_> = self.memberships.values().filter(|it| it.user_id == id).cloned().collect();
        for Membership { workspace_id, .. } in memberships {
            self.end_membership(workspace_id, id)?;
        }
        self.tags.retain(|_, it| it.owner_id != id);
        self.annotations.retain(|_, it| it.author_id != id);
        self.tickets.retain(|_, it| it.user_id != Some(id));
        self.totp.remove(&id);
        self.recovery_codes.retain(|(owner, _)| *owner != id);
        self.passkeys.retain(|_, it| it.user_id != id);
        self.external.retain(|_, it| it.user_id != id);
        for invitation in self.invitations.values_mut() {
            invitation.invited_by = invitation.invited_by.filter(|inviter| *inviter != id);
        }
        Ok(())
    }

    pub fn add_member(&mut self, membership: &Membership) -> Applied {
        let Membership { workspace_id, user_id, .. } = *membership;
        if !self.users.contains_key(&user_id) || !self.workspaces.contains_key(&workspace_id) {
            return Err(rejected(rules::MISSING_REFERENCE));
        }
        match self.memberships.insert((workspace_id, user_id), membership.clone()) {
            None => Ok(()),
            Some(_) => Err(rejected(rules::taken("memberships"))),
        }
    }

    pub fn remove_member(&mut self, membership: &Membership) -> Applied {
        let Membership { workspace_id, user_id, .. } = *membership;
        let others =
            self.memberships.values().filter(|it| it.user_id == user_id && it.workspace_id != workspace_id);
        let oldest = others.min_by_key(|it| (it.created_at, it.workspace_id)).map(|it| it.workspace_id);
        let next_home = oldest.ok_or(StorageError::Conflict)?;
        self.end_membership(workspace_id, user_id)?;
        if let Some(user) = self.users.get_mut(&user_id).filter(|it| it.home_workspace_id == workspace_id) {
            user.home_workspace_id = next_home;
            user.version = user.version.next();
        }
        Ok(())
    }

    fn end_membership(&mut self, workspace_id: WorkspaceId, user_id: UserId) -> Applied {
        refuse_if(self.memberships.remove(&(workspace_id, user_id)).is_none())?;
        self.sessions.retain(|_, it| (it.workspace_id, it.user_id) != (workspace_id, user_id));
        self.api_keys.retain(|_, it| (it.workspace_id, it.user_id) != (workspace_id, user_id));
        self.spent.retain(|(id, _), _| self.api_keys.contains_key(id));
        let projects = &self.projects;
        let is_here =
            |id: &ProjectId| projects.get(id).is_some_and(|project| project.workspace_id == workspace_id);
        self.project_members.retain(|(id, member), _| *member != user_id || !is_here(id));
        Ok(())
    }

    fn check_member(&self, workspace_id: WorkspaceId, user_id: UserId) -> Applied {
        let is_member = self.memberships.contains_key(&(workspace_id, user_id));
        if is_member { Ok(()) } else { Err(rejected(rules::MISSING_REFERENCE)) }
    }

    pub fn open_session(&mut self, session: &Session) -> Applied {
        self.check_member(session.workspace_id, session.user_id)?;
        match self.sessions.insert(session.id, session.clone()) {
            None => Ok(()),
            Some(_) => Err(rejected(rules::taken("sessions"))),
        }
    }

    pub fn refresh_session(&mut self, session: &Session) -> Applied {
        let stored = self.sessions.get_mut(&session.id).ok_or(StorageError::Conflict)?;
        refuse_if(stored.generation.checked_add(1) != Some(session.generation))?;
        *stored = session.clone();
        Ok(())
    }

    pub fn switch_session(&mut self, session: &Session) -> Applied {
        self.check_member(session.workspace_id, session.user_id)?;
        let stored = self.sessions.get_mut(&session.id).ok_or(StorageError::Conflict)?;
        refuse_if(stored.user_id != session.user_id)?;
        stored.workspace_id = session.workspace_id;
        stored.token_hash = session.token_hash;
        Ok(())
    }

    pub fn issue(&mut self, ticket: &Ticket) -> Applied {
        if ticket.payload.len() > 16_384 {
            return Err(rejected(rules::out_of_bounds("ticket_payload_size")));
        }
        if self.tickets.values().any(|other| other.token_hash == ticket.token_hash) {
            return Err(rejected(rules::taken("tickets")));
        }
        refuse_if(self.tickets.insert(ticket.id, ticket.clone()).is_some())
    }

    pub fn enable_totp(&mut self, totp: &Totp, codes: &[TokenHash]) -> Applied {
        if self.totp.insert(totp.user_id, totp.clone()).is_some() {
            return Err(rejected(rules::taken("totp_secrets")));
        }
        self.replace_recovery_codes(totp.user_id, codes);
        Ok(())
    }

    pub fn replace_recovery_codes(&mut self, user_id: UserId, codes: &[TokenHash]) {
        self.recovery_codes.retain(|(owner, _)| *owner != user_id);
        self.recovery_codes.extend(codes.iter().map(|code| (user_id, *code)));
    }

    pub fn add_passkey(&mut self, passkey: &Passkey) -> Applied {
        if self.passkeys.values().any(|other| other.credential_id == passkey.credential_id) {
            return Err(rejected(rules::taken("passkeys")));
        }
        self.passkeys.insert(passkey.id, passkey.clone());
        Ok(())
    }

    pub fn link(&mut self, identity: &ExternalIdentity) -> Applied {
        let key = (identity.issuer.clone(), identity.subject.clone());
        match self.external.insert(key, identity.clone()) {
            None => Ok(()),
            Some(_) => Err(rejected(rules::taken("external_identities"))),
        }
    }

    pub fn spend(&mut self, at: Timestamp, entries: &[UsageEntry]) -> Applied {
        for entry in entries {
            let Some(id) = entry.api_key_id.filter(|id| self.api_keys.contains_key(id)) else { continue };
            let spent = self.spent.entry((id, month(at))).or_insert(Money::ZERO);
            *spent = spent.checked_add(entry.cost).ok_or(rejected(rules::USAGE_BOUNDS))?;
        }
        Ok(())
    }
}
