//! The person who asks.

use actix_web::HttpResponse;
use actix_web::cookie::time;
use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{Method, StatusCode};
use application::identities::{GetMe, MeView, csrf_token};
use application::people::{UpdatedMe, export_me};
use futures_util::StreamExt as _;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;

use super::{commands, parameters};
use crate::context::{Presented, presented, session_cookie};
use crate::request::RequestInfo;
use crate::respond;
use crate::route::{Answer, Call, Handling, Outcome, Route};
use crate::watch::while_accepted;

const ME: &str = "/api/v1/me";
const TAG: &str = "identity";

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

pub fn routes() -> [Route; 5] {
    let summary = "Tells who is asking, and how far their credential reaches";
    let password = "Changes the password: every other session ends";
    let close = "Closes the account and deletes all that is its";
    let export = "Everything of the person who asks, as one document";
    [
        Route::new(Method::GET, ME, "me.get", TAG, summary, |call| Box::pin(get(call)))
            .query([parameters::fields()])
            .sparse::<MeBody>()
            .answer(Answer::json::<MeBody>(StatusCode::OK, "The person.")),
        commands::command(Method::PATCH, ME, "me.update", TAG, "Changes what is given and leaves the rest")
            .header(parameters::if_match())
            .answer(
                Answer::json::<UpdatedMe>(StatusCode::OK, "The person as they are now.").headers(&["ETag"]),
            ),
        Route { handler: close_account, ..commands::deletes(ME, "me.delete", TAG, close) },
        commands::command(Method::POST, "/api/v1/me/password", "me.change_password", TAG, password)
            .answer(Answer::empty(StatusCode::NO_CONTENT, "It is changed.")),
        Route::new(Method::GET, "/api/v1/me/export", "me.export", TAG, export, |call| {
            Box::pin(take_along(call))
        })
        .answer(Answer {
            status: StatusCode::OK,
            description: "The document, written as it is read.",
            content: vec![("application/json", export_schema)],
            headers: &["Content-Disposition"],
        }),
    ]
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

/// Closes the account; the cookie is of no more use.
fn close_account(call: Call) -> Handling {
    Box::pin(async move {
        let (info, hosts) = (RequestInfo::of(&call.request), call.state.hosts.clone());
        let mut answer = commands::handle(call).await?;
        let cookie = session_cookie("", time::Duration::ZERO, &info, &hosts);
        answer.add_cookie(&cookie).map_err(application::Error::internal)?;
        Ok(answer)
    })
}

async fn take_along(call: Call) -> Outcome {
    let context = call.context().await?;
    call.query()?;
    let export = export_me(&call.state.bus, &context).await?;
    // The shutdown waits for the document.
    let open = call.state.tasks.token();
    let pieces = while_accepted(call.state.services(), &context, export.pieces());
    let pieces = Box::pin(pieces).map(move |piece| {
        let _open = &open;
        piece.map_err(|mut error| {
            error.log_source();
            std::io::Error::other("the document is not complete")
        })
    });
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, HeaderValue::from_static("application/json")))
        .insert_header((
            header::CONTENT_DISPOSITION,
            HeaderValue::from_static("attachment; filename=\"colloquy.json\""),
        ))
        .insert_header((header::CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .streaming(pieces))
}

/// What the document holds.
fn export_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "properties": {
            "format": { "const": "colloquy-person" },
            "version": { "const": 1 },
            "exported_at": { "type": "string", "format": "date-time" },
            "profile": { "type": "object" },
            "workspaces": { "type": "array", "items": { "type": "object" } },
            "conversations": { "type": "array", "items": { "type": "object" } },
            "tags": { "type": "array", "items": { "type": "object" } },
            "annotations": { "type": "array", "items": { "type": "object" } },
        },
        "required": [
            "format", "version", "exported_at", "profile", "workspaces", "conversations", "tags", "annotations",
        ],
    })
}
