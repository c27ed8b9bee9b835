//! Which language models are connected, for whom the registry is not there yet when it is made: the built-in responder
//! is a part of the registry, and says what else there is.

use std::sync::Arc;

use domain::ModelName;
use parking_lot::RwLock;

/// Which language models are connected. The registry keeps it current; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Connected(Arc<RwLock<Option<LanguageModels>>>);

/// The language models that are connected, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LanguageModels {
    /// The default one, or the first where the default is none.
    pub first: ModelName,
    /// How many there are besides.
    pub others: usize,
}

impl Connected {
    pub(crate) fn set(&self, models: Option<LanguageModels>) {
        *self.0.write() = models;
    }

    pub(crate) fn get(&self) -> Option<LanguageModels> {
        self.0.read().clone()
    }
}
