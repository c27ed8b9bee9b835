//! The tables, and what is in them.

use Kind::{Bytes, Flag, Id, Ids, Integer, Json, Text, Time};

/// A table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table {
    /// Its name, the same in every database.
    pub name: &'static str,
    /// The columns that, in this order, tell its rows apart and put them in order.
    pub key: &'static [&'static str],
    /// Its columns.
    pub columns: &'static [Column],
}

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name, the same in every database.
    pub name: &'static str,
    /// What is in it, where there is anything.
    pub kind: Kind,
}

/// What is in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An identifier.
    Id,
    /// A moment.
    Time,
    /// A number.
    Integer,
    /// Yes or no.
    Flag,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
    /// A structured value.
    Json,
    /// Identifiers.
    Ids,
}

impl Table {
    /// The place of a column.
    pub fn position(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|it| it.name == column)
    }
}

const fn of(name: &'static str, kind: Kind) -> Column {
    Column { name, kind }
}

/// Every table with something in it that cannot be made anew; what is referred to comes first.
pub const TABLES: [Table; 30] = [
    Table {
        name: "workspaces",
        key: &["id"],
        columns: &[of("id", Id), of("name", Text), of("version", Integer), of("created_at", Time)],
    },
    Table {
        name: "users",
        key: &["id"],
        columns: &[
            of("id", Id),
            of("home_workspace_id", Id),
            of("email", Text),
            of("display_name", Text),
            of("state", Text),
            of("password_hash", Text),
            of("version", Integer),
            of("created_at", Time),
        ],
    },
    Table {
        name: "memberships",
        key: &["workspace_id", "user_id"],
        columns: &[of("workspace_id", Id), of("user_id", Id), of("role", Text), of("created_at", Time)],
    },
    Table {
        name: "sessions",
        key: &["id"],
        columns: &[
            of("id", Id),
            of("workspace_id", Id),
            of("user_id", Id),
            of("kind", Text),
            of("token_hash", Bytes),
            of("generation", Integer),
            of("rotated_at", Time),
            of("device", Text),
            of("last_address", Text),
            of("last_used_at", Time),
            of("created_at", Time),
            of("expires_at", Time),
        ],
    },
    Table {
        name: "api_keys",
        key: &["id"],
        columns: &[
            of("id", Id),
            of("workspace_id", Id),
            of("user_id", Id),
            of("name", Text),
            of("prefix", Text),
            of("key_hash", Bytes),
            of("scopes", Json),
            of("created_at", Time),
            of("expires_at", Time),
            of("last_used_at", Time),
            of("requests_per_minute", Integer),
            of("monthly_budget", Integer),
        ],
    },
    Table {
        name: "api_key_spend",
        key: &["api_key_id", "month"],
        columns: &[of("api_key_id", Id), of("month", Integer), of("cost_microusd", Integer)],
    },
    Table {
        name: "invitations",
        key: &["id"],
        columns: &[
            of("id", Id),
            of("workspace_id", Id),
            of("email", Text),
            of("role", Text),
            of("token_hash", Bytes),
            of("invited_by", Id),
            of("created_at", Time),
            of("expires_at", Time),
        ],
    },
    Table {
        name: "tickets",
        key: &["id"],
        columns: &[
            of("id", Id),
            of("kind", Text),
            of("workspace_id", Id),
            of("user_id", Id),
            of("token_hash", Bytes),
            of("payload", Text),
            of("created_at", Time),
            of("expires_at", Time),
        ],
    },
    Table {
        name: "totp_secrets",
        key: &["user_id"],
        columns: &[
            of("user_id", Id),
            of("sealed_secret", Bytes),
            of("last_step", Integer),
            of("enabled_at", Time),
        ],
    },
    Table {
        name: "recovery_codes",
        key: &["user_id", "code"],
        columns: &[of("user_id", Id), of("code", Bytes)],
    },
    Table {
        name: "passkeys",
        key: &["id"],
        columns: &[
            of("id", Id),
            of("user_id", Id),
            of("name", Text),
            of("credential_id", Bytes),
            of("credential", Text),
            of("created_at", Time),
            of("last_used_at", Time),
        ],
    },
    Table {
        name: "external_identities",
        key: &["issuer", "subject"],
        columns: &[of("issuer", Text), of("subject", Text), of("user_id", Id), of("created_at", Time)],
    },
    Table {
        name: "projects",
        key: &["id"],
        columns: &[
            of("id", Id),
            of("workspace_id", Id),
            of("name", Text),
            of("description", Text),
            of("created_by", Id),
            of("version", Integer),
            of("created_at", Time),
            of("updated_at", Time),
        ],
    },
    Table {
        name: "project_members",
        key: &["project_id", "user_id"],
        columns: &[
            of("workspace_id", Id),
            of("project_id", Id),
            of("user_id", Id),
            of("access", Text),
            of("added_at", Time),
        ],
    },
    Table {
        name: "tags",
        key: &["id"],
        columns: &[
            of("id", Id),
            of("workspace_id", Id),
            of("owner_id", Id),
            of("name", Text),
            of("folded", Text),
            of("color", Text),
            of("version", Integer),
            of("created_at", Time),
            of("updated_at", Time),
        ],
    },
    Table {
        name: "conversations",
        key: &["id"],
        columns: &[
            of("id", Id),
            of("workspace_id", Id),
            of("owner_id", Id),
            of("project_id", Id),
            of("pinned", Flag),
            of("archived", Flag),
            of("version", Integer),
            of("message_count", Integer),
            of("active_leaf_id", Id),
            of("created_at", Time),
            of("updated_at", Time),
            of("title", Text),
            of("title_folded", Text),
            of("title_origin", Text),
            of("model", Text),
            of("parameters", Json),
            of("forked_from_conversation_id", Id),
            of("forked_from_message_id", Id),
            of("system_prompt", Text),
        ],
    },
    Table {
        name: "conversation_tags",
        key: &["conversation_id", "tag_id"],
        columns: &[of("conversation_id", Id), of("tag_id", Id)],
    },
    Table {
        name: "messages",
        key: &["id"],
        columns: &[
            of("id", Id),
            of("workspace_id", Id),
            of("conversation_id", Id),
            of("parent_id", Id),
            of("role", Text),
            of("status", Text),
            of("version", Integer),
            of("created_at", Time),
            of("edited_at", Time),
            of("model", Text),
            of("finish_reason", Text),
            of("usage", Json),
            of("failure", Json),
            of("parts", Json),
            of("effective_request", Json),
            of("flags", Json),
        ],
    },
    Table {
        name: "message_edits",
        key: &["id"],
        columns: &[
            of("id", Id),
            of("message_id", Id),
            of("edited_by", Id),
            of("edited_at", Time),
            of("replaced_version", Integer),
            of("replaced_parts", Json),
        ],
    },
    Table {
        name: "annotations",
        key: &["id"],
        columns: &[
            of("id", Id),
            of("workspace_id", Id),
            of("conversation_id", Id),
            of("message_id", Id),
            of("author_id", Id),
            of("kind", Text),
            of("rating", Text),
            of("note", Text),
            of("version", Integer),
            of("created_at", Time),
            of("updated_at", Time),
        ],
    },
    Table {
        name: "runs",
        key: &["id"],
        columns: &[
            of("id", Id),
            of("workspace_id", Id),
            of("conversation_id", Id),
            of("message_id", Id),
            of("user_id", Id),
            of("model", Text),
            of("status", Text),
            of("failure", Json),
            of("lease_owner", Id),
            of("lease_expires_at", Time),
            of("started_at", Time),
            of("ended_at", Time),
            of("stop_requested", Flag),
        ],
    },
    Table {
        name: "shares",
        key: &["id"],
        columns: &[
            of("id", Id),
            of("workspace_id", Id),
            of("conversation_id", Id),
            of("owner_id", Id),
            of("kind", Text),
            of("token_hash", Bytes),
            of("leaf_id", Id),
            of("created_at", Time),
            of("expires_at", Time),
            of("snapshot", Text),
        ],
    },
    Table {
        name: "events",
        key: &["position"],
        columns: &[
            of("position", Integer),
            of("workspace_id", Id),
            of("name", Text),
            of("at", Time),
            of("user_id", Id),
            of("credential", Text),
            of("credential_id", Id),
            of("request_id", Text),
            of("owner_id", Id),
            of("subject_id", Id),
            of("conversation_id", Id),
            of("message_id", Id),
            of("run_id", Id),
            of("version", Integer),
            of("run_status", Text),
            of("removed", Ids),
        ],
    },
    Table {
        name: "idempotency_records",
        key: &["user_id", "workspace_id", "operation", "key"],
        columns: &[
            of("workspace_id", Id),
            of("user_id", Id),
            of("operation", Text),
            of("key", Text),
            of("fingerprint", Bytes),
            of("result", Text),
            of("version", Integer),
            of("expires_at", Time),
        ],
    },
    Table {
        name: "jobs",
        key: &["id"],
        columns: &[
            of("id", Id),
            of("workspace_id", Id),
            of("kind", Text),
            of("conversation_id", Id),
            of("run_at", Time),
            of("attempts", Integer),
            of("lease_owner", Id),
            of("lease_expires_at", Time),
        ],
    },
    Table {
        name: "usage",
        key: &["workspace_id", "user_id", "day", "model"],
        columns: &[
            of("workspace_id", Id),
            of("user_id", Id),
            of("day", Integer),
            of("model", Text),
            of("requests", Integer),
            of("input_tokens", Integer),
            of("output_tokens", Integer),
            of("cost_microusd", Integer),
        ],
    },
    Table {
        name: "providers",
        key: &["id"],
        columns: &[
            of("id", Id),
            of("workspace_id", Id),
            of("name", Text),
            of("kind", Text),
            of("base_url", Text),
            of("sealed_api_key", Bytes),
            of("models", Json),
            of("enabled", Flag),
            of("version", Integer),
            of("created_at", Time),
            of("updated_at", Time),
        ],
    },
    Table {
        name: "secret_keys",
        key: &["id"],
        columns: &[
            of("id", Id),
            of("purpose", Text),
            of("wrapped", Bytes),
            of("wrapped_by", Text),
            of("created_at", Time),
            of("retired_at", Time),
        ],
    },
    // The detail is text and not a structured value: the hash is over each of its characters.
    Table {
        name: "audit_entries",
        key: &["workspace_id", "sequence"],
        columns: &[
            of("workspace_id", Id),
            of("sequence", Integer),
            of("name", Text),
            of("at", Time),
            of("actor_id", Id),
            of("credential", Text),
            of("credential_id", Id),
            of("address", Text),
            of("request_id", Text),
            of("user_id", Id),
            of("subject_id", Id),
            of("detail", Text),
            of("hash", Bytes),
        ],
    },
    Table {
        name: "audit_heads",
        key: &["workspace_id"],
        columns: &[of("workspace_id", Id), of("sequence", Integer), of("hash", Bytes)],
    },
];
