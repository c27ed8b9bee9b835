//! The routes that OpenAI's libraries understand.

mod answer;
mod chunks;
mod completions;
pub mod error;
mod kept;
mod models;
mod request;
mod stream;

pub use answer::ChatAnswer;
pub use completions::create;
pub use error::ErrorBody;
pub use models::{ModelList, ModelObject, get, list};
pub use request::ChatRequest;
