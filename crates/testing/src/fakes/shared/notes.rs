//! Tags and annotations.

use async_trait::async_trait;
use domain::ports::{Annotations, AnnotationsIn, StorageError, Tags};
use domain::{
    Annotation, AnnotationId, AnnotationKind, ConversationId, Page, PageRequest, Tag, TagId, UserId,
    WorkspaceId,
};
use storage::rules;

use super::SharedNode;
use super::tables::{Applied, Tables, refuse_if};

impl Tables {
    pub fn create_tag(&mut self, tag: &Tag) -> Applied {
        self.check_tag_name(tag)?;
        match self.tags.insert(tag.id, tag.clone()) {
            None => Ok(()),
            Some(_) => Err(StorageError::Rejected(rules::taken("tags"))),
        }
    }

    pub fn replace_tag(&mut self, tag: &Tag) -> Applied {
        self.check_tag_name(tag)?;
        let stored = self.tags.get_mut(&tag.id).ok_or(StorageError::Conflict)?;
        refuse_if((stored.workspace_id, stored.version.next()) != (tag.workspace_id, tag.version))?;
        *stored = tag.clone();
        Ok(())
    }

    pub fn delete_tag(&mut self, tag: &Tag) -> Applied {
        self.replace_tag(tag)?;
        self.tags.remove(&tag.id);
        for conversation in self.conversations.values_mut() {
            conversation.tag_ids.retain(|id| *id != tag.id);
        }
        Ok(())
    }

    fn check_tag_name(&self, tag: &Tag) -> Applied {
        let is_twin = |other: &Tag| {
            other.id != tag.id
                && (other.owner_id, other.workspace_id, other.name.folded())
                    == (tag.owner_id, tag.workspace_id, tag.name.folded())
        };
        if self.tags.values().any(is_twin) {
            Err(StorageError::Rejected(StorageError::TAG_TAKEN))
        } else {
            Ok(())
        }
    }

    pub fn attach(
        &mut self,
        workspace_id: WorkspaceId,
        conversation_id: ConversationId,
        tag_id: TagId,
    ) -> Applied {
        let tag = self.tags.get(&tag_id).ok_or(StorageError::Conflict)?;
        let place = (tag.workspace_id, tag.owner_id);
        let conversation = self.conversations.get_mut(&conversation_id).ok_or(StorageError::Conflict)?;
        refuse_if(
            conversation.workspace_id != workspace_id
                || (conversation.workspace_id, conversation.owner_id) != place,
        )?;
        let Err(position) = conversation.tag_ids.binary_search(&tag_id) else {
            return Err(StorageError::Rejected(rules::taken("conversation_tags")));
        };
        conversation.tag_ids.insert(position, tag_id);
        Ok(())
    }

    pub fn detach(
        &mut self,
        workspace_id: WorkspaceId,
        conversation_id: ConversationId,
        tag_id: TagId,
    ) -> Applied {
        let conversation = self.conversations.get_mut(&conversation_id).ok_or(StorageError::Conflict)?;
        refuse_if(conversation.workspace_id != workspace_id)?;
        let position = conversation.tag_ids.binary_search(&tag_id).map_err(|_| StorageError::Conflict)?;
        conversation.tag_ids.remove(position);
        Ok(())
    }

    pub fn create_annotation(&mut self, annotation: &Annotation) -> Applied {
        let message = self.messages.get(&annotation.message_id);
        let place = (annotation.workspace_id, annotation.conversation_id);
        refuse_if(message.is_none_or(|it| (it.workspace_id, it.conversation_id) != place))?;
        let is_rival = |other: &Annotation| {
            (other.message_id, other.author_id) == (annotation.message_id, annotation.author_id)
                && other.content.kind() == AnnotationKind::Rating
        };
        if annotation.content.kind() == AnnotationKind::Rating && self.annotations.values().any(is_rival) {
            return Err(StorageError::Rejected(StorageError::RATED_ALREADY));
        }
        match self.annotations.insert(annotation.id, annotation.clone()) {
            None => Ok(()),
            Some(_) => Err(StorageError::Rejected(rules::taken("annotations"))),
        }
    }

    pub fn replace_annotation(&mut self, annotation: &Annotation) -> Applied {
        let stored = self.annotations.get_mut(&annotation.id).ok_or(StorageError::Conflict)?;
        refuse_if(
            (stored.workspace_id, stored.version.next()) != (annotation.workspace_id, annotation.version)
                || stored.content.kind() != annotation.content.kind(),
        )?;
        *stored = annotation.clone();
        Ok(())
    }
}

#[async_trait]
impl Tags for SharedNode {
    async fn tag(&self, workspace_id: WorkspaceId, id: TagId) -> Result<Option<Tag>, StorageError> {
        self.read(|tables| tables.tags.get(&id).filter(|tag| tag.workspace_id == workspace_id).cloned()).await
    }

    async fn tags_of(
        &self,
        workspace_id: WorkspaceId,
        owner_id: UserId,
        page: PageRequest<TagId>,
    ) -> Result<Page<Tag, TagId>, StorageError> {
        self.read(|tables| {
            let newest = tables.tags.values().rev();
            let theirs = newest.filter(|it| (it.workspace_id, it.owner_id) == (workspace_id, owner_id));
            let older = theirs.filter(|it| page.after.is_none_or(|after| it.id < after));
            let rows = older.take(usize::from(page.limit) + 1).cloned().collect();
            Page::from_surplus(rows, page.limit, |tag| tag.id)
        })
        .await
    }
}

#[async_trait]
impl Annotations for SharedNode {
    async fn annotation(
        &self,
        workspace_id: WorkspaceId,
        id: AnnotationId,
    ) -> Result<Option<Annotation>, StorageError> {
        let is_here = |it: &&Annotation| it.workspace_id == workspace_id;
        self.read(|tables| tables.annotations.get(&id).filter(is_here).cloned()).await
    }

    async fn annotations_of(
        &self,
        workspace_id: WorkspaceId,
        author_id: UserId,
        place: AnnotationsIn,
        page: PageRequest<AnnotationId>,
    ) -> Result<Page<Annotation, AnnotationId>, StorageError> {
        let is_wanted = |it: &&Annotation| {
            (it.workspace_id, it.author_id) == (workspace_id, author_id)
                && match place {
                    AnnotationsIn::Conversation(id) => it.conversation_id == id,
                    AnnotationsIn::Message(id) => it.message_id == id,
                    AnnotationsIn::Anywhere => true,
                }
                && page.after.is_none_or(|after| it.id < after)
        };
        self.read(|tables| {
            let newest = tables.annotations.values().rev().filter(is_wanted);
            let rows = newest.take(usize::from(page.limit) + 1).cloned().collect();
            Page::from_surplus(rows, page.limit, |annotation| annotation.id)
        })
        .await
    }
}
