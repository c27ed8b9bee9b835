//! Reading what people prove who they are with beside a password, and what works once.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use domain::ports::StorageError;
use domain::{
    ExternalIdentity, Passkey, PasskeyId, PasskeyName, Ticket, TicketId, TicketKind, TokenHash, Totp, User,
    UserId, WorkspaceId,
};
use storage::{Word, text};

use super::rows::{UserRow, UserTypes, token_hash, user_columns};
use crate::Postgres;
use crate::columns::{Id, Moment};
use crate::errors::{Failure, Outcome, corrupt};
use crate::session::Scope;
use crate::statement::values;

macro_rules! passkey_columns {
    () => {
        "p.id, p.user_id, p.name, p.credential_id, p.credential, p.created_at, p.last_used_at"
    };
}

pub(crate) const TICKET: &str =
    "SELECT id, kind, workspace_id, user_id, token_hash, payload, created_at, expires_at
     FROM tickets WHERE token_hash = $1";
const TOTP: &str = "SELECT sealed_secret, last_step, enabled_at FROM totp_secrets WHERE user_id = $1";
const CODES: &str = "SELECT code FROM recovery_codes WHERE user_id = $1 ORDER BY code";
pub(crate) const PASSKEYS: &str =
    concat!("SELECT ", passkey_columns!(), " FROM passkeys p WHERE p.user_id = $1 ORDER BY p.id DESC");
const PASSKEY: &str =
    concat!("SELECT ", passkey_columns!(), " FROM passkeys p WHERE p.id = $1 AND p.user_id = $2");
pub(crate) const PASSKEY_BY_CREDENTIAL: &str = concat!(
    "SELECT ",
    passkey_columns!(),
    ", ",
    user_columns!(),
    " FROM passkeys p JOIN users u ON u.id = p.user_id JOIN memberships m ON m.user_id = u.id
     WHERE p.credential_id = $1
     ORDER BY (m.workspace_id = u.home_workspace_id) DESC, m.created_at, m.workspace_id LIMIT 1"
);
pub(crate) const EXTERNAL: &str =
    "SELECT issuer, subject, created_at FROM external_identities WHERE user_id = $1
     ORDER BY created_at, issuer, subject";

impl Postgres {
    pub(super) async fn ticket_by_hash(&self, hash: TokenHash) -> Result<Option<Ticket>, StorageError> {
        let session = self.read(Scope::System).await?;
        let row = session.optional::<TicketTypes, TicketRow>(TICKET, values![&hash]).await?;
        Ok(row.map(Ticket::try_from).transpose()?)
    }

    pub(super) async fn totp_of(&self, user_id: UserId) -> Result<Option<Totp>, StorageError> {
        let session = self.read(Scope::System).await?;
        let row = session
            .optional::<(Binary, BigInt, Timestamptz), (Vec<u8>, i64, Moment)>(TOTP, values![user_id])
            .await?;
        let Some((sealed_secret, last_step, enabled_at)) = row else { return Ok(None) };
        let last_step = u64::try_from(last_step).map_err(corrupt)?;
        Ok(Some(Totp { user_id, sealed_secret, last_step, enabled_at: enabled_at.into() }))
    }

    pub(super) async fn recovery_codes_of(&self, user_id: UserId) -> Result<Vec<TokenHash>, StorageError> {
        let session = self.read(Scope::System).await?;
        let codes = session.load::<Binary, Vec<u8>>(CODES, values![user_id]).await?;
        Ok(codes.iter().map(|code| token_hash(code)).collect::<Outcome<_>>()?)
    }

    pub(super) async fn passkeys_of(&self, user_id: UserId) -> Result<Vec<Passkey>, StorageError> {
        let session = self.read(Scope::System).await?;
        let rows = session.load::<PasskeyTypes, PasskeyRow>(PASSKEYS, values![user_id]).await?;
        Ok(rows.into_iter().map(Passkey::try_from).collect::<Outcome<_>>()?)
    }

    pub(super) async fn passkey_of(
        &self,
        user_id: UserId,
        id: PasskeyId,
    ) -> Result<Option<Passkey>, StorageError> {
        let session = self.read(Scope::System).await?;
        let row = session.optional::<PasskeyTypes, PasskeyRow>(PASSKEY, values![id, user_id]).await?;
        Ok(row.map(Passkey::try_from).transpose()?)
    }

    pub(super) async fn passkey_with_user(
        &self,
        credential_id: &[u8],
    ) -> Result<Option<(Passkey, User)>, StorageError> {
        let session = self.read(Scope::System).await?;
        let row = session
            .optional::<(PasskeyTypes, UserTypes), (PasskeyRow, UserRow)>(
                PASSKEY_BY_CREDENTIAL,
                values![credential_id],
            )
            .await?;
        let Some((passkey, user)) = row else { return Ok(None) };
        Ok(Some((passkey.try_into()?, user.try_into()?)))
    }

    pub(super) async fn external_identities_of(
        &self,
        user_id: UserId,
    ) -> Result<Vec<ExternalIdentity>, StorageError> {
        let session = self.read(Scope::System).await?;
        let rows = session
            .load::<(Text, Text, Timestamptz), (String, String, Moment)>(EXTERNAL, values![user_id])
            .await?;
        let identity = |(issuer, subject, created_at): (_, _, Moment)| ExternalIdentity {
            user_id,
            issuer,
            subject,
            created_at: created_at.into(),
        };
        Ok(rows.into_iter().map(identity).collect())
    }
}

type TicketTypes = (SqlUuid, Text, SqlUuid, Nullable<SqlUuid>, Binary, Text, Timestamptz, Timestamptz);

#[derive(Queryable)]
struct TicketRow {
    id: Id,
    kind: String,
    workspace_id: Id,
    user_id: Option<Id>,
    token_hash: Vec<u8>,
    payload: String,
    created_at: Moment,
    expires_at: Moment,
}

impl TryFrom<TicketRow> for Ticket {
    type Error = Failure;

    fn try_from(row: TicketRow) -> Outcome<Self> {
        Ok(Self {
            id: row.id.typed(TicketId::from_uuid),
            kind: TicketKind::from_word(&row.kind)?,
            workspace_id: row.workspace_id.typed(WorkspaceId::from_uuid),
            user_id: row.user_id.map(|id| id.typed(UserId::from_uuid)),
            token_hash: token_hash(&row.token_hash)?,
            payload: row.payload,
            created_at: row.created_at.into(),
            expires_at: row.expires_at.into(),
        })
    }
}

type PasskeyTypes = (SqlUuid, SqlUuid, Text, Binary, Text, Timestamptz, Nullable<Timestamptz>);

#[derive(Queryable)]
struct PasskeyRow {
    id: Id,
    user_id: Id,
    name: String,
    credential_id: Vec<u8>,
    credential: String,
    created_at: Moment,
    last_used_at: Option<Moment>,
}

impl TryFrom<PasskeyRow> for Passkey {
    type Error = Failure;

    fn try_from(row: PasskeyRow) -> Outcome<Self> {
        Ok(Self {
            id: row.id.typed(PasskeyId::from_uuid),
            user_id: row.user_id.typed(UserId::from_uuid),
            name: text(&row.name, PasskeyName::new)?,
            credential_id: row.credential_id,
            credential: row.credential,
            created_at: row.created_at.into(),
            last_used_at: row.last_used_at.map(Into::into),
        })
    }
}
