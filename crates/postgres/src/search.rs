//! Full-text search over messages.

mod expression;
mod language;
mod stems;

use async_trait::async_trait;
use diesel::sql_types::{Json, Text, Timestamptz, Uuid as SqlUuid};
use domain::ports::{Search, SearchHit, SearchOrder, SearchRequest, StorageError};
use domain::{ConversationId, MessageId, MessageRole, ModelName, Parts, Title};
use storage::{Phrases, Word, excerpt, text};

use crate::Postgres;
use crate::columns::{Id, JsonText, Moment};
use crate::errors::Outcome;
use crate::statement::values;
use expression::expression;

macro_rules! select_hits {
    ($ranked:literal, $most:literal, $order:literal) => {
        concat!(
            "SELECT c.id, c.title, m.id, m.role, m.created_at, m.parts
             FROM (
                 SELECT f.id, f.rank FROM search_messages($1, $2, search_query($1, $3), $4, $5, $6, ",
            $ranked, ", ", $most, ", $8, $9, $10, $11, $12, $13, $14) f ORDER BY ", $order, " LIMIT $7
             ) f
             CROSS JOIN LATERAL (SELECT * FROM messages m WHERE m.id = f.id AND m.workspace_id = $1 OFFSET 0) m
             JOIN conversations c ON c.id = m.conversation_id
             ORDER BY ",
            $order
        )
    };
}

const NEWEST: &str = select_hits!("false", "$7", "f.id DESC");

/// The best among the newest 10,000 that match: ranking every use of a common word would take seconds.
const BEST: &str = select_hits!("true", "10000", "f.rank DESC, f.id DESC");

#[async_trait]
impl Search for Postgres {
    async fn messages(&self, request: SearchRequest) -> Result<Vec<SearchHit>, StorageError> {
        let phrases = Phrases::new(&request.words);
        let Some(expression) = expression(&phrases, request.all_words) else { return Ok(Vec::new()) };
        let SearchRequest { workspace_id, owner_id, filter, limit, .. } = request;
        let (sql, before) = match request.order {
            SearchOrder::Newest => (NEWEST, request.before),
            SearchOrder::Best => (BEST, None),
        };
        let session = self.read_list(workspace_id, owner_id).await?;
        let values = values![
            workspace_id,
            owner_id,
            &expression,
            filter.role.map(Word::word),
            filter.except,
            before,
            limit,
            filter.model.as_ref().map(ModelName::as_str),
            filter.posted_from,
            filter.posted_before,
            filter.tag_id,
            filter.project_id,
            filter.pinned,
            filter.archived
        ];
        let rows = session.load::<Types, Row>(sql, values).await?;
        let mut hits = rows.into_iter().map(|row| hit(row, &phrases)).collect::<Outcome<Vec<_>>>()?;
        stems::mark(&session, workspace_id, &phrases, &mut hits).await?;
        Ok(hits.into_iter().map(|hit| hit.hit).collect())
    }
}

type Types = (SqlUuid, Text, SqlUuid, Text, Timestamptz, Json);
type Row = (Id, String, Id, String, Moment, JsonText);

/// A hit, and all that its message says.
struct Found {
    hit: SearchHit,
    said: String,
}

fn hit((conversation_id, title, id, role, created_at, parts): Row, phrases: &Phrases) -> Outcome<Found> {
    let said = parts.value::<Parts>()?.searchable_text();
    let (snippet, highlights) = excerpt(&said, phrases);
    let hit = SearchHit {
        conversation_id: conversation_id.typed(ConversationId::from_uuid),
        conversation_title: text(&title, Title::new)?,
        message_id: id.typed(MessageId::from_uuid),
        role: MessageRole::from_word(&role)?,
        created_at: created_at.into(),
        snippet,
        highlights,
    };
    Ok(Found { hit, said })
}
