//! Model providers.

use actix_web::http::{Method, StatusCode};
use application::providers::{GetProvider, ListProviders, ProviderTest, ProviderView};

use super::{commands, parameters};
use crate::respond::{self, ListBody};
use crate::route::{Answer, Call, Outcome, Route};

const ALL: &str = "/api/v1/providers";
const ONE: &str = "/api/v1/providers/{provider_id}";
const TAG: &str = "models";

pub fn routes() -> [Route; 6] {
    let one = |description| Answer::json::<ProviderView>(StatusCode::OK, description).headers(&["ETag"]);
    let list_summary =
        "Lists the model providers, all on one page (administrators of the first workspace, as all here)";
    [
        Route::new(Method::GET, ALL, "provider.list", TAG, list_summary, |call| Box::pin(list(call)))
            .query([parameters::fields()])
            .sparse::<ProviderView>()
            .answer(Answer::json::<ListBody<ProviderView>>(StatusCode::OK, "The providers.")),
        commands::creates::<ProviderView>(ALL, "provider.create", TAG, "Connects a model provider"),
        Route::new(Method::GET, ONE, "provider.get", TAG, "Shows a provider that was connected", |call| {
            Box::pin(get(call))
        })
        .query([parameters::fields()])
        .header(parameters::if_none_match())
        .sparse::<ProviderView>()
        .answer(one("The provider."))
        .answer(Answer::empty(StatusCode::NOT_MODIFIED, "You have this version already.").headers(&["ETag"])),
        commands::command(
            Method::PATCH,
            ONE,
            "provider.update",
            TAG,
            "Changes what is given and leaves the rest",
        )
        .header(parameters::if_match())
        .answer(one("The provider as it is now.")),
        commands::deletes(ONE, "provider.delete", TAG, "Disconnects a provider and forgets its key")
            .header(parameters::if_match()),
        commands::command(
            Method::POST,
            "/api/v1/providers/{provider_id}/test",
            "provider.test",
            TAG,
            "Asks a provider for its list of models, and tells how it answered",
        )
        .answer(Answer::json::<ProviderTest>(StatusCode::OK, "How it answered.")),
    ]
}

async fn list(call: Call) -> Outcome {
    let context = call.context().await?;
    let query = call.query()?;
    let providers = call.state.bus.ask(&context, ListProviders {}).await?;
    respond::list(&call, &query, &providers, None)
}

async fn get(call: Call) -> Outcome {
    let context = call.context().await?;
    let query = call.query()?;
    let provider_id = call.id("provider_id")?;
    let (view, version) = call.state.bus.ask(&context, GetProvider { provider_id }).await?;
    respond::one(&call, &query, &view, Some(version))
}
