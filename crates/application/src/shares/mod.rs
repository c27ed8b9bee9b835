//! Links by which anybody may read one branch of a conversation, and nothing else.

mod content;
mod create;
mod list;
mod open;
mod revoke;

pub use content::{SharedContent, SharedMessage};
pub use create::{CreateShare, CreatedShare};
pub use list::{ListShares, ShareView};
pub use open::{SharedConversation, open_share};
pub use revoke::RevokeShare;
