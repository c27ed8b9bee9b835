//! Taking one's data along: everything of a person as one JSON document, written piece by piece.
//!
//! ```json
//! {"format": "colloquy-person", "version": 1, "exported_at": "…", "profile": {…}, "workspaces": [{…}],
//!  "conversations": [{"workspace_id": "…", "conversation": {…}, "messages": [{"message": {…}, "edits": [{…}]}]}],
//!  "tags": [{"workspace_id": "…", "tag": {…}}], "annotations": [{"workspace_id": "…", "annotation": {…}}]}
//! ```
//!
//! The messages of a conversation are those of all branches, the newest first. A conversation that changed while the
//! document was written may stand there twice; then the later one counts. Annotations of messages of others are there
//! too, without the messages.

use std::fmt::Write as _;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::ports::{
    AnnotationsIn, ConversationCursor, ConversationFilter, ConversationsOf, Quota, ThreadMessage,
};
use domain::{
    AnnotationId, Conversation, Event, MessageEdit, MessageId, Page, PageRequest, Permission, TagId,
    Timestamp, UserId, WorkspaceId,
};
use futures_util::Stream;
use serde::Serialize;
use serde_json::json;

use crate::annotations::AnnotationView;
use crate::bus::{Bus, Context};
use crate::conversations::ConversationView;
use crate::identities::UserView;
use crate::messages::{MessageEditView, ThreadMessageView};
use crate::tags::TagView;
use crate::workspaces::WorkspaceView;
use crate::{Code, Error, Services};

/// How often a person may take their data along: it is a lot of work.
const QUOTA: Quota =
    Quota { name: "export", limit: NonZeroU32::new(10).unwrap(), window: Duration::from_hours(1) };
/// How many conversations, messages and edits, tags and annotations are read in one go.
const CONVERSATIONS: u16 = 50;
const MESSAGES: u16 = 8;
const EDITS: u16 = 8;
const SMALL: u16 = 100;

/// Everything of a person, piece by piece.
pub struct Export {
    services: Arc<Services>,
    user_id: UserId,
    /// The workspaces that are still to be read, the next one last.
    workspaces: Vec<WorkspaceId>,
    /// The next page of conversations in the present one.
    next_page: Option<PageRequest<ConversationCursor>>,
    /// Whether those that changed meanwhile are looked for, which moves them to where the list has been read.
    looks_again: bool,
    began_at: Timestamp,
    /// Conversations that were read, the next one last.
    conversations: Vec<Conversation>,
    /// The conversation that is being written.
    open: Option<OpenConversation>,
    written: usize,
    tags: Remaining<TagId>,
    annotations: Remaining<AnnotationId>,
    state: State,
}

/// A conversation whose messages are being written.
struct OpenConversation {
    workspace_id: WorkspaceId,
    conversation: Conversation,
    next: Option<PageRequest<MessageId>>,
    written: usize,
}

/// What is still to be written of a list of small things.
struct Remaining<K> {
    /// The workspaces that are still to be read, the next one last.
    workspaces: Vec<WorkspaceId>,
    /// The next page in the next workspace.
    next_page: PageRequest<K>,
    written: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Head,
    Conversations,
    Tags,
    Annotations,
    Over,
}

/// Begins to take a person's data along; that they did is told in the audit log.
///
/// # Errors
/// `forbidden` for a key; `rate_limited` for more than a few an hour.
pub async fn export_me(bus: &Bus, context: &Context) -> Result<Export, Error> {
    bus.through(context, "me.export", Permission::ManageOwnAccount, begin(bus.services(), context)).await
}

async fn begin(services: &Arc<Services>, context: &Context) -> Result<Export, Error> {
    let user_id = context.actor.user_id;
    let decision = services.ports.rate_limiter.check(&user_id.to_string(), QUOTA).await;
    if !decision.allowed {
        let detail = "You have taken your data along several times within the last hour. Wait a little.";
        return Err(Error::new(Code::RateLimited, "rate_limited", detail).retry_after(decision.reset_after));
    }
    let unit = context.unit_of_work(services, vec![Event::DataExported { user_id }]);
    services.ports.journal.commit(unit).await?;
    let memberships = services.ports.workspaces.workspaces_of(user_id).await?;
    let workspaces: Vec<WorkspaceId> = memberships.iter().rev().map(|(workspace, _)| workspace.id).collect();
    Ok(Export {
        services: Arc::clone(services),
        user_id,
        tags: Remaining::new(workspaces.clone()),
        annotations: Remaining::new(workspaces.clone()),
        workspaces,
        next_page: Some(PageRequest::first(CONVERSATIONS)),
        looks_again: false,
        began_at: services.ports.clock.now(),
        conversations: Vec::new(),
        open: None,
        written: 0,
        state: State::Head,
    })
}

impl Export {
    /// The pieces of the document, in order. An error ends it before its end, so that it is no JSON.
    pub fn pieces(self) -> impl Stream<Item = Result<Bytes, Error>> {
        futures_util::stream::unfold(Some(self), |export| async move {
            let mut export = export?;
            match export.next().await {
                Ok(Some(piece)) => Some((Ok(piece), Some(export))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        })
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        match self.state {
            State::Head => {
                self.state = State::Conversations;
                self.head().await.map(Some)
            }
            State::Conversations => self.conversation_piece().await.map(Some),
            State::Tags => self.tags_piece().await.map(Some),
            State::Annotations => self.annotations_piece().await.map(Some),
            State::Over => Ok(None),
        }
    }

    async fn head(&self) -> Result<Bytes, Error> {
        let ports = &self.services.ports;
        let memberships = ports.workspaces.workspaces_of(self.user_id).await?;
        let first = memberships.first().map(|(workspace, _)| workspace.id).ok_or_else(Error::not_found)?;
        let user = ports.identities.user(first, self.user_id).await?.ok_or_else(Error::not_found)?;
        let workspaces: Vec<WorkspaceView> = memberships.into_iter().map(WorkspaceView::from).collect();
        let head = json!({
            "format": "colloquy-person",
            "version": 1,
            "exported_at": ports.clock.now(),
            "profile": UserView::from(user),
            "workspaces": workspaces,
        });
        let text = head.to_string();
        let open = text.strip_suffix('}').unwrap_or(&text);
        Ok(format!("{open},\"conversations\":[").into())
    }

    /// The next messages of a conversation, the beginning of the next one, or the end.
    async fn conversation_piece(&mut self) -> Result<Bytes, Error> {
        if let Some(open) = &mut self.open {
            let Some(page) = open.next.take() else {
                self.open = None;
                return Ok(Bytes::from_static(b"]}"));
            };
            return open.messages(&self.services, page).await;
        }
        let Some((workspace_id, conversation)) = self.next_conversation().await? else {
            self.state = State::Tags;
            return Ok(Bytes::from_static(b"],\n\"tags\":["));
        };
        let comma = if self.written == 0 { "\n" } else { ",\n" };
        self.written += 1;
        let view = json_text(&ConversationView::from(conversation.clone()))?;
        self.open = Some(OpenConversation {
            workspace_id,
            conversation,
            next: Some(PageRequest::first(MESSAGES)),
            written: 0,
        });
        let begin =
            format!("{comma}{{\"workspace_id\":\"{workspace_id}\",\"conversation\":{view},\"messages\":[");
        Ok(begin.into())
    }

    async fn next_conversation(&mut self) -> Result<Option<(WorkspaceId, Conversation)>, Error> {
        while let Some(workspace_id) = self.workspaces.last().copied() {
            if let Some(conversation) = self.conversations.pop() {
                return Ok(Some((workspace_id, conversation)));
            }
            if let Some(request) = self.next_page.take() {
                self.read_page(workspace_id, request).await?;
                continue;
            }
            self.next_page = Some(PageRequest::first(CONVERSATIONS));
            if self.looks_again {
                self.workspaces.pop();
            }
            self.looks_again = !self.looks_again;
        }
        Ok(None)
    }

    async fn read_page(
        &mut self,
        workspace_id: WorkspaceId,
        request: PageRequest<ConversationCursor>,
    ) -> Result<(), Error> {
        let of = ConversationsOf::Owner(self.user_id);
        let conversations = &self.services.ports.conversations;
        let page = conversations.list(workspace_id, of, ConversationFilter::default(), request).await?;
        self.next_page = page.next.map(|after| PageRequest { after: Some(after), limit: CONVERSATIONS });
        self.conversations = page.items.into_iter().rev().collect();
        if self.looks_again {
            let read = self.conversations.len();
            self.conversations.retain(|conversation| conversation.updated_at >= self.began_at);
            if self.conversations.len() < read {
                self.next_page = None;
            }
        }
        Ok(())
    }

    async fn tags_piece(&mut self) -> Result<Bytes, Error> {
        let Some(workspace_id) = self.tags.workspaces.last().copied() else {
            self.state = State::Annotations;
            return Ok(Bytes::from_static(b"],\n\"annotations\":["));
        };
        let page = self.tags.next_page.clone();
        let found = self.services.ports.tags.tags_of(workspace_id, self.user_id, page).await?;
        self.tags.write(workspace_id, "tag", found.map(TagView::from))
    }

    async fn annotations_piece(&mut self) -> Result<Bytes, Error> {
        let Some(workspace_id) = self.annotations.workspaces.last().copied() else {
            self.state = State::Over;
            return Ok(Bytes::from_static(b"]}\n"));
        };
        let (ports, page) = (&self.services.ports, self.annotations.next_page.clone());
        let found = ports
            .annotations
            .annotations_of(workspace_id, self.user_id, AnnotationsIn::Anywhere, page)
            .await?;
        self.annotations.write(workspace_id, "annotation", found.map(AnnotationView::from))
    }
}

impl<K> Remaining<K> {
    const fn new(workspaces: Vec<WorkspaceId>) -> Self {
        Self { workspaces, next_page: PageRequest::first(SMALL), written: 0 }
    }

    /// Writes a page, and goes on to the next one, or to the next workspace.
    fn write(
        &mut self,
        workspace_id: WorkspaceId,
        name: &str,
        page: Page<impl Serialize, K>,
    ) -> Result<Bytes, Error> {
        let mut text = String::new();
        for item in page.items {
            let comma = if self.written == 0 { "\n" } else { ",\n" };
            self.written += 1;
            let item = json_text(&item)?;
            let _ = write!(text, "{comma}{{\"workspace_id\":\"{workspace_id}\",\"{name}\":{item}}}");
        }
        if page.next.is_none() {
            self.workspaces.pop();
        }
        self.next_page = PageRequest { after: page.next, limit: SMALL };
        Ok(text.into())
    }
}

impl OpenConversation {
    async fn messages(&mut self, services: &Services, page: PageRequest<MessageId>) -> Result<Bytes, Error> {
        let found = services.ports.messages.list(self.workspace_id, self.conversation.id, page).await?;
        self.next = found.next.map(|after| PageRequest { after: Some(after), limit: MESSAGES });
        let mut text = String::new();
        for message in found.items {
            text.push_str(if self.written == 0 { "\n" } else { ",\n" });
            self.written += 1;
            self.message(services, message, &mut text).await?;
        }
        Ok(text.into())
    }

    async fn message(
        &self,
        services: &Services,
        entry: ThreadMessage,
        text: &mut String,
    ) -> Result<(), Error> {
        let (id, edited) = (entry.message.id, entry.message.edited_at.is_some());
        text.push_str("{\"message\":");
        text.push_str(&json_text(&ThreadMessageView::from(entry))?);
        text.push_str(",\"edits\":[");
        let mut page = edited.then(|| PageRequest::first(EDITS));
        let mut is_first = true;
        while let Some(request) = page.take() {
            let edits = services.ports.messages.edits(self.workspace_id, id, request).await?;
            page = edits.next.map(|after| PageRequest { after: Some(after), limit: EDITS });
            for edit in edits.items {
                text.push_str(if is_first { "" } else { "," });
                is_first = false;
                text.push_str(&edit_text(edit)?);
            }
        }
        text.push_str("]}");
        Ok(())
    }
}

fn edit_text(edit: MessageEdit) -> Result<String, Error> {
    json_text(&MessageEditView::from(edit))
}

fn json_text(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(Error::internal)
}
