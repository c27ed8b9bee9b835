//! Whose is it, and who else sees it: the one place that decides what an actor may do with a conversation or a project.
//! Tags and annotations are their person's alone.
//!
//! | who | conversation | what is in it |
//! |---|---|---|
//! | its owner | everything | everything |
//! | who may write in its project | read, fork | read; post, regenerate, stop |
//! | who may read in its project | read, fork | read |
//! | anybody else | as if it did not exist | as if it did not exist |
//!
//! The actor's role in the workspace, and the scopes of a key, bound all of it: the bus checks those before.

use std::time::Duration;

use domain::ports::CacheKey;
use domain::{
    Actor, Annotation, AnnotationId, Conversation, ConversationId, Message, MessageId, Permission, Project,
    ProjectAccess, ProjectId, Run, RunId, Tag, TagId, UserId, Version,
};

use crate::{Error, Services, remembered};

/// How long it is remembered whose a conversation is; that never changes while there is the conversation.
const KEEP: Duration = Duration::from_secs(4);

/// What somebody may do with a conversation, each with what is before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Read it.
    Read,
    /// Post in it, have answers written anew, and stop answers.
    Write,
    /// Change it and what was said in it, move it, show it to others, delete it.
    Own,
}

/// How somebody sees a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sight {
    /// Whose it is.
    pub owner_id: UserId,
    /// The project that shows it to them; `None` where it is their own.
    pub through: Option<ProjectId>,
}

/// A conversation with which the actor may do this.
pub async fn conversation(
    services: &Services,
    actor: &Actor,
    id: ConversationId,
    right: Right,
) -> Result<Conversation, Error> {
    let found = services.ports.conversations.get(actor.workspace_id, id).await?;
    let conversation = found.ok_or_else(Error::not_found)?;
    let has = right_to(services, actor, &conversation).await?.ok_or_else(Error::not_found)?;
    if has >= right {
        return Ok(conversation);
    }
    Err(Error::forbidden(match right {
        Right::Read | Right::Write => {
            "You may read this conversation, and not write in it. Fork it to go on with a copy of your own."
        }
        Right::Own => {
            "Only the person whose conversation this is may do that. Fork it for a copy of your own."
        }
    }))
}

async fn right_to(
    services: &Services,
    actor: &Actor,
    conversation: &Conversation,
) -> Result<Option<Right>, Error> {
    if conversation.owner_id == actor.user_id {
        return Ok(Some(Right::Own));
    }
    let Some(project_id) = conversation.project_id else { return Ok(None) };
    let access = services.ports.projects.access(actor.workspace_id, project_id, actor.user_id).await?;
    Ok(access.map(|access| {
        let may_write = access >= ProjectAccess::Write && actor.may(Permission::Write);
        if may_write { Right::Write } else { Right::Read }
    }))
}

/// How the actor sees a conversation, for reading what is in it. What is decided about the conversation itself is decided
/// from [`conversation`].
pub async fn sight(services: &Services, actor: &Actor, id: ConversationId) -> Result<Sight, Error> {
    let key = CacheKey { kind: "conversation", id: format!("{}/{id}", actor.workspace_id) };
    let load = async || {
        let found = services.ports.conversations.get(actor.workspace_id, id).await?;
        Ok(found.map(|conversation| (conversation.owner_id, conversation.owner_id)))
    };
    let owner_id: Option<UserId> = remembered::get(&*services.ports.cache, &key, KEEP, load).await?;
    let owner_id = owner_id.ok_or_else(Error::not_found)?;
    if owner_id == actor.user_id {
        return Ok(Sight { owner_id, through: None });
    }
    // What others show may end at any moment: it is never a remembered answer.
    Ok(Sight::of(actor, &conversation(services, actor, id, Right::Read).await?))
}

impl Sight {
    /// How an actor who sees a conversation sees it.
    pub fn of(actor: &Actor, conversation: &Conversation) -> Self {
        let is_own = conversation.owner_id == actor.user_id;
        Self { owner_id: conversation.owner_id, through: if is_own { None } else { conversation.project_id } }
    }
}

/// A message that the actor may read.
pub async fn message(services: &Services, actor: &Actor, id: MessageId) -> Result<Message, Error> {
    let found = services.ports.messages.get(actor.workspace_id, id).await?.ok_or_else(Error::not_found)?;
    sight(services, actor, found.conversation_id).await?;
    Ok(found)
}

/// A message in a conversation with which the actor may do this.
pub async fn message_in_conversation(
    services: &Services,
    actor: &Actor,
    id: MessageId,
    right: Right,
) -> Result<(Conversation, Message), Error> {
    let found = services.ports.messages.get(actor.workspace_id, id).await?.ok_or_else(Error::not_found)?;
    let conversation = conversation(services, actor, found.conversation_id, right).await?;
    Ok((conversation, found))
}

/// A run that the actor may follow, and how they see its conversation: whoever sees that sees the run, whoever asked.
pub async fn run(services: &Services, actor: &Actor, id: RunId) -> Result<(Run, Sight), Error> {
    let found = services.ports.runs.get(actor.workspace_id, id).await?.ok_or_else(Error::not_found)?;
    let sight = sight(services, actor, found.conversation_id).await?;
    Ok((found, sight))
}

/// A tag of the actor's.
pub async fn tag(services: &Services, actor: &Actor, id: TagId) -> Result<Tag, Error> {
    let found = services.ports.tags.tag(actor.workspace_id, id).await?;
    found.filter(|tag| tag.owner_id == actor.user_id).ok_or_else(Error::not_found)
}

/// An annotation of the actor's, of a message that they may still read.
pub async fn annotation(services: &Services, actor: &Actor, id: AnnotationId) -> Result<Annotation, Error> {
    let found = services.ports.annotations.annotation(actor.workspace_id, id).await?;
    let own = found.filter(|annotation| annotation.author_id == actor.user_id);
    let annotation = own.ok_or_else(Error::not_found)?;
    sight(services, actor, annotation.conversation_id).await?;
    Ok(annotation)
}

/// A project in which the actor may do this, and what they may do there in all.
pub async fn project(
    services: &Services,
    actor: &Actor,
    id: ProjectId,
    needed: ProjectAccess,
) -> Result<(Project, ProjectAccess), Error> {
    let access = check_project(services, actor, id, needed).await?;
    let project = services.ports.projects.project(actor.workspace_id, id).await?;
    Ok((project.ok_or_else(Error::not_found)?, access))
}

/// A project of which the actor may make somebody a member: any that they manage. Administrators of the workspace may also
/// make themselves manage any project, because those who did may be gone; before they have done so, which the audit log
/// tells, they see nothing of it.
pub async fn project_to_join(
    services: &Services,
    actor: &Actor,
    id: ProjectId,
    member: UserId,
    wanted: ProjectAccess,
) -> Result<Project, Error> {
    let steps_in = member == actor.user_id && wanted == ProjectAccess::Manage;
    if steps_in && actor.may(Permission::ManageWorkspace) {
        let found = services.ports.projects.project(actor.workspace_id, id).await?;
        return found.ok_or_else(Error::not_found);
    }
    Ok(project(services, actor, id, ProjectAccess::Manage).await?.0)
}

/// Refuses unless the actor may do this in a project.
pub async fn check_project(
    services: &Services,
    actor: &Actor,
    id: ProjectId,
    needed: ProjectAccess,
) -> Result<ProjectAccess, Error> {
    let found = services.ports.projects.access(actor.workspace_id, id, actor.user_id).await?;
    let access = found.ok_or_else(Error::not_found)?;
    if access >= needed {
        return Ok(access);
    }
    Err(Error::forbidden(match needed {
        ProjectAccess::Read | ProjectAccess::Write => {
            "You may read in this project, and not write. Those who manage it can change that."
        }
        ProjectAccess::Manage => "Only those who manage this project may do that.",
    }))
}

/// Refuses a change that was made from an older version.
pub fn check_version(expected: Option<Version>, current: Version) -> Result<(), Error> {
    match expected {
        Some(expected) if expected != current => Err(Error::stale(current)),
        Some(_) | None => Ok(()),
    }
}
