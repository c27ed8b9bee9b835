//! A conversation is a tree: answers stand beside each other, and nothing that was said is lost by saying it again.

use serde_json::{Value, json};
use testing::upstream::{Script, Upstream};

use super::{id, ids, items, messages_of, say, show};
use crate::harness::{Client, Server};

/// A conversation in which the first question was answered twice, and the first answer was continued.
struct Tree {
    conversation: String,
    question: String,
    first: String,
    second: String,
    later: String,
    last: String,
}

async fn tree(owner: &Client) -> Tree {
    let conversation = owner.conversation().await;
    let exchange = owner.send(&conversation, "First question").await;
    let (question, first) = (id(&exchange["message"]).to_owned(), id(&exchange["reply"]).to_owned());
    owner.finished(&first).await;
    let exchange = owner.send(&conversation, "Later question").await;
    let (later, last) = (id(&exchange["message"]).to_owned(), id(&exchange["reply"]).to_owned());
    owner.finished(&last).await;
    let again = owner.post(&format!("/api/v1/messages/{first}/regenerate"), &json!({})).await.expect(201);
    assert_eq!(id(&again["message"]), question, "the question is answered again");
    let second = id(&again["reply"]).to_owned();
    owner.finished(&second).await;
    Tree { conversation, question, first, second, later, last }
}

#[tokio::test]
async fn a_regenerated_answer_stands_beside_the_first_and_becomes_the_branch_that_is_shown() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let tree = tree(&owner).await;
    let messages = messages_of(&tree.conversation);
    assert_eq!(ids(&owner, &messages).await, [&tree.second, &tree.question].map(String::clone));
    assert_eq!(show(&owner, &tree.conversation).await["active_leaf_id"], tree.second);
    let through = async |leaf: &str| ids(&owner, &format!("{messages}?leaf={leaf}")).await;
    let old_branch = [&tree.last, &tree.later, &tree.first, &tree.question].map(String::clone);
    for leaf in [&tree.last, &tree.later, &tree.first] {
        assert_eq!(through(leaf).await, old_branch, "a branch is followed to its newest end");
    }
    assert_eq!(through(&tree.question).await, [&tree.second, &tree.question].map(String::clone));
    let mut all = ids(&owner, &format!("{messages}?branch=all")).await;
    all.sort();
    let mut expected =
        [&tree.question, &tree.first, &tree.second, &tree.later, &tree.last].map(String::clone);
    expected.sort();
    assert_eq!(all, expected);
    let page = owner.get(&messages).await.expect(200);
    assert_eq!(items(&page)[0]["sibling_ids"], json!([tree.first, tree.second]), "oldest first");
    assert_eq!(items(&page)[1]["sibling_ids"], json!([tree.question]));
    assert_eq!(show(&owner, &tree.conversation).await["message_count"], 5);
}

#[tokio::test]
async fn the_branch_that_is_shown_can_be_chosen_and_continued() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let tree = tree(&owner).await;
    let path = format!("/api/v1/conversations/{}", tree.conversation);
    let chosen = owner.patch(&path, &json!({ "active_leaf_id": tree.first })).await.expect(200);
    assert_eq!(chosen["active_leaf_id"], tree.last, "the branch is followed to its newest end");
    let exchange = owner.send(&tree.conversation, "Further").await;
    assert_eq!(exchange["message"]["parent_id"], tree.last);
    owner.finished(id(&exchange["reply"])).await;

    let body = json!({ "text": "The same question, asked better", "parent_id": null });
    let other = owner.post(&messages_of(&tree.conversation), &body).await.expect(201);
    owner.finished(id(&other["reply"])).await;
    assert_eq!(other["message"]["parent_id"], Value::Null);
    let page = owner.get(&messages_of(&tree.conversation)).await.expect(200);
    assert_eq!(
        items(&page)[1]["sibling_ids"],
        json!([tree.question, id(&other["message"])]),
        "two beginnings"
    );
}

#[tokio::test]
async fn deleting_a_message_takes_what_is_below_and_moves_the_shown_branch_aside() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let tree = tree(&owner).await;
    let gone = async |message: &str| {
        owner.delete(&format!("/api/v1/messages/{message}")).await.expect(204);
        owner.get(&format!("/api/v1/messages/{message}")).await.expect_problem(404, "not_found");
        show(&owner, &tree.conversation).await
    };
    let after = gone(&tree.second).await;
    assert_eq!((&after["active_leaf_id"], &after["message_count"]), (&json!(tree.last), &json!(4)));
    let after = gone(&tree.later).await;
    assert_eq!((&after["active_leaf_id"], &after["message_count"]), (&json!(tree.first), &json!(2)));
    owner.get(&format!("/api/v1/messages/{}", tree.last)).await.expect_problem(404, "not_found");
    owner.get(&format!("/api/v1/messages/{}/edits", tree.last)).await.expect_problem(404, "not_found");
    let after = gone(&tree.first).await;
    assert_eq!((&after["active_leaf_id"], &after["message_count"]), (&json!(tree.question), &json!(1)));
    let after = gone(&tree.question).await;
    assert_eq!((&after["active_leaf_id"], &after["message_count"]), (&Value::Null, &json!(0)));
    assert!(ids(&owner, &format!("{}?branch=all", messages_of(&tree.conversation))).await.is_empty());
    let afresh = owner.ask(&tree.conversation, "Afresh").await;
    assert_eq!(afresh["status"], "complete");
}

#[tokio::test]
async fn deleting_a_branch_that_is_not_shown_leaves_the_shown_one_alone() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let tree = tree(&owner).await;
    owner.delete(&format!("/api/v1/messages/{}", tree.first)).await.expect(204);
    let after = show(&owner, &tree.conversation).await;
    assert_eq!((&after["active_leaf_id"], &after["message_count"]), (&json!(tree.second), &json!(2)));
    assert_eq!(
        ids(&owner, &messages_of(&tree.conversation)).await,
        [&tree.second, &tree.question].map(String::clone)
    );
}

#[tokio::test]
async fn an_edit_changes_what_is_said_and_what_the_next_model_sees_and_nothing_else() {
    let upstream = Upstream::start().await;
    upstream.script("m", Script::answer("noted"));
    let builder =
        Server::builder().provider("mock", &upstream, "m").env("COLLOQUY_APPLICATION__TITLES", "false");
    let server = builder.start().await;
    let owner = server.owner().await;
    let conversation = owner.conversation_with(&json!({ "model": "mock/m" })).await;
    let answer = owner.ask(&conversation, "The colour is red").await;
    let question = answer["parent_id"].as_str().expect("a question").to_owned();
    for (message, text) in [(question.as_str(), "The colour is blue"), (id(&answer), "noted: blue")] {
        let edited =
            owner.patch(&format!("/api/v1/messages/{message}"), &json!({ "text": text })).await.expect(200);
        assert_eq!(edited["parts"][0]["text"], text);
    }
    owner.ask(&conversation, "Which colour?").await;
    let sent = upstream.last_request().expect("a request").json();
    let said: Vec<&str> = sent["messages"]
        .as_array()
        .expect("messages")
        .iter()
        .map(|message| message["content"].as_str().expect("a text"))
        .collect();
    assert_eq!(said, ["The colour is blue", "noted: blue", "Which colour?"]);
    let edited = owner.get(&format!("/api/v1/messages/{}", id(&answer))).await.expect(200);
    assert_eq!((&edited["model"], &edited["status"]), (&answer["model"], &json!("complete")));
    assert_eq!(
        edited["effective_request"], answer["effective_request"],
        "what the model was asked stays on record"
    );
}

#[tokio::test]
async fn an_answer_tells_what_the_model_was_asked() {
    let upstream = Upstream::start().await;
    upstream.script("m", Script::answer("noted"));
    let builder =
        Server::builder().provider("mock", &upstream, "m").env("COLLOQUY_APPLICATION__TITLES", "false");
    let server = builder.start().await;
    let owner = server.owner().await;
    let fields = json!({ "model": "mock/m", "system_prompt": "Be brief.", "parameters": { "temperature": 0.25, "top_p": 0.5 } });
    let conversation = owner.conversation_with(&fields).await;
    let first = owner.ask(&conversation, "One").await;
    let body = json!({ "text": "Two", "parameters": { "top_p": 0.75, "max_output_tokens": 9 } });
    let exchange = owner.post(&messages_of(&conversation), &body).await.expect(201);
    let second = owner.finished(id(&exchange["reply"])).await;
    let sent = upstream.last_request().expect("a request").json();
    assert_eq!(sent["messages"][0], json!({ "role": "system", "content": "Be brief." }));
    assert_eq!(
        (&sent["temperature"], &sent["top_p"], &sent["max_tokens"]),
        (&json!(0.25), &json!(0.75), &json!(9))
    );
    let asked = &second["effective_request"];
    assert_eq!((&asked["model"], &asked["system_prompt"]), (&json!("mock/m"), &json!("Be brief.")));
    assert_eq!(asked["parameters"], json!({ "temperature": 0.25, "top_p": 0.75, "max_output_tokens": 9 }));
    let context = json!({
        "first_message_id": first["parent_id"], "last_message_id": exchange["message"]["id"], "messages": 3,
    });
    assert_eq!(asked["context"], context);
}

#[tokio::test]
async fn a_fork_is_a_copy_of_the_branch_that_lives_on_its_own() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let tree = tree(&owner).await;
    let path = format!("/api/v1/conversations/{}", tree.conversation);
    owner
        .patch(&path, &json!({ "title": "Origin", "pinned": true, "system_prompt": "Be kind." }))
        .await
        .expect(200);
    let before = show(&owner, &tree.conversation).await;
    let answer = owner.post(&format!("{path}/fork"), &json!({ "message_id": tree.later })).await;
    let fork = answer.expect(201);
    assert_eq!(
        fork["forked_from"],
        json!({ "conversation_id": tree.conversation, "message_id": tree.later })
    );
    assert_eq!((&fork["message_count"], &fork["pinned"]), (&json!(3), &json!(false)));
    assert_eq!((&fork["title"], &fork["system_prompt"]), (&json!("Origin"), &json!("Be kind.")));
    assert_eq!(show(&owner, id(&fork)).await, fork, "what was answered is what is stored");
    assert_eq!(show(&owner, &tree.conversation).await, before, "the origin is as it was");

    let copies = owner.get(&messages_of(id(&fork))).await.expect(200);
    let originals =
        owner.get(&format!("{}?leaf={}", messages_of(&tree.conversation), tree.later)).await.expect(200);
    let said = |page: &Value, skip: usize| -> Vec<(Value, Value, Value)> {
        let messages = items(page).iter().skip(skip);
        messages
            .map(|message| (message["role"].clone(), message["parts"].clone(), message["model"].clone()))
            .collect()
    };
    assert_eq!(said(&copies, 0), said(&originals, 1), "the same words up to the message");
    for (copy, parent) in
        items(&copies).iter().zip(items(&copies).iter().skip(1).map(id).map(Some).chain([None]))
    {
        assert_eq!(copy["parent_id"].as_str(), parent);
        assert_eq!(copy["conversation_id"], fork["id"]);
        assert!(items(&originals).iter().all(|original| id(original) != id(copy)), "ids are never shared");
    }
    say(&owner, id(&fork), "Only here").await;
    assert_eq!(show(&owner, &tree.conversation).await["message_count"], 5);
    owner.delete(&path).await.expect(204);
    assert_eq!(show(&owner, id(&fork)).await["message_count"], 4, "the copy outlives its origin");
}
