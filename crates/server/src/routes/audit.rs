//! The audit log.

use std::collections::VecDeque;
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::{Method, StatusCode, header};
use application::audit::{AuditEntryView, ListAuditEntries, NoteAuditExport};
use application::{Context, Error, PageInput, encode_cursor};
use bytes::Bytes;
use domain::{Timestamp, UserId};
use futures_util::{Stream, stream};
use schemars::{Schema, SchemaGenerator};
use serde_json::json;

use super::parameters;
use crate::problem::Problem;
use crate::query::QueryString;
use crate::respond::{self, ListBody};
use crate::route::{Answer, Call, Outcome, Parameter, Route, accepts};
use crate::state::State;
use crate::watch::while_accepted;

/// One JSON object a line.
const JSON_LINES: &str = "application/jsonl";
/// How many entries are read at a time.
const PAGE: u16 = 200;

pub fn routes() -> [Route; 1] {
    let summary = "Lists what the audit log of the workspace holds, newest first (administrators); with Accept: \
                   application/jsonl, all of it";
    let text = |name, description, schema| Parameter { name, description, schema };
    [Route::new(Method::GET, "/api/v1/audit", "audit.list", "administration", summary, |call| {
        Box::pin(list(call))
    })
    .query([
        text(
            "name",
            "Those with this name; a trailing `*` stands for any ending, as in `session.*`.",
            json!({"type": "string", "minLength": 1, "maxLength": 100}),
        ),
        text(
            "user",
            "Those caused by this person, or about them.",
            json!({"type": "string", "format": "uuid"}),
        ),
        text("since", "Those at this moment or later.", json!({"type": "string", "format": "date-time"})),
        text("until", "Those before this moment.", json!({"type": "string", "format": "date-time"})),
    ])
    .query(parameters::page())
    .query([parameters::fields()])
    .sparse::<AuditEntryView>()
    .answer(
        Answer::json::<ListBody<AuditEntryView>>(StatusCode::OK, "A page of entries.")
            .or(JSON_LINES, lines_schema)
            .headers(&["Link"]),
    )]
}

fn lines_schema(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({ "type": "string", "description": "One entry a line, each a JSON object." })
}

async fn list(call: Call) -> Outcome {
    let context = call.context().await?;
    let query = call.query()?;
    let wanted = wanted(&query)?;
    if accepts(call.request.headers(), JSON_LINES) {
        return export(&call, context, wanted).await;
    }
    let page = call.state.bus.ask(&context, wanted).await?;
    respond::list(&call, &query, &page.items, page.next.as_ref().map(encode_cursor))
}

fn wanted(query: &QueryString) -> Result<ListAuditEntries, Problem> {
    let moment = |name: &str| match query.text(name) {
        None => Ok(None),
        Some(text) => Timestamp::parse_rfc3339(text).map(Some).ok_or_else(|| {
            Error::invalid_field(&format!("/{name}"), "invalid", "must be an RFC 3339 date and time")
        }),
    };
    Ok(ListAuditEntries {
        page: query.page()?,
        name: query.text("name").map(ToOwned::to_owned),
        user_id: query.parsed::<UserId>("user", "must be the id of a person")?,
        since: moment("since")?,
        until: moment("until")?,
    })
}

/// Everything that fits, one entry a line, read page by page as fast as the client takes it.
async fn export(call: &Call, context: Context, wanted: ListAuditEntries) -> Outcome {
    let bus = &call.state.bus;
    bus.send(&context, NoteAuditExport {}).await?;
    let limit = wanted.page.limit.unwrap_or(PAGE);
    let wanted = ListAuditEntries { page: PageInput { limit: Some(limit), ..wanted.page }, ..wanted };
    // The first page is read before the answer begins, so that what is wrong can still be told by a status.
    let first = bus.ask(&context, wanted.clone()).await?;
    let reader = context.clone();
    let reading = Reading {
        state: Arc::clone(&call.state),
        context,
        next: first.next.map(|next| with_cursor(&wanted, next)),
        entries: first.items.into(),
    };
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, JSON_LINES))
        .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"audit.jsonl\""))
        .streaming(while_accepted(call.state.services(), &reader, lines(reading))))
}

/// How far an export is.
struct Reading {
    state: Arc<State>,
    context: Context,
    next: Option<ListAuditEntries>,
    entries: VecDeque<AuditEntryView>,
}

fn with_cursor(wanted: &ListAuditEntries, next: u64) -> ListAuditEntries {
    let page = PageInput { after: Some(encode_cursor(&next)), ..wanted.page.clone() };
    ListAuditEntries { page, ..wanted.clone() }
}

/// The lines of an export; an error cuts the answer off, so that no client takes a part for the whole.
fn lines(reading: Reading) -> impl Stream<Item = Result<Bytes, Error>> {
    stream::try_unfold(reading, |mut reading| async move {
        if reading.entries.is_empty() {
            let Some(wanted) = reading.next.take() else { return Ok(None) };
            let page = reading.state.bus.ask(&reading.context, wanted.clone()).await?;
            reading.next = page.next.map(|next| with_cursor(&wanted, next));
            reading.entries = page.items.into();
        }
        let mut text = Vec::new();
        for entry in reading.entries.drain(..) {
            serde_json::to_writer(&mut text, &entry).map_err(Error::internal)?;
            text.push(b'\n');
        }
        Ok(Some((Bytes::from(text), reading)))
    })
}
