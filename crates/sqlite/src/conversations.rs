//! Reading conversations.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use domain::ports::{ConversationCursor, ConversationFilter, Conversations, ConversationsOf, StorageError};
use domain::{
    Conversation, ConversationId, ForkOrigin, MessageId, ModelName, Page, PageRequest, ProjectId,
    SystemPrompt, TagId, Timestamp, Title, TitleOrigin, UserId, WorkspaceId,
};
use storage::list_start;
use uuid::Uuid;

use crate::Sqlite;
use crate::columns::{Id, Word, count, id_list, json, moment, text, version};
use crate::errors::{Failure, Outcome, corrupt};
use crate::statement::{Value, query, values};

macro_rules! select_conversations {
    ($rest:literal) => {
        concat!(
            "SELECT c.id, c.workspace_id, c.owner_id, c.pinned, c.archived, c.version, c.message_count, \
             c.active_leaf_id, c.created_at, c.updated_at, c.title, c.title_origin, c.model, c.parameters, \
             c.forked_from_conversation_id, c.forked_from_message_id, c.system_prompt, c.project_id, \
             (SELECT group_concat(hex(t.tag_id)) FROM conversation_tags t WHERE t.conversation_id = c.id) FROM ",
            $rest
        )
    };
}

const GET: &str = select_conversations!("conversations c WHERE c.id = ?1 AND c.workspace_id = ?2");
const GET_MANY: &str = select_conversations!(
    "conversations c WHERE c.workspace_id = ?1 AND c.id IN (SELECT unhex(value) FROM json_each(?2))"
);
const LIST: &str = select_conversations!("conversations c WHERE c.workspace_id = ?1");
/// A tag is at few enough conversations to sort them; only what is listed is read whole.
const TAGGED: &str = select_conversations!(
    "conversations c WHERE c.seq IN (
         SELECT c.seq FROM conversation_tags g CROSS JOIN conversations c ON c.id = g.conversation_id
         WHERE g.tag_id = ?8 AND c.workspace_id = ?1"
);
const NEWEST_FIRST: &str = " ORDER BY c.updated_at DESC, c.id DESC";

#[async_trait]
impl Conversations for Sqlite {
    async fn get(
        &self,
        workspace_id: WorkspaceId,
        id: ConversationId,
    ) -> Result<Option<Conversation>, StorageError> {
        self.readers
            .read(move |connection| {
                let row = query::<Types>(GET, values![id, workspace_id])
                    .get_result::<Row>(connection)
                    .optional()?;
                row.map(Conversation::try_from).transpose()
            })
            .await
    }

    async fn get_many(
        &self,
        workspace_id: WorkspaceId,
        ids: &[ConversationId],
    ) -> Result<Vec<Conversation>, StorageError> {
        let ids = id_list(ids.iter().map(|id| id.uuid()));
        self.readers
            .read(move |connection| {
                let rows = query::<Types>(GET_MANY, values![workspace_id, &ids]).load::<Row>(connection)?;
                rows.into_iter().map(Conversation::try_from).collect()
            })
            .await
    }

    async fn list(
        &self,
        workspace_id: WorkspaceId,
        of: ConversationsOf,
        filter: ConversationFilter,
        page: PageRequest<ConversationCursor>,
    ) -> Result<Page<Conversation, ConversationCursor>, StorageError> {
        self.readers
            .read(move |connection| {
                let sql = list_statement(of, &filter);
                let whose = match of {
                    ConversationsOf::Owner(id) => Value::from(id),
                    ConversationsOf::Project(id) => Value::from(id),
                };
                let before = list_start(page.after, &filter);
                let from = filter.updated_from.map_or(i64::MIN, Timestamp::micros);
                let title = filter.title_contains.as_deref().map(str::to_lowercase);
                let most = u32::from(page.limit) + 1;
                let values = values![
                    workspace_id,
                    whose,
                    before.updated_at,
                    before.id,
                    most,
                    title.as_deref(),
                    from,
                    filter.tag_id
                ];
                let rows = query::<Types>(&sql, values).load::<Row>(connection)?;
                let rows = rows.into_iter().map(Conversation::try_from).collect::<Outcome<Vec<_>>>()?;
                Ok(Page::from_surplus(rows, page.limit, |conversation| conversation.into()))
            })
            .await
    }
}

/// The statement of a filter: one of 72. Flags stand in it as constants, so that the index of pinned or archived
/// conversations serves a list of just those.
pub(crate) fn list_statement(of: ConversationsOf, filter: &ConversationFilter) -> String {
    let is_tagged = filter.tag_id.is_some();
    let mut sql = if is_tagged { TAGGED.to_owned() } else { LIST.to_owned() };
    sql.push_str(match of {
        ConversationsOf::Owner(_) => " AND c.owner_id = ?2",
        ConversationsOf::Project(_) => " AND c.project_id = ?2",
    });
    sql.push_str(" AND (c.updated_at, c.id) < (?3, ?4) AND c.updated_at >= ?7");
    match filter.pinned {
        Some(true) => sql.push_str(" AND c.pinned = 1"),
        Some(false) => sql.push_str(" AND c.pinned = 0"),
        None => {}
    }
    match filter.archived {
        Some(true) => sql.push_str(" AND c.archived = 1"),
        Some(false) => sql.push_str(" AND c.archived = 0"),
        None => {}
    }
    if filter.title_contains.is_some() {
        sql.push_str(" AND instr(c.title_folded, ?6) > 0");
    }
    sql.push_str(NEWEST_FIRST);
    sql.push_str(" LIMIT (SELECT ?5)");
    if is_tagged {
        sql.push(')');
        sql.push_str(NEWEST_FIRST);
    }
    sql
}

type Types = (
    Binary,
    Binary,
    Binary,
    BigInt,
    BigInt,
    BigInt,
    BigInt,
    Nullable<Binary>,
    BigInt,
    BigInt,
    Text,
    Text,
    Nullable<Text>,
    Text,
    Nullable<Binary>,
    Nullable<Binary>,
    Nullable<Text>,
    Nullable<Binary>,
    Nullable<Text>,
);

#[derive(Queryable)]
struct Row {
    id: Id,
    workspace_id: Id,
    owner_id: Id,
    pinned: i64,
    archived: i64,
    version: i64,
    message_count: i64,
    active_leaf_id: Option<Id>,
    created_at: i64,
    updated_at: i64,
    title: String,
    title_origin: String,
    model: Option<String>,
    parameters: String,
    forked_from_conversation_id: Option<Id>,
    forked_from_message_id: Option<Id>,
    system_prompt: Option<String>,
    project_id: Option<Id>,
    tag_ids: Option<String>,
}

impl TryFrom<Row> for Conversation {
    type Error = Failure;

    fn try_from(row: Row) -> Outcome<Self> {
        let forked_from = row.forked_from_conversation_id.zip(row.forked_from_message_id);
        Ok(Self {
            id: row.id.typed(ConversationId::from_uuid),
            workspace_id: row.workspace_id.typed(WorkspaceId::from_uuid),
            owner_id: row.owner_id.typed(UserId::from_uuid),
            project_id: row.project_id.map(|id| id.typed(ProjectId::from_uuid)),
            title: text(&row.title, Title::new)?,
            title_origin: TitleOrigin::from_word(&row.title_origin)?,
            model: row.model.as_deref().map(|name| text(name, ModelName::new)).transpose()?,
            system_prompt: row
                .system_prompt
                .as_deref()
                .map(|prompt| text(prompt, SystemPrompt::new))
                .transpose()?,
            parameters: json(&row.parameters)?,
            tag_ids: tag_ids(row.tag_ids.as_deref())?,
            pinned: row.pinned != 0,
            archived: row.archived != 0,
            active_leaf_id: row.active_leaf_id.map(|id| id.typed(MessageId::from_uuid)),
            message_count: count(row.message_count)?,
            forked_from: forked_from.map(|(conversation, message)| ForkOrigin {
                conversation_id: conversation.typed(ConversationId::from_uuid),
                message_id: message.typed(MessageId::from_uuid),
            }),
            version: version(row.version)?,
            created_at: moment(row.created_at),
            updated_at: moment(row.updated_at),
        })
    }
}

/// The tags of a row, in the order of their identifiers.
fn tag_ids(list: Option<&str>) -> Outcome<Vec<TagId>> {
    let ids = list.iter().flat_map(|list| list.split(',')).map(Uuid::try_parse);
    let mut ids = ids.map(|id| id.map(TagId::from_uuid).map_err(corrupt)).collect::<Outcome<Vec<_>>>()?;
    ids.sort_unstable();
    Ok(ids)
}
