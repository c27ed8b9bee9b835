//! Annotations: what a person writes beside messages, or how they judge them, for themselves.

mod create;
mod delete;
mod read;
mod update;
mod view;

pub use create::CreateAnnotation;
pub use delete::DeleteAnnotation;
pub use read::{AnnotationPage, ListAnnotations, ListConversationAnnotations};
pub use update::UpdateAnnotation;
pub use view::AnnotationView;
