//! Models.

use actix_web::http::{Method, StatusCode};
use application::models::{ListModels, ModelView};

use super::parameters;
use crate::respond::{self, ListBody};
use crate::route::{Answer, Call, Outcome, Route};

pub fn routes() -> [Route; 1] {
    let summary = "Lists the models that can be asked, all on one page";
    [Route::new(Method::GET, "/api/v1/models", "model.list", "models", summary, |call| Box::pin(list(call)))
        .query([parameters::fields()])
        .sparse::<ModelView>()
        .answer(Answer::json::<ListBody<ModelView>>(StatusCode::OK, "The models."))]
}

async fn list(call: Call) -> Outcome {
    let context = call.context().await?;
    let query = call.query()?;
    let models = call.state.bus.ask(&context, ListModels {}).await?;
    respond::list(&call, &query, &models, None)
}
