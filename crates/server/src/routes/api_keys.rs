//! API keys of the person who asks.

use actix_web::http::{Method, StatusCode};
use application::encode_cursor;
use application::identities::{ApiKeyView, CreatedApiKey, ListApiKeys};

use super::{commands, parameters};
use crate::respond::{self, ListBody};
use crate::route::{Answer, Call, Outcome, Route};

pub fn routes() -> [Route; 3] {
    let list_summary = "Lists your API keys, newest first";
    [
        Route::new(Method::GET, "/api/v1/api-keys", "api_key.list", "identity", list_summary, |call| {
            Box::pin(list(call))
        })
        .query(parameters::page())
        .query([parameters::fields()])
        .sparse::<ApiKeyView>()
        .answer(Answer::json::<ListBody<ApiKeyView>>(StatusCode::OK, "A page of keys.").headers(&["Link"])),
        commands::creates::<CreatedApiKey>(
            "/api/v1/api-keys",
            "api_key.create",
            "identity",
            "Makes an API key and shows it, once",
        ),
        commands::deletes(
            "/api/v1/api-keys/{api_key_id}",
            "api_key.delete",
            "identity",
            "Revokes an API key",
        ),
    ]
}

async fn list(call: Call) -> Outcome {
    let context = call.context().await?;
    let query = call.query()?;
    let page = call.state.bus.ask(&context, ListApiKeys { page: query.page()? }).await?;
    respond::list(&call, &query, &page.items, page.next.as_ref().map(encode_cursor))
}
