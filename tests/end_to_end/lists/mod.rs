//! Lists and what is in them: pages without a gap, filters, branches, histories, forks, titles.

mod answers;
mod branches;
mod filters;
mod paging;
mod search;
mod titles;

use serde_json::{Value, json};

use crate::harness::Client;

fn id(value: &Value) -> &str {
    value["id"].as_str().expect("an id")
}

fn items(page: &Value) -> &[Value] {
    page["items"].as_array().expect("items")
}

fn messages_of(conversation: &str) -> String {
    format!("/api/v1/conversations/{conversation}/messages")
}

/// The ids of a list, all on one page.
async fn ids(client: &Client, path: &str) -> Vec<String> {
    let page = client.get(path).await.expect(200);
    assert_eq!(page["next"], Value::Null, "all fit on one page");
    items(&page).iter().map(|item| id(item).to_owned()).collect()
}

/// Says something without an answer; the id of the message.
async fn say(client: &Client, conversation: &str, text: &str) -> String {
    let body = json!({ "text": text, "reply": false });
    let sent = client.post(&messages_of(conversation), &body).await.expect(201);
    id(&sent["message"]).to_owned()
}

async fn show(client: &Client, conversation: &str) -> Value {
    client.get(&format!("/api/v1/conversations/{conversation}")).await.expect(200)
}
