//! Many commands in one request: in order, each with its own end.

use serde_json::{Value, json};

use crate::harness::{Client, Server};

const BATCH: &str = "/api/v1/batch";
const NOTHING: &str = "0192f000-0000-7000-8000-000000000000";

#[expect(clippy::needless_pass_by_value, reason = "it reads better at the many places that make one")]
fn command(id: &str, name: &str, parameters: Value) -> Value {
    json!({ "id": id, "name": name, "params": parameters })
}

async fn titles(owner: &Client) -> Vec<String> {
    let listed = owner.get("/api/v1/conversations?fields=title").await.expect(200);
    let items = listed["items"].as_array().expect("items");
    items.iter().map(|item| item["title"].as_str().expect("a title").to_owned()).collect()
}

#[tokio::test]
async fn commands_are_carried_out_in_their_order_and_see_what_came_before() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let conversation = owner.conversation_with(&json!({ "title": "Start" })).await;
    let rename = |number: usize| {
        let parameters = json!({ "conversation_id": conversation, "title": format!("Title {number}"), "expected_version": number });
        command(&format!("rename {number}"), "conversation.update", parameters)
    };
    let commands: Vec<Value> = (1..=100).map(rename).collect();
    let answer = owner.post(BATCH, &json!({ "commands": commands })).await.expect(200);
    let results = answer["results"].as_array().expect("results");
    assert_eq!(results.len(), 100);
    for (index, result) in results.iter().enumerate() {
        assert_eq!(result["id"], format!("rename {}", index + 1));
        assert_eq!(result["status"], 200, "{result}");
        assert_eq!(result["result"]["version"], index + 2);
    }
    assert_eq!(titles(&owner).await, ["Title 100"]);
}

#[tokio::test]
async fn a_command_that_fails_does_not_keep_the_others_from_happening() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let conversation = owner.conversation_with(&json!({ "title": "Kept" })).await;
    let commands = json!({ "commands": [
        command("a", "conversation.create", json!({ "title": "First" })),
        command("b", "conversation.create", json!({ "title": "" })),
        command("c", "conversation.explode", json!({})),
        command("d", "conversation.delete", json!({ "conversation_id": NOTHING })),
        command("e", "conversation.update", json!({ "conversation_id": conversation, "expected_version": 9 })),
        command("f", "message.send", json!({ "conversation_id": conversation, "text": "Hi", "reply": false })),
        command("g", "batch.run", json!({ "commands": [] })),
        command("h", "conversation.list", json!({})),
        command("i", "session.delete", json!({})),
        command("j", "conversation.create", json!({ "title": "Last" })),
    ] });
    let answer = owner.post(BATCH, &commands).await.expect(200);
    let results = answer["results"].as_array().expect("results");
    let seen: Vec<(&str, u64, &str)> = results
        .iter()
        .map(|result| {
            let slug = result["problem"]["type"].as_str().unwrap_or_default();
            let status = result["status"].as_u64().expect("a status");
            assert_eq!(result["problem"].is_null(), status < 400, "{result}");
            assert!(result["problem"].is_null() || result["problem"]["status"] == status, "{result}");
            (result["id"].as_str().expect("an id"), status, slug.trim_start_matches("/problems/"))
        })
        .collect();
    let expected = [
        ("a", 201, ""),
        ("b", 422, "invalid_input"),
        ("c", 422, "invalid_input"),
        ("d", 404, "not_found"),
        ("e", 412, "stale_version"),
        ("f", 201, ""),
        ("g", 422, "invalid_input"),
        ("h", 422, "invalid_input"),
        ("i", 409, "no_session"),
        ("j", 201, ""),
    ];
    assert_eq!(seen, expected);
    assert_eq!(results[1]["problem"]["errors"][0]["pointer"], "/title");
    assert_eq!(results[2]["problem"]["errors"][0]["code"], "unknown_command");
    assert_eq!(titles(&owner).await, ["Last", "Kept", "First"]);
}

#[tokio::test]
async fn a_batch_that_is_no_batch_is_refused_as_a_whole() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let create = |id: &str| command(id, "conversation.create", json!({}));
    let many: Vec<Value> = (0..101).map(|number| create(&number.to_string())).collect();
    for (body, pointer) in [
        (json!({ "commands": many }), "/commands"),
        (json!({ "commands": [] }), "/commands"),
        (json!({}), "/commands"),
        (json!({ "commands": {} }), "/commands"),
        (json!({ "commands": [create("a"), create("b"), create("a")] }), "/commands/2/id"),
        (json!({ "commands": [create("")] }), "/commands/0/id"),
        (json!({ "commands": [create(&"a".repeat(129))] }), "/commands/0/id"),
        (json!({ "commands": [{ "id": "a", "params": {} }] }), "/commands/0/name"),
        (json!({ "commands": [{ "name": "conversation.create" }] }), "/commands/0/id"),
        (json!({ "commands": [{ "id": 1, "name": "conversation.create" }] }), "/commands/0/id"),
        (
            json!({ "commands": [{ "id": "a", "name": "conversation.create", "params": [] }] }),
            "/commands/0/params",
        ),
        (
            json!({ "commands": [{ "id": "a", "name": "conversation.create", "actor": "me" }] }),
            "/commands/0/actor",
        ),
        (json!({ "commands": [create("a")], "atomic": true }), "/atomic"),
    ] {
        let problem = owner.post(BATCH, &body).await.expect_problem(422, "invalid_input");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    assert!(titles(&owner).await.is_empty(), "nothing of it happened");
}

#[tokio::test]
async fn a_repeated_batch_has_one_effect_and_the_same_results_command_by_command() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let one = command("one", "conversation.create", json!({ "title": "One" }));
    let two = command("two", "conversation.create", json!({ "title": "Two" }));
    let batch = json!({ "commands": [one, two] });
    let first = owner.post_once("attempt", BATCH, &batch).await.expect(200);
    let again = owner.post_once("attempt", BATCH, &batch).await.expect(200);
    assert_eq!(again, first);

    let three = command("three", "conversation.create", json!({ "title": "Three" }));
    let longer = json!({ "commands": [three, two, one] });
    let longer = owner.post_once("attempt", BATCH, &longer).await.expect(200);
    assert_eq!(longer["results"][1], first["results"][1]);
    assert_eq!(longer["results"][2], first["results"][0]);

    let changed = json!({ "commands": [command("one", "conversation.create", json!({ "title": "Other" }))] });
    let changed = owner.post_once("attempt", BATCH, &changed).await.expect(200);
    assert_eq!(changed["results"][0]["problem"]["errors"][0]["code"], "idempotency_key_reused", "{changed}");
    assert_eq!(titles(&owner).await, ["Three", "Two", "One"]);

    owner.post(BATCH, &batch).await.expect(200);
    assert_eq!(titles(&owner).await.len(), 5, "without a key, each request is an attempt of its own");
}
