//! Messages: sending, editing, deleting, regenerating, reading.

mod content;
mod delete;
mod edit;
mod keep;
mod read;
mod regenerate;
mod send;
mod view;

pub use content::Content;
pub use delete::DeleteMessage;
pub use edit::EditMessage;
pub use keep::{KeepTurns, KeptTurn};
pub(crate) use read::whole_thread;
pub use read::{EditPage, GetMessage, ListEdits, ListMessages, MessagePage, ThreadBranch};
pub use regenerate::RegenerateMessage;
pub use send::SendMessage;
pub use view::{Exchange, MessageDetail, MessageEditView, MessageView, ProblemView, ThreadMessageView};
