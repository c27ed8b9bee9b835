//! Conversations: creating, changing, tagging, forking, deleting, listing.

mod create;
mod delete;
mod fork;
mod read;
mod tag;
mod update;
mod view;

pub use create::CreateConversation;
pub use delete::DeleteConversation;
pub use fork::ForkConversation;
pub use read::{ConversationPage, GetConversation, ListConversations};
pub use tag::{TagConversation, UntagConversation};
pub use update::UpdateConversation;
pub use view::ConversationView;

use domain::ports::ResolveError;
use domain::{Conversation, Event, Parameters, ProjectId};

use crate::{Error, Services};

/// The full name of a model that somebody named, or a field error at `/model`.
pub(crate) fn resolve_model(
    services: &Services,
    name: &domain::ModelName,
) -> Result<domain::ports::ResolvedModel, Error> {
    services.ports.models.resolve(name).map_err(|error| {
        let code = match error {
            ResolveError::Unknown => "unknown_model",
            ResolveError::Ambiguous { .. } => "ambiguous_model",
        };
        Error::invalid_field("/model", code, format!("{error}; GET /api/v1/models lists them"))
    })
}

/// What the audit log is told where a conversation is now in another project than it was.
pub(crate) fn moved(now: &Conversation, previous: Option<ProjectId>) -> Option<Event> {
    let &Conversation { id: conversation_id, owner_id, project_id, .. } = now;
    let moved = Event::ConversationMoved { conversation_id, owner_id, project_id, previous };
    (project_id != previous).then_some(moved)
}

/// Refuses parameters outside their ranges.
pub(crate) fn check_parameters(parameters: &Parameters) -> Result<(), Error> {
    match parameters.first_problem() {
        Some((field, rule)) => Err(Error::invalid_field(&format!("/parameters/{field}"), "range", rule)),
        None => Ok(()),
    }
}

/// Tells a field that is `null` from one that is absent: present and `null` is `Some(None)`.
pub(crate) fn present<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: serde::Deserialize<'de>,
    D: serde::Deserializer<'de>,
{
    serde::Deserialize::deserialize(deserializer).map(Some)
}
