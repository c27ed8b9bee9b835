//! Many commands in one request.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use actix_web::http::{Method, StatusCode};
use application::{Context, Error, Reply};
use domain::IdempotencyKey;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use validator::Validate;

use super::{auth, commands, parameters};
use crate::problem::{Problem, ProblemBody};
use crate::request::RequestInfo;
use crate::respond;
use crate::route::{Answer, Body, Call, Outcome, Route, schema_of};

/// Commands to carry out one after another.
#[derive(Debug, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchRequest {
    /// The commands. One that fails does not keep the others from being carried out.
    #[validate(length(min = 1, max = 100, message = "must be 1 to 100 commands"), nested)]
    #[schemars(length(min = 1, max = 100))]
    commands: Vec<BatchCommand>,
}

/// One command of a batch.
#[derive(Debug, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchCommand {
    /// Your name for it, unique in the batch.
    #[validate(length(min = 1, max = 128, message = "must be 1 to 128 characters long"))]
    #[schemars(length(min = 1, max = 128))]
    id: String,
    /// The command, such as `conversation.update`.
    #[validate(length(min = 1, max = 128, message = "must be 1 to 128 characters long"))]
    #[schemars(length(min = 1, max = 128))]
    name: String,
    /// Its parameters, with identifiers and `expected_version` where it takes them.
    #[serde(default)]
    #[schemars(with = "Option<Map<String, Value>>")]
    params: Map<String, Value>,
}

/// What became of the commands.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BatchResponse {
    /// One result a command, in their order.
    results: Vec<BatchResult>,
}

/// What became of one command.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BatchResult {
    /// Your name for it.
    id: String,
    /// The status that its own request would have had.
    #[schemars(range(min = 200, max = 599))]
    status: u16,
    /// What it gave, where it succeeded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Value>")]
    result: Option<Box<RawValue>>,
    /// What went wrong, where it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<ProblemBody>,
}

pub fn routes() -> [Route; 1] {
    let summary = "Carries out up to 100 commands, one after another";
    [Route::new(Method::POST, "/api/v1/batch", "batch.run", "batch", summary, |call| Box::pin(run(call)))
        .header(parameters::idempotency_key())
        .body(Body::Json(schema_of::<BatchRequest>))
        .answer(Answer::json::<BatchResponse>(StatusCode::OK, "What became of each command."))]
}

async fn run(call: Call) -> Outcome {
    let (_, batch, call) = auth::read_of_person::<BatchRequest>(call).await?;
    let mut seen = HashSet::new();
    if let Some(index) = batch.commands.iter().position(|command| !seen.insert(command.id.as_str())) {
        let detail = "must be unique in the batch";
        return Err(Error::invalid_field(&format!("/commands/{index}/id"), "duplicate", detail).into());
    }
    let statuses = statuses(&call.state.table);
    let trace_id = RequestInfo::of(&call.request).trace.trace_id.to_string();
    let mut results = Vec::with_capacity(batch.commands.len());
    for BatchCommand { id, name, params } in batch.commands {
        results.push(match carry_out(&call, &id, &name, params).await {
            Ok(reply) => {
                let status = statuses.get(name.as_str()).map_or(200, StatusCode::as_u16);
                BatchResult { id, status, result: Some(reply.result), problem: None }
            }
            Err(problem) => {
                let problem = problem.body(None, &trace_id);
                BatchResult { id, status: problem.status, result: None, problem: Some(problem) }
            }
        });
    }
    respond::json(StatusCode::OK, &BatchResponse { results })
}

/// Carries out one command as a request of its own would be: for whoever it is that asks now.
async fn carry_out(call: &Call, id: &str, name: &str, params: Map<String, Value>) -> Result<Reply, Problem> {
    let context = with_own_key(call.context().await?, id);
    let outcome = call.state.bus.dispatch(&context, name, Value::Object(params)).await;
    Ok(outcome.unwrap_or_else(|| Err(unknown_command(name)))?)
}

/// The error for a name that no command has; the same in every transport.
pub fn unknown_command(name: &str) -> Error {
    let name: String = name.chars().take(100).collect();
    Error::invalid_field("/name", "unknown_command", format!("{name:?} is not a command"))
}

/// The key of the batch and the name of the command in it make the command's own key.
fn with_own_key(context: Context, id: &str) -> Context {
    let idempotency_key = context.idempotency_key.as_ref().and_then(|key| {
        let mut hasher = blake3::Hasher::new();
        hasher.update(key.as_str().as_bytes()).update(b"\0").update(id.as_bytes());
        IdempotencyKey::new(hasher.finalize().to_hex().as_str())
    });
    Context { idempotency_key, ..context }
}

/// The status of each command's success, by its name.
fn statuses(table: &[Arc<Route>]) -> HashMap<&'static str, StatusCode> {
    table.iter().map(|route| (route.operation, commands::success(route))).collect()
}
