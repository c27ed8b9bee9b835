//! `GET /v1/models`

use actix_web::http::StatusCode;
use application::Error;
use application::models::{ListModels, ModelView};
use schemars::JsonSchema;
use serde::Serialize;

use crate::respond;
use crate::route::{Call, Handling};

/// All models.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "OpenAiModelList", rename = "OpenAiModelList")]
pub struct ModelList {
    /// `list`
    object: &'static str,
    /// The models.
    data: Vec<ModelObject>,
}

/// A model.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "OpenAiModel", rename = "OpenAiModel")]
pub struct ModelObject {
    /// Its full name, `<provider>/<model>`.
    id: String,
    /// `model`
    object: &'static str,
    /// When it was made; not known, so always 0.
    created: i64,
    /// The provider's name in the settings.
    owned_by: String,
}

impl From<ModelView> for ModelObject {
    fn from(model: ModelView) -> Self {
        Self { id: model.id.to_string(), object: "model", created: 0, owned_by: model.provider }
    }
}

/// Lists the models.
pub fn list(call: Call) -> Handling {
    Box::pin(async move {
        let context = call.context().await?;
        let models = call.state.bus.ask(&context, ListModels {}).await?;
        let data = models.into_iter().map(ModelObject::from).collect();
        respond::json(StatusCode::OK, &ModelList { object: "list", data })
    })
}

/// Shows one model, by its full or an unambiguous bare name.
pub fn get(call: Call) -> Handling {
    Box::pin(async move {
        let context = call.context().await?;
        let name = decoded(call.request.match_info().get("model").unwrap_or_default());
        let models = call.state.bus.ask(&context, ListModels {}).await?;
        let is_bare = |id: &str| id.split_once('/').is_some_and(|(_, model)| model == name);
        let exact = models.iter().find(|model| model.id.as_str() == name);
        let bare: Vec<&ModelView> = models.iter().filter(|model| is_bare(model.id.as_str())).collect();
        let found = match (exact, bare.as_slice()) {
            (Some(model), _) => model,
            (None, [model]) => *model,
            (None, _) => return Err(unknown_model(&name).into()),
        };
        respond::json(StatusCode::OK, &ModelObject::from(found.clone()))
    })
}

/// Libraries send the slash in a model's name percent-encoded, which the router leaves as it is.
fn decoded(segment: &str) -> String {
    segment.replace("%2F", "/").replace("%2f", "/").replace("%25", "%")
}

fn unknown_model(name: &str) -> Error {
    let name: String = name.chars().take(200).collect();
    Error::invalid_field(
        "/model",
        "unknown_model",
        format!("there is no model {name:?}; GET /v1/models lists them"),
    )
}
