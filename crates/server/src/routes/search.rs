//! Searching in what was said.

use actix_web::http::{Method, StatusCode};
use application::encode_cursor;
use application::search::{SearchHitView, SearchMessages};
use domain::ports::SearchOrder;
use serde_json::json;

use super::parameters;
use crate::problem::Problem;
use crate::query::QueryString;
use crate::respond::{self, ListBody};
use crate::route::{Answer, Call, Outcome, Parameter, Route};

pub fn routes() -> [Route; 1] {
    let summary = "Finds your messages in which words occur";
    [Route::new(Method::GET, "/api/v1/search", "message.search", "messages", summary, |call| {
        Box::pin(search(call))
    })
    .query([Parameter {
        name: "q",
        description: "The words, all of which must occur; those in quotation marks one after the other.",
        schema: json!({"type": "string", "minLength": 1, "maxLength": 200}),
    }])
    .query([Parameter {
        name: "order",
        description: "The newest first, page by page; or the best first, of which there is one page.",
        schema: json!({"type": "string", "enum": ["newest", "best"], "default": "newest"}),
    }])
    .query(parameters::page())
    .query([parameters::fields()])
    .sparse::<SearchHitView>()
    .answer(Answer::json::<ListBody<SearchHitView>>(StatusCode::OK, "A page of hits.").headers(&["Link"]))]
}

async fn search(call: Call) -> Outcome {
    let context = call.context().await?;
    let query = call.query()?;
    let wanted = SearchMessages {
        q: query.text("q").unwrap_or_default().to_owned(),
        order: order(&query)?,
        page: query.page()?,
    };
    let page = call.state.bus.ask(&context, wanted).await?;
    respond::list(&call, &query, &page.items, page.next.as_ref().map(encode_cursor))
}

fn order(query: &QueryString) -> Result<SearchOrder, Problem> {
    match query.text("order") {
        None | Some("newest") => Ok(SearchOrder::Newest),
        Some("best") => Ok(SearchOrder::Best),
        Some(_) => {
            Err(application::Error::invalid_field("/order", "invalid", "must be newest or best").into())
        }
    }
}
