//! Tickets, second factors, passkeys and identities elsewhere.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use diesel::sqlite::SqliteConnection;
use domain::{
    ExternalIdentity, Passkey, PasskeyId, PasskeyName, Ticket, TicketId, TicketKind, TokenHash, Totp, User,
    UserId, WorkspaceId,
};

use super::people;
use crate::columns::{Id, Word, moment, text, token_hash, unsigned};
use crate::errors::{Failure, Outcome};
use crate::statement::{all, one, query, values};

pub(crate) const TICKET: &str =
    "SELECT id, kind, workspace_id, user_id, token_hash, payload, created_at, expires_at
     FROM tickets WHERE token_hash = ?1";

const TOTP: &str =
    "SELECT user_id, sealed_secret, last_step, enabled_at FROM totp_secrets WHERE user_id = ?1";

pub(crate) const RECOVERY_CODES: &str = "SELECT code FROM recovery_codes WHERE user_id = ?1";

macro_rules! select_passkeys {
    ($rest:literal) => {
        concat!(
            "SELECT id, user_id, name, credential_id, credential, created_at, last_used_at FROM passkeys ",
            $rest
        )
    };
}

pub(crate) const PASSKEYS: &str = select_passkeys!("WHERE user_id = ?1 ORDER BY id DESC");
const PASSKEY: &str = select_passkeys!("WHERE id = ?1 AND user_id = ?2");
pub(crate) const PASSKEY_BY_CREDENTIAL: &str = select_passkeys!("WHERE credential_id = ?1");

macro_rules! select_external_identities {
    ($rest:literal) => {
        concat!("SELECT issuer, subject, user_id, created_at FROM external_identities ", $rest)
    };
}

pub(crate) const EXTERNAL_IDENTITIES: &str =
    select_external_identities!("WHERE user_id = ?1 ORDER BY created_at, issuer, subject");
const EXTERNAL_IDENTITY: &str = select_external_identities!("WHERE issuer = ?1 AND subject = ?2");

pub(super) fn ticket(connection: &mut SqliteConnection, hash: &TokenHash) -> Outcome<Option<Ticket>> {
    one::<TicketTypes, TicketRow, _>(connection, TICKET, values![hash])
}

pub(super) fn totp(connection: &mut SqliteConnection, user_id: UserId) -> Outcome<Option<Totp>> {
    one::<(Binary, Binary, BigInt, BigInt), TotpRow, _>(connection, TOTP, values![user_id])
}

pub(super) fn recovery_codes(connection: &mut SqliteConnection, user_id: UserId) -> Outcome<Vec<TokenHash>> {
    let codes = query::<Binary>(RECOVERY_CODES, values![user_id]).load::<Vec<u8>>(connection)?;
    codes.iter().map(|code| token_hash(code)).collect()
}

pub(super) fn passkeys(connection: &mut SqliteConnection, user_id: UserId) -> Outcome<Vec<Passkey>> {
    all::<PasskeyTypes, PasskeyRow, _>(connection, PASSKEYS, values![user_id])
}

pub(super) fn passkey(
    connection: &mut SqliteConnection,
    user_id: UserId,
    id: PasskeyId,
) -> Outcome<Option<Passkey>> {
    one::<PasskeyTypes, PasskeyRow, _>(connection, PASSKEY, values![id, user_id])
}

pub(super) fn passkey_by_credential(
    connection: &mut SqliteConnection,
    credential_id: &[u8],
) -> Outcome<Option<(Passkey, User)>> {
    let found =
        one::<PasskeyTypes, PasskeyRow, Passkey>(connection, PASSKEY_BY_CREDENTIAL, values![credential_id])?;
    let Some(passkey) = found else { return Ok(None) };
    let user = people::from_home(connection, passkey.user_id)?;
    Ok(user.map(|user| (passkey, user)))
}

pub(super) fn external_identities(
    connection: &mut SqliteConnection,
    user_id: UserId,
) -> Outcome<Vec<ExternalIdentity>> {
    all::<ExternalTypes, ExternalRow, _>(connection, EXTERNAL_IDENTITIES, values![user_id])
}

pub(super) fn user_by_external(
    connection: &mut SqliteConnection,
    issuer: &str,
    subject: &str,
) -> Outcome<Option<User>> {
    let identity: Option<ExternalIdentity> =
        one::<ExternalTypes, ExternalRow, _>(connection, EXTERNAL_IDENTITY, values![issuer, subject])?;
    match identity {
        Some(identity) => people::from_home(connection, identity.user_id),
        None => Ok(None),
    }
}

type TicketTypes = (Binary, Text, Binary, Nullable<Binary>, Binary, Text, BigInt, BigInt);

#[derive(Queryable)]
struct TicketRow {
    id: Id,
    kind: String,
    workspace_id: Id,
    user_id: Option<Id>,
    token_hash: Vec<u8>,
    payload: String,
    created_at: i64,
    expires_at: i64,
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
            created_at: moment(row.created_at),
            expires_at: moment(row.expires_at),
        })
    }
}

#[derive(Queryable)]
struct TotpRow {
    user_id: Id,
    sealed_secret: Vec<u8>,
    last_step: i64,
    enabled_at: i64,
}

impl TryFrom<TotpRow> for Totp {
    type Error = Failure;

    fn try_from(row: TotpRow) -> Outcome<Self> {
        Ok(Self {
            user_id: row.user_id.typed(UserId::from_uuid),
            sealed_secret: row.sealed_secret,
            last_step: unsigned(row.last_step)?,
            enabled_at: moment(row.enabled_at),
        })
    }
}

type PasskeyTypes = (Binary, Binary, Text, Binary, Text, BigInt, Nullable<BigInt>);

#[derive(Queryable)]
struct PasskeyRow {
    id: Id,
    user_id: Id,
    name: String,
    credential_id: Vec<u8>,
    credential: String,
    created_at: i64,
    last_used_at: Option<i64>,
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
            created_at: moment(row.created_at),
            last_used_at: row.last_used_at.map(moment),
        })
    }
}

type ExternalTypes = (Text, Text, Binary, BigInt);

#[derive(Queryable)]
struct ExternalRow {
    issuer: String,
    subject: String,
    user_id: Id,
    created_at: i64,
}

impl TryFrom<ExternalRow> for ExternalIdentity {
    type Error = Failure;

    fn try_from(row: ExternalRow) -> Outcome<Self> {
        Ok(Self {
            user_id: row.user_id.typed(UserId::from_uuid),
            issuer: row.issuer,
            subject: row.subject,
            created_at: moment(row.created_at),
        })
    }
}
