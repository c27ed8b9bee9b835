//! Models: listing them, asking them directly, and counting what they consume.

mod complete;
mod explain;
mod list;
mod meter;

pub use complete::{ChatCompletion, OpenedCompletion};
pub use explain::{explain, provider_error};
pub use list::{ListModels, ModelView};
pub use meter::UsageMeter;

use domain::ports::ResolvedModel;
use domain::{Actor, Permission};

use crate::Error;

/// Refuses the built-in responder to whoever may not read: it quotes what the person wrote elsewhere.
pub(crate) fn check_may_ask(actor: &Actor, model: &ResolvedModel) -> Result<(), Error> {
    if model.is_language_model || actor.may(Permission::Read) {
        return Ok(());
    }
    let detail =
        "This model answers from your earlier messages, which your API key's scopes do not allow to read.";
    Err(Error::forbidden(detail))
}
