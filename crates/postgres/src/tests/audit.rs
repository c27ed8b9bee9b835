//! The audit log: added to by one function, and by nobody changed.

use domain::ports::{AuditFilter, AuditLog};
use domain::{Event, PageRequest, SignInFailure};
use futures_util::future::join_all;
use storage::audit::Check;

use super::{connect, empty, refused_by, rows, world};

fn refusal(number: u16) -> Vec<Event> {
    let reason =
        if number.is_multiple_of(2) { SignInFailure::WrongCode } else { SignInFailure::UnknownAccount };
    vec![Event::SignInFailed { user_id: None, reason }, Event::SignInFailed { user_id: None, reason }]
}

/// What many add at once stands in one chain, whose end is where its head says.
#[tokio::test]
async fn many_writers_make_one_chain() {
    let database = empty().await;
    let (world, postgres) = world(&database).await;
    let (other, _) = world.neighbour().await;
    let commits = (0..40).map(|number| world.commit(refusal(number)));
    for committed in join_all(commits).await {
        committed.expect("nothing stands in the way");
    }
    let heads = postgres.audit_heads().await.expect("reading works");
    assert_eq!(heads.len(), 2);
    for (workspace_id, sequence, hash) in heads {
        let chain = postgres.audit_chain(workspace_id, 0, 1000).await.expect("reading works");
        assert_eq!(chain.len() as u64, sequence);
        assert_eq!(sequence > 80, workspace_id != other, "{sequence}");
        let mut check = Check::default();
        check.follow(&chain);
        assert_eq!(check.end(sequence, &hash), None);
    }
    let filter = AuditFilter { name: Some("session.*".to_owned()), ..AuditFilter::default() };
    let page = PageRequest { after: None, limit: 70 };
    let found =
        postgres.audit_entries(world.workspace_id, filter.clone(), page).await.expect("reading works");
    assert!(found.items.iter().all(|entry| entry.record.name == "session.refused"));
    let rest = PageRequest { after: found.next, limit: 70 };
    let rest = postgres.audit_entries(world.workspace_id, filter, rest).await.expect("reading works");
    assert_eq!((found.items.len(), rest.items.len(), rest.next), (70, 10, None));
}

/// The application's role may read and add, the owner of the tables is refused by triggers.
#[tokio::test]
async fn entries_stay_as_they_are() {
    let database = empty().await;
    let (world, _postgres) = world(&database).await;
    world.done(refusal(1)).await;
    let client = connect(&database.admin_url()).await;
    let before = rows(&client, "SELECT e FROM audit_entries e ORDER BY sequence").await;
    let all = "SET colloquy.workspace = '*'";
    let changes = [
        "UPDATE audit_entries SET detail = '{}'",
        "UPDATE audit_entries SET detail = '{}' WHERE false",
        "DELETE FROM audit_entries",
        "TRUNCATE audit_entries",
        "UPDATE audit_heads SET hash = sha256('x')",
        "UPDATE audit_heads SET sequence = sequence - 1",
        "DELETE FROM audit_heads",
        "TRUNCATE audit_heads",
    ];
    client.batch_execute(&format!("SET ROLE colloquy_app; {all}")).await.expect("a role can be taken");
    let add =
        "INSERT INTO audit_entries SELECT workspace_id, sequence + 1, at, actor_id, credential_id, user_id,
        subject_id, name, credential, address, request_id, detail, hash FROM audit_entries";
    for change in changes.into_iter().chain([add, "UPDATE audit_heads SET sequence = sequence + 1"]) {
        let refused = client.batch_execute(change).await.expect_err(change);
        let refused = refused.as_db_error().map(|error| error.message().to_owned()).unwrap_or_default();
        assert!(refused.contains("permission denied"), "{change}: {refused}");
    }
    assert_eq!(rows(&client, "SELECT count(*) FROM audit_entries").await, [before.len().to_string()]);
    for role in ["SET ROLE colloquy", "RESET ROLE"] {
        client.batch_execute(&format!("{role}; {all}")).await.expect("a role can be taken");
        for change in changes {
            assert_eq!(refused_by(&client, change).await, "audit_entries_stay", "{change}, {role}");
        }
    }
    assert_eq!(rows(&client, "SELECT e FROM audit_entries e ORDER BY sequence").await, before);
}

/// What stands before the tables in the way of names is not what the function writes to.
#[tokio::test]
async fn a_temporary_table_does_not_catch_entries() {
    let database = empty().await;
    let (world, _postgres) = world(&database).await;
    let client = connect(&database.admin_url()).await;
    client
        .batch_execute(&format!(
            "CREATE TEMPORARY TABLE audit_entries (LIKE public.audit_entries);
             CREATE TEMPORARY TABLE audit_heads (LIKE public.audit_heads INCLUDING ALL);
             GRANT ALL ON audit_entries, audit_heads TO colloquy, colloquy_app;
             SET ROLE colloquy_app; SET colloquy.workspace = '{0}';
             SELECT append_audit('{0}', now(), NULL, 'system', NULL, NULL, NULL, ARRAY['caught'], NULL, NULL, ARRAY['{{}}'],
                 ARRAY[sha256('x')])",
            world.workspace_id
        ))
        .await
        .expect("adding is allowed");
    let found = "SELECT (SELECT count(*) FROM pg_temp.audit_entries),
        (SELECT count(*) FROM public.audit_entries WHERE name = 'caught')";
    assert_eq!(rows(&client, found).await, ["0|1"]);
}
