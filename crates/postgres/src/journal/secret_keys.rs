//! Replacing the keys of the server.

use domain::{SecretKey, Timestamp};
use storage::Word as _;

use super::batch::Expected;
use super::plan::Plan;
use crate::statement::values;

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
pub(super) fn rotate<'a>(
    plan: &mut Plan<'a>,
    at: Timestamp,
    rewrapped: &'a [SecretKey],
    replaced: &'a [SecretKey],
) {
    for key in rewrapped {
        plan.add(
            "UPDATE secret_keys SET wrapped = $2, wrapped_by = $3 WHERE id = $1",
            values![key.id, key.wrapped.as_slice(), &key.wrapped_by],
            Expected::Rows(1),
        );
    }
    for key in replaced {
        plan.add(
            "UPDATE secret_keys SET retired_at = $2 WHERE purpose = $1 AND retired_at IS NULL",
            values![key.purpose.word(), at],
            Expected::Rows(1),
        );
        add(plan, key);
    }
}

/// Begins anew with these keys.
pub(super) fn reset<'a>(plan: &mut Plan<'a>, keys: &'a [SecretKey]) {
    for sql in LOST {
        plan.add(sql, values![], Expected::Anything);
    }
    plan.add("DELETE FROM secret_keys", values![], Expected::Anything);
    for key in keys {
        add(plan, key);
    }
}

fn add<'a>(plan: &mut Plan<'a>, key: &'a SecretKey) {
    plan.add(
        "INSERT INTO secret_keys (id, purpose, wrapped, wrapped_by, created_at) VALUES ($1, $2, $3, $4, $5)",
        values![key.id, key.purpose.word(), key.wrapped.as_slice(), &key.wrapped_by, key.created_at],
        Expected::Rows(1),
    );
}
