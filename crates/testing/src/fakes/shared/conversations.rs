//! Conversations, messages, runs and search.

use async_trait::async_trait;
use domain::ports::{
    ConversationCursor, ConversationFilter, Conversations, ConversationsOf, Messages, Runs, Search,
    SearchFilter, SearchHit, SearchRequest, StorageError, ThreadMessage,
};
use domain::{
    Conversation, ConversationId, EditId, Message, MessageEdit, MessageId, MessageTree, Page, PageRequest,
    Run, RunId, RunStatus, Timestamp, TreeNode, WorkspaceId,
};

use super::SharedNode;
use super::tables::Tables;

impl Tables {
    fn message(&self, workspace_id: WorkspaceId, id: MessageId) -> Option<&Message> {
        self.messages.get(&id).filter(|message| message.workspace_id == workspace_id)
    }

    fn messages_of(&self, workspace_id: WorkspaceId, id: ConversationId) -> impl Iterator<Item = &Message> {
        let is_wanted = move |it: &&Message| (it.workspace_id, it.conversation_id) == (workspace_id, id);
        self.messages.values().rev().filter(is_wanted)
    }

    fn tree(&self, workspace_id: WorkspaceId, id: ConversationId) -> MessageTree {
        MessageTree::new(self.messages_of(workspace_id, id).map(|message| TreeNode {
            id: message.id,
            parent_id: message.parent_id,
            role: message.role,
            status: message.status,
        }))
    }

    fn with_siblings(&self, message: &Message) -> ThreadMessage {
        let tree = self.tree(message.workspace_id, message.conversation_id);
        ThreadMessage { message: message.clone(), siblings: tree.siblings(message.id).to_vec() }
    }
}

#[async_trait]
impl Conversations for SharedNode {
    async fn get(
        &self,
        workspace_id: WorkspaceId,
        id: ConversationId,
    ) -> Result<Option<Conversation>, StorageError> {
        Ok(Conversations::get_many(self, workspace_id, &[id]).await?.pop())
    }

    async fn get_many(
        &self,
        workspace_id: WorkspaceId,
        ids: &[ConversationId],
    ) -> Result<Vec<Conversation>, StorageError> {
        self.read(|tables| {
            let found = ids.iter().filter_map(|id| tables.conversations.get(id));
            found.filter(|conversation| conversation.workspace_id == workspace_id).cloned().collect()
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
        let title = filter.title_contains.map(|title| title.to_lowercase());
        let is_wanted = |it: &&Conversation| {
            it.workspace_id == workspace_id
                && match of {
                    ConversationsOf::Owner(id) => it.owner_id == id,
                    ConversationsOf::Project(id) => it.project_id == Some(id),
                }
                && filter.pinned.is_none_or(|pinned| it.pinned == pinned)
                && filter.archived.is_none_or(|archived| it.archived == archived)
                && filter.tag_id.is_none_or(|id| it.tag_ids.contains(&id))
                && filter.updated_from.is_none_or(|from| it.updated_at >= from)
                && filter.updated_before.is_none_or(|before| it.updated_at < before)
                && title.as_ref().is_none_or(|title| it.title.to_string().to_lowercase().contains(title))
                && page.after.is_none_or(|after| ConversationCursor::from(*it) < after)
        };
        self.read(|tables| {
            let mut rows: Vec<Conversation> =
                tables.conversations.values().filter(is_wanted).cloned().collect();
            rows.sort_by_key(|it| std::cmp::Reverse(ConversationCursor::from(it)));
            Page::from_surplus(rows, page.limit, |it| ConversationCursor::from(it))
        })
        .await
    }
}

#[async_trait]
impl Messages for SharedNode {
    async fn get(&self, workspace_id: WorkspaceId, id: MessageId) -> Result<Option<Message>, StorageError> {
        self.read(|tables| tables.message(workspace_id, id).cloned()).await
    }

    async fn get_many(
        &self,
        workspace_id: WorkspaceId,
        ids: &[MessageId],
    ) -> Result<Vec<Message>, StorageError> {
        self.read(|tables| ids.iter().filter_map(|id| tables.message(workspace_id, *id)).cloned().collect())
            .await
    }

    async fn thread(
        &self,
        workspace_id: WorkspaceId,
        leaf: MessageId,
        page: PageRequest<MessageId>,
    ) -> Result<Page<ThreadMessage, MessageId>, StorageError> {
        self.read(|tables| {
            let mut next = match page.after {
                Some(after) => tables.message(workspace_id, after).and_then(|message| message.parent_id),
                None => Some(leaf),
            };
            let mut rows = Vec::new();
            while let Some(message) = next.and_then(|id| tables.message(workspace_id, id))
                && rows.len() <= usize::from(page.limit)
            {
                rows.push(tables.with_siblings(message));
                next = message.parent_id;
            }
            Page::from_surplus(rows, page.limit, |row| row.message.id)
        })
        .await
    }

    async fn list(
        &self,
        workspace_id: WorkspaceId,
        conversation_id: ConversationId,
        page: PageRequest<MessageId>,
    ) -> Result<Page<ThreadMessage, MessageId>, StorageError> {
        self.read(|tables| {
            let all = tables.messages_of(workspace_id, conversation_id);
            let older = all.filter(|message| page.after.is_none_or(|after| message.id < after));
            let rows = older.take(usize::from(page.limit) + 1).map(|message| tables.with_siblings(message));
            Page::from_surplus(rows.collect(), page.limit, |row| row.message.id)
        })
        .await
    }

    async fn tree(
        &self,
        workspace_id: WorkspaceId,
        conversation_id: ConversationId,
    ) -> Result<MessageTree, StorageError> {
        self.read(|tables| tables.tree(workspace_id, conversation_id)).await
    }

    async fn edits(
        &self,
        workspace_id: WorkspaceId,
        message_id: MessageId,
        page: PageRequest<EditId>,
    ) -> Result<Page<MessageEdit, EditId>, StorageError> {
        self.read(|tables| {
            let is_known = tables.message(workspace_id, message_id).is_some();
            let edits = tables.edits.iter().rev().filter(|edit| is_known && edit.message_id == message_id);
            let older = edits.filter(|edit| page.after.is_none_or(|after| edit.id < after));
            let rows = older.take(usize::from(page.limit) + 1).cloned().collect();
            Page::from_surplus(rows, page.limit, |edit| edit.id)
        })
        .await
    }
}

#[async_trait]
impl Runs for SharedNode {
    async fn get(&self, workspace_id: WorkspaceId, id: RunId) -> Result<Option<Run>, StorageError> {
        self.read(|tables| tables.runs.get(&id).filter(|run| run.workspace_id == workspace_id).cloned()).await
    }

    async fn of_message(
        &self,
        workspace_id: WorkspaceId,
        message_id: MessageId,
    ) -> Result<Option<Run>, StorageError> {
        let is_wanted = |run: &&Run| (run.workspace_id, run.message_id) == (workspace_id, message_id);
        self.read(|tables| tables.runs.values().rev().find(is_wanted).cloned()).await
    }

    async fn running(
        &self,
        workspace_id: WorkspaceId,
        conversation_id: ConversationId,
    ) -> Result<Vec<Run>, StorageError> {
        let is_wanted = |run: &&Run| {
            (run.workspace_id, run.conversation_id) == (workspace_id, conversation_id)
                && run.status == RunStatus::Running
        };
        self.read(|tables| tables.runs.values().filter(is_wanted).cloned().collect()).await
    }

    async fn abandoned(&self, now: Timestamp, limit: u16) -> Result<Vec<Run>, StorageError> {
        self.read(|tables| {
            let is_abandoned = |run: &&Run| run.status == RunStatus::Running && run.lease_expires_at <= now;
            let mut found: Vec<Run> = tables.runs.values().filter(is_abandoned).cloned().collect();
            found.sort_by_key(|run| (run.lease_expires_at, run.id));
            found.truncate(limit.into());
            found
        })
        .await
    }
}

/// Whether a search is about a message.
fn is_wanted(filter: &SearchFilter, conversation: &Conversation, message: &Message) -> bool {
    filter.role.is_none_or(|role| message.role == role)
        && filter.model.as_ref().is_none_or(|model| message.model.as_ref() == Some(model))
        && filter.posted_from.is_none_or(|from| message.created_at >= from)
        && filter.posted_before.is_none_or(|before| message.created_at < before)
        && filter.tag_id.is_none_or(|id| conversation.tag_ids.contains(&id))
        && filter.project_id.is_none_or(|id| conversation.project_id == Some(id))
        && filter.pinned.is_none_or(|pinned| conversation.pinned == pinned)
        && filter.archived.is_none_or(|archived| conversation.archived == archived)
        && filter.except != Some(conversation.id)
}

/// Finds words as they stand, the newest first, and marks nothing.
#[async_trait]
impl Search for SharedNode {
    async fn messages(&self, request: SearchRequest) -> Result<Vec<SearchHit>, StorageError> {
        let words: Vec<String> = request.words.iter().map(|word| word.to_lowercase()).collect();
        let matches = |text: &str| {
            let text = text.to_lowercase();
            let mut found = words.iter().map(|word| text.contains(word.as_str()));
            if request.all_words { found.all(|is_there| is_there) } else { found.any(|is_there| is_there) }
        };
        self.read(|tables| {
            let mut hits = Vec::new();
            for message in tables.messages.values().rev() {
                let Some(conversation) = tables.conversations.get(&message.conversation_id) else { continue };
                let text = message.parts.prose();
                let is_hit = conversation.workspace_id == request.workspace_id
                    && conversation.owner_id == request.owner_id
                    && is_wanted(&request.filter, conversation, message)
                    && request.before.is_none_or(|before| message.id < before)
                    && matches(&text);
                if is_hit && hits.len() < usize::from(request.limit) {
                    hits.push(SearchHit {
                        conversation_id: conversation.id,
                        conversation_title: conversation.title.clone(),
                        message_id: message.id,
                        role: message.role,
                        created_at: message.created_at,
                        snippet: text.chars().take(300).collect(),
                        highlights: Vec::new(),
                    });
                }
            }
            hits
        })
        .await
    }
}
