//! No statement of a hot path may walk through a whole table.

use std::fmt::Write;

use diesel::prelude::*;
use diesel::sql_types::{Integer, Text};
use diesel::sqlite::SqliteConnection;
use domain::ports::{AuditFilter, ConversationFilter, ConversationsOf};
use domain::{ProjectId, TagId, Timestamp, UserId};

use crate::connection;
use crate::settings::Settings;
use crate::statement::{Value, query};
use crate::{
    annotations, audit, conversations, idempotency, identities, jobs, journal, messages, migrate, projects,
    runs, search, secret_keys, shares, tags, workspaces,
};

fn plan(connection: &mut SqliteConnection, sql: &str) -> String {
    let explain = format!("EXPLAIN QUERY PLAN {sql}");
    let steps = query::<(Integer, Integer, Integer, Text)>(&explain, &[Value::Null; 13])
        .load::<(i32, i32, i32, String)>(connection)
        .expect("the statement is valid");
    steps.into_iter().fold(String::new(), |mut plan, (_, _, _, step)| {
        writeln!(plan, "{step}").expect("a string takes everything");
        plan
    })
}

#[test]
#[expect(clippy::too_many_lines, reason = "one line for each statement")]
fn hot_statements_search_and_never_scan_or_sort() {
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    let settings = Settings::at(&directory.path().join("plans.db"));
    migrate::up(&settings).expect("migrating works");
    let path = settings.path().expect("the path is valid");
    let mut connection = connection::reading(&settings, &path).expect("the file opens");
    let somebody = UserId::from_uuid(uuid::Uuid::nil());
    let owner = ConversationsOf::Owner(somebody);
    let project = ConversationsOf::Project(ProjectId::from_uuid(uuid::Uuid::nil()));
    let filter = |of, pinned, archived| {
        let filter = ConversationFilter { pinned, archived, ..ConversationFilter::default() };
        conversations::list_statement(of, &filter)
    };
    let tagged = |of| {
        let tag_id = Some(TagId::from_uuid(uuid::Uuid::nil()));
        conversations::list_statement(of, &ConversationFilter { tag_id, ..ConversationFilter::default() })
    };
    let audited = |name: Option<&str>, user_id| {
        let name = name.map(str::to_owned);
        audit::list_statement(&AuditFilter {
            name,
            user_id,
            since: None,
            until: Some(Timestamp::from_micros(0)),
        })
    };
    let statements = [
        filter(owner, None, None),
        filter(owner, Some(false), Some(false)),
        filter(owner, Some(true), None),
        filter(owner, None, Some(true)),
        filter(project, None, None),
        filter(project, Some(true), Some(false)),
        tagged(owner),
        tagged(project),
        tags::OF_PERSON.to_owned(),
        annotations::OF_AUTHOR.to_owned(),
        annotations::IN_CONVERSATION.to_owned(),
        annotations::OF_MESSAGE.to_owned(),
        messages::LIST.to_owned(),
        messages::THREAD.to_owned(),
        messages::TREE.to_owned(),
        messages::EDITS.to_owned(),
        messages::SIBLINGS.to_owned(),
        messages::ROOTS.to_owned(),
        runs::OF_MESSAGE.to_owned(),
        runs::RUNNING.to_owned(),
        runs::ABANDONED.to_owned(),
        journal::OWNER_REMAINS.to_owned(),
        journal::OTHERS_HAVE_AN_OWNER.to_owned(),
        journal::ACCOUNT_UNCHANGED.to_owned(),
        journal::FACTS_BY_OWNER.to_owned(),
        journal::FACTS_BY_CONVERSATION.to_owned(),
        identities::USER_BY_EMAIL.to_owned(),
        identities::USER_FROM_HOME.to_owned(),
        identities::USERS.to_owned(),
        identities::SESSION_BY_TOKEN.to_owned(),
        identities::SESSIONS.to_owned(),
        identities::USED_FROM.to_owned(),
        identities::SIGNED_IN_FROM.to_owned(),
        identities::API_KEY_BY_HASH.to_owned(),
        identities::API_KEYS.to_owned(),
        identities::TICKET.to_owned(),
        identities::RECOVERY_CODES.to_owned(),
        identities::PASSKEYS.to_owned(),
        identities::PASSKEY_BY_CREDENTIAL.to_owned(),
        identities::EXTERNAL_IDENTITIES.to_owned(),
        workspaces::OF_USER.to_owned(),
        workspaces::INVITATIONS.to_owned(),
        workspaces::INVITATION_BY_TOKEN.to_owned(),
        projects::OF_USER.to_owned(),
        projects::MEMBERS.to_owned(),
        shares::OF_CONVERSATION.to_owned(),
        audited(None, None),
        audited(Some("session.opened"), None),
        audited(Some("session.*"), None),
        audited(None, Some(somebody)),
        audited(Some("user.*"), Some(somebody)),
        audit::CHAIN.to_owned(),
        secret_keys::SEALED_SECRETS.to_owned(),
        secret_keys::SEALED_PROVIDER_KEYS.to_owned(),
        idempotency::FIND.to_owned(),
        jobs::CLAIM.to_owned(),
        search::PLACE.to_owned(),
        search::NEWEST.to_owned(),
        search::NEWEST_NARROWED.to_owned(),
    ];
    for sql in statements {
        let plan = plan(&mut connection, &sql);
        // What a statement brings along itself may be read whole: lists of ids, the thread so far, the index of words.
        let scans = plan.lines().filter(|step| step.starts_with("SCAN"));
        // And of runs only those that are running, which a partial index holds: few at any moment.
        let brought = [
            "runs USING INDEX runs_one_running_per_message",
            "json_each",
            "parent",
            "t",
            "thread",
            "CONSTANT ROW",
            "f",
        ];
        for scan in scans {
            let what = scan.trim_start_matches("SCAN ").split(" VIRTUAL").next().unwrap_or_default();
            assert!(brought.contains(&what) || what.starts_with("(subquery-"), "{sql}\n{plan}");
        }
        let sorts_are_small = [
            messages::SIBLINGS,
            messages::THREAD,
            identities::USER_BY_EMAIL,
            identities::USER_FROM_HOME,
            runs::ABANDONED,
        ];
        // What has a tag is found by the tag, whoever has how many conversations, and put in order.
        let is_tagged = plan.contains("SEARCH g USING COVERING INDEX conversation_tags_by_tag (tag_id=?)");
        assert!(
            !plan.contains("TEMP B-TREE") || is_tagged || sorts_are_small.contains(&sql.as_str()),
            "{sql}\nsorts:\n{plan}"
        );
    }
}
