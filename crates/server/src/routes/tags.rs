//! Tags, and which conversations have them.

use actix_web::http::{Method, StatusCode};
use application::conversations::ConversationView;
use application::encode_cursor;
use application::tags::{ListTags, TagView};

use super::{commands, parameters};
use crate::respond::{self, ListBody};
use crate::route::{Answer, Call, Outcome, Route};

const ALL: &str = "/api/v1/tags";
const ONE: &str = "/api/v1/tags/{tag_id}";
const OF_CONVERSATION: &str = "/api/v1/conversations/{conversation_id}/tags/{tag_id}";
const TAG: &str = "tags";

pub fn routes() -> [Route; 6] {
    let conversation =
        |description| Answer::json::<ConversationView>(StatusCode::OK, description).headers(&["ETag"]);
    [
        Route::new(Method::GET, ALL, "tag.list", TAG, "Lists your tags, newest first", |call| {
            Box::pin(list(call))
        })
        .query(parameters::page())
        .query([parameters::fields()])
        .sparse::<TagView>()
        .answer(Answer::json::<ListBody<TagView>>(StatusCode::OK, "A page of tags.").headers(&["Link"])),
        commands::creates::<TagView>(ALL, "tag.create", TAG, "Makes a tag, which only you see"),
        commands::command(Method::PATCH, ONE, "tag.update", TAG, "Changes what is given and leaves the rest")
            .header(parameters::if_match())
            .answer(Answer::json::<TagView>(StatusCode::OK, "The tag as it is now.").headers(&["ETag"])),
        commands::deletes(ONE, "tag.delete", TAG, "Deletes a tag; conversations that had it stay")
            .header(parameters::if_match()),
        commands::command(
            Method::PUT,
            OF_CONVERSATION,
            "conversation.tag",
            TAG,
            "Gives a conversation of yours a tag; one that it has already changes nothing",
        )
        .answer(conversation("The conversation, with the tag.")),
        commands::command(
            Method::DELETE,
            OF_CONVERSATION,
            "conversation.untag",
            TAG,
            "Takes a tag from a conversation of yours; one that it does not have changes nothing",
        )
        .answer(conversation("The conversation, without the tag.")),
    ]
}

async fn list(call: Call) -> Outcome {
    let context = call.context().await?;
    let query = call.query()?;
    let page = call.state.bus.ask(&context, ListTags { page: query.page()? }).await?;
    respond::list(&call, &query, &page.items, page.next.as_ref().map(encode_cursor))
}
