//! Codes of a device beside the password.

use actix_web::http::{Method, StatusCode};
use application::identities::{GetTotp, RecoveryCodes, TotpBegun, TotpView};

use super::commands;
use crate::respond;
use crate::route::{Answer, Call, Outcome, Route};

pub fn routes() -> [Route; 5] {
    let path = "/api/v1/me/totp";
    let get_summary = "Tells whether codes of a device are asked for when you sign in";
    [
        Route::new(Method::GET, path, "totp.get", "identity", get_summary, |call| Box::pin(get(call)))
            .answer(Answer::json::<TotpView>(StatusCode::OK, "Whether they are.")),
        commands::command(
            Method::POST,
            path,
            "totp.begin",
            "identity",
            "Begins to set up a device: gives the secret that it needs, and changes nothing yet",
        )
        .answer(Answer::json::<TotpBegun>(StatusCode::OK, "What the device needs.")),
        commands::command(
            Method::PUT,
            path,
            "totp.enable",
            "identity",
            "Asks for codes from now on, once the device has shown a right one",
        )
        .answer(Answer::json::<RecoveryCodes>(StatusCode::OK, "The recovery codes, shown once.")),
        commands::deletes(path, "totp.disable", "identity", "Asks for codes no longer"),
        commands::command(
            Method::POST,
            "/api/v1/me/recovery-codes",
            "recovery_code.replace",
            "identity",
            "Makes new recovery codes; the earlier ones no longer count",
        )
        .answer(Answer::json::<RecoveryCodes>(StatusCode::OK, "The recovery codes, shown once.")),
    ]
}

async fn get(call: Call) -> Outcome {
    let context = call.context().await?;
    let query = call.query()?;
    let totp = call.state.bus.ask(&context, GetTotp {}).await?;
    respond::one(&call, &query, &totp, None)
}
