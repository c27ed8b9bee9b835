//! Sessions: beginning them, and what their person does with them: `session.revoke`, `session.revoke_others`,
//! `session.switch`, and listing them.

use std::net::IpAddr;

use async_trait::async_trait;
use domain::ports::StorageError;
use domain::{
    Credential, DeviceName, Event, Expectation, Page, Permission, Role, Session, SessionEnd, SessionId,
    SessionKind, Timestamp, TokenHash, UnitOfWork, User, WorkspaceId,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::Visitor;
use crate::bus::{Command, Context, Decision, Handler, Query};
use crate::{Error, PageInput, Services};

/// Begins a session in the workspace from which the person is seen. `before` is committed in the same unit, before it.
///
/// # Errors
/// `Conflict` where the account has changed since it was read: what its person has shown may no longer count.
pub(super) async fn open(
    services: &Services,
    user: &User,
    visitor: &Visitor,
    kind: SessionKind,
    token_hash: TokenHash,
    before: Vec<Event>,
) -> Result<Session, StorageError> {
    let at = services.lease_clock.now();
    let session = Session {
        id: SessionId::from_uuid(services.ports.ids.uuid()),
        user_id: user.id,
        workspace_id: user.workspace_id,
        kind,
        token_hash,
        generation: 0,
        rotated_at: at,
        device: visitor.device.clone(),
        last_address: visitor.address,
        last_used_at: at,
        created_at: at,
        expires_at: at.plus(services.settings.session()),
    };
    let credential = Credential::Session(session.id);
    let expected = expectations(user, &before);
    let mut events = before;
    events.push(Event::SessionOpened(session.clone()));
    let unit = visitor.unit_of_work(services, user.workspace_id, Some(user.id), credential, events);
    let unit = UnitOfWork { expected, ..unit };
    services.ports.journal.commit(unit).await?;
    Ok(session)
}

/// What must hold when a session begins. A change of the account in the same unit implies its version already.
fn expectations(user: &User, before: &[Event]) -> Vec<Expectation> {
    let mut expected = Vec::new();
    let is_changed = before.iter().any(|event| match event {
        Event::UserCreated(changed) | Event::UserUpdated { user: changed, .. } => changed.id == user.id,
        _ => false,
    });
    if !is_changed {
        expected.push(Expectation::AccountUnchanged { user_id: user.id, version: user.version });
    }
    // Nobody joins a workspace whose last owner goes at this moment.
    if before.iter().any(|event| matches!(event, Event::InvitationAccepted { .. })) {
        expected.push(Expectation::AnOwnerRemains);
    }
    expected
}

/// A signed-in browser or program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(title = "Session")]
pub struct SessionView {
    /// Its identifier.
    pub id: SessionId,
    /// How it proves itself.
    pub kind: SessionKind,
    /// What it was opened with, such as "Firefox on Linux"; `null` where that is not known.
    pub device: Option<DeviceName>,
    /// Where it was used last, about a minute ago at most.
    pub address: Option<IpAddr>,
    /// The workspace that it looks at.
    pub workspace_id: WorkspaceId,
    /// Whether it is the one that asks.
    pub current: bool,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was used last, to about a minute.
    pub last_used_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl SessionView {
    fn of(session: Session, asking: &Credential) -> Self {
        Self {
            id: session.id,
            kind: session.kind,
            device: session.device,
            address: session.last_address,
            workspace_id: session.workspace_id,
            current: *asking == Credential::Session(session.id),
            created_at: session.created_at,
            last_used_at: session.last_used_at,
            expires_at: session.expires_at,
        }
    }
}

/// A page of sessions.
pub type SessionPage = Page<SessionView, SessionId>;

/// The sessions of the person who asks, in all workspaces, newest first.
#[derive(Debug, Clone, Validate)]
pub struct ListSessions {
    /// Which page.
    pub page: PageInput,
}

#[async_trait]
impl Query for ListSessions {
    const NAME: &'static str = "session.list";
    const PERMISSION: Permission = Permission::ManageOwnAccount;
    type Output = SessionPage;

    async fn answer(&self, services: &Services, context: &Context) -> Result<SessionPage, Error> {
        let (actor, now) = (&context.actor, services.lease_clock.now());
        let page = services.ports.identities.sessions(actor.user_id, now, self.page.request()?).await?;
        Ok(page.map(|session| SessionView::of(session, &actor.credential)))
    }
}

/// Ends a session of the person who asks, in whichever workspace.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeSession {
    /// Which session.
    pub session_id: SessionId,
}

impl Command for RevokeSession {
    const NAME: &'static str = "session.revoke";
    const PERMISSION: Permission = Permission::ManageOwnAccount;
    type Output = ();
}

#[async_trait]
impl Handler for RevokeSession {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<()>, Error> {
        let user_id = context.actor.user_id;
        let found = services.ports.identities.session(self.session_id).await?;
        let found = found.filter(|found| found.session.user_id == user_id).ok_or_else(Error::not_found)?;
        let events =
            vec![Event::SessionClosed { session_id: found.session.id, user_id, end: SessionEnd::Revoked }];
        Ok(Decision::commit(services, context, events, ()))
    }
}

/// Ends all sessions of the person who asks but the one that asks.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeOtherSessions {}

impl Command for RevokeOtherSessions {
    const NAME: &'static str = "session.revoke_others";
    const PERMISSION: Permission = Permission::ManageOwnAccount;
    type Output = ();
}

#[async_trait]
impl Handler for RevokeOtherSessions {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<()>, Error> {
        let except = Some(asking(context)?);
        let events = vec![Event::SessionsClosed { user_id: context.actor.user_id, except }];
        Ok(Decision::commit(services, context, events, ()))
    }
}

/// Has the session that asks look at another workspace of its person. What was open with it ends: its sockets, its
/// streams, and the access tokens of a program, which asks for one of the other workspace with its refresh token.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SwitchWorkspace {
    /// The workspace to look at from now on.
    pub workspace_id: WorkspaceId,
}

/// What a session looks at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Switched {
    /// The workspace.
    pub workspace_id: WorkspaceId,
    /// What the person may do there.
    pub role: Role,
    /// Whether the access token that asked no longer counts: a program gets one for the other workspace with its refresh
    /// token, from `POST /api/v1/auth/refresh`.
    pub refresh: bool,
}

impl Command for SwitchWorkspace {
    const NAME: &'static str = "session.switch";
    const PERMISSION: Permission = Permission::ManageOwnAccount;
    type Output = Switched;
}

#[async_trait]
impl Handler for SwitchWorkspace {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<Switched>, Error> {
        let session_id = asking(context)?;
        let memberships = services.ports.workspaces.workspaces_of(context.actor.user_id).await?;
        let wanted = memberships.into_iter().find(|(workspace, _)| workspace.id == self.workspace_id);
        let (_, role) = wanted.ok_or_else(Error::not_found)?;
        let found = services.ports.identities.session(session_id).await?;
        let session = found.ok_or_else(Error::unauthenticated)?.session;
        let moves = session.workspace_id != self.workspace_id;
        let refresh = moves && session.kind == SessionKind::Program;
        let switched = Switched { workspace_id: self.workspace_id, role, refresh };
        if !moves {
            return Ok(Decision::unchanged(switched));
        }
        let session = Session { workspace_id: self.workspace_id, ..session };
        Ok(Decision::commit(services, context, vec![Event::SessionSwitched(session)], switched))
    }
}

/// The session that asks.
fn asking(context: &Context) -> Result<SessionId, Error> {
    match context.actor.credential {
        Credential::Session(session_id) => Ok(session_id),
        Credential::ApiKey { .. } | Credential::System => {
            Err(Error::conflict("no_session", "Only a session can ask for that: sign in."))
        }
    }
}
