//! Rows of people, of what lets them in, and of what they share, for the tests of copying.

use storage::transfer::Cell;

use super::tests::{BEGINNING, id, message_id, text};

/// A little of everything that can stand in a table of accounts.
pub fn rows(table: &str) -> Vec<Vec<(&'static str, Cell)>> {
    let (time, number) = (Cell::Time, Cell::Integer);
    let (workspace, ada) = (|| ("workspace_id", id(1, 0)), || ("user_id", id(2, 0)));
    let bytes = |byte: u8, length: usize| Cell::Bytes(vec![byte; length]);
    match table {
        "workspaces" => vec![vec![
            ("id", id(1, 0)),
            ("name", text("Haus")),
            ("version", number(2)),
            ("created_at", time(BEGINNING)),
        ]],
        "users" => (0..2)
            .map(|n| {
                let hash = if n == 0 { text("$argon2id$") } else { Cell::Null };
                vec![
                    ("id", id(2, n)),
                    ("home_workspace_id", id(1, 0)),
                    ("email", text(format!("Person{n}@Example.org"))),
                    ("password_hash", hash),
                    ("display_name", text("Zoë 👩‍🔬")),
                    ("state", text(if n == 0 { "active" } else { "pending" })),
                    ("version", number(1)),
                    ("created_at", time(BEGINNING + 1)),
                ]
            })
            .collect(),
        "memberships" => (0..2)
            .map(|n| {
                vec![workspace(), ("user_id", id(2, n)), ("role", text("owner")), ("created_at", time(7))]
            })
            .collect(),
        "sessions" => vec![vec![
            ("id", id(3, 0)),
            workspace(),
            ada(),
            ("kind", text("program")),
            ("token_hash", bytes(0, 32)),
            ("generation", number(4)),
            ("rotated_at", time(8)),
            ("device", text("Firefox on Linux")),
            ("last_address", text("2001:db8::1")),
            ("last_used_at", time(9)),
            ("created_at", time(7)),
            ("expires_at", time(i64::from(u32::MAX) * 1_000_000)),
        ]],
        "api_keys" => (0..2)
            .map(|n| {
                let maybe = |cell: Cell| if n == 0 { Cell::Null } else { cell };
                vec![
                    ("id", id(4, n)),
                    workspace(),
                    ada(),
                    ("name", text("k")),
                    ("prefix", text("clq_")),
                    ("key_hash", bytes(u8::try_from(n).unwrap_or(0) + 1, 32)),
                    ("scopes", Cell::Json(r#"["chat", "read"]"#.to_owned())),
                    ("created_at", time(7)),
                    ("expires_at", maybe(time(8))),
                    ("last_used_at", maybe(time(9))),
                    ("requests_per_minute", maybe(number(i64::from(u32::MAX)))),
                    ("monthly_budget", maybe(number(7))),
                ]
            })
            .collect(),
        "api_key_spend" => {
            vec![vec![("api_key_id", id(4, 1)), ("month", number(670)), ("cost_microusd", number(9))]]
        }
        other => ways_in(other),
    }
}

/// The rows of invitations, tickets, and what proves who somebody is beside a password.
fn ways_in(table: &str) -> Vec<Vec<(&'static str, Cell)>> {
    let (time, number) = (Cell::Time, Cell::Integer);
    let (workspace, ada) = (|| ("workspace_id", id(1, 0)), || ("user_id", id(2, 0)));
    let bytes = |byte: u8, length: usize| Cell::Bytes(vec![byte; length]);
    match table {
        "invitations" => vec![vec![
            ("id", id(12, 0)),
            workspace(),
            ("email", text("Guest@Example.org")),
            ("role", text("viewer")),
            ("token_hash", bytes(1, 32)),
            ("invited_by", id(2, 0)),
            ("created_at", time(7)),
            ("expires_at", time(8)),
        ]],
        "tickets" => (0..2)
            .map(|n| {
                vec![
                    ("id", id(13, n)),
                    ("kind", text("password_reset")),
                    workspace(),
                    ("user_id", if n == 0 { Cell::Null } else { id(2, 0) }),
                    ("token_hash", bytes(u8::try_from(n).unwrap_or(0) + 2, 32)),
                    ("payload", text(r#"{"a": "é"}"#)),
                    ("created_at", time(7)),
                    ("expires_at", time(8)),
                ]
            })
            .collect(),
        "totp_secrets" => vec![vec![
            ada(),
            ("sealed_secret", bytes(0, 60)),
            ("last_step", number(59_000_000)),
            ("enabled_at", time(7)),
        ]],
        "recovery_codes" => (0..3).map(|n| vec![ada(), ("code", bytes(n, 32))]).collect(),
        "passkeys" => vec![vec![
            ("id", id(14, 0)),
            ada(),
            ("name", text("Schlüsselbund")),
            ("credential_id", bytes(0xff, 16)),
            ("credential", text(r#"{"counter":  1}"#)),
            ("created_at", time(7)),
            ("last_used_at", Cell::Null),
        ]],
        "external_identities" => vec![vec![
            ("issuer", text("https://id.example.org")),
            ("subject", text("a|b c")),
            ada(),
            ("created_at", time(7)),
        ]],
        other => shared(other),
    }
}

/// The rows of what people share, and of the server itself.
#[expect(clippy::too_many_lines, reason = "an example for each table")]
fn shared(table: &str) -> Vec<Vec<(&'static str, Cell)>> {
    let (time, number) = (Cell::Time, Cell::Integer);
    let workspace = || ("workspace_id", id(1, 0));
    let bytes = |byte: u8, length: usize| Cell::Bytes(vec![byte; length]);
    match table {
        "projects" => vec![vec![
            ("id", id(15, 0)),
            workspace(),
            ("name", text("Garten")),
            ("description", text("Über\nTomaten")),
            ("created_by", id(2, 0)),
            ("version", number(2)),
            ("created_at", time(7)),
            ("updated_at", time(8)),
        ]],
        "project_members" => vec![vec![
            workspace(),
            ("project_id", id(15, 0)),
            ("user_id", id(2, 1)),
            ("access", text("write")),
            ("added_at", time(7)),
        ]],
        "tags" => (0..2)
            .map(|n| {
                vec![
                    ("id", id(19, n)),
                    workspace(),
                    ("owner_id", id(2, 1)),
                    ("name", text(format!("Übung {n}"))),
                    ("folded", text(format!("übung {n}"))),
                    ("color", text("orange")),
                    ("version", number(3)),
                    ("created_at", time(7)),
                    ("updated_at", time(8)),
                ]
            })
            .collect(),
        "conversation_tags" => {
            (0..2).map(|n| vec![("conversation_id", id(5, 1)), ("tag_id", id(19, n))]).collect()
        }
        "annotations" => (0..2)
            .map(|n| {
                let is_rating = n == 0;
                vec![
                    ("id", id(20, n)),
                    workspace(),
                    ("conversation_id", id(5, 1)),
                    ("message_id", message_id(1, 2)),
                    ("author_id", id(2, 0)),
                    ("kind", text(if is_rating { "rating" } else { "note" })),
                    ("rating", if is_rating { text("down") } else { Cell::Null }),
                    ("note", if is_rating { Cell::Null } else { text("Größer\nals nötig") }),
                    ("version", number(1)),
                    ("created_at", time(7)),
                    ("updated_at", time(8)),
                ]
            })
            .collect(),
        "shares" => (0..2)
            .map(|n| {
                let is_live = n == 0;
                vec![
                    ("id", id(16, n)),
                    workspace(),
                    ("conversation_id", id(5, 1)),
                    ("owner_id", id(2, 1)),
                    ("kind", text(if is_live { "live" } else { "snapshot" })),
                    ("token_hash", bytes(u8::try_from(n).unwrap_or(0) + 4, 32)),
                    ("leaf_id", if is_live { Cell::Null } else { message_id(1, 2) }),
                    ("created_at", time(7)),
                    ("expires_at", if is_live { Cell::Null } else { time(8) }),
                    ("snapshot", if is_live { Cell::Null } else { text(r#"{"title":  "é"}"#) }),
                ]
            })
            .collect(),
        "providers" => vec![vec![
            ("id", id(17, 0)),
            workspace(),
            ("name", text("mock")),
            ("kind", text("openai-compatible")),
            ("base_url", text("https://models.example.org/v1")),
            ("sealed_api_key", bytes(0, 80)),
            ("models", Cell::Json(r#"["m"]"#.to_owned())),
            ("enabled", Cell::Flag(true)),
            ("version", number(1)),
            ("created_at", time(7)),
            ("updated_at", time(8)),
        ]],
        "secret_keys" => (0..2)
            .map(|n| {
                vec![
                    ("id", id(18, n)),
                    ("purpose", text("signing")),
                    ("wrapped", bytes(0, 72)),
                    ("wrapped_by", text("0123456789abcdef")),
                    ("created_at", time(7)),
                    ("retired_at", if n == 0 { Cell::Null } else { time(8) }),
                ]
            })
            .collect(),
        "audit_entries" => (1..=2)
            .map(|sequence| {
                vec![
                    workspace(),
                    ("sequence", number(sequence)),
                    ("name", text("session.opened")),
                    ("at", time(7)),
                    ("actor_id", id(2, 0)),
                    ("credential", text("session")),
                    ("address", text("192.0.2.1")),
                    ("detail", text(r#"{"device":  "é"}"#)),
                    ("hash", bytes(7, 32)),
                ]
            })
            .collect(),
        "audit_heads" => vec![vec![workspace(), ("sequence", number(2)), ("hash", bytes(7, 32))]],
        other => panic!("nothing is made up for {other}"),
    }
}
