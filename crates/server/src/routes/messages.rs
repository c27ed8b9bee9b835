//! Messages.

use actix_web::http::{Method, StatusCode};
use application::encode_cursor;
use application::messages::{
    Exchange, GetMessage, ListEdits, ListMessages, MessageDetail, MessageEditView, MessageView, ThreadBranch,
    ThreadMessageView,
};
use serde_json::json;

use super::{commands, parameters};
use crate::problem::Problem;
use crate::query::QueryString;
use crate::respond::{self, ListBody};
use crate::route::{Answer, Call, Handling, Outcome, Parameter, Route};
use crate::sse;

const OF_CONVERSATION: &str = "/api/v1/conversations/{conversation_id}/messages";
const ONE: &str = "/api/v1/messages/{message_id}";
const TAG: &str = "messages";

pub fn routes() -> [Route; 7] {
    let created = || Answer::json::<Exchange>(StatusCode::CREATED, "It is stored, and the answer has begun.");
    let list_summary = "Lists the messages of a branch, or of all, newest first";
    [
        Route::new(Method::GET, OF_CONVERSATION, "message.list", TAG, list_summary, |call| Box::pin(list(call)))
            .query(parameters::page())
            .query([parameters::fields(), branch(), leaf()])
            .sparse::<ThreadMessageView>()
            .answer(
                Answer::json::<ListBody<ThreadMessageView>>(StatusCode::OK, "A page of messages.")
                    .headers(&["Link"]),
            ),
        Route {
            handler: send,
            ..commands::command(
                Method::POST,
                OF_CONVERSATION,
                "message.send",
                TAG,
                "Posts a message and has a model answer it; with Accept: text/event-stream, follows the answer",
            )
        }
        .answer(created().or("text/event-stream", sse::stream_schema).headers(&["Location"])),
        Route::new(Method::GET, ONE, "message.get", TAG, "Shows a message and what the model was asked", |call| {
            Box::pin(get(call))
        })
        .query([parameters::fields()])
        .header(parameters::if_none_match())
        .sparse::<MessageDetail>()
        .answer(Answer::json::<MessageDetail>(StatusCode::OK, "The message.").headers(&["ETag"]))
        .answer(Answer::empty(StatusCode::NOT_MODIFIED, "You have this version already.").headers(&["ETag"])),
        commands::command(Method::PATCH, ONE, "message.edit", TAG, "Replaces what a message says and keeps its history")
            .header(parameters::if_match())
            .answer(Answer::json::<MessageView>(StatusCode::OK, "The message as it is now.").headers(&["ETag"])),
        commands::deletes(ONE, "message.delete", TAG, "Deletes a message and everything below it")
            .header(parameters::if_match()),
        Route::new(
            Method::GET,
            "/api/v1/messages/{message_id}/edits",
            "message.list_edits",
            TAG,
            "Lists the edits of a message, newest first",
            |call| Box::pin(list_edits(call)),
        )
        .query(parameters::page())
        .query([parameters::fields()])
        .sparse::<MessageEditView>()
        .answer(Answer::json::<ListBody<MessageEditView>>(StatusCode::OK, "A page of edits.").headers(&["Link"])),
        commands::command(
            Method::POST,
            "/api/v1/messages/{message_id}/regenerate",
            "message.regenerate",
            TAG,
            "Has a model answer again, beside the earlier answers",
        )
        .answer(created().headers(&["Location"])),
    ]
}

fn branch() -> Parameter {
    Parameter {
        name: "branch",
        description: "The branch that is shown, or all.",
        schema: json!({"type": "string", "enum": ["active", "all"], "default": "active"}),
    }
}

fn leaf() -> Parameter {
    Parameter {
        name: "leaf",
        description: "A message on the branch that is wanted, instead of `branch`.",
        schema: json!({"type": "string", "format": "uuid"}),
    }
}

/// Posts a message; a client that wants events gets those of the answer.
fn send(call: Call) -> Handling {
    if call.wants_event_stream() { sse::send_and_follow(call) } else { commands::handle(call) }
}

async fn list(call: Call) -> Outcome {
    let context = call.context().await?;
    let query = call.query()?;
    let wanted = ListMessages {
        conversation_id: call.id("conversation_id")?,
        branch: wanted_branch(&query)?,
        page: query.page()?,
    };
    let page = call.state.bus.ask(&context, wanted).await?;
    respond::list(&call, &query, &page.items, page.next.as_ref().map(encode_cursor))
}

fn wanted_branch(query: &QueryString) -> Result<ThreadBranch, Problem> {
    let invalid = |pointer: &str, code: &str, detail: &str| {
        Err(application::Error::invalid_field(pointer, code, detail).into())
    };
    match (query.text("branch"), query.parsed("leaf", "must be the id of a message")?) {
        (Some(_), Some(_)) => invalid("/leaf", "exclusive", "give either branch or leaf, not both"),
        (None, Some(leaf)) => Ok(ThreadBranch::Through(leaf)),
        (None | Some("active"), None) => Ok(ThreadBranch::Active),
        (Some("all"), None) => Ok(ThreadBranch::All),
        (Some(_), None) => invalid("/branch", "invalid", "must be active or all"),
    }
}

async fn get(call: Call) -> Outcome {
    let context = call.context().await?;
    let query = call.query()?;
    let detail = call.state.bus.ask(&context, GetMessage { message_id: call.id("message_id")? }).await?;
    // While it is being written, a message changes without a new version: it has no tag that could be trusted.
    let version = (!detail.message.status.is_running()).then_some(detail.message.version);
    respond::one(&call, &query, &detail, version)
}

async fn list_edits(call: Call) -> Outcome {
    let context = call.context().await?;
    let query = call.query()?;
    let wanted = ListEdits { message_id: call.id("message_id")?, page: query.page()? };
    let page = call.state.bus.ask(&context, wanted).await?;
    respond::list(&call, &query, &page.items, page.next.as_ref().map(encode_cursor))
}
