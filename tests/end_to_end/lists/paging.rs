//! Pages: nothing is lost and nothing doubled, whatever is added meanwhile.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{id, ids, items, messages_of, say};
use crate::harness::{Client, Server};

/// Follows the links from page to page, doing something between two pages, and gives all ids in their order.
async fn walk(client: &Client, first: &str, between: impl AsyncFn(usize)) -> Vec<String> {
    let mut found = Vec::new();
    let mut path = first.to_owned();
    for page_number in 0.. {
        assert!(page_number < 100, "the list has no end");
        let answer = client.get(&path).await;
        let link = answer.header("link").to_owned();
        let page = answer.expect(200);
        found.extend(items(&page).iter().map(|item| id(item).to_owned()));
        let Some(next) = page["next"].as_str() else {
            assert_eq!(link, "", "the last page links nowhere");
            return found;
        };
        let target = link.strip_prefix('<').and_then(|rest| rest.strip_suffix(">; rel=\"next\""));
        target.expect("a link to the next page").clone_into(&mut path);
        assert!(path.contains(&format!("after={next}")), "{path} has the cursor {next}");
        between(page_number).await;
    }
    unreachable!("the loop returns")
}

fn assert_each_once(found: &[String], expected: &[String]) {
    let once: HashSet<&String> = found.iter().collect();
    assert_eq!(once.len(), found.len(), "an item was listed twice");
    assert_eq!(found, expected, "every item that was there at the beginning, in its order");
}

#[tokio::test]
async fn pages_of_conversations_show_each_once_while_new_ones_arrive() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let mut made = Vec::new();
    for number in 0..45 {
        made.push(owner.conversation_with(&json!({ "title": format!("Number {number}") })).await);
    }
    made.reverse();
    for limit in [1, 7, 10, 44, 45, 46, 200] {
        let found = walk(&owner, &format!("/api/v1/conversations?limit={limit}"), async |_| {}).await;
        assert_each_once(&found, &made);
    }
    let found = walk(&owner, "/api/v1/conversations?limit=7", async |number| {
        owner.conversation_with(&json!({ "title": format!("Meanwhile {number}") })).await;
    })
    .await;
    assert_each_once(&found, &made);
}

#[tokio::test]
async fn a_conversation_that_moves_between_pages_is_never_listed_wrongly_and_others_stay() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let mut made = Vec::new();
    for _ in 0..20 {
        made.push(owner.conversation().await);
    }
    made.reverse();
    // The oldest becomes the newest, and one that was not shown yet is deleted.
    let (oldest, deleted) = (made[19].clone(), made[15].clone());
    let found = walk(&owner, "/api/v1/conversations?limit=5", async |number| {
        if number == 0 {
            say(&owner, &oldest, "Up again").await;
            owner.delete(&format!("/api/v1/conversations/{deleted}")).await.expect(204);
        }
    })
    .await;
    let expected: Vec<String> =
        made.iter().filter(|made| **made != oldest && **made != deleted).cloned().collect();
    assert_each_once(&found, &expected);
    assert_eq!(ids(&owner, "/api/v1/conversations?limit=200").await[0], oldest);
}

#[tokio::test]
async fn pages_of_messages_show_each_once_while_new_ones_arrive_on_any_branch() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let conversation = owner.conversation().await;
    let mut said = Vec::new();
    for number in 0..30 {
        said.push(say(&owner, &conversation, &format!("Number {number}")).await);
    }
    said.reverse();
    let messages = messages_of(&conversation);
    for query in
        ["limit=7", "limit=7&branch=active", "limit=7&branch=all", &format!("limit=7&leaf={}", said[0])]
    {
        let found = walk(&owner, &format!("{messages}?{query}"), async |_| {}).await;
        assert_each_once(&found, &said);
    }
    let found = walk(&owner, &format!("{messages}?limit=7&branch=all"), async |number| {
        say(&owner, &conversation, &format!("Meanwhile {number}")).await;
    })
    .await;
    assert_each_once(&found, &said);

    // A reader of a branch stays on it, although the conversation has gone elsewhere.
    let mut on_this_branch = ids(&owner, &format!("{messages}?limit=200")).await;
    let found = walk(&owner, &format!("{messages}?limit=7"), async |number| {
        let body = json!({ "text": format!("Elsewhere {number}"), "parent_id": null, "reply": false });
        owner.post(&messages, &body).await.expect(201);
    })
    .await;
    on_this_branch.truncate(7);
    assert_eq!(found[..7], on_this_branch);
    let once: HashSet<&String> = found.iter().collect();
    assert_eq!(once.len(), found.len(), "an item was listed twice");
}

#[tokio::test]
async fn every_edit_is_kept_with_what_was_said_before_newest_first() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let me = owner.get("/api/v1/me").await.expect(200);
    let conversation = owner.conversation().await;
    let message = say(&owner, &conversation, "Version 1").await;
    let path = format!("/api/v1/messages/{message}");
    assert_eq!(owner.get(&format!("{path}/edits")).await.expect(200), json!({ "items": [], "next": null }));
    for number in 2..=12 {
        let answer = owner.patch(&path, &json!({ "text": format!("Version {number}") })).await;
        assert_eq!(answer.header("etag"), format!("\"{number}\""));
        let edited = answer.expect(200);
        assert_eq!((&edited["version"], edited["edited_at"].is_string()), (&json!(number), true));
    }
    let all = owner.get(&format!("{path}/edits?limit=200")).await.expect(200);
    for (index, edit) in items(&all).iter().enumerate() {
        let replaced = 11 - index;
        assert_eq!(edit["replaced_version"], replaced);
        assert_eq!(
            edit["replaced_parts"],
            json!([{ "kind": "text", "text": format!("Version {replaced}") }])
        );
        assert_eq!((&edit["message_id"], &edit["edited_by"]), (&json!(message), &me["id"]));
    }
    let expected: Vec<String> = items(&all).iter().map(|edit| id(edit).to_owned()).collect();
    let found = walk(&owner, &format!("{path}/edits?limit=3"), async |number| {
        owner.patch(&path, &json!({ "text": format!("Meanwhile {number}") })).await.expect(200);
    })
    .await;
    assert_each_once(&found, &expected);
    assert_eq!(owner.get(&path).await.expect(200)["parts"][0]["text"], "Meanwhile 2");
}

#[tokio::test]
async fn pages_of_keys_accounts_and_events_show_each_once() {
    let server = Server::start().await;
    let owner = server.owner().await.in_browser();
    for number in 0..11 {
        owner.post("/api/v1/api-keys", &json!({ "name": format!("Key {number}") })).await.expect(201);
        let email = format!("person{number}@example.org");
        let person = json!({ "email": email, "display_name": "x", "role": "member", "password": "long enough password" });
        owner.post("/api/v1/users", &person).await.expect(201);
    }
    for path in ["/api/v1/api-keys", "/api/v1/users"] {
        let expected = ids(&owner, &format!("{path}?limit=200")).await;
        assert_eq!(expected.len(), 12);
        assert_each_once(&walk(&owner, &format!("{path}?limit=5"), async |_| {}).await, &expected);
    }
    for _ in 0..12 {
        owner.conversation().await;
    }
    let all = owner.get("/api/v1/events?limit=200").await.expect(200);
    let positions = |page: &Value| -> Vec<i64> {
        items(page).iter().map(|entry| entry["position"].as_i64().expect("a position")).collect()
    };
    let expected = positions(&all);
    assert!(expected.is_sorted() && expected.len() >= 12, "oldest first: {expected:?}");
    let (mut found, mut after) = (Vec::new(), "0".to_owned());
    loop {
        let page = owner.get(&format!("/api/v1/events?limit=5&after={after}")).await.expect(200);
        found.extend(positions(&page));
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut after),
            None => break,
        }
    }
    assert_eq!(found, expected);
}

#[tokio::test]
async fn filters_choose_and_hold_on_every_page() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let mut made = Vec::new();
    for number in 0..12 {
        let title = format!("{} {number}", if number % 3 == 0 { "Gärten" } else { "Häuser 100%_" });
        let conversation = owner.conversation_with(&json!({ "title": title })).await;
        let flags = json!({ "pinned": number % 2 == 0, "archived": number >= 6 });
        owner.patch(&format!("/api/v1/conversations/{conversation}"), &flags).await.expect(200);
        made.push(conversation);
    }
    let chosen = |choose: &dyn Fn(usize) -> bool| -> Vec<String> {
        made.iter()
            .enumerate()
            .rev()
            .filter(|(number, _)| choose(*number))
            .map(|(_, id)| id.clone())
            .collect()
    };
    for (query, expected) in [
        ("pinned=true", chosen(&|number| number % 2 == 0)),
        ("pinned=false", chosen(&|number| number % 2 == 1)),
        ("archived=true", chosen(&|number| number >= 6)),
        ("archived=false", chosen(&|number| number < 6)),
        ("pinned=true&archived=false", chosen(&|number| number % 2 == 0 && number < 6)),
        ("q=G%C3%A4rten", chosen(&|number| number % 3 == 0)),
        ("q=g%C3%84RTEN", chosen(&|number| number % 3 == 0)),
        ("q=100%25_", chosen(&|number| number % 3 != 0)),
        ("q=user+1", chosen(&|number| number % 3 != 0)),
        ("q=%25", chosen(&|number| number % 3 != 0)),
        ("q=_", chosen(&|number| number % 3 != 0)),
        ("q=nothing+like+it", Vec::new()),
        ("q=%27%22%3B--", Vec::new()),
        (
            "pinned=true&archived=true&q=h%C3%A4user",
            chosen(&|number| number % 2 == 0 && number >= 6 && number % 3 != 0),
        ),
    ] {
        assert_eq!(ids(&owner, &format!("/api/v1/conversations?{query}")).await, expected, "{query}");
        let paged = walk(&owner, &format!("/api/v1/conversations?limit=2&{query}"), async |_| {}).await;
        assert_eq!(paged, expected, "{query} in pages");
    }
}
