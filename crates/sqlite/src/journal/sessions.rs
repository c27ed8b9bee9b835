//! Sessions, and when credentials were used.

use std::net::IpAddr;

use diesel::sqlite::SqliteConnection;
use domain::{CredentialUse, DeviceName, Session, SessionId, UsedCredential, UserId};

use super::context::Context;
use crate::columns::Word;
use crate::errors::{Outcome, expect_one};
use crate::statement::{execute, values};

fn text(address: Option<IpAddr>) -> Option<String> {
    address.map(|address| address.to_string())
}

pub(super) fn open(
    connection: &mut SqliteConnection,
    context: &Context<'_>,
    session: &Session,
) -> Outcome<()> {
    context.check_workspace(session.workspace_id)?;
    execute(
        connection,
        "INSERT INTO sessions (
             id, workspace_id, user_id, kind, token_hash, generation, rotated_at, device, last_address, last_used_at,
             created_at, expires_at
         ) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        values![
            session.id,
            session.workspace_id,
            session.user_id,
            session.kind.word(),
            &session.token_hash,
            session.generation,
            session.rotated_at,
            session.device.as_ref().map(DeviceName::as_str),
            text(session.last_address).as_deref(),
            session.last_used_at,
            session.created_at,
            session.expires_at,
        ],
    )?;
    Ok(())
}

/// Replaces the generation before; a conflict when that one no longer counts.
pub(super) fn refresh(
    connection: &mut SqliteConnection,
    context: &Context<'_>,
    session: &Session,
) -> Outcome<()> {
    context.check_workspace(session.workspace_id)?;
    expect_one(execute(
        connection,
        "UPDATE sessions
         SET token_hash = ?5, generation = ?4, rotated_at = ?6, device = ?7, last_address = ?8, last_used_at = ?9,
             expires_at = ?10
         WHERE id = ?1 AND workspace_id = ?2 AND user_id = ?3 AND generation = ?4 - 1",
        values![
            session.id,
            session.workspace_id,
            session.user_id,
            session.generation,
            &session.token_hash,
            session.rotated_at,
            session.device.as_ref().map(DeviceName::as_str),
            text(session.last_address).as_deref(),
            session.last_used_at,
            session.expires_at,
        ],
    )?)
}

/// Has a session look at another workspace, of which its person must be a member.
pub(super) fn switch(connection: &mut SqliteConnection, session: &Session) -> Outcome<()> {
    expect_one(execute(
        connection,
        "UPDATE sessions SET workspace_id = ?3, token_hash = ?4 WHERE id = ?1 AND user_id = ?2",
        values![session.id, session.user_id, session.workspace_id, &session.token_hash],
    )?)
}

/// Ends a session, whichever workspace it looks at.
pub(super) fn close(connection: &mut SqliteConnection, id: SessionId, user_id: UserId) -> Outcome<()> {
    expect_one(execute(
        connection,
        "DELETE FROM sessions WHERE id = ?1 AND user_id = ?2",
        values![id, user_id],
    )?)
}

/// Ends all sessions of a person but, perhaps, one, in all workspaces.
pub(super) fn close_all(
    connection: &mut SqliteConnection,
    user_id: UserId,
    except: Option<SessionId>,
) -> Outcome<()> {
    execute(
        connection,
        "DELETE FROM sessions WHERE user_id = ?1 AND id IS NOT ?2",
        values![user_id, except],
    )?;
    Ok(())
}

/// Notes when and from where credentials were used last.
pub(super) fn note_uses(connection: &mut SqliteConnection, uses: &[CredentialUse]) -> Outcome<()> {
    for CredentialUse { credential, at, address } in uses {
        match credential {
            UsedCredential::Session(id) => execute(
                connection,
                "UPDATE sessions SET last_used_at = ?2, last_address = ?3 WHERE id = ?1 AND last_used_at < ?2",
                values![*id, *at, text(*address).as_deref()],
            )?,
            UsedCredential::ApiKey(id) => execute(
                connection,
                "UPDATE api_keys SET last_used_at = ?2
                 WHERE id = ?1 AND (last_used_at IS NULL OR last_used_at < ?2)",
                values![*id, *at],
            )?,
        };
    }
    Ok(())
}
