//! The plans of what is asked most, on a database with many rows. Plans are made once a connection and without the values,
//! so that is how they are looked at here.

use std::collections::BTreeSet;

use domain::ports::{AuditFilter, ConversationFilter};
use domain::{TagId, Timestamp, UserId};
use testing::servers::TestDatabase;
use tokio_postgres::Client;

use super::{PERSON, WORKSPACE, connect, rows, seeded};
use crate::{
    annotations, audit, conversations, idempotency, identities, jobs, journal, messages, projects, runs,
    tags, workspaces,
};

const LAST: &str = "ffffffff-ffff-ffff-ffff-ffffffffffff";

async fn ready(database: &TestDatabase) -> Client {
    let client = connect(&database.url()).await;
    let settings = format!(
        "SET jit = off; SET plan_cache_mode = force_generic_plan; SET colloquy.workspace = '{WORKSPACE}'"
    );
    client.batch_execute(&settings).await.expect("settings can be set");
    client
}

/// The plan of a statement that was carried out with these values, without the steps that were not needed.
async fn plan(client: &Client, types: &str, sql: &str, values: &str) -> Vec<String> {
    let prepare = format!("DEALLOCATE ALL; PREPARE asked {types} AS {sql}");
    client.batch_execute(&prepare).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    let explain = format!("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) EXECUTE asked {values}");
    let steps = rows(client, &explain).await;
    steps.into_iter().filter(|step| !step.contains("never executed")).collect()
}

/// The partitions that a plan reads.
fn partitions(plan: &[String]) -> BTreeSet<&str> {
    let read = plan.iter().filter_map(|step| {
        let name = step.split(" on ").nth(1)?.split(' ').next()?;
        (name.starts_with("messages_2") || name.starts_with("events_2") || name.ends_with("_default"))
            .then_some(name)
    });
    read.collect()
}

async fn one(client: &Client, sql: &str) -> String {
    rows(client, sql).await.into_iter().next().expect("there is such a row")
}

/// The conversation has messages of one hour of December 2024; 18 other partitions are not touched.
#[tokio::test]
async fn a_history_reads_its_own_partitions_only() {
    let database = seeded().await;
    let client = ready(&database).await;
    let found =
        one(&client, "SELECT id, active_leaf_id FROM conversations WHERE title = 'Title 100000'").await;
    let (conversation, leaf) = found.split_once('|').expect("two fields");
    for (types, sql, values) in [
        (
            "(uuid, uuid, uuid, bigint)",
            messages::LIST,
            format!("('{conversation}', '{WORKSPACE}', '{LAST}', 51)"),
        ),
        ("(uuid, uuid, bigint, uuid)", messages::THREAD, format!("('{WORKSPACE}', '{leaf}', 51, NULL)")),
        ("(uuid, uuid)", messages::TREE, format!("('{conversation}', '{WORKSPACE}')")),
        ("(uuid, uuid[])", messages::GET_MANY, format!("('{WORKSPACE}', '{{{leaf}}}')")),
    ] {
        let plan = plan(&client, types, sql, &values).await;
        assert_eq!(partitions(&plan), BTreeSet::from(["messages_2024"]), "{sql}\n{}", plan.join("\n"));
        assert!(!plan.iter().any(|step| step.contains("Seq Scan")), "{sql}\n{}", plan.join("\n"));
    }
}

/// With 200,000 conversations, half of them one person's: every list walks an index in its order, and what is asked for by
/// a key is looked up. Tables that are small here (accounts, runs, jobs) are asked with sequential scans as the last
/// resort, so that a scan would show that no index fits.
#[tokio::test]
async fn no_list_reads_a_whole_table() {
    let database = seeded().await;
    let client = ready(&database).await;
    let list = "(uuid, uuid, timestamptz, uuid, bigint, uuid, timestamptz)";
    let values = format!("('{WORKSPACE}', '{PERSON}', '2026-01-01Z', '{LAST}', 51, NULL, '2025-01-01Z')");
    for pinned in [None, Some(true), Some(false)] {
        for archived in [None, Some(true), Some(false)] {
            let filter = ConversationFilter { pinned, archived, ..ConversationFilter::default() };
            let sql = conversations::list_statement(conversations::LIST, &filter);
            let plan = plan(&client, list, &sql, &values).await.join("\n");
            assert!(plan.contains("Index Scan using conversations_"), "{sql}\n{plan}");
            assert!(!plan.contains("Seq Scan") && !plan.contains("Sort"), "{sql}\n{plan}");
        }
    }
    let tag = one(&client, "SELECT id FROM tags WHERE name = 'Tag 7'").await;
    for updated_from in [None, Some(Timestamp::from_micros(0))] {
        let tag_id = Some(TagId::from_uuid(tag.parse().expect("it is an id")));
        let filter = ConversationFilter { tag_id, updated_from, ..ConversationFilter::default() };
        let sql = conversations::list_statement(conversations::LIST, &filter);
        let values =
            format!("('{WORKSPACE}', '{PERSON}', '2027-01-01Z', '{LAST}', 51, '{tag}', '2023-01-01Z')");
        let tagged = plan(&client, list, &sql, &values).await.join("\n");
        assert!(tagged.contains("conversation_tags_by_tag"), "{sql}\n{tagged}");
        assert!(tagged.contains("id = ANY"), "{sql}\n{tagged}");
        assert!(!tagged.contains("Seq Scan"), "{sql}\n{tagged}");
    }
    let sql = conversations::list_statement(conversations::IN_PROJECT, &ConversationFilter::default());
    let types = "(uuid, uuid, timestamptz, uuid, bigint, uuid, timestamptz, text)";
    let values = format!("('{WORKSPACE}', '{PERSON}', '2026-01-01Z', '{LAST}', 51, NULL, NULL, '%title%')");
    let in_project = plan(&client, types, &sql, &values).await.join("\n");
    assert!(in_project.contains("Index Scan using conversations_by_project"), "{sql}\n{in_project}");
    assert!(!in_project.contains("Sort"), "{sql}\n{in_project}");
    client.batch_execute("SET enable_seqscan = off").await.expect("settings can be set");
    let id = PERSON;
    for (types, sql, values) in [
        ("(uuid, uuid, uuid, bigint)", messages::EDITS, format!("('{id}', '{WORKSPACE}', '{LAST}', 51)")),
        ("(uuid, uuid)", runs::OF_MESSAGE, format!("('{id}', '{WORKSPACE}')")),
        ("(uuid, uuid)", runs::RUNNING, format!("('{id}', '{WORKSPACE}')")),
        ("(timestamptz, bigint)", runs::ABANDONED, "(now(), 51)".to_owned()),
        ("(text)", identities::USER_BY_EMAIL, "('person5@example.org')".to_owned()),
        ("(text, text)", identities::USER_BY_EXTERNAL, "('issuer', 'subject')".to_owned()),
        ("(uuid, uuid, bigint, text)", identities::USERS, format!("('{WORKSPACE}', '{LAST}', 51, NULL)")),
        ("(uuid, timestamptz, uuid, bigint)", identities::SESSIONS, format!("('{id}', now(), '{LAST}', 51)")),
        ("(text)", identities::KNOWN_ADDRESSES, "('person5@example.org')".to_owned()),
        ("(bytea)", identities::factors::TICKET, "('x')".to_owned()),
        ("(uuid)", identities::factors::PASSKEYS, format!("('{id}')")),
        ("(bytea)", identities::factors::PASSKEY_BY_CREDENTIAL, "('x')".to_owned()),
        ("(uuid)", identities::factors::EXTERNAL, format!("('{id}')")),
        ("(uuid[], timestamptz[], text[])", journal::NOTE, "('{}', '{}', '{}')".to_owned()),
        ("(uuid)", workspaces::WORKSPACES_OF, format!("('{id}')")),
        ("(bytea)", workspaces::INVITATION_BY_TOKEN, "('x')".to_owned()),
        ("(uuid, uuid, bigint)", workspaces::INVITATIONS, format!("('{WORKSPACE}', '{LAST}', 51)")),
        (
            "(uuid, uuid, uuid, bigint)",
            projects::PROJECTS_OF,
            format!("('{WORKSPACE}', '{id}', '{LAST}', 51)"),
        ),
        ("(uuid, uuid, uuid, bigint)", projects::MEMBERS, format!("('{id}', '{WORKSPACE}', '{id}', 51)")),
        ("(uuid, uuid, uuid, bigint)", tags::OF_PERSON, format!("('{id}', '{WORKSPACE}', '{LAST}', 51)")),
        (
            "(uuid, uuid, uuid, bigint)",
            annotations::OF_AUTHOR,
            format!("('{id}', '{WORKSPACE}', '{LAST}', 51)"),
        ),
        (
            "(uuid, uuid, uuid, bigint, uuid)",
            annotations::IN_CONVERSATION,
            format!("('{id}', '{WORKSPACE}', '{LAST}', 51, '{id}')"),
        ),
        (
            "(uuid, uuid, uuid, bigint, uuid)",
            annotations::OF_MESSAGE,
            format!("('{id}', '{WORKSPACE}', '{LAST}', 51, '{id}')"),
        ),
        ("(uuid, uuid)", projects::SHARES_OF, format!("('{id}', '{WORKSPACE}')")),
        ("(bytea)", identities::SESSION_BY_TOKEN, "('x')".to_owned()),
        ("(bytea)", identities::API_KEY_BY_HASH, "('x')".to_owned()),
        (
            "(uuid, uuid, uuid, bigint)",
            identities::API_KEYS,
            format!("('{WORKSPACE}', '{id}', '{LAST}', 51)"),
        ),
        ("(uuid, uuid, text, text)", idempotency::FIND, format!("('{id}', '{WORKSPACE}', 'o', 'k')")),
        ("(uuid, timestamptz, timestamptz, bigint)", jobs::CLAIM, format!("('{id}', now(), now(), 9)")),
    ] {
        let plan = plan(&client, types, sql, &values).await.join("\n");
        assert!(!plan.contains("Seq Scan"), "{sql}\n{plan}");
    }
}

/// With 100,000 entries, each way to ask for the newest of them reads an index in its order, or few of them.
#[tokio::test]
async fn the_audit_log_is_not_read_as_a_whole() {
    let database = seeded().await;
    let fill = format!(
        "SET colloquy.workspace = '*';
         INSERT INTO audit_entries (workspace_id, sequence, at, actor_id, user_id, name, credential, detail, hash)
         SELECT '{WORKSPACE}', number, '2023-01-01Z'::timestamptz + number * interval '1 minute',
             pg_temp.person(number), pg_temp.person(number + 1), 'kind' || number % 100 || '.done', 'system', '{{}}',
             sha256('x')
         FROM generate_series(1, 100000) number;
         ANALYZE audit_entries"
    );
    let person = "CREATE FUNCTION pg_temp.person(number bigint) RETURNS uuid LANGUAGE sql AS
         $$ SELECT lpad((number % 1000)::text, 32, '0')::uuid $$";
    let admin = connect(&database.admin_url()).await;
    admin.batch_execute(person).await.expect("a function can be made");
    admin.batch_execute(&fill).await.expect("the rows are in order");
    let client = ready(&database).await;
    let person = uuid::Uuid::from_u128(0x7);
    let moment = |text: &str| Timestamp::parse_rfc3339(text);
    for (name, asked_name, user) in [
        (None, "", false),
        (Some("kind7.done"), "kind7.done", false),
        (Some("kind7.*"), "kind7.", false),
        (None, "", true),
        (Some("kind7.*"), "kind7.", true),
    ] {
        for (since, until) in [(None, None), (Some("2023-02-01T00:00:00Z"), Some("2023-02-02T00:00:00Z"))] {
            let filter = AuditFilter {
                name: name.map(str::to_owned),
                user_id: user.then_some(UserId::from_uuid(person)),
                since: since.and_then(moment),
                until: until.and_then(moment),
            };
            let sql = audit::list_statement(&filter);
            let types = "(uuid, bigint, text, uuid, timestamptz, timestamptz, bigint)";
            let quoted = |text: Option<&str>| text.map_or("NULL".to_owned(), |text| format!("'{text}'"));
            let user = quoted(user.then(|| person.to_string()).as_deref());
            let values = format!(
                "('{WORKSPACE}', 9223372036854775807, '{asked_name}', {user}, {}, {}, 51)",
                quoted(since),
                quoted(until)
            );
            let plan = plan(&client, types, &sql, &values).await.join("\n");
            assert!(!plan.contains("Seq Scan"), "{sql}\n{plan}");
            let passed_over = plan.split("Rows Removed by Filter: ").skip(1);
            let passed_over: Option<u64> =
                passed_over.map(|rest| rest.split_whitespace().next()?.parse::<u64>().ok()).sum();
            assert!(passed_over.is_some_and(|rows| rows < 60_000), "{sql}\n{plan}");
        }
    }
}

/// Which tables have been looked into on this connection, by its own counters.
async fn touched(client: &Client, parent: &str) -> Vec<String> {
    let counters = format!(
        "SELECT relname FROM pg_stat_xact_user_tables
         WHERE relname LIKE '{parent}\\_%' AND (coalesce(idx_scan, 0) > 0 OR seq_scan > 0) ORDER BY 1"
    );
    rows(client, &counters).await
}

/// The newest hits of a common word are found in the newest partition that has any; older ones are not opened.
#[tokio::test]
async fn a_search_reads_backwards_until_it_has_enough() {
    let database = seeded().await;
    for (word, before, newest, oldest) in [
        ("common", "NULL".to_owned(), "messages_2027_02", "messages_2026_11"),
        ("common", "first_id_of('2024-06-01Z')".to_owned(), "messages_2024", "messages_2024"),
        ("number100000", "NULL".to_owned(), "messages_2027_02", "messages_2024"),
    ] {
        let client = ready(&database).await;
        client.batch_execute("BEGIN").await.expect("a transaction can begin");
        let search = format!(
            "SELECT id FROM search_messages('{WORKSPACE}', '{PERSON}', search_query('{WORKSPACE}', '{word}'), NULL, NULL, \
             {before}, false, 6)"
        );
        let hits = rows(&client, &search).await;
        assert_eq!(hits.len(), 6, "{word}");
        assert!(hits.is_sorted_by(|one, other| one > other), "{word}: {hits:?}");
        let mut read = touched(&client, "messages").await;
        read.retain(|name| name != "messages_default");
        assert_eq!(
            (read.first().map(String::as_str), read.last().map(String::as_str)),
            (Some(oldest), Some(newest))
        );
    }
}

/// Who speaks is in the index, so words that everybody uses are not read when hardly anybody of that role uses them.
#[tokio::test]
async fn a_search_for_a_rare_role_reads_little() {
    let database = seeded().await;
    let client = ready(&database).await;
    client.batch_execute("BEGIN").await.expect("a transaction can begin");
    let search = format!(
        "SELECT id FROM search_messages('{WORKSPACE}', '{PERSON}', search_query('{WORKSPACE}', 'common'), 'system', NULL, \
         NULL, false, 6)"
    );
    assert_eq!(rows(&client, &search).await, <[&str; 0]>::default());
    // What was said last is walked through twice: to look at it, and to know where it ends.
    let read = "SELECT coalesce(sum(seq_tup_read + idx_tup_fetch), 0) <= 4000 FROM pg_stat_xact_user_tables
         WHERE relname LIKE 'messages\\_%'";
    assert_eq!(rows(&client, read).await, ["t"]);
}

/// Dropping the oldest month reads no other month, and deletes no row.
#[tokio::test]
async fn retention_touches_what_goes_and_nothing_else() {
    let database = seeded().await;
    let kept = "SELECT count(*) FROM events WHERE id >= first_id_of('2024-01-01Z')";
    let before = rows(&ready(&database).await, kept).await;
    for expected in ["events_2022", "events_2023"] {
        let client = ready(&database).await;
        client.batch_execute("BEGIN").await.expect("a transaction can begin");
        let dropped = rows(&client, "SELECT drop_oldest_partition('events', '2024-01-15Z')").await;
        assert_eq!(dropped, [expected]);
        let mut read = touched(&client, "events").await;
        read.retain(|name| name != expected);
        assert_eq!(read, <[&str; 0]>::default());
        let deleted = "SELECT sum(n_tup_del) FROM pg_stat_xact_user_tables WHERE relname LIKE 'events%'";
        assert_eq!(rows(&client, deleted).await, ["0"]);
        client.batch_execute("COMMIT").await.expect("a transaction can end");
    }
    let client = ready(&database).await;
    assert_eq!(rows(&client, "SELECT drop_oldest_partition('events', '2024-01-15Z')").await, [""]);
    assert_eq!(rows(&client, "SELECT count(*) FROM events").await, before);
}

/// A rare part of a title is found by its trigrams, not by reading all titles of a person.
#[tokio::test]
async fn titles_are_found_by_their_parts() {
    let database = seeded().await;
    let client = ready(&database).await;
    client.batch_execute("BEGIN").await.expect("a transaction can begin");
    let search = format!(
        "SELECT * FROM search_titles('{WORKSPACE}', '{PERSON}', '%tle 19999%', NULL, NULL, 'infinity', '{LAST}', 51)"
    );
    assert_eq!(rows(&client, &search).await.len(), 5);
    let read = "SELECT coalesce(sum(seq_tup_read + idx_tup_fetch), 0) < 1000 FROM pg_stat_xact_user_tables
         WHERE relname IN ('conversations', 'conversation_titles')";
    assert_eq!(rows(&client, read).await, ["t"]);
}
