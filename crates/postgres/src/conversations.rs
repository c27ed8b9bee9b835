//! Reading conversations.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use domain::ports::{ConversationCursor, ConversationFilter, Conversations, ConversationsOf, StorageError};
use domain::{
    Conversation, ConversationId, ForkOrigin, MessageId, ModelName, Page, PageRequest, ProjectId,
    SystemPrompt, TagId, Title, TitleOrigin, UserId, WorkspaceId,
};
use storage::{Word, count, list_start, text, version};

use crate::Postgres;
use crate::columns::{Id, JsonText, Moment};
use crate::errors::{Failure, Outcome};
use crate::session::Scope;
use crate::statement::{ids, values};

macro_rules! select_conversations {
    ($rest:literal) => {
        concat!(
            "SELECT c.id, c.workspace_id, c.owner_id, c.pinned, c.archived, c.version, c.message_count, \
             c.active_leaf_id, c.created_at, c.updated_at, c.title, c.title_origin, c.model, c.parameters, \
             c.forked_from_conversation_id, c.forked_from_message_id, c.system_prompt, c.project_id, \
             ARRAY(SELECT t.tag_id FROM conversation_tags t WHERE t.conversation_id = c.id) FROM ",
            $rest
        )
    };
}

const GET: &str = select_conversations!("conversations c WHERE c.id = $1 AND c.workspace_id = $2");
const GET_MANY: &str = select_conversations!("conversations c WHERE c.workspace_id = $1 AND c.id = ANY ($2)");
pub(crate) const LIST: &str = select_conversations!(
    "conversations c WHERE c.workspace_id = $1 AND c.owner_id = $2 AND (c.updated_at, c.id) < ($3, $4)"
);
/// A project holds few enough conversations to look at each title.
pub(crate) const IN_PROJECT: &str = select_conversations!(
    "conversations c WHERE c.workspace_id = $1 AND c.project_id = $2 AND (c.updated_at, c.id) < ($3, $4)
         AND ($8::text IS NULL OR c.title_folded LIKE $8)"
);
/// The function looks the titles up; what it finds is read like everything else.
const TITLED: &str = select_conversations!(
    "search_titles($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) WITH ORDINALITY AS f (id, place)
     JOIN conversations c ON c.id = f.id AND c.workspace_id = $1 ORDER BY f.place"
);

#[async_trait]
impl Conversations for Postgres {
    async fn get(
        &self,
        workspace_id: WorkspaceId,
        id: ConversationId,
    ) -> Result<Option<Conversation>, StorageError> {
        let session = self.read(Scope::Workspace(workspace_id)).await?;
        let row = session.optional::<Types, Row>(GET, values![id, workspace_id]).await?;
        Ok(row.map(Conversation::try_from).transpose()?)
    }

    async fn get_many(
        &self,
        workspace_id: WorkspaceId,
        wanted: &[ConversationId],
    ) -> Result<Vec<Conversation>, StorageError> {
        let session = self.read(Scope::Workspace(workspace_id)).await?;
        let wanted = ids(wanted.iter().map(|id| id.uuid()));
        let rows = session.load::<Types, Row>(GET_MANY, &[workspace_id.into(), wanted]).await?;
        Ok(rows.into_iter().map(Conversation::try_from).collect::<Outcome<_>>()?)
    }

    async fn list(
        &self,
        workspace_id: WorkspaceId,
        of: ConversationsOf,
        filter: ConversationFilter,
        page: PageRequest<ConversationCursor>,
    ) -> Result<Page<Conversation, ConversationCursor>, StorageError> {
        let ConversationCursor { updated_at: before, id: before_id } = list_start(page.after, &filter);
        let most = u32::from(page.limit) + 1;
        let title = filter.title_contains.as_deref().map(pattern);
        let ConversationFilter { pinned, archived, tag_id, updated_from, .. } = filter;
        let rows = match (of, title.as_deref()) {
            (ConversationsOf::Project(id), title) => {
                let values = values![workspace_id, id, before, before_id, most, tag_id, updated_from, title];
                // What others have just put there has to be seen, and a replica cannot be asked about them all.
                let session = self.read(Scope::Workspace(workspace_id)).await?;
                session.load::<Types, Row>(&list_statement(IN_PROJECT, &filter), values).await?
            }
            (ConversationsOf::Owner(id), None) => {
                let values = values![workspace_id, id, before, before_id, most, tag_id, updated_from];
                let session = self.read_list(workspace_id, id).await?;
                session.load::<Types, Row>(&list_statement(LIST, &filter), values).await?
            }
            (ConversationsOf::Owner(id), Some(title)) => {
                let values = values![
                    workspace_id,
                    id,
                    title,
                    pinned,
                    archived,
                    before,
                    before_id,
                    most,
                    tag_id,
                    updated_from
                ];
                let session = self.read_list(workspace_id, id).await?;
                session.load::<Types, Row>(TITLED, values).await?
            }
        };
        let rows = rows.into_iter().map(Conversation::try_from).collect::<Outcome<Vec<_>>>()?;
        Ok(Page::from_surplus(rows, page.limit, |conversation| conversation.into()))
    }
}

/// The statement of a filter beside its title: one of 36 for each list. Flags stand in it as constants, so that the index of pinned
/// or archived conversations serves a list of just those.
pub(crate) fn list_statement(list: &str, filter: &ConversationFilter) -> String {
    let mut sql = list.to_owned();
    match filter.pinned {
        Some(true) => sql.push_str(" AND c.pinned"),
        Some(false) => sql.push_str(" AND NOT c.pinned"),
        None => {}
    }
    match filter.archived {
        Some(true) => sql.push_str(" AND c.archived"),
        Some(false) => sql.push_str(" AND NOT c.archived"),
        None => {}
    }
    // A tag is at few enough conversations to sort them.
    if filter.tag_id.is_some() {
        sql.push_str(
            " AND c.id = ANY (ARRAY(SELECT g.conversation_id FROM conversation_tags g WHERE g.tag_id = $6))",
        );
    }
    if filter.updated_from.is_some() {
        sql.push_str(" AND c.updated_at >= $7");
    }
    sql.push_str(" ORDER BY c.updated_at DESC, c.id DESC LIMIT $5");
    sql
}

/// A pattern for `LIKE` that finds a text anywhere in a folded title.
fn pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for character in text.to_lowercase().chars() {
        match character {
            '%' | '_' | '\\' => pattern.extend(['\\', character]),
            // No title contains NUL, and no text in Postgres does; nothing else in titles is a control either.
            '\0' => pattern.push('\u{1}'),
            other => pattern.push(other),
        }
    }
    pattern.push('%');
    pattern
}

type Types = (
    SqlUuid,
    SqlUuid,
    SqlUuid,
    Bool,
    Bool,
    BigInt,
    BigInt,
    Nullable<SqlUuid>,
    Timestamptz,
    Timestamptz,
    Text,
    Text,
    Nullable<Text>,
    Jsonb,
    Nullable<SqlUuid>,
    Nullable<SqlUuid>,
    Nullable<Text>,
    Nullable<SqlUuid>,
    Array<SqlUuid>,
);

#[derive(Queryable)]
struct Row {
    id: Id,
    workspace_id: Id,
    owner_id: Id,
    pinned: bool,
    archived: bool,
    version: i64,
    message_count: i64,
    active_leaf_id: Option<Id>,
    created_at: Moment,
    updated_at: Moment,
    title: String,
    title_origin: String,
    model: Option<String>,
    parameters: JsonText,
    forked_from_conversation_id: Option<Id>,
    forked_from_message_id: Option<Id>,
    system_prompt: Option<String>,
    project_id: Option<Id>,
    tag_ids: Vec<Id>,
}

impl TryFrom<Row> for Conversation {
    type Error = Failure;

    fn try_from(row: Row) -> Outcome<Self> {
        let mut tag_ids: Vec<TagId> = row.tag_ids.into_iter().map(|id| id.typed(TagId::from_uuid)).collect();
        tag_ids.sort_unstable();
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
            parameters: row.parameters.value()?,
            tag_ids,
            pinned: row.pinned,
            archived: row.archived,
            active_leaf_id: row.active_leaf_id.map(|id| id.typed(MessageId::from_uuid)),
            message_count: count(row.message_count)?,
            forked_from: forked_from.map(|(conversation, message)| ForkOrigin {
                conversation_id: conversation.typed(ConversationId::from_uuid),
                message_id: message.typed(MessageId::from_uuid),
            }),
            version: version(row.version)?,
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
        })
    }
}
