//! What somebody does who is not signed in, and is not going to be at once: registering, proving an address, choosing a
//! password by a link.

use actix_web::HttpResponse;
use actix_web::http::{Method, StatusCode};
use application::people::{
    ActivateInput, ForgotPasswordInput, RegisterInput, ResetPasswordInput, SignInOptions, VerifiedEmail,
    VerifyEmailInput, activate, forgot_password, register, reset_password, sign_in_options, verify_email,
};

use super::auth::{self, SignedInBody, refuse_foreign_page};
use crate::request::RequestInfo;
use crate::respond;
use crate::route::{Answer, Body, Call, Handling, Outcome, Route, SchemaOf, schema_of};

const TAG: &str = "identity";

pub fn routes() -> [Route; 6] {
    let post = |path, operation, summary, body: SchemaOf, handler: fn(Call) -> Handling| {
        Route::new(Method::POST, path, operation, TAG, summary, handler).for_anyone().body(Body::Json(body))
    };
    let taken = "It is taken down. The answer is the same whether the address is known.";
    [
        Route::new(
            Method::GET,
            "/api/v1/auth/options",
            "session.options",
            TAG,
            "Tells what somebody who is not signed in can do here",
            |call| Box::pin(options(call)),
        )
        .for_anyone()
        .answer(Answer::json::<SignInOptions>(StatusCode::OK, "What can be done.")),
        post(
            "/api/v1/auth/register",
            "registration.create",
            "Asks for an account",
            schema_of::<RegisterInput>,
            |call| Box::pin(take_registration(call)),
        )
        .answer(Answer::empty(StatusCode::ACCEPTED, taken)),
        post(
            "/api/v1/auth/verify-email",
            "registration.verify_email",
            "Proves an address with the token from a mail",
            schema_of::<VerifyEmailInput>,
            |call| Box::pin(prove_address(call)),
        )
        .answer(Answer::json::<VerifiedEmail>(StatusCode::OK, "The address is proven.")),
        post(
            "/api/v1/auth/forgot-password",
            "password.forget",
            "Asks for a mail with a link to choose a new password",
            schema_of::<ForgotPasswordInput>,
            |call| Box::pin(forget_password(call)),
        )
        .answer(Answer::empty(StatusCode::ACCEPTED, taken)),
        post(
            "/api/v1/auth/reset-password",
            "password.reset",
            "Chooses a new password with the token from a link: all sessions end",
            schema_of::<ResetPasswordInput>,
            |call| Box::pin(choose_password(call)),
        )
        .answer(Answer::empty(StatusCode::NO_CONTENT, "It is changed. Sign in with it.")),
        post(
            "/api/v1/auth/activate",
            "user.activate",
            "Chooses the first password with the token from a link, and signs in",
            schema_of::<ActivateInput>,
            |call| Box::pin(begin_account(call)),
        )
        .answer(
            Answer::json::<SignedInBody>(StatusCode::OK, "The account may be used; the person is signed in.")
                .headers(&["Set-Cookie"]),
        ),
    ]
}

async fn options(call: Call) -> Outcome {
    call.query()?;
    let visitor = RequestInfo::of(&call.request).visitor(&call.state.hosts);
    respond::json(StatusCode::OK, &sign_in_options(call.state.services(), &visitor).await?)
}

async fn take_registration(call: Call) -> Outcome {
    refuse_foreign_page(&call)?;
    call.query()?;
    let visitor = RequestInfo::of(&call.request).visitor(&call.state.hosts);
    let (input, call) = auth::read::<RegisterInput>(call).await?;
    register(call.state.services(), input, &visitor).await?;
    Ok(HttpResponse::Accepted().finish())
}

async fn prove_address(call: Call) -> Outcome {
    refuse_foreign_page(&call)?;
    call.query()?;
    let visitor = RequestInfo::of(&call.request).visitor(&call.state.hosts);
    let (input, call) = auth::read::<VerifyEmailInput>(call).await?;
    respond::json(StatusCode::OK, &verify_email(call.state.services(), input, &visitor).await?)
}

async fn forget_password(call: Call) -> Outcome {
    refuse_foreign_page(&call)?;
    call.query()?;
    let visitor = RequestInfo::of(&call.request).visitor(&call.state.hosts);
    let (input, call) = auth::read::<ForgotPasswordInput>(call).await?;
    forgot_password(call.state.services(), input, &visitor).await?;
    Ok(HttpResponse::Accepted().finish())
}

async fn choose_password(call: Call) -> Outcome {
    refuse_foreign_page(&call)?;
    call.query()?;
    let visitor = RequestInfo::of(&call.request).visitor(&call.state.hosts);
    let (input, call) = auth::read::<ResetPasswordInput>(call).await?;
    reset_password(call.state.services(), input, &visitor).await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn begin_account(call: Call) -> Outcome {
    refuse_foreign_page(&call)?;
    call.query()?;
    let info = RequestInfo::of(&call.request);
    let (input, call) = auth::read::<ActivateInput>(call).await?;
    let signed_in = activate(call.state.services(), input, &info.visitor(&call.state.hosts)).await?;
    auth::begin_session(StatusCode::OK, &call.state, &info, signed_in)
}
