//! Server-sent events: what happens, for clients that only listen. The data is the JSON text of the socket's frames.

mod event;
mod journal;
mod run;
mod stream;

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::{Method, StatusCode};
use application::Error;
use bytes::BytesMut;
use domain::RunId;
use domain::ports::Position;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use self::journal::JournalSource;
use self::run::RunSource;
pub use self::stream::{Progress, Reader, Source, chunks_of};
use self::stream::{respond, respond_once};
use crate::problem::Problem;
use crate::route::{Call, Handling, Outcome};
use crate::routes::commands;

/// What documents say about a stream of events: the schema of one.
pub fn stream_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "description": "One of the server-sent events: `event` is the type of a frame, `data` its JSON text, as on \
                        the WebSocket.",
        "properties": {
            "id": {"type": "string"},
            "event": {"type": "string"},
            "data": {"type": "string"},
        },
        "required": ["data"],
    })
}

/// Follows a run. A client that has everything is told so with 204, on which browsers stop reconnecting.
pub fn follow_run(call: Call) -> Handling {
    Box::pin(async move {
        call.state.refuse_while_stopping()?;
        let context = call.context().await?;
        call.query()?;
        let run_id: RunId = call.id("run_id")?;
        let reader = Reader::new(call.state.clone(), context, &call.request);
        match RunSource::open(&reader, run_id, last_event_id(&call.request)).await? {
            Some(source) => Ok(open(&call, reader, source)),
            None => Ok(HttpResponse::NoContent().finish()),
        }
    })
}

/// Follows the journal after `Last-Event-ID`, else after `after`, else from now on.
pub fn follow_journal(call: Call) -> Handling {
    Box::pin(async move {
        call.state.refuse_while_stopping()?;
        let context = call.context().await?;
        let query = call.query()?;
        let asked: Option<i64> = match last_event_id(&call.request) {
            Some(id) => Some(id.parse().map_err(|_| {
                Error::invalid_field("/after", "invalid", "Last-Event-ID is not an id of this stream")
            })?),
            None => query.number("after", "must be a position")?,
        };
        let reader = Reader::new(call.state.clone(), context, &call.request);
        let source = JournalSource::open(&reader, asked.map(Position)).await?;
        Ok(open(&call, reader, source))
    })
}

/// Opens a stream. A request for the head alone gets that: its stream would never end.
fn open<S: Source>(call: &Call, reader: Reader, source: S) -> HttpResponse {
    if call.request.method() == Method::HEAD {
        return respond_once(StatusCode::OK, BytesMut::new());
    }
    respond(StatusCode::OK, reader, source, BytesMut::new())
}

/// Posts a message and follows the answer. The first event, `result`, carries what the plain request would have
/// answered.
pub fn send_and_follow(call: Call) -> Handling {
    Box::pin(send(call))
}

async fn send(call: Call) -> Outcome {
    /// As much of the result as following needs.
    #[derive(Deserialize)]
    struct Sent {
        run: Option<Run>,
    }
    #[derive(Deserialize)]
    struct Run {
        id: RunId,
    }

    call.state.refuse_while_stopping()?;
    let (context, parameters, call) = commands::parameters(call).await?;
    let Some(outcome) = call.state.bus.dispatch(&context, call.route.operation, parameters).await else {
        return Err(Problem::unknown_route());
    };
    let reply = outcome?;
    let mut first = BytesMut::new();
    event::write(&mut first, None::<u64>, "result", reply.result.get().as_bytes());
    let sent: Sent = serde_json::from_str(reply.result.get()).map_err(Error::internal)?;
    let Some(run) = sent.run else {
        // Nobody answers: the message itself is the whole stream.
        return Ok(respond_once(StatusCode::CREATED, first));
    };
    let reader = Reader::new(call.state.clone(), context, &call.request);
    match RunSource::open(&reader, run.id, None).await? {
        Some(source) => Ok(respond(StatusCode::CREATED, reader, source, first)),
        None => Ok(respond_once(StatusCode::CREATED, first)),
    }
}

fn last_event_id(request: &HttpRequest) -> Option<&str> {
    request.headers().get("last-event-id").and_then(|value| value.to_str().ok()).filter(|id| !id.is_empty())
}
