//! Annotations.

use actix_web::http::{Method, StatusCode};
use application::annotations::{
    AnnotationPage, AnnotationView, ListAnnotations, ListConversationAnnotations,
};
use application::encode_cursor;

use super::{commands, parameters};
use crate::query::QueryString;
use crate::respond::{self, ListBody};
use crate::route::{Answer, Call, Handling, Outcome, Route};

const OF_MESSAGE: &str = "/api/v1/messages/{message_id}/annotations";
const OF_CONVERSATION: &str = "/api/v1/conversations/{conversation_id}/annotations";
const ONE: &str = "/api/v1/annotations/{annotation_id}";
const TAG: &str = "annotations";

pub fn routes() -> [Route; 5] {
    [
        lists(OF_MESSAGE, "annotation.list", "Lists what you wrote beside a message, newest first", |call| {
            Box::pin(of_message(call))
        }),
        lists(
            OF_CONVERSATION,
            "annotation.list_of_conversation",
            "Lists what you wrote beside the messages of a conversation, newest first",
            |call| Box::pin(of_conversation(call)),
        ),
        commands::creates::<AnnotationView>(
            OF_MESSAGE,
            "annotation.create",
            TAG,
            "Writes something beside a message, or judges it; only you see it",
        ),
        commands::command(
            Method::PATCH,
            ONE,
            "annotation.update",
            TAG,
            "Changes what is given and leaves the rest",
        )
        .header(parameters::if_match())
        .answer(
            Answer::json::<AnnotationView>(StatusCode::OK, "The annotation as it is now.").headers(&["ETag"]),
        ),
        commands::deletes(ONE, "annotation.delete", TAG, "Deletes an annotation")
            .header(parameters::if_match()),
    ]
}

fn lists(
    path: &'static str,
    operation: &'static str,
    summary: &'static str,
    handler: fn(Call) -> Handling,
) -> Route {
    Route::new(Method::GET, path, operation, TAG, summary, handler)
        .query(parameters::page())
        .query([parameters::fields()])
        .sparse::<AnnotationView>()
        .answer(
            Answer::json::<ListBody<AnnotationView>>(StatusCode::OK, "A page of annotations.")
                .headers(&["Link"]),
        )
}

async fn of_message(call: Call) -> Outcome {
    let context = call.context().await?;
    let query = call.query()?;
    let wanted = ListAnnotations { message_id: call.id("message_id")?, page: query.page()? };
    respond(&call, &query, &call.state.bus.ask(&context, wanted).await?)
}

async fn of_conversation(call: Call) -> Outcome {
    let context = call.context().await?;
    let query = call.query()?;
    let conversation_id = call.id("conversation_id")?;
    let wanted = ListConversationAnnotations { conversation_id, page: query.page()? };
    respond(&call, &query, &call.state.bus.ask(&context, wanted).await?)
}

fn respond(call: &Call, query: &QueryString, page: &AnnotationPage) -> Outcome {
    respond::list(call, query, &page.items, page.next.as_ref().map(encode_cursor))
}
