use std::path::Path;

use domain::{Part, Parts};
use testing::servers::{TestDatabase, postgres_url};
use uuid::Uuid;

use super::*;
use crate::settings::DatabaseSettings;
use storage::transfer::{Cell, Row};

const CONVERSATIONS: u128 = 300;
/// 1 January 2020: before the partitions for years begin.
pub const BEGINNING: i64 = 1_577_836_800_000_000;
const A_WEEK: i64 = 604_800_000_000;

pub fn text(text: impl Into<String>) -> Cell {
    Cell::Text(text.into())
}

pub fn id(kind: u128, number: u128) -> Cell {
    Cell::Id(raw(kind, number, BEGINNING))
}

/// An identifier that carries a time.
fn raw(kind: u128, number: u128, at: i64) -> Uuid {
    let millis = u128::from((at / 1000).unsigned_abs());
    Uuid::from_u128(millis << 80 | 0x7 << 76 | 0x2 << 62 | kind << 32 | number)
}

/// A row with the named cells; all others hold nothing.
fn row(table: &Table, cells: Vec<(&str, Cell)>) -> Row {
    let mut row = vec![Cell::Null; table.columns.len()];
    for (name, cell) in cells {
        row[table.position(name).expect("there is such a column")] = cell;
    }
    row
}

/// A little of everything that can stand in a table.
fn rows(table: &Table) -> Vec<Row> {
    let (time, number) = (Cell::Time, Cell::Integer);
    let (workspace, ada) = (|| ("workspace_id", id(1, 0)), || ("user_id", id(2, 0)));
    let rows: Vec<Vec<(&'static str, Cell)>> = match table.name {
        "conversations" => (0..CONVERSATIONS).map(conversation).collect(),
        "messages" => (0..CONVERSATIONS).flat_map(messages).collect(),
        "message_edits" => (0..CONVERSATIONS)
            .map(|n| {
                vec![
                    ("id", id(7, n)),
                    ("message_id", message_id(n, 1)),
                    ("edited_by", id(2, 0)),
                    ("edited_at", time(9)),
                    ("replaced_version", number(1)),
                    ("replaced_parts", parts("what it said before")),
                ]
            })
            .collect(),
        "runs" => (0..CONVERSATIONS)
            .map(|n| {
                let is_running = n.is_multiple_of(50);
                vec![
                    ("id", id(8, n)),
                    workspace(),
                    ("conversation_id", id(5, n)),
                    ("message_id", message_id(n, 0)),
                    ada(),
                    ("model", text("mock/m")),
                    ("status", text(if is_running { "running" } else { "failed" })),
                    ("failure", Cell::Json(r#"{"code":"x","detail":"a \u00e9 b"}"#.to_owned())),
                    ("lease_owner", id(9, 0)),
                    ("lease_expires_at", time(9)),
                    ("started_at", time(8)),
                    ("ended_at", if is_running { Cell::Null } else { time(9) }),
                    ("stop_requested", Cell::Flag(n.is_multiple_of(2))),
                ]
            })
            .collect(),
        "events" => (0..CONVERSATIONS).map(fact).collect(),
        "idempotency_records" => (0..40)
            .map(|n| {
                vec![
                    workspace(),
                    ada(),
                    ("operation", text("message.send")),
                    ("key", text(format!("schlüssel/{n}"))),
                    ("fingerprint", Cell::Bytes(vec![9; 32])),
                    ("result", text(r#"{"b": 1,  "a":2}"#)),
                    ("expires_at", time(9)),
                ]
            })
            .collect(),
        "jobs" => (0..2)
            .map(|n| {
                vec![
                    ("id", id(10, n)),
                    workspace(),
                    ("kind", text("title_conversation")),
                    ("conversation_id", id(5, n)),
                    ("run_at", time(9)),
                    ("attempts", number(2)),
                    ("lease_owner", if n == 0 { Cell::Null } else { id(9, 0) }),
                    ("lease_expires_at", if n == 0 { Cell::Null } else { time(9) }),
                ]
            })
            .collect(),
        "usage" => (0..40)
            .map(|day| {
                vec![
                    workspace(),
                    ada(),
                    ("day", number(20_000 + day)),
                    ("model", text("größe/m")),
                    ("requests", number(1)),
                    ("input_tokens", number(i64::from(u32::MAX) * 8)),
                    ("output_tokens", number(0)),
                    ("cost_microusd", number(7)),
                ]
            })
            .collect(),
        other => accounts::rows(other),
    };
    rows.into_iter().map(|cells| row(table, cells)).collect()
}

fn moment(number: u128) -> i64 {
    BEGINNING + i64::try_from(number).expect("it is small") * A_WEEK
}

fn conversation(n: u128) -> Vec<(&'static str, Cell)> {
    let parameters =
        if n.is_multiple_of(2) { "{}" } else { r#"{"temperature": 0.7, "stop": ["a"], "top_p": 1.0}"# };
    let forked = |cell: Cell| if n % 9 == 8 { cell } else { Cell::Null };
    vec![
        ("id", id(5, n)),
        ("workspace_id", id(1, 0)),
        ("owner_id", id(2, n % 2)),
        ("pinned", Cell::Flag(n.is_multiple_of(3))),
        ("archived", Cell::Flag(n.is_multiple_of(5))),
        ("version", Cell::Integer(3)),
        ("message_count", Cell::Integer(3)),
        ("active_leaf_id", if n.is_multiple_of(7) { Cell::Null } else { message_id(n, 2) }),
        ("created_at", Cell::Time(moment(n))),
        ("updated_at", Cell::Time(moment(n) + 5)),
        ("title", text(format!("Über {n} — 漢字 🍯"))),
        ("title_folded", text(format!("über {n} — 漢字 🍯"))),
        ("title_origin", text("person")),
        ("model", if n.is_multiple_of(4) { Cell::Null } else { text("mock/m") }),
        ("parameters", Cell::Json(parameters.to_owned())),
        ("forked_from_conversation_id", forked(id(5, 0))),
        ("forked_from_message_id", forked(message_id(0, 0))),
        ("system_prompt", if n.is_multiple_of(6) { text("Be brief.\n\t\"quoted\"") } else { Cell::Null }),
    ]
}

/// The second message is an import, whose identifier is older than that of its parent.
pub fn message_id(conversation: u128, number: u128) -> Cell {
    let at = if number == 1 { moment(conversation) - A_WEEK } else { moment(conversation) };
    Cell::Id(raw(6, conversation * 16 + number, at))
}

fn parts(words: &str) -> Cell {
    let parts: Parts = vec![Part::text(words), Part::Reasoning { text: "hm".to_owned() }].into();
    Cell::Json(serde_json::to_string(&parts).expect("parts can be written"))
}

fn messages(n: u128) -> Vec<Vec<(&'static str, Cell)>> {
    let one = |number: u128, parent: Cell, status: &str| {
        vec![
            ("id", message_id(n, number)),
            ("workspace_id", id(1, 0)),
            ("conversation_id", id(5, n)),
            ("parent_id", parent),
            ("role", text(if number == 1 { "assistant" } else { "user" })),
            ("status", text(status)),
            ("version", Cell::Integer(2)),
            ("created_at", Cell::Time(moment(n))),
            ("edited_at", if number == 1 { Cell::Time(9) } else { Cell::Null }),
            ("usage", if number == 1 { Cell::Json(r#"{"input_tokens": 1}"#.to_owned()) } else { Cell::Null }),
            ("parts", parts(&format!("Tomaten \u{301}\u{1f469} número {n} \\ 'und' \"so\""))),
        ]
    };
    vec![
        one(0, Cell::Null, "complete"),
        one(1, message_id(n, 0), "interrupted"),
        one(2, message_id(n, 0), "complete"),
    ]
}

fn fact(n: u128) -> Vec<(&'static str, Cell)> {
    let removed: Vec<Uuid> = (0..n % 4).map(|gone| raw(11, gone, BEGINNING)).collect();
    vec![
        ("position", Cell::Integer(i64::try_from(n).expect("it is small") * 3 + 1)),
        ("workspace_id", id(1, 0)),
        ("name", text("message.deleted")),
        ("at", Cell::Time(moment(n))),
        ("credential", text("system")),
        ("owner_id", if n == 9 { Cell::Null } else { id(2, n % 2) }),
        ("conversation_id", id(5, n)),
        ("removed", if removed.is_empty() { Cell::Null } else { Cell::Ids(removed) }),
    ]
}

fn sqlite_at(path: &Path) -> DatabaseSettings {
    DatabaseSettings { url: format!("sqlite://{}", path.display()), ..DatabaseSettings::default() }
}

fn copied(from: &DatabaseSettings, to: &DatabaseSettings) -> Vec<(&'static Table, Digest)> {
    let mut source = location::source(from).expect("the source opens");
    let mut target = location::target(to, &*source).expect("the target opens");
    fill(&mut *source, &mut *target).expect("everything is copied");
    let digests = compare(&mut *source, &mut *target).expect("both are the same");
    let newest = source.newest_position().expect("there are facts");
    target.finish(newest).expect("the target is whole");
    assert!(target.newest_position().expect("there are facts") >= newest);
    digests
}

/// Where the rows of the tests come from.
struct Nowhere;

impl Source for Nowhere {
    fn location(&self) -> String {
        "the test".to_owned()
    }

    fn identity(&self) -> String {
        self.location()
    }

    fn count(&mut self, _: &'static Table) -> Result<u64, TransferError> {
        Ok(0)
    }

    fn newest_position(&mut self) -> Result<i64, TransferError> {
        Ok(0)
    }

    fn read(&mut self, _: &'static Table, _: Option<&str>, _: usize) -> Result<Batch, TransferError> {
        Ok(Batch::default())
    }
}

#[test]
fn whatever_can_be_stored_comes_back_from_both_databases_unchanged() {
    let folder = tempfile::tempdir().expect("the tests have a place for files");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let postgres = runtime.block_on(TestDatabase::empty(&postgres_url())).expect("a database");
    let (first, back) =
        (sqlite_at(&folder.path().join("first.db")), sqlite_at(&folder.path().join("back.db")));
    let there = DatabaseSettings { url: postgres.url(), ..DatabaseSettings::default() };
    let mut expected = Vec::new();
    let mut made = location::target(&first, &Nowhere).expect("the database is made");
    made.begin().expect("it is empty");
    for table in &TABLES {
        let mut digest = Digest::default();
        let rows = rows(table);
        for row in &rows {
            digest.add(row);
        }
        expected.push((table, digest));
        made.write(table, &Batch { rows, cursor: "[]".to_owned() }).expect("the rows are stored");
    }
    made.finish(5_000).expect("the database is whole");
    drop(made);
    assert_eq!(copied(&first, &there), expected);
    assert_eq!(copied(&there, &back), expected);
    let words = "SELECT count(*) FROM messages WHERE words @@ to_tsquery('simple', 'tomaten & numero')";
    assert_eq!(postgres.execute(&[words]).expect("a count").trim(), (3 * CONVERSATIONS).to_string());
    let heads = "SELECT string_agg(position::text, ' ' ORDER BY owner_id) FROM journal_heads";
    assert_eq!(postgres.execute(&[heads]).expect("the heads").trim(), "895 898");
    let outliers = "SELECT count(*) > 0 AND count(*) < 400 FROM messages_default";
    assert_eq!(postgres.execute(&[outliers]).expect("a count").trim(), "t");
}

#[test]
fn the_language_of_search_goes_along_to_another_postgres() {
    let folder = tempfile::tempdir().expect("the tests have a place for files");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let database = || runtime.block_on(TestDatabase::empty(&postgres_url())).expect("a database can be made");
    let settings =
        |database: &TestDatabase| DatabaseSettings { url: database.url(), ..DatabaseSettings::default() };
    let begun = sqlite_at(&folder.path().join("begun.db"));
    let (one, other) = (database(), database());
    let mut made = location::target(&begun, &Nowhere).expect("the database is made");
    made.begin().expect("it is empty");
    for table in &TABLES {
        made.write(table, &Batch { rows: rows(table), cursor: "[]".to_owned() })
            .expect("the rows are stored");
    }
    made.finish(5_000).expect("the database is whole");
    drop(made);
    copied(&begun, &settings(&one));
    one.execute(&["UPDATE workspaces SET search_language = 'german'"]).expect("the language is set");
    copied(&settings(&one), &settings(&other));
    let words = "SELECT search_language, count(*) FROM messages m JOIN workspaces w ON w.id = m.workspace_id \
                 WHERE words @@ to_tsquery('simple', 'tomat') GROUP BY 1";
    let stemmed = format!("german|{}", 3 * CONVERSATIONS);
    assert_eq!(other.execute(&[words]).expect("a count").trim(), stemmed);
}
