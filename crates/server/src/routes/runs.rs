//! Runs.

use actix_web::http::{Method, StatusCode};
use application::runs::{GetRun, RunView};
use serde_json::json;

use super::{commands, parameters};
use crate::respond;
use crate::route::{Answer, Call, Outcome, Parameter, Route};
use crate::sse;

const TAG: &str = "runs";

pub fn routes() -> [Route; 3] {
    [
        Route::new(Method::GET, "/api/v1/runs/{run_id}", "run.get", TAG, "Shows a run", |call| {
            Box::pin(get(call))
        })
        .query([parameters::fields()])
        .sparse::<RunView>()
        .answer(Answer::json::<RunView>(StatusCode::OK, "The run.")),
        commands::command(
            Method::POST,
            "/api/v1/runs/{run_id}/cancel",
            "run.cancel",
            TAG,
            "Stops a run; what has arrived is kept",
        )
        .answer(Answer::json::<RunView>(StatusCode::OK, "The run as it was when it was told to stop.")),
        Route::new(
            Method::GET,
            "/api/v1/runs/{run_id}/events",
            "run.follow",
            TAG,
            "Follows a run as server-sent events",
            sse::follow_run,
        )
        .header(Parameter {
            name: "Last-Event-ID",
            description: "The id of the last event that you have; what came after it follows.",
            schema: json!({"type": "string"}),
        })
        .answer(Answer::empty(StatusCode::OK, "The events.").or("text/event-stream", sse::stream_schema))
        .answer(Answer::empty(StatusCode::NO_CONTENT, "The run is over and you have all of it.")),
    ]
}

async fn get(call: Call) -> Outcome {
    let context = call.context().await?;
    let query = call.query()?;
    let view = call.state.bus.ask(&context, GetRun { run_id: call.id("run_id")? }).await?;
    respond::one(&call, &query, &view, None)
}
