//! The words for rules that a change breaks, the same whatever the database.

/// Two accounts with one address.
pub const EMAIL_TAKEN: &str = "an account with this e-mail address exists";
/// Two running runs of one message.
pub const ALREADY_ANSWERED: &str = "the message is already being answered";
/// A unit of work with entities of several workspaces.
pub const ONE_WORKSPACE: &str = "a unit of work changes one workspace only";
/// A parent in another conversation.
pub const FOREIGN_PARENT: &str = "the parent message does not belong to this conversation";
/// An active leaf in another conversation, or none at all.
pub const FOREIGN_LEAF: &str = "the active leaf does not belong to the conversation";
/// A message of another conversation, or under another parent, than before.
pub const MESSAGE_MOVED: &str = "a message never moves to another place";
/// A workspace that nobody could manage any more.
pub const LAST_OWNER: &str = "a workspace needs an active owner";
/// A project of another workspace, or none at all.
pub const FOREIGN_PROJECT: &str = "the project does not belong to this workspace";
/// An entry of the audit log that would change or go.
pub const AUDIT_KEPT: &str = "the audit log is only ever added to";
/// A reference to nothing.
pub const MISSING_REFERENCE: &str = "something that it refers to does not exist";
/// Usage beyond what can be stored.
pub const USAGE_BOUNDS: &str = "an amount of usage is outside its bounds";
/// A number beyond what a column holds.
pub const TOO_LARGE: &str = "a number is too large";
/// A value that a column cannot hold.
pub const UNSTORABLE: &str = "a value cannot be stored";

/// The rule behind a unique constraint of a table that the more telling ones above do not cover.
pub fn taken(table: &str) -> &'static str {
    match table {
        "workspaces" => "a workspace with this id exists",
        "users" => "an account with this id exists",
        "memberships" => "the person belongs to the workspace already",
        "sessions" => "a session with this id or token exists",
        "api_keys" => "an API key with this id or secret exists",
        "invitations" => "an invitation with this id or token exists",
        "tickets" => "a ticket with this id or token exists",
        "totp_secrets" => "codes are asked for already",
        "recovery_codes" => "a recovery code is there twice",
        "passkeys" => "this passkey is known already",
        "external_identities" => "an account is linked to this identity already",
        "projects" => "a project with this id exists",
        "tags" => "a tag with this id exists",
        "conversation_tags" => "the conversation has this tag already",
        "annotations" => "an annotation with this id exists",
        "shares" => "a link with this id exists",
        "providers" => "a provider with this id or name exists",
        "secret_keys" => "a key with this id or of this purpose exists",
        "conversations" => "a conversation with this id exists",
        "messages" => "a message with this id exists",
        "message_edits" => "an edit with this id exists",
        "runs" => "a run with this id exists",
        "jobs" => "a job with this id exists",
        _ => "it exists already",
    }
}

/// The rule behind a check by its name, which begins with what it is about; or behind a table that misses a value.
pub fn out_of_bounds(name: &str) -> &'static str {
    match name.split(['_', '.']).next() {
        Some("workspace" | "workspaces") => "a field of the workspace is outside its bounds",
        Some("user" | "users" | "membership" | "memberships") => {
            "a field of the account is outside its bounds"
        }
        Some("session" | "sessions") => "a field of the session is outside its bounds",
        Some("api") => "a field of the API key is outside its bounds",
        Some("invitation" | "invitations") => "a field of the invitation is outside its bounds",
        Some("ticket" | "tickets") => "a field of the ticket is outside its bounds",
        Some("totp" | "recovery") => "a field of the second factor is outside its bounds",
        Some("passkey" | "passkeys") => "a field of the passkey is outside its bounds",
        Some("external") => "a field of the identity is outside its bounds",
        Some("project" | "projects") => "a field of the project is outside its bounds",
        Some("tag" | "tags") => "a field of the tag is outside its bounds",
        Some("annotation" | "annotations") => "a field of the annotation is outside its bounds",
        Some("share" | "shares") => "a field of the link is outside its bounds",
        Some("provider" | "providers") => "a field of the provider is outside its bounds",
        Some("secret") => "a field of the key is outside its bounds",
        Some("audit") => "a field of the audit entry is outside its bounds",
        Some("conversation" | "conversations") => "a field of the conversation is outside its bounds",
        Some("message" | "messages" | "edit") => "a field of the message is outside its bounds",
        Some("run" | "runs") => "a field of the run is outside its bounds",
        Some("usage") => USAGE_BOUNDS,
        Some("idempotency") => "a field of the idempotency record is outside its bounds",
        Some("job" | "jobs") => "a field of the job is outside its bounds",
        _ => "a value is outside its bounds",
    }
}
