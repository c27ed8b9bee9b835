//! What is stored twice and may have come apart, after a statement by hand or a defect.

use diesel::sql_types::{Text, Uuid as SqlUuid};
use domain::ports::{Drift, DriftKind, StorageError};

use super::LONG;
use crate::Postgres;
use crate::columns::Id;
use crate::session::Scope;
use crate::statement::values;

const COUNTS: &str = "SELECT c.id, c.message_count::text, coalesce(m.messages, 0)::text
     FROM conversations c
     LEFT JOIN (SELECT conversation_id, count(*) AS messages FROM messages GROUP BY conversation_id) m
         ON m.conversation_id = c.id
     WHERE c.message_count <> coalesce(m.messages, 0) LIMIT $1";

const LEAVES: &str = "SELECT c.id, c.active_leaf_id::text, coalesce((
         SELECT m.id::text FROM messages m WHERE m.conversation_id = c.id ORDER BY m.id DESC LIMIT 1
     ), '')
     FROM conversations c
     WHERE c.active_leaf_id IS NOT NULL AND NOT EXISTS (
         SELECT 1 FROM messages m WHERE m.conversation_id = c.id AND m.id = c.active_leaf_id
     )
     LIMIT $1";

const RANGES: &str = "SELECT c.id, concat_ws(' to ', c.oldest_message_id, c.newest_message_id),
         concat_ws(' to ', m.oldest, m.newest)
     FROM conversations c
     JOIN (
         SELECT conversation_id, min(id::text COLLATE \"C\")::uuid AS oldest, max(id::text COLLATE \"C\")::uuid AS newest
         FROM messages GROUP BY conversation_id
     ) m ON m.conversation_id = c.id
     WHERE c.oldest_message_id IS NULL OR c.oldest_message_id > m.oldest
         OR c.newest_message_id IS NULL OR c.newest_message_id < m.newest
     LIMIT $1";

const HEADS: &str = "SELECT e.owner_id, coalesce(h.position, 0)::text, e.position::text
     FROM (SELECT owner_id, max(position) AS position FROM events WHERE owner_id IS NOT NULL GROUP BY owner_id) e
     LEFT JOIN journal_heads h ON h.owner_id = e.owner_id
     WHERE h.position IS NULL OR h.position < e.position LIMIT $1";

/// Whoever adds a message waits for this, so that the next statement sees all that was added before.
const LOCK: &str = "SELECT id, '', '' FROM conversations WHERE id = $1 FOR UPDATE";

const REPAIR_COUNT: &str = "UPDATE conversations
     SET message_count = (SELECT count(*) FROM messages WHERE conversation_id = $1) WHERE id = $1";

/// The newest message is nobody's parent, so it is a leaf.
const REPAIR_LEAF: &str = "UPDATE conversations
     SET active_leaf_id = (SELECT id FROM messages WHERE conversation_id = $1 ORDER BY id DESC LIMIT 1) WHERE id = $1";

const REPAIR_RANGE: &str = "UPDATE conversations
     SET oldest_message_id = (SELECT id FROM messages WHERE conversation_id = $1 ORDER BY id LIMIT 1),
         newest_message_id = (SELECT id FROM messages WHERE conversation_id = $1 ORDER BY id DESC LIMIT 1)
     WHERE id = $1";

const REPAIR_HEAD: &str = "INSERT INTO journal_heads AS h (owner_id, workspace_id, position)
     SELECT owner_id, workspace_id, position FROM events WHERE owner_id = $1 ORDER BY position DESC LIMIT 1
     ON CONFLICT (owner_id) DO UPDATE SET position = greatest(h.position, excluded.position)";

type Types = (SqlUuid, Text, Text);
type Row = (Id, String, String);

impl Postgres {
    /// What does not agree.
    pub(super) async fn find_drifts(&self) -> Result<Vec<Drift>, StorageError> {
        let session = self.read(Scope::System).await?.patient(LONG);
        let mut drifts = Vec::new();
        for (kind, sql) in [
            (DriftKind::MessageCount, COUNTS),
            (DriftKind::ActiveLeaf, LEAVES),
            (DriftKind::MessageRange, RANGES),
            (DriftKind::JournalHead, HEADS),
        ] {
            let rows = session.load::<Types, Row>(sql, values![Drift::MOST]).await?;
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
    pub(super) async fn repair_drift(&self, drift: &Drift) -> Result<(), StorageError> {
        let session = self.write(Scope::System).await?.patient(LONG);
        let sql = match drift.kind {
            DriftKind::MessageCount => REPAIR_COUNT,
            DriftKind::ActiveLeaf => REPAIR_LEAF,
            DriftKind::MessageRange => REPAIR_RANGE,
            DriftKind::JournalHead => REPAIR_HEAD,
        };
        if drift.kind != DriftKind::JournalHead {
            session.optional::<Types, Row>(LOCK, values![drift.id]).await?;
        }
        session.execute(sql, values![drift.id]).await?;
        Ok(session.commit().await?)
    }
}
