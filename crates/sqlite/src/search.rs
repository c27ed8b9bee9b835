//! Full-text search over messages.

mod expression;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Text};
use diesel::sqlite::SqliteConnection;
use domain::ports::{Search, SearchFilter, SearchHit, SearchOrder, SearchRequest, StorageError};
use domain::{ConversationId, MessageId, MessageRole, ModelName, Parts, Title};
use storage::{Phrases, excerpt};

use crate::Sqlite;
use crate::columns::{Id, Word, json, moment, text};
use crate::errors::Outcome;
use crate::statement::{query, values};
use expression::expression;

macro_rules! select_hits {
    ($from:literal, $($rest:tt)+) => {
        concat!(
            "SELECT c.id, c.title, m.id, m.role, m.created_at, m.parts FROM ",
            $from,
            " CROSS JOIN messages m ON m.seq = f.rowid CROSS JOIN conversations c ON c.id = m.conversation_id \
             WHERE m.workspace_id = ?2 AND c.owner_id = ?3 AND m.conversation_id IS NOT ?4 ",
            $($rest)+
        )
    };
}

/// What a search is narrowed to beside a role, which stands in the index, and a conversation that is left out.
macro_rules! narrowed {
    () => {
        "(?7 IS NULL OR m.model = ?7)
         AND (?8 IS NULL OR m.created_at >= ?8) AND (?9 IS NULL OR m.created_at < ?9)
         AND (?10 IS NULL OR c.project_id = ?10)
         AND (?11 IS NULL OR c.pinned = ?11) AND (?12 IS NULL OR c.archived = ?12)
         AND (?13 IS NULL OR EXISTS (
             SELECT 1 FROM conversation_tags t WHERE t.conversation_id = m.conversation_id AND t.tag_id = ?13
         ))"
    };
}

/// The index read backwards: the cost does not depend on how many messages match.
pub(crate) const NEWEST: &str = select_hits!(
    "messages_fts f",
    "AND f.messages_fts MATCH ?1 AND f.rowid < ?6 ORDER BY f.rowid DESC LIMIT (SELECT ?5)"
);
pub(crate) const NEWEST_NARROWED: &str = select_hits!(
    "messages_fts f",
    "AND f.messages_fts MATCH ?1 AND f.rowid < ?6 AND ",
    narrowed!(),
    " ORDER BY f.rowid DESC LIMIT (SELECT ?5)"
);

/// The best among the newest 10,000 that match: ranking every use of a common word would take seconds.
pub(crate) const BEST: &str = select_hits!(
    "(SELECT rowid, bm25(messages_fts, 0.0, 0.0, 1.0) AS score FROM messages_fts
      WHERE messages_fts MATCH ?1 ORDER BY rowid DESC LIMIT 10000) f",
    "ORDER BY f.score, f.rowid DESC LIMIT (SELECT ?5)"
);
pub(crate) const BEST_NARROWED: &str = concat!(
    "SELECT f.conversation_id, f.title, f.id, f.role, f.created_at, m.parts FROM (
         SELECT i.rowid AS seq, bm25(messages_fts, 0.0, 0.0, 1.0) AS score, c.id AS conversation_id, c.title, m.id, m.role,
             m.created_at
         FROM messages_fts i
         CROSS JOIN messages m ON m.seq = i.rowid CROSS JOIN conversations c ON c.id = m.conversation_id
         WHERE i.messages_fts MATCH ?1 AND m.workspace_id = ?2 AND c.owner_id = ?3 AND m.conversation_id IS NOT ?4 AND ",
    narrowed!(),
    "    ORDER BY i.rowid DESC LIMIT 10000
     ) f
     CROSS JOIN messages m ON m.seq = f.seq
     ORDER BY f.score, f.seq DESC LIMIT (SELECT ?5)"
);

/// The place of a message, or of the newest one before it when it is gone.
pub(crate) const PLACE: &str = "SELECT coalesce(
         (SELECT seq FROM messages WHERE id = ?1),
         (SELECT seq + 1 FROM messages WHERE id < ?1 ORDER BY id DESC LIMIT 1),
         0
     )";

#[async_trait]
impl Search for Sqlite {
    async fn messages(&self, request: SearchRequest) -> Result<Vec<SearchHit>, StorageError> {
        self.readers.read(move |connection| messages(connection, &request)).await
    }
}

fn messages(connection: &mut SqliteConnection, request: &SearchRequest) -> Outcome<Vec<SearchHit>> {
    let Some(expression) = expression(request) else { return Ok(Vec::new()) };
    let SearchRequest { workspace_id, owner_id, limit, filter, .. } = request;
    let is_narrowed =
        *filter != SearchFilter { role: filter.role, except: filter.except, ..SearchFilter::default() };
    let sql = match (request.order, is_narrowed) {
        (SearchOrder::Newest, false) => NEWEST,
        (SearchOrder::Newest, true) => NEWEST_NARROWED,
        (SearchOrder::Best, false) => BEST,
        (SearchOrder::Best, true) => BEST_NARROWED,
    };
    let before = match request.before {
        Some(id) if request.order == SearchOrder::Newest => {
            query::<BigInt>(PLACE, values![id]).get_result::<i64>(connection)?
        }
        _ => i64::MAX,
    };
    let values = values![
        &expression,
        *workspace_id,
        *owner_id,
        filter.except,
        *limit,
        before,
        filter.model.as_ref().map(ModelName::as_str),
        filter.posted_from,
        filter.posted_before,
        filter.project_id,
        filter.pinned,
        filter.archived,
        filter.tag_id
    ];
    let rows = query::<Types>(sql, values).load::<Row>(connection)?;
    let phrases = Phrases::new(&request.words);
    rows.into_iter().map(|row| hit(row, &phrases)).collect()
}

type Types = (Binary, Text, Binary, Text, BigInt, Text);
type Row = (Id, String, Id, String, i64, String);

fn hit((conversation_id, title, id, role, created_at, parts): Row, phrases: &Phrases) -> Outcome<SearchHit> {
    let words = json::<Parts>(&parts)?.searchable_text();
    let (snippet, highlights) = excerpt(&words, phrases);
    Ok(SearchHit {
        conversation_id: conversation_id.typed(ConversationId::from_uuid),
        conversation_title: text(&title, Title::new)?,
        message_id: id.typed(MessageId::from_uuid),
        role: MessageRole::from_word(&role)?,
        created_at: moment(created_at),
        snippet,
        highlights,
    })
}
