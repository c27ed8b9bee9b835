//! The first owner.

use actix_web::http::{Method, StatusCode};
use application::identities::{SetupInput, set_up};

use super::auth;
use crate::request::RequestInfo;
use crate::route::{Answer, Body, Call, Outcome, Route, schema_of};

pub fn routes() -> [Route; 1] {
    let summary = "Makes the first owner, once, with the token from the set-up link";
    [Route::new(Method::POST, "/api/v1/setup", "setup.create", "identity", summary, |call| {
        Box::pin(create(call))
    })
    .for_anyone()
    .body(Body::Json(schema_of::<SetupInput>))
    .answer(
        Answer::json::<auth::SignedInBody>(StatusCode::CREATED, "The owner exists and is signed in.")
            .headers(&["Set-Cookie"]),
    )]
}

async fn create(call: Call) -> Outcome {
    auth::refuse_foreign_page(&call)?;
    call.query()?;
    let info = RequestInfo::of(&call.request);
    let (input, call) = auth::read::<SetupInput>(call).await?;
    let signed_in = set_up(call.state.services(), input, &info.visitor(&call.state.hosts)).await?;
    auth::begin_session(StatusCode::CREATED, &call.state, &info, signed_in)
}
