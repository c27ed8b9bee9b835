//! Routes that are commands: the body and the path are the parameters, the bus does the rest.

use actix_web::http::{Method, StatusCode};
use application::{Context, Error, FieldError};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::parameters;
use crate::problem::Problem;
use crate::respond;
use crate::route::{Answer, Body, Call, Handling, Outcome, Route};

/// A route that carries out the command of the same name.
pub fn command(
    method: Method,
    path: &'static str,
    name: &'static str,
    tag: &'static str,
    summary: &'static str,
) -> Route {
    Route::new(method, path, name, tag, summary, handle)
        .body(Body::Command)
        .header(parameters::idempotency_key())
}

/// A route that creates something and answers with it.
pub fn creates<T: JsonSchema>(
    path: &'static str,
    name: &'static str,
    tag: &'static str,
    summary: &'static str,
) -> Route {
    command(Method::POST, path, name, tag, summary)
        .answer(Answer::json::<T>(StatusCode::CREATED, "It is created.").headers(&["ETag", "Location"]))
}

/// A route that deletes something.
pub fn deletes(path: &'static str, name: &'static str, tag: &'static str, summary: &'static str) -> Route {
    command(Method::DELETE, path, name, tag, summary)
        .answer(Answer::empty(StatusCode::NO_CONTENT, "It is gone."))
}

/// Carries out the command that the route names.
pub fn handle(call: Call) -> Handling {
    Box::pin(carry_out(call))
}

async fn carry_out(call: Call) -> Outcome {
    let (context, parameters, call) = parameters(call).await?;
    let Some(outcome) = call.state.bus.dispatch(&context, call.route.operation, parameters).await else {
        return Err(Problem::unknown_route());
    };
    let reply = outcome?;
    let location = location(&call.route, reply.result.get());
    Ok(respond::reply(success(&call.route), reply, location))
}

/// The status of a command that succeeded.
pub fn success(route: &Route) -> StatusCode {
    route.answers.first().map_or(StatusCode::OK, |answer| answer.status)
}

/// Who asks, and the parameters of a command: the body, the identifiers in the path, and the version in `If-Match`.
pub async fn parameters(call: Call) -> Result<(Context, Value, Call), Problem> {
    let (context, mut parameters, call) = call.object_of_person().await?;
    refuse_reserved(&parameters, &call.route)?;
    for name in call.route.path_parameters() {
        parameters.insert(name.to_owned(), call.id_text(name).into());
    }
    if takes_version(&call.route)
        && let Some(version) = respond::expected_version(&call.request)?
    {
        parameters.insert("expected_version".to_owned(), version.number().into());
    }
    Ok((context, Value::Object(parameters), call))
}

/// What stands in the path or in a header must not stand in the body too, where it could differ.
fn refuse_reserved(body: &Map<String, Value>, route: &Route) -> Result<(), Problem> {
    let in_path = |name: &str| route.path_parameters().any(|parameter| parameter == name);
    let reserved: Vec<FieldError> = body
        .keys()
        .filter(|name| in_path(name) || *name == "expected_version")
        .map(|name| {
            let place = if in_path(name) { "the path" } else { "If-Match" };
            FieldError::new(format!("/{name}"), "unknown_field", format!("belongs in {place}"))
        })
        .collect();
    if reserved.is_empty() { Ok(()) } else { Err(Error::invalid(reserved).into()) }
}

fn takes_version(route: &Route) -> bool {
    route.headers.iter().any(|header| header.name == "If-Match")
}

/// Where the thing that was created can be read.
fn location(route: &Route, result: &str) -> Option<String> {
    /// As much of a result as its address needs.
    #[derive(Deserialize)]
    struct Created {
        id: Option<String>,
        message: Option<Nested>,
        reply: Option<Nested>,
    }
    /// Something inside a result.
    #[derive(Deserialize)]
    struct Nested {
        id: String,
    }
    let created: Created = serde_json::from_str(result).ok()?;
    match route.operation {
        "conversation.create" | "conversation.fork" => {
            created.id.map(|id| format!("/api/v1/conversations/{id}"))
        }
        "user.create" => created.id.map(|id| format!("/api/v1/users/{id}")),
        "workspace.create" => created.id.map(|id| format!("/api/v1/workspaces/{id}")),
        "project.create" => created.id.map(|id| format!("/api/v1/projects/{id}")),
        "provider.create" => created.id.map(|id| format!("/api/v1/providers/{id}")),
        "message.send" => created.message.map(|message| format!("/api/v1/messages/{}", message.id)),
        "message.regenerate" => created.reply.map(|reply| format!("/api/v1/messages/{}", reply.id)),
        _ => None,
    }
}
