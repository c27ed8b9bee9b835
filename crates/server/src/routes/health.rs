//! Whether the server lives, and whether it can serve.

use std::time::Duration;

use actix_web::http::{Method, StatusCode};
use application::{Code, Error};
use schemars::JsonSchema;
use serde::Serialize;

use crate::respond;
use crate::route::{Answer, Call, Handling, Outcome, Route};

/// How long the database has to answer the readiness probe.
const PATIENCE: Duration = Duration::from_millis(800);

/// How the server is.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Health {
    /// `live` or `ready`.
    status: &'static str,
}

pub fn routes() -> [Route; 2] {
    let answer = || Answer::json::<Health>(StatusCode::OK, "It is.");
    [
        Route::new(
            Method::GET,
            "/health/live",
            "health.live",
            "health",
            "Tells whether the process lives",
            live,
        )
        .for_anyone()
        .answer(answer()),
        Route::new(
            Method::GET,
            "/health/ready",
            "health.ready",
            "health",
            "Tells whether requests can be served",
            ready,
        )
        .for_anyone()
        .answer(answer()),
    ]
}

fn live(_: Call) -> Handling {
    Box::pin(async { respond::json(StatusCode::OK, &Health { status: "live" }) })
}

fn ready(call: Call) -> Handling {
    Box::pin(async move { check(&call).await })
}

async fn check(call: &Call) -> Outcome {
    let unready =
        |detail: &str| Error::new(Code::Unavailable, "not_ready", detail).retry_after(Duration::from_secs(1));
    if call.state.is_draining() {
        return Err(unready("The server is about to stop.").into());
    }
    match tokio::time::timeout(PATIENCE, call.state.services().ports.maintenance.health()).await {
        Ok(Ok(_)) => respond::json(StatusCode::OK, &Health { status: "ready" }),
        Ok(Err(error)) => {
            let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            tracing::warn!(%error, cause, "the database is not healthy");
            Err(unready("The database does not answer.").into())
        }
        Err(_) => Err(unready("The database does not answer in time.").into()),
    }
}
