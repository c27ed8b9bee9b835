//! What is stored twice and may have come apart, after a statement by hand or a defect.

use diesel::prelude::*;
use diesel::sql_types::{Binary, Text};
use diesel::sqlite::SqliteConnection;
use domain::ConversationId;
use domain::ports::{Drift, DriftKind};

use crate::columns::Id;
use crate::errors::Outcome;
use crate::statement::{execute, query, values};

const COUNTS: &str = "SELECT c.id, CAST(c.message_count AS TEXT), CAST(count(m.id) AS TEXT)
     FROM conversations c LEFT JOIN messages m ON m.conversation_id = c.id
     GROUP BY c.id HAVING c.message_count <> count(m.id) LIMIT (SELECT ?1)";

const LEAVES: &str = "SELECT c.id, lower(hex(c.active_leaf_id)), coalesce(lower(hex((
         SELECT m.id FROM messages m WHERE m.conversation_id = c.id ORDER BY m.id DESC LIMIT 1
     ))), '')
     FROM conversations c
     WHERE c.active_leaf_id IS NOT NULL
         AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.conversation_id = c.id AND m.id = c.active_leaf_id)
     LIMIT (SELECT ?1)";

const REPAIR_COUNT: &str = "UPDATE conversations
     SET message_count = (SELECT count(*) FROM messages WHERE conversation_id = ?1) WHERE id = ?1";

/// The newest message is nobody's parent, so it is a leaf.
const REPAIR_LEAF: &str = "UPDATE conversations
     SET active_leaf_id = (SELECT id FROM messages WHERE conversation_id = ?1 ORDER BY id DESC LIMIT 1) WHERE id = ?1";

/// What does not agree.
pub(super) fn find(connection: &mut SqliteConnection) -> Outcome<Vec<Drift>> {
    let mut drifts = Vec::new();
    for (kind, sql) in [(DriftKind::MessageCount, COUNTS), (DriftKind::ActiveLeaf, LEAVES)] {
        let rows = query::<(Binary, Text, Text)>(sql, values![Drift::MOST])
            .load::<(Id, String, String)>(connection)?;
        drifts.extend(rows.into_iter().map(|(id, stored, expected)| Drift {
            kind,
            id: id.typed(|id| id),
            stored,
            expected,
        }));
    }
    Ok(drifts)
}

/// Makes it agree, by what is there now.
pub(super) fn repair(connection: &mut SqliteConnection, drifts: &[Drift]) -> Outcome<()> {
    for drift in drifts {
        let sql = match drift.kind {
            DriftKind::MessageCount => REPAIR_COUNT,
            DriftKind::ActiveLeaf => REPAIR_LEAF,
            DriftKind::MessageRange | DriftKind::JournalHead => continue,
        };
        execute(connection, sql, values![ConversationId::from_uuid(drift.id)])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::ports::Maintenance;
    use testing::contracts::{Storage, World};

    use super::*;
    use crate::{Settings, Sqlite};

    #[tokio::test]
    async fn what_was_changed_by_hand_is_found_and_repaired() {
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let database =
            Sqlite::open(&Settings::at(&directory.path().join("drift.db"))).expect("the database opens");
        let world = World::new(Storage::new(&database, Arc::new(()))).await;
        let mut conversation = world.conversation("Drifting").await;
        let first = world.post(&mut conversation, None, "One").await;
        let second = world.post(&mut conversation, Some(&first), "Two").await;
        let by_hand = [
            "DROP TRIGGER conversations_lead_to_a_leaf_of_their_own",
            "UPDATE conversations SET message_count = 7, active_leaf_id = id",
        ];
        for sql in by_hand {
            let change = move |connection: &mut SqliteConnection| Ok(execute(connection, sql, values![])?);
            database.writer.write(change).await.expect("the statement is valid");
        }
        let drift = |kind, stored: &str, expected: &str| Drift {
            kind,
            id: conversation.id.uuid(),
            stored: stored.to_owned(),
            expected: expected.to_owned(),
        };
        let wrong_leaf = conversation.id.uuid().simple().to_string();
        let leaf = second.id.uuid().simple().to_string();
        let expected =
            [drift(DriftKind::MessageCount, "7", "2"), drift(DriftKind::ActiveLeaf, &wrong_leaf, &leaf)];
        assert_eq!(database.reconcile(false).await.expect("reading works"), expected);
        assert_eq!(database.reconcile(true).await.expect("repairing works"), expected);
        assert_eq!(database.reconcile(false).await.expect("reading works"), []);
        let stored = world.storage.conversations.get(world.workspace_id, conversation.id).await;
        let stored = stored.expect("reading works").expect("it is there");
        assert_eq!((stored.message_count, stored.active_leaf_id), (2, Some(second.id)));
    }
}
