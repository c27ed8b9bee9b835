//! Replacing the keys of the server.

use diesel::sqlite::SqliteConnection;
use domain::SecretKey;
use storage::Word as _;

use super::context::Context;
use crate::errors::{CONFLICT, Outcome, expect_one};
use crate::secret_keys::add;
use crate::statement::{execute, values};

/// Everything that is of no use without the keys that read or recognise it.
const LOST: [&str; 9] = [
    "DELETE FROM recovery_codes",
    "DELETE FROM totp_secrets",
    "DELETE FROM sessions",
    "DELETE FROM api_keys",
    "DELETE FROM tickets",
    "DELETE FROM invitations",
    "DELETE FROM shares",
    "DELETE FROM idempotency_records",
    "UPDATE providers SET sealed_api_key = NULL, version = version + 1 WHERE sealed_api_key IS NOT NULL",
];

/// Stores keys in another form, and puts others in the place of those of their purpose.
pub(super) fn rotate(
    connection: &mut SqliteConnection,
    context: &Context<'_>,
    rewrapped: &[SecretKey],
    replaced: &[SecretKey],
) -> Outcome<()> {
    for key in rewrapped {
        expect_one(execute(
            connection,
            "UPDATE secret_keys SET wrapped = ?2, wrapped_by = ?3 WHERE id = ?1",
            values![key.id, key.wrapped.as_slice(), &key.wrapped_by],
        )?)?;
    }
    for key in replaced {
        expect_one(execute(
            connection,
            "UPDATE secret_keys SET retired_at = ?2 WHERE purpose = ?1 AND retired_at IS NULL",
            values![key.purpose.word(), context.at],
        )?)?;
        if !add(connection, key)? {
            return Err(CONFLICT);
        }
    }
    Ok(())
}

/// Begins anew with these keys.
pub(super) fn reset(connection: &mut SqliteConnection, keys: &[SecretKey]) -> Outcome<()> {
    for sql in LOST {
        execute(connection, sql, values![])?;
    }
    execute(connection, "DELETE FROM secret_keys", values![])?;
    for key in keys {
        if !add(connection, key)? {
            return Err(CONFLICT);
        }
    }
    Ok(())
}
