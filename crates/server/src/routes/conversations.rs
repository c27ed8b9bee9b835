//! Conversations.

use actix_web::http::{Method, StatusCode};
use application::conversations::{ConversationView, GetConversation, ListConversations};
use application::encode_cursor;
use serde_json::json;

use super::{commands, parameters};
use crate::respond::{self, ListBody};
use crate::route::{Answer, Call, Outcome, Parameter, Route};

const ALL: &str = "/api/v1/conversations";
const ONE: &str = "/api/v1/conversations/{conversation_id}";
const TAG: &str = "conversations";

pub fn routes() -> [Route; 6] {
    let one = |status, description| Answer::json::<ConversationView>(status, description).headers(&["ETag"]);
    [
        Route::new(
            Method::GET,
            ALL,
            "conversation.list",
            TAG,
            "Lists your conversations, or those in a project, most recent first",
            |call| Box::pin(list(call)),
        )
        .query(parameters::page())
        .query([
            parameters::fields(),
            parameters::id("project", "Those in this project, whosever they are."),
            parameters::id("tag", "Only those with this tag of yours."),
            parameters::boolean("pinned", "Only pinned ones, or only the others."),
            parameters::boolean("archived", "Only archived ones, or only the others."),
            parameters::moment("updated_from", "Only those last updated at this moment or later."),
            parameters::moment("updated_before", "Only those last updated before this moment."),
            Parameter {
                name: "q",
                description: "Only those whose title contains this.",
                schema: json!({"type": "string", "minLength": 1, "maxLength": 200}),
            },
        ])
        .sparse::<ConversationView>()
        .answer(
            Answer::json::<ListBody<ConversationView>>(StatusCode::OK, "A page of conversations.")
                .headers(&["Link"]),
        ),
        commands::creates::<ConversationView>(
            ALL,
            "conversation.create",
            TAG,
            "Creates an empty conversation",
        ),
        Route::new(
            Method::GET,
            ONE,
            "conversation.get",
            TAG,
            "Shows a conversation, without its messages",
            |call| Box::pin(get(call)),
        )
        .query([parameters::fields()])
        .header(parameters::if_none_match())
        .sparse::<ConversationView>()
        .answer(one(StatusCode::OK, "The conversation."))
        .answer(Answer::empty(StatusCode::NOT_MODIFIED, "You have this version already.").headers(&["ETag"])),
        commands::command(
            Method::PATCH,
            ONE,
            "conversation.update",
            TAG,
            "Changes what is given and leaves the rest",
        )
        .header(parameters::if_match())
        .answer(one(StatusCode::OK, "The conversation as it is now.")),
        commands::deletes(ONE, "conversation.delete", TAG, "Deletes a conversation and everything in it")
            .header(parameters::if_match()),
        commands::creates::<ConversationView>(
            "/api/v1/conversations/{conversation_id}/fork",
            "conversation.fork",
            TAG,
            "Copies the branch up to a message into a new conversation",
        ),
    ]
}

async fn list(call: Call) -> Outcome {
    let context = call.context().await?;
    let query = call.query()?;
    let wanted = ListConversations {
        page: query.page()?,
        project_id: query.id("project")?,
        tag_id: query.id("tag")?,
        pinned: query.boolean("pinned")?,
        archived: query.boolean("archived")?,
        updated_from: query.moment("updated_from")?,
        updated_before: query.moment("updated_before")?,
        q: query.text("q").map(ToOwned::to_owned),
    };
    let page = call.state.bus.ask(&context, wanted).await?;
    respond::list(&call, &query, &page.items, page.next.as_ref().map(encode_cursor))
}

async fn get(call: Call) -> Outcome {
    let context = call.context().await?;
    let query = call.query()?;
    let conversation_id = call.id("conversation_id")?;
    let view = call.state.bus.ask(&context, GetConversation { conversation_id }).await?;
    respond::one(&call, &query, &view, Some(view.version))
}
