//! The journal as the person who asks may see it.

use actix_web::http::{Method, StatusCode};
use application::PageInput;
use application::events::{EventScope, EventView, ReadEvents};
use domain::ports::Position;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::parameters;
use crate::respond::{self, ListBody};
use crate::route::{Answer, Call, Handling, Outcome, Parameter, Route};
use crate::sse;

/// A committed fact and its place in the journal.
#[derive(Debug, Serialize, JsonSchema)]
pub struct JournalEntry {
    /// Its place: grows, with gaps.
    #[schemars(range(min = 1))]
    pub position: i64,
    /// What happened.
    pub event: EventView,
}

pub fn routes() -> [Route; 1] {
    let summary =
        "Lists what happened after a position, oldest first; with Accept: text/event-stream, goes on";
    let [limit, _] = parameters::page();
    [Route::new(Method::GET, "/api/v1/events", "event.list", "events", summary, handle)
        .query([
            limit,
            Parameter {
                name: "after",
                description: "The last position that you have; 410 where events after it are no longer kept. Without it a list \
                              begins with the oldest event that is kept, and a stream with what happens from now on.",
                schema: json!({"type": "integer", "format": "int64", "minimum": 0}),
            },
            parameters::fields(),
        ])
        .header(Parameter {
            name: "Last-Event-ID",
            description: "For a stream: the id of the last event that you have.",
            schema: json!({"type": "string"}),
        })
        .sparse::<JournalEntry>()
        .answer(
            Answer::json::<ListBody<JournalEntry>>(StatusCode::OK, "A page of events.")
                .or("text/event-stream", sse::stream_schema)
                .headers(&["Link"]),
        )]
}

fn handle(call: Call) -> Handling {
    if call.wants_event_stream() { sse::follow_journal(call) } else { Box::pin(list(call)) }
}

async fn list(call: Call) -> Outcome {
    let context = call.context().await?;
    let query = call.query()?;
    let limit = query.page()?.limit.unwrap_or(PageInput::DEFAULT_LIMIT);
    let after = query.number("after", "must be a position")?.map(Position);
    let found = call.state.bus.ask(&context, ReadEvents { scope: EventScope::Mine, after, limit }).await?;
    let is_full = found.len() == usize::from(limit);
    let next = found.last().filter(|_| is_full).map(|last| last.position.0.to_string());
    let entries: Vec<JournalEntry> = found
        .into_iter()
        .map(|recorded| JournalEntry { position: recorded.position.0, event: recorded.view })
        .collect();
    respond::list(&call, &query, &entries, next)
}
