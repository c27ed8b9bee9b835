//! The person who asks.

use actix_web::http::{Method, StatusCode};
use application::identities::{GetMe, MeView, csrf_token};
use schemars::JsonSchema;
use serde::Serialize;

use super::parameters;
use crate::context::{Presented, presented};
use crate::request::RequestInfo;
use crate::respond;
use crate::route::{Answer, Call, Outcome, Route};

/// The person who asks, and what a page needs to act for them.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "Me")]
pub struct MeBody {
    /// The person.
    #[serde(flatten)]
    me: MeView,
    /// For a session: what unsafe requests with the cookie repeat in `X-CSRF-Token`.
    csrf_token: Option<String>,
}

pub fn routes() -> [Route; 1] {
    let summary = "Tells who is asking, and how far their credential reaches";
    [Route::new(Method::GET, "/api/v1/me", "me.get", "identity", summary, |call| Box::pin(get(call)))
        .query([parameters::fields()])
        .sparse::<MeBody>()
        .answer(Answer::json::<MeBody>(StatusCode::OK, "The person."))]
}

async fn get(call: Call) -> Outcome {
    let context = call.context().await?;
    let query = call.query()?;
    let me = call.state.bus.ask(&context, GetMe {}).await?;
    let info = RequestInfo::of(&call.request);
    let csrf_token = match presented(&call.request, &info, &call.state.hosts)? {
        Some(Presented::Cookie(token)) => Some(csrf_token(&token)),
        Some(Presented::Bearer(_)) | None => None,
    };
    respond::one(&call, &query, &MeBody { me, csrf_token }, None)
}
