//! Signing in and out, with a cookie or with tokens.

use actix_web::cookie::{Cookie, time};
use actix_web::http::header;
use actix_web::http::{Method, StatusCode};
use application::Context;
use application::identities::{
    ProgramSignInInput, ProgramSignedIn, ProgramTokens, RefreshInput, SignInInput, SignedIn, UserView,
    refresh, sign_in, sign_in_program,
};
use domain::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use validator::Validate;

use super::commands;
use crate::context::{require_own_origin, session_cookie};
use crate::problem::Problem;
use crate::request::RequestInfo;
use crate::respond;
use crate::route::{Answer, Body, Call, Handling, Outcome, Route, schema_of};
use crate::state::State;

/// A session that has just begun.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "SignedIn")]
pub struct SignedInBody {
    /// The person.
    pub user: UserView,
    /// What unsafe requests with the cookie repeat in `X-CSRF-Token`.
    pub csrf_token: String,
    /// When the session ends.
    pub expires_at: Timestamp,
}

pub fn routes() -> [Route; 4] {
    let login = "Begins a session: the answer sets its cookie";
    let logout = "Ends the session";
    let token = "Begins a session of a program: tokens instead of a cookie";
    let renew = "Takes the refresh token and gives the next one, with an access token";
    [
        Route::new(Method::POST, "/api/v1/auth/login", "session.create", "identity", login, |call| {
            Box::pin(log_in(call))
        })
        .for_anyone()
        .body(Body::Json(schema_of::<SignInInput>))
        .answer(
            Answer::json::<SignedInBody>(StatusCode::OK, "The person is signed in.").headers(&["Set-Cookie"]),
        ),
        Route::new(Method::POST, "/api/v1/auth/logout", "session.delete", "identity", logout, log_out)
            .body(Body::Command)
            .answer(Answer::empty(StatusCode::NO_CONTENT, "The session is over.").headers(&["Set-Cookie"])),
        Route::new(Method::POST, "/api/v1/auth/token", "session.create_token", "identity", token, |call| {
            Box::pin(give_tokens(call))
        })
        .for_anyone()
        .body(Body::Json(schema_of::<ProgramSignInInput>))
        .answer(Answer::json::<ProgramSignedIn>(StatusCode::OK, "The program is signed in.")),
        Route::new(Method::POST, "/api/v1/auth/refresh", "session.refresh", "identity", renew, |call| {
            Box::pin(renew_tokens(call))
        })
        .for_anyone()
        .body(Body::Json(schema_of::<RefreshInput>))
        .answer(Answer::json::<ProgramTokens>(StatusCode::OK, "The next tokens.")),
    ]
}

async fn log_in(call: Call) -> Outcome {
    refuse_foreign_page(&call)?;
    call.query()?;
    let info = RequestInfo::of(&call.request);
    let (input, call) = read::<SignInInput>(call).await?;
    let signed_in = sign_in(call.state.services(), input, &info.visitor(&call.state.hosts)).await?;
    begin_session(StatusCode::OK, &call.state, &info, signed_in)
}

async fn give_tokens(call: Call) -> Outcome {
    refuse_foreign_page(&call)?;
    call.query()?;
    let info = RequestInfo::of(&call.request);
    let (input, call) = read::<ProgramSignInInput>(call).await?;
    let visitor = info.visitor(&call.state.hosts);
    let signed_in = sign_in_program(call.state.services(), input, &visitor).await?;
    respond::json(StatusCode::OK, &signed_in)
}

async fn renew_tokens(call: Call) -> Outcome {
    refuse_foreign_page(&call)?;
    call.query()?;
    let info = RequestInfo::of(&call.request);
    let (input, call) = read::<RefreshInput>(call).await?;
    let tokens = refresh(call.state.services(), input, &info.visitor(&call.state.hosts)).await?;
    respond::json(StatusCode::OK, &tokens)
}

fn log_out(call: Call) -> Handling {
    Box::pin(async move {
        let (info, hosts) = (RequestInfo::of(&call.request), call.state.hosts.clone());
        let mut answer = commands::handle(call).await?;
        let cookie = session_cookie("", time::Duration::ZERO, &info, &hosts);
        answer.add_cookie(&cookie).map_err(application::Error::internal)?;
        Ok(answer)
    })
}

/// Pages of others must not sign anybody in, not even into an account of their own.
pub fn refuse_foreign_page(call: &Call) -> Result<(), Problem> {
    let headers = call.request.headers();
    if headers.contains_key(header::ORIGIN) {
        require_own_origin(headers, &RequestInfo::of(&call.request), &call.state.hosts)?;
    }
    Ok(())
}

/// Reads and validates a body that is not a command, of anybody.
pub async fn read<T: DeserializeOwned + Validate>(call: Call) -> Result<(T, Call), Problem> {
    let (object, call) = call.object().await?;
    Ok((application::decode(Value::Object(object))?, call))
}

/// The same of somebody who has to be signed in, and who they are.
pub async fn read_of_person<T: DeserializeOwned + Validate>(
    call: Call,
) -> Result<(Context, T, Call), Problem> {
    let (context, object, call) = call.object_of_person().await?;
    Ok((context, application::decode(Value::Object(object))?, call))
}

/// The cookie of a session that has just begun.
pub fn cookie_of(token: &str, state: &State, info: &RequestInfo) -> Cookie<'static> {
    let lifetime = state.services().settings.session();
    let lifetime = time::Duration::try_from(lifetime).unwrap_or(time::Duration::DAY);
    session_cookie(token, lifetime, info, &state.hosts)
}

/// The answer that carries the cookie.
pub fn begin_session(status: StatusCode, state: &State, info: &RequestInfo, signed_in: SignedIn) -> Outcome {
    let cookie = cookie_of(&signed_in.token, state, info);
    let SignedIn { user, csrf_token, expires_at, .. } = signed_in;
    let mut answer = respond::json(status, &SignedInBody { user, csrf_token, expires_at })?;
    answer.add_cookie(&cookie).map_err(application::Error::internal)?;
    Ok(answer)
}
