//! Passkeys: signing in with one, and those of the person who asks.

use actix_web::http::{Method, StatusCode};
use application::identities::passkeys::{
    ListPasskeys, PasskeyChallenge, PasskeySignInInput, PasskeyView, challenge, sign_in,
};

use serde::Deserialize;
use validator::Validate;

use super::{auth, commands};
use crate::request::RequestInfo;
use crate::respond::{self, ListBody};
use crate::route::{Answer, Body, Call, Outcome, Route, schema_of};

/// A body that says nothing.
#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
struct Nothing {}

pub fn routes() -> [Route; 7] {
    let (path, one) = ("/api/v1/me/passkeys", "/api/v1/me/passkeys/{passkey_id}");
    let identity = "identity";
    [
        Route::new(
            Method::POST,
            "/api/v1/auth/passkey/challenge",
            "passkey.challenge",
            identity,
            "Gives a challenge that any passkey may answer to sign in",
            |call| Box::pin(give_challenge(call)),
        )
        .for_anyone()
        .answer(Answer::json::<PasskeyChallenge>(StatusCode::OK, "The challenge.")),
        Route::new(
            Method::POST,
            "/api/v1/auth/passkey/login",
            "passkey.sign_in",
            identity,
            "Begins a session with a passkey: the answer sets its cookie",
            |call| Box::pin(log_in(call)),
        )
        .for_anyone()
        .body(Body::Json(schema_of::<PasskeySignInInput>))
        .answer(
            Answer::json::<auth::SignedInBody>(StatusCode::OK, "The person is signed in.")
                .headers(&["Set-Cookie"]),
        ),
        Route::new(
            Method::GET,
            path,
            "passkey.list",
            identity,
            "Lists your passkeys, newest first",
            |call| Box::pin(list(call)),
        )
        .answer(Answer::json::<ListBody<PasskeyView>>(StatusCode::OK, "All of them.")),
        commands::command(
            Method::POST,
            "/api/v1/me/passkeys/challenge",
            "passkey.begin",
            identity,
            "Begins to add a passkey: gives what the browser needs to make one",
        )
        .answer(Answer::json::<PasskeyChallenge>(StatusCode::OK, "What the browser needs.")),
        commands::command(
            Method::POST,
            path,
            "passkey.create",
            identity,
            "Adds the passkey that the browser made",
        )
        .answer(Answer::json::<PasskeyView>(StatusCode::CREATED, "It is added.")),
        commands::command(Method::PATCH, one, "passkey.update", identity, "Gives a passkey another name")
            .answer(Answer::json::<PasskeyView>(StatusCode::OK, "As it is now.")),
        commands::deletes(one, "passkey.delete", identity, "Removes a passkey"),
    ]
}

async fn give_challenge(call: Call) -> Outcome {
    auth::refuse_foreign_page(&call)?;
    call.query()?;
    let (Nothing {}, call) = auth::read(call).await?;
    let visitor = RequestInfo::of(&call.request).visitor(&call.state.hosts);
    respond::json(StatusCode::OK, &challenge(call.state.services(), &visitor).await?)
}

async fn log_in(call: Call) -> Outcome {
    auth::refuse_foreign_page(&call)?;
    call.query()?;
    let info = RequestInfo::of(&call.request);
    let (input, call) = auth::read::<PasskeySignInInput>(call).await?;
    let signed_in = sign_in(call.state.services(), input, &info.visitor(&call.state.hosts)).await?;
    auth::begin_session(StatusCode::OK, &call.state, &info, signed_in)
}

async fn list(call: Call) -> Outcome {
    let context = call.context().await?;
    let query = call.query()?;
    let passkeys = call.state.bus.ask(&context, ListPasskeys {}).await?;
    respond::list(&call, &query, &passkeys, None)
}
