//! Searching in what was said.

use actix_web::http::{Method, StatusCode};
use application::encode_cursor;
use application::search::{SearchHitView, SearchMessages};
use domain::ports::{SearchFilter, SearchOrder};
use domain::{MessageRole, ModelName};
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
    .query(filters())
    .query(parameters::page())
    .query([parameters::fields()])
    .sparse::<SearchHitView>()
    .answer(Answer::json::<ListBody<SearchHitView>>(StatusCode::OK, "A page of hits.").headers(&["Link"]))]
}

/// Which messages a search is about.
fn filters() -> [Parameter; 8] {
    [
        Parameter {
            name: "role",
            description: "Only messages of this role.",
            schema: json!({"type": "string", "enum": ["system", "user", "assistant", "tool"]}),
        },
        Parameter {
            name: "model",
            description: "Only answers of this model, by its full name.",
            schema: json!({"type": "string", "minLength": 1, "maxLength": ModelName::MAX_CHARACTERS}),
        },
        parameters::id("tag", "Only in conversations with this tag of yours."),
        parameters::id("project", "Only in conversations of yours that are in this project."),
        parameters::boolean("pinned", "Only in pinned conversations, or only in the others."),
        parameters::boolean("archived", "Only in archived conversations, or only in the others."),
        parameters::moment("posted_from", "Only messages posted at this moment or later."),
        parameters::moment("posted_before", "Only messages posted before this moment."),
    ]
}

async fn search(call: Call) -> Outcome {
    let context = call.context().await?;
    let query = call.query()?;
    let wanted = SearchMessages {
        q: query.text("q").unwrap_or_default().to_owned(),
        filter: filter(&query)?,
        order: order(&query)?,
        page: query.page()?,
    };
    let page = call.state.bus.ask(&context, wanted).await?;
    respond::list(&call, &query, &page.items, page.next.as_ref().map(encode_cursor))
}

fn filter(query: &QueryString) -> Result<SearchFilter, Problem> {
    Ok(SearchFilter {
        role: query.text("role").map(role).transpose()?,
        model: query.text("model").map(model).transpose()?,
        posted_from: query.moment("posted_from")?,
        posted_before: query.moment("posted_before")?,
        tag_id: query.id("tag")?,
        project_id: query.id("project")?,
        pinned: query.boolean("pinned")?,
        archived: query.boolean("archived")?,
        except: None,
    })
}

fn role(text: &str) -> Result<MessageRole, Problem> {
    match text {
        "system" => Ok(MessageRole::System),
        "user" => Ok(MessageRole::User),
        "assistant" => Ok(MessageRole::Assistant),
        "tool" => Ok(MessageRole::Tool),
        _ => {
            let rule = "must be system, user, assistant or tool";
            Err(application::Error::invalid_field("/role", "invalid", rule).into())
        }
    }
}

fn model(text: &str) -> Result<ModelName, Problem> {
    ModelName::new(text)
        .map_err(|rule| application::Error::invalid_field("/model", "invalid", rule.to_string()).into())
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
