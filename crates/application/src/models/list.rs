//! Which models there are.

use async_trait::async_trait;
use domain::ports::ModelDescription;
use domain::{ModelName, Permission};
use schemars::JsonSchema;
use serde::Serialize;
use validator::Validate;

use crate::bus::{Context, Query};
use crate::{Error, Services};

/// A model that can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(title = "Model")]
pub struct ModelView {
    /// Its full name, `<provider>/<model>`.
    pub id: ModelName,
    /// The provider's name in the settings.
    pub provider: String,
    /// Whether it is a language model; `builtin/recall` is not.
    pub is_language_model: bool,
    /// Whether it answers when none is named.
    pub is_default: bool,
}

impl From<ModelDescription> for ModelView {
    fn from(model: ModelDescription) -> Self {
        Self {
            id: model.name,
            provider: model.provider,
            is_language_model: model.is_language_model,
            is_default: model.is_default,
        }
    }
}

/// All models.
#[derive(Debug, Clone, Validate)]
pub struct ListModels {}

#[async_trait]
impl Query for ListModels {
    const NAME: &'static str = "model.list";
    const PERMISSION: Permission = Permission::Read;
    type Output = Vec<ModelView>;

    async fn answer(&self, services: &Services, _: &Context) -> Result<Vec<ModelView>, Error> {
        Ok(services.ports.models.list().into_iter().map(ModelView::from).collect())
    }
}
