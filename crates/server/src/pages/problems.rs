//! What each kind of problem means, for whoever follows its address.

use super::{complete, escape};
use crate::problem::title;

/// Kinds of problems: the slug, and what to do.
const KINDS: &[(&str, &str)] = &[
    ("account_at_home", "The person belongs to no other workspace. Suspend or delete the account instead."),
    (
        "account_elsewhere",
        "The account is managed in another workspace: where it was made, or where its person went. Its role here can be changed.",
    ),
    (
        "account_exists",
        "An account has your address already. Sign in to it otherwise, and add the provider in your settings.",
    ),
    ("account_pending", "An administrator has to agree to your account first."),
    ("account_suspended", "The account is suspended. Let it in again first."),
    ("already_member", "Somebody with this address belongs to the workspace already."),
    ("already_set_up", "The first owner exists. Sign in instead, or ask the owner for an account."),
    (
        "answer_running",
        "A model is still writing on this branch. Wait, stop it, or continue on another branch.",
    ),
    ("answer_too_large", "The answer became larger than the server keeps. What had arrived is kept."),
    (
        "attempt_in_flight",
        "A request with the same idempotency key is still at work. Repeat yours in a moment.",
    ),
    ("bad_frame", "A frame on the socket is not JSON that the protocol knows."),
    ("bad_request", "The request does not follow the rules of HTTP."),
    ("binary_frame", "The socket takes text frames only."),
    ("body_timeout", "The body of the request came too slowly."),
    (
        "body_too_large",
        "The body of the request is larger than the server takes. The detail names the limit.",
    ),
    (
        "budget_exceeded",
        "The API key has spent its budget of this month. Its maker can make one with another budget.",
    ),
    ("concurrent_change", "Somebody changed the same thing at the same moment. Try again."),
    ("content_encoding", "Bodies of requests are sent as they are, without Content-Encoding."),
    ("content_length", "The Content-Length header is not a length."),
    (
        "conversation_too_large",
        "The conversation is larger than a link keeps a copy of. Make a live link instead.",
    ),
    (
        "csrf_token",
        "With a session's cookie, requests that change something repeat the csrf_token in X-CSRF-Token.",
    ),
    (
        "domain_not_allowed",
        "Only people with an address of certain domains can register. Ask for an invitation.",
    ),
    ("email_taken", "Another account has this e-mail address."),
    ("email_unverified", "The provider does not vouch for your e-mail address, so nobody is let in by it."),
    (
        "events_forgotten",
        "Some of the events after the position are no longer kept. Load everything again, then go on from there.",
    ),
    ("forbidden", "Your role, or your API key's scopes, do not allow this."),
    ("foreign_origin", "With a session's cookie, only pages of this server may change something."),
    (
        "frame_too_big",
        "A frame on the socket is larger than the server takes. welcome says how large it may be.",
    ),
    ("host", "The request names no host, or several."),
    ("idempotency_key", "An idempotency key is 1 to 255 visible ASCII characters."),
    ("identity_taken", "This account at the provider belongs to somebody else here."),
    ("if_match", "If-Match takes one entity tag as ETag gave it, or *."),
    ("incomplete_body", "The connection ended before the body was complete."),
    ("internal_error", "A defect of the server. Its log has more under the trace_id."),
    ("invalid_input", "Some fields break a rule. Each entry of errors points at one."),
    ("invalid_refresh_token", "The refresh token does not count, or no longer. Sign in again."),
    ("last_manager", "Nobody else manages the project. Let somebody else manage it first, or delete it."),
    ("last_owner", "A workspace would lose its last active owner. Make somebody else an owner first."),
    ("last_way_in", "It is the only way in which you can sign in. Add another one first."),
    (
        "link_invalid",
        "The link was used before, is too old, was taken back, or is not complete. Ask for a new one.",
    ),
    ("malformed_json", "The body is not JSON, or says one thing twice. The detail names the place."),
    ("media_type", "Bodies are application/json in UTF-8."),
    ("method_not_allowed", "The address exists, but not for this method. Allow lists those it has."),
    ("no_address", "The request does not say where it was sent."),
    ("no_hello", "The client did not say who it is in time."),
    ("no_mail", "The server sends no mail. Ask an administrator for a link."),
    ("no_pong", "The client did not answer a ping in time."),
    ("no_session", "Only a session can ask for that. API keys are revoked, and act in one workspace."),
    ("not_answerable", "A model answers questions, not answers."),
    ("not_found", "It does not exist, or it is somebody else's. Both look the same."),
    ("not_ready", "The server cannot serve at this moment."),
    ("not_set_up", "This server has no owner yet. Open the set-up link that it printed."),
    ("not_utf8", "A frame on the socket is not UTF-8."),
    ("only_workspace", "You belong to no other workspace. Close your account instead of leaving."),
    ("other_workspace", "You are in another workspace at present. Switch to this one first."),
    ("overloaded", "Too much is going on. Repeat the request after the time in Retry-After."),
    ("passkey_known", "This passkey was added before."),
    (
        "passkeys_impossible",
        "Browsers keep passkeys for servers that are called by a name, not by a number: on this machine, localhost.",
    ),
    (
        "password_by_key",
        "A key cannot choose somebody's password. Leave it out: the answer has a link for the person.",
    ),
    ("protocol_violation", "The client broke the rules of WebSocket framing."),
    ("provider_failed", "The provider of the model failed. Try again, or choose another model."),
    ("provider_garbled", "The provider of the model sent something that is not an answer."),
    ("provider_interrupted", "The provider of the model broke off. What had arrived is kept."),
    ("provider_name_taken", "Another provider has this name. Choose a name that none has."),
    ("provider_rate_limited", "The provider of the model asks for fewer requests. Try again later."),
    ("provider_refused", "The provider of the model refused the request. The detail says why."),
    ("provider_resting", "The provider of the model has failed repeatedly and is left alone for a while."),
    ("provider_silent", "The provider of the model sent nothing for too long."),
    (
        "provider_unauthorized",
        "The provider of the model does not accept its API key. An administrator has to correct the setting.",
    ),
    ("provider_unreachable", "The provider of the model cannot be reached."),
    ("query_string", "The query string is not percent-encoded UTF-8."),
    ("rate_limited", "More requests than the quota allows. Repeat after the time in Retry-After."),
    ("rated_already", "You have rated this message. Change that rating, or delete it first."),
    ("registration_closed", "Nobody can register here. Ask an administrator for an invitation."),
    ("rejected", "A rule of the database refuses the change."),
    ("restarting", "The server restarts. Connect again after a random pause of a few seconds, and resume."),
    ("role_by_key", "A key cannot make administrators or owners. Somebody who has signed in can."),
    (
        "role_elsewhere",
        "The person may do more in another workspace than you may there, so nobody but them manages the account from here.",
    ),
    ("second_factor_required", "A code of the person's device is needed beside the password."),
    ("sign_in_again", "You signed in too long ago for this. Sign in again, then repeat it."),
    ("sign_in_denied", "The provider did not let you in, or you did not want it to."),
    ("sign_in_expired", "This browser did not begin to sign in, or too long ago. Begin again."),
    (
        "sign_in_first",
        "There is an account with the address that is invited. Sign in with it, then follow the link again.",
    ),
    (
        "sign_in_mismatch",
        "What the provider sent back does not fit what this browser left with. Begin again.",
    ),
    (
        "sign_in_provider_away",
        "The provider through which people sign in does not answer. Sign in otherwise, or later.",
    ),
    ("sign_in_provider_refused", "What the provider through which people sign in says cannot be trusted."),
    (
        "stale_version",
        "It changed since you read it. Read it again, and repeat your change with the new ETag.",
    ),
    ("storage_unavailable", "The database does not answer. Nothing was changed; try again."),
    ("superseded", "A later frame of the same socket took the subscription's place before it had begun."),
    ("tag_taken", "You have a tag of this name, perhaps in other case. Use it, or choose another name."),
    ("timed_out", "The server did not finish in time. Repeat the request with the same idempotency key."),
    ("too_many_commands", "Too many commands of one socket are at work at one time. Wait for some results."),
    ("too_many_connections", "The server holds as many sockets as it can."),
    ("too_many_identities", "Nobody may have that many accounts at providers. Remove one first."),
    ("too_many_passkeys", "Nobody may have that many passkeys. Remove one first."),
    (
        "too_many_providers",
        "There are as many model providers as there may be. Delete one that is not needed.",
    ),
    ("too_many_runs", "As many answers are being written as the server allows. Try again in a moment."),
    ("too_many_shares", "The conversation has as many links as it may. Revoke others first."),
    ("too_many_subscriptions", "A socket has as many subscriptions as it may."),
    ("too_many_tags", "The conversation has as many tags as it may. Take another one from it first."),
    ("too_slow", "The client reads more slowly than the server writes. Connect again and resume."),
    ("totp_enabled", "Codes of a device are asked for already. Disable that device first."),
    ("totp_not_enabled", "No codes of a device are asked for."),
    (
        "unauthenticated",
        "Sign in, refresh the access token, or send a valid API key as a bearer token or in X-Api-Key.",
    ),
    (
        "unknown_host",
        "The server does not answer to this name. Its operator allows names in server.allowed_hosts.",
    ),
    ("upgrade_required", "This address speaks WebSocket, version 13."),
    ("websocket_key", "Sec-WebSocket-Key is missing or malformed."),
    ("wrong_account", "The invitation is for another address than that of your account."),
    (
        "wrong_credentials",
        "The address, the password or the code is wrong, or the account may not be used yet or any more.",
    ),
    ("wrong_passkey", "The passkey is not known here, or what it signed does not count."),
    ("yourself", "Nobody does this to their own account in this way. The detail says what to do instead."),
];

/// All kinds as rows of a table.
pub fn rows() -> String {
    let row = |(slug, meaning): &(&str, &str)| {
        format!("<tr><td><code>{}</code></td><td>{}</td></tr>", escape(slug), escape(meaning))
    };
    KINDS.iter().map(row).collect()
}

/// The page of a kind of problem; `None` for a kind that there is not.
pub fn explain(slug: &str) -> Option<String> {
    let (_, meaning) = KINDS.iter().find(|(kind, _)| *kind == slug)?;
    let source = include_str!("assets/problem.html")
        .replace("{{title}}", &escape(&title(slug)))
        .replace("{{slug}}", &escape(slug))
        .replace("{{meaning}}", &escape(meaning));
    Some(complete(&source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_problems_that_people_meet_most_have_a_page() {
        for slug in ["invalid_input", "not_found", "rate_limited", "stale_version", "unauthenticated"] {
            assert!(explain(slug).is_some(), "{slug}");
        }
    }

    #[test]
    fn every_kind_has_a_page_and_nothing_else_does() {
        for (slug, _) in KINDS {
            assert!(explain(slug).is_some_and(|page| page.contains(slug) && !page.contains("{{")), "{slug}");
        }
        assert_eq!(explain("<script>"), None);
    }
}
