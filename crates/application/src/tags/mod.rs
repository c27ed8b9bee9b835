//! Tags: creating, changing, deleting, listing them. Conversations get them by `conversation.tag`.

mod create;
mod delete;
mod read;
mod update;
mod view;

pub use create::CreateTag;
pub use delete::DeleteTag;
pub use read::{ListTags, TagPage};
pub use update::UpdateTag;
pub use view::TagView;
