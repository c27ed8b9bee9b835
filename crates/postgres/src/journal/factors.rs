//! What people prove who they are with, beside a password: codes, passkeys, other providers.

use domain::{ExternalIdentity, Passkey, PasskeyId, TokenHash, Totp, UserId};
use storage::rules;

use super::batch::Expected;
use super::plan::Plan;
use crate::errors::{Outcome, rejected};
use crate::statement::{Value, values};

pub(super) fn enable_totp<'a>(plan: &mut Plan<'a>, totp: &'a Totp, codes: &[TokenHash]) -> Outcome<()> {
    plan.add(
        "INSERT INTO totp_secrets (user_id, sealed_secret, last_step, enabled_at) VALUES ($1, $2, $3, $4)",
        values![totp.user_id, totp.sealed_secret.as_slice(), step(totp.last_step)?, totp.enabled_at],
        Expected::Anything,
    );
    replace_codes(plan, totp.user_id, codes);
    Ok(())
}

/// Of two who use a code of one time step at once, one is let in.
pub(super) fn use_totp(plan: &mut Plan<'_>, user_id: UserId, used: u64) -> Outcome<()> {
    plan.add(
        "UPDATE totp_secrets SET last_step = $2 WHERE user_id = $1 AND last_step < $2",
        values![user_id, step(used)?],
        Expected::Rows(1),
    );
    Ok(())
}

pub(super) fn disable_totp(plan: &mut Plan<'_>, user_id: UserId) {
    plan.add("DELETE FROM totp_secrets WHERE user_id = $1", values![user_id], Expected::Rows(1));
    plan.add("DELETE FROM recovery_codes WHERE user_id = $1", values![user_id], Expected::Anything);
}

pub(super) fn use_code(plan: &mut Plan<'_>, user_id: UserId, code: &TokenHash) {
    plan.add_values(
        "DELETE FROM recovery_codes WHERE user_id = $1 AND code = ANY ($2)",
        vec![user_id.into(), hashes(std::slice::from_ref(code))],
        Expected::Rows(1),
    );
}

pub(super) fn replace_codes(plan: &mut Plan<'_>, user_id: UserId, codes: &[TokenHash]) {
    plan.add("DELETE FROM recovery_codes WHERE user_id = $1", values![user_id], Expected::Anything);
    plan.add_values(
        "INSERT INTO recovery_codes (user_id, code) SELECT $1, code FROM unnest($2) AS c (code)",
        vec![user_id.into(), hashes(codes)],
        Expected::Anything,
    );
}

pub(super) fn add_passkey<'a>(plan: &mut Plan<'a>, passkey: &'a Passkey) {
    plan.add(
        "INSERT INTO passkeys (id, user_id, name, credential_id, credential, created_at, last_used_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        values![
            passkey.id,
            passkey.user_id,
            passkey.name.as_str(),
            passkey.credential_id.as_slice(),
            &passkey.credential,
            passkey.created_at,
            passkey.last_used_at,
        ],
        Expected::Anything,
    );
}

/// Leaves the name, which somebody may be changing.
pub(super) fn use_passkey<'a>(plan: &mut Plan<'a>, passkey: &'a Passkey) {
    plan.add(
        "UPDATE passkeys SET credential = $3, last_used_at = $4 WHERE id = $1 AND user_id = $2",
        values![passkey.id, passkey.user_id, &passkey.credential, passkey.last_used_at],
        Expected::Rows(1),
    );
}

/// Leaves what its uses count, of which there may have been another meanwhile.
pub(super) fn rename_passkey<'a>(plan: &mut Plan<'a>, passkey: &'a Passkey) {
    plan.add(
        "UPDATE passkeys SET name = $3 WHERE id = $1 AND user_id = $2",
        values![passkey.id, passkey.user_id, passkey.name.as_str()],
        Expected::Rows(1),
    );
}

pub(super) fn remove_passkey(plan: &mut Plan<'_>, id: PasskeyId, user_id: UserId) {
    plan.add("DELETE FROM passkeys WHERE id = $1 AND user_id = $2", values![id, user_id], Expected::Rows(1));
}

pub(super) fn link<'a>(plan: &mut Plan<'a>, identity: &'a ExternalIdentity) {
    plan.add(
        "INSERT INTO external_identities (issuer, subject, user_id, created_at) VALUES ($1, $2, $3, $4)",
        values![&identity.issuer, &identity.subject, identity.user_id, identity.created_at],
        Expected::Anything,
    );
}

pub(super) fn unlink<'a>(plan: &mut Plan<'a>, identity: &'a ExternalIdentity) {
    plan.add(
        "DELETE FROM external_identities WHERE issuer = $1 AND subject = $2 AND user_id = $3",
        values![&identity.issuer, &identity.subject, identity.user_id],
        Expected::Rows(1),
    );
}

fn hashes(hashes: &[TokenHash]) -> Value<'static> {
    Value::BytesList(hashes.iter().map(|hash| hash.as_bytes().to_vec()).collect())
}

fn step(step: u64) -> Outcome<i64> {
    i64::try_from(step).map_err(|_| rejected(rules::TOO_LARGE))
}
