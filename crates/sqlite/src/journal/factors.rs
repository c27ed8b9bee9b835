//! Tickets, second factors, passkeys and identities elsewhere. They belong to a person and to no workspace.

use diesel::sqlite::SqliteConnection;
use domain::{ExternalIdentity, Passkey, PasskeyId, Ticket, TicketId, TokenHash, Totp, UserId};

use super::context::Context;
use crate::columns::{Word, large};
use crate::errors::{Outcome, expect_one};
use crate::statement::{execute, values};

pub(super) fn issue(
    connection: &mut SqliteConnection,
    context: &Context<'_>,
    ticket: &Ticket,
) -> Outcome<()> {
    context.check_workspace(ticket.workspace_id)?;
    execute(
        connection,
        "INSERT INTO tickets (id, kind, workspace_id, user_id, token_hash, payload, created_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        values![
            ticket.id,
            ticket.kind.word(),
            ticket.workspace_id,
            ticket.user_id,
            &ticket.token_hash,
            &ticket.payload,
            ticket.created_at,
            ticket.expires_at,
        ],
    )?;
    Ok(())
}

/// Takes a ticket away; a conflict when somebody has already used it.
pub(super) fn use_up(connection: &mut SqliteConnection, id: TicketId) -> Outcome<()> {
    expect_one(execute(connection, "DELETE FROM tickets WHERE id = ?1", values![id])?)
}

pub(super) fn enable_totp(
    connection: &mut SqliteConnection,
    totp: &Totp,
    recovery_codes: &[TokenHash],
) -> Outcome<()> {
    execute(
        connection,
        "INSERT INTO totp_secrets (user_id, sealed_secret, last_step, enabled_at) VALUES (?1, ?2, ?3, ?4)",
        values![totp.user_id, totp.sealed_secret.as_slice(), large(totp.last_step)?, totp.enabled_at],
    )?;
    replace_recovery_codes(connection, totp.user_id, recovery_codes)
}

/// Notes the step of a code; a conflict when it, or a later one, was used before.
pub(super) fn use_totp(connection: &mut SqliteConnection, user_id: UserId, step: u64) -> Outcome<()> {
    expect_one(execute(
        connection,
        "UPDATE totp_secrets SET last_step = ?2 WHERE user_id = ?1 AND last_step < ?2",
        values![user_id, large(step)?],
    )?)
}

pub(super) fn disable_totp(connection: &mut SqliteConnection, user_id: UserId) -> Outcome<()> {
    execute(connection, "DELETE FROM recovery_codes WHERE user_id = ?1", values![user_id])?;
    expect_one(execute(connection, "DELETE FROM totp_secrets WHERE user_id = ?1", values![user_id])?)
}

pub(super) fn use_recovery_code(
    connection: &mut SqliteConnection,
    user_id: UserId,
    code: &TokenHash,
) -> Outcome<()> {
    expect_one(execute(
        connection,
        "DELETE FROM recovery_codes WHERE user_id = ?1 AND code = ?2",
        values![user_id, code],
    )?)
}

pub(super) fn replace_recovery_codes(
    connection: &mut SqliteConnection,
    user_id: UserId,
    codes: &[TokenHash],
) -> Outcome<()> {
    execute(connection, "DELETE FROM recovery_codes WHERE user_id = ?1", values![user_id])?;
    for code in codes {
        execute(
            connection,
            "INSERT INTO recovery_codes (user_id, code) VALUES (?1, ?2)",
            values![user_id, code],
        )?;
    }
    Ok(())
}

pub(super) fn add_passkey(connection: &mut SqliteConnection, passkey: &Passkey) -> Outcome<()> {
    execute(
        connection,
        "INSERT INTO passkeys (id, user_id, name, credential_id, credential, created_at, last_used_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        values![
            passkey.id,
            passkey.user_id,
            passkey.name.as_str(),
            passkey.credential_id.as_slice(),
            &passkey.credential,
            passkey.created_at,
            passkey.last_used_at,
        ],
    )?;
    Ok(())
}

/// Stores a passkey as it is now that it was used, and leaves the name, which somebody may be changing.
pub(super) fn use_passkey(connection: &mut SqliteConnection, passkey: &Passkey) -> Outcome<()> {
    expect_one(execute(
        connection,
        "UPDATE passkeys SET credential = ?3, last_used_at = ?4 WHERE id = ?1 AND user_id = ?2",
        values![passkey.id, passkey.user_id, &passkey.credential, passkey.last_used_at],
    )?)
}

/// Leaves what the passkey's uses count, of which there may have been another meanwhile.
pub(super) fn rename_passkey(connection: &mut SqliteConnection, passkey: &Passkey) -> Outcome<()> {
    expect_one(execute(
        connection,
        "UPDATE passkeys SET name = ?3 WHERE id = ?1 AND user_id = ?2",
        values![passkey.id, passkey.user_id, passkey.name.as_str()],
    )?)
}

pub(super) fn remove_passkey(
    connection: &mut SqliteConnection,
    id: PasskeyId,
    user_id: UserId,
) -> Outcome<()> {
    expect_one(execute(
        connection,
        "DELETE FROM passkeys WHERE id = ?1 AND user_id = ?2",
        values![id, user_id],
    )?)
}

pub(super) fn link(connection: &mut SqliteConnection, identity: &ExternalIdentity) -> Outcome<()> {
    execute(
        connection,
        "INSERT INTO external_identities (issuer, subject, user_id, created_at) VALUES (?1, ?2, ?3, ?4)",
        values![&identity.issuer, &identity.subject, identity.user_id, identity.created_at],
    )?;
    Ok(())
}

pub(super) fn unlink(connection: &mut SqliteConnection, identity: &ExternalIdentity) -> Outcome<()> {
    expect_one(execute(
        connection,
        "DELETE FROM external_identities WHERE issuer = ?1 AND subject = ?2 AND user_id = ?3",
        values![&identity.issuer, &identity.subject, identity.user_id],
    )?)
}
