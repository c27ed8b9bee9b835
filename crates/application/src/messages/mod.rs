//! Messages: sending, editing, deleting, regenerating, reading.

mod content;
mod delete;
mod edit;
mod read;
mod regenerate;
mod send;
mod view;

pub use content::Content;
pub use delete::DeleteMessage;
pub use edit::EditMessage;
pub(crate) use read::whole_thread;
pub use read::{EditPage, GetMessage, ListEdits, ListMessages, MessagePage, ThreadBranch};
pub use regenerate::RegenerateMessage;
pub use send::SendMessage;
pub use view::{Exchange, MessageDetail, MessageEditView, MessageView, ProblemView, ThreadMessageView};
