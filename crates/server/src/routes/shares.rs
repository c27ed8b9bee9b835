//! Links to conversations.

use actix_web::HttpResponse;
use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{Method, StatusCode};
use application::Error;
use application::shares::{CreatedShare, ListShares, ShareView, SharedConversation, open_share};
use serde_json::json;

use super::{commands, parameters};
use crate::request::RequestInfo;
use crate::respond::{self, ListBody};
use crate::route::{Answer, Call, Outcome, Parameter, Route};

const OF_CONVERSATION: &str = "/api/v1/conversations/{conversation_id}/shares";
const TAG: &str = "shares";
/// Carries the secret of a link, which is the part behind its `#`.
const TOKEN: &str = "x-share-token";

pub fn routes() -> [Route; 4] {
    let list_summary = "Lists the links to a conversation of yours, newest first";
    let open_summary = "Shows a conversation to whoever has a link";
    [
        Route::new(Method::GET, OF_CONVERSATION, "share.list", TAG, list_summary, |call| {
            Box::pin(list(call))
        })
        .query([parameters::fields()])
        .sparse::<ShareView>()
        .answer(Answer::json::<ListBody<ShareView>>(StatusCode::OK, "The links, all on one page.")),
        commands::creates::<CreatedShare>(
            OF_CONVERSATION,
            "share.create",
            TAG,
            "Makes a link by which anybody may read the active branch, and shows it, once",
        ),
        commands::deletes("/api/v1/shares/{share_id}", "share.revoke", TAG, "Takes a link back"),
        Route::new(Method::GET, "/api/v1/shared/{share_id}", "share.open", TAG, open_summary, |call| {
            Box::pin(open(call))
        })
        .for_anyone()
        .header(Parameter {
            name: "X-Share-Token",
            description: "The secret of the link: what stands behind its `#`.",
            schema: json!({"type": "string"}),
        })
        .header(parameters::if_none_match())
        .answer(Answer::json::<SharedConversation>(StatusCode::OK, "The conversation.").headers(&["ETag"]))
        .answer(Answer::empty(StatusCode::NOT_MODIFIED, "It is as you have it.").headers(&["ETag"])),
    ]
}

async fn list(call: Call) -> Outcome {
    let context = call.context().await?;
    let query = call.query()?;
    let wanted = ListShares { conversation_id: call.id("conversation_id")? };
    let shares = call.state.bus.ask(&context, wanted).await?;
    respond::list(&call, &query, &shares, None)
}

/// What a link shows. Whoever asks again with the entity tag learns whether something has changed.
async fn open(call: Call) -> Outcome {
    call.query()?;
    let mut tokens = call.request.headers().get_all(TOKEN).filter_map(|value| value.to_str().ok());
    let token = tokens.next().filter(|_| tokens.next().is_none()).unwrap_or_default();
    let address = RequestInfo::of(&call.request).address;
    let shared = open_share(call.state.services(), call.id("share_id")?, token, address).await?;
    let body = serde_json::to_vec(&shared).map_err(Error::internal)?;
    let tag = format!("\"{}\"", &blake3::hash(&body).to_hex()[..32]);
    let is_known = respond::names(call.request.headers(), &tag);
    let mut answer = HttpResponse::build(if is_known { StatusCode::NOT_MODIFIED } else { StatusCode::OK });
    answer.insert_header((header::ETAG, tag));
    answer.insert_header((header::CACHE_CONTROL, HeaderValue::from_static("no-store")));
    if is_known {
        return Ok(answer.finish());
    }
    Ok(answer.insert_header((header::CONTENT_TYPE, "application/json")).body(body))
}
