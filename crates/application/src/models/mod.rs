//! Models: listing them, asking them directly, and counting what they consume.

mod complete;
mod explain;
mod list;
mod meter;

pub use complete::{ChatCompletion, OpenedCompletion};
pub use explain::{explain, provider_error};
pub use list::{ListModels, ModelView};
pub use meter::UsageMeter;
