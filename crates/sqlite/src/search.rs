//! Full-text search over messages.

mod expression;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Text};
use diesel::sqlite::SqliteConnection;
use domain::ports::{Search, SearchHit, SearchOrder, SearchRequest, StorageError};
use domain::{ConversationId, MessageId, MessageRole, Parts, Title};
use storage::{Phrases, excerpt};

use crate::Sqlite;
use crate::columns::{Id, Word, json, moment, text};
use crate::errors::Outcome;
use crate::statement::{query, values};
use expression::expression;

macro_rules! select_hits {
    ($from:literal, $rest:literal) => {
        concat!(
            "SELECT c.id, c.title, m.id, m.role, m.created_at, m.parts FROM ",
            $from,
            " CROSS JOIN messages m ON m.seq = f.rowid CROSS JOIN conversations c ON c.id = m.conversation_id \
             WHERE m.workspace_id = ?2 AND c.owner_id = ?3 AND m.conversation_id IS NOT ?4 ",
            $rest
        )
    };
}

/// The index read backwards: the cost does not depend on how many messages match.
pub(crate) const NEWEST: &str = select_hits!(
    "messages_fts f",
    "AND f.messages_fts MATCH ?1 AND f.rowid < ?6 ORDER BY f.rowid DESC LIMIT (SELECT ?5)"
);

/// The best among the newest 10,000 that match: ranking every use of a common word would take seconds.
pub(crate) const BEST: &str = select_hits!(
    "(SELECT rowid, bm25(messages_fts, 0.0, 0.0, 1.0) AS score FROM messages_fts
      WHERE messages_fts MATCH ?1 ORDER BY rowid DESC LIMIT 10000) f",
    "ORDER BY f.score, f.rowid DESC LIMIT (SELECT ?5)"
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
    let SearchRequest { workspace_id, owner_id, except, limit, .. } = request;
    let rows = match request.order {
        SearchOrder::Newest => {
            let before = match request.before {
                Some(id) => query::<BigInt>(PLACE, values![id]).get_result::<i64>(connection)?,
                None => i64::MAX,
            };
            query::<Types>(NEWEST, values![&expression, *workspace_id, *owner_id, *except, *limit, before])
                .load::<Row>(connection)?
        }
        SearchOrder::Best => {
            query::<Types>(BEST, values![&expression, *workspace_id, *owner_id, *except, *limit])
                .load::<Row>(connection)?
        }
    };
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
