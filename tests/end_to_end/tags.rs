//! Tags: under what people find their own conversations again, and nobody else's.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Client, Server};

const TAGS: &str = "/api/v1/tags";
const NOTHING: &str = "0192f000-0000-7000-8000-000000000000";

fn id(value: &Value) -> &str {
    value["id"].as_str().expect("an id")
}

fn items(page: &Value) -> &[Value] {
    page["items"].as_array().expect("items")
}

async fn tag(client: &Client, name: &str) -> String {
    id(&client.post(TAGS, &json!({ "name": name })).await.expect(201)).to_owned()
}

fn place(conversation: &str, tag: &str) -> String {
    format!("/api/v1/conversations/{conversation}/tags/{tag}")
}

async fn put(client: &Client, path: &str, body: &Value) -> Answer {
    Answer::of(client.request(Method::PUT, path).json(body)).await
}

async fn give(client: &Client, conversation: &str, tag: &str) -> Answer {
    put(client, &place(conversation, tag), &json!({})).await
}

async fn show(client: &Client, conversation: &str) -> Value {
    client.get(&format!("/api/v1/conversations/{conversation}")).await.expect(200)
}

#[tokio::test]
async fn a_tag_is_made_renamed_and_deleted() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let answer = owner.post(TAGS, &json!({ "name": "  Garden " })).await;
    assert_eq!(answer.header("etag"), "\"1\"");
    let made = answer.expect(201);
    assert_eq!(
        (&made["name"], &made["color"], &made["version"]),
        (&json!("Garden"), &json!("gray"), &json!(1))
    );
    let fields: Vec<&String> = made.as_object().expect("an object").keys().collect();
    assert_eq!(
        fields,
        ["id", "name", "color", "version", "created_at", "updated_at"],
        "no owner, no workspace"
    );
    let work = owner.post(TAGS, &json!({ "name": "Work", "color": "blue" })).await.expect(201);
    let listed = owner.get(TAGS).await.expect(200);
    assert_eq!(items(&listed), [work.clone(), made.clone()], "newest first");
    let first = owner.get(&format!("{TAGS}?limit=1&fields=name")).await.expect(200);
    assert_eq!(first["items"], json!([{ "name": "Work" }]));
    let next = format!("{TAGS}?limit=1&after={}", first["next"].as_str().expect("a cursor"));
    assert_eq!(items(&owner.get(&next).await.expect(200)), std::slice::from_ref(&made));

    let path = format!("{TAGS}/{}", id(&made));
    let change = |version: &str, body: Value| {
        Answer::of(owner.request(Method::PATCH, &path).header("if-match", version.to_owned()).json(&body))
    };
    let changed = change("\"1\"", json!({ "color": "green" })).await.expect(200);
    assert_eq!(
        (&changed["name"], &changed["color"], &changed["version"]),
        (&json!("Garden"), &json!("green"), &json!(2))
    );
    change("\"1\"", json!({ "name": "Late" })).await.expect_problem(412, "stale_version");
    let same = change("\"2\"", json!({ "name": "Garden" })).await.expect(200);
    assert_eq!(same, changed, "what is so already is no new version");
    for body in
        [json!({ "color": "beige" }), json!({ "color": null, "name": 7 }), json!({ "owner_id": NOTHING })]
    {
        owner.patch(&path, &body).await.expect_problem(422, "invalid_input");
    }
    let delete = |version: &str| {
        Answer::of(owner.request(Method::DELETE, &path).header("if-match", version.to_owned()))
    };
    delete("\"1\"").await.expect_problem(412, "stale_version");
    delete("\"2\"").await.expect(204);
    owner.patch(&path, &json!({ "name": "Gone" })).await.expect_problem(404, "not_found");
    owner.delete(&path).await.expect_problem(404, "not_found");
    assert_eq!(items(&owner.get(TAGS).await.expect(200)), [work]);
}

#[tokio::test]
async fn a_name_is_one_line_and_a_persons_only_one_of_its_letters() {
    let server = Server::start().await;
    let (owner, bob) = (server.owner().await, server.member("bob").await);
    for wrong in ["", "   ", "a\nb", "\u{0}", "a\u{202e}b", &"x".repeat(61)] {
        let refused = owner.post(TAGS, &json!({ "name": wrong })).await.expect(422);
        assert_eq!(refused["errors"][0]["pointer"], "/name", "{wrong:?}");
    }
    for right in
        ["x".repeat(60).as_str(), "🍅".repeat(60).as_str(), "'; DROP TABLE tags; --", "<b>&amp;", "a%_b"]
    {
        let made = owner.post(TAGS, &json!({ "name": right })).await.expect(201);
        assert_eq!(made["name"], right);
    }
    let apples = tag(&owner, "Äpfel").await;
    let pears = tag(&owner, "Birnen").await;
    for taken in ["Äpfel", "ÄPFEL", " äpfel "] {
        owner.post(TAGS, &json!({ "name": taken })).await.expect_problem(409, "tag_taken");
        let rename = owner.patch(&format!("{TAGS}/{pears}"), &json!({ "name": taken })).await;
        let problem = rename.expect_problem(409, "tag_taken");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("choose another name")));
    }
    let shouted = owner.patch(&format!("{TAGS}/{apples}"), &json!({ "name": "ÄPFEL" })).await.expect(200);
    assert_eq!(shouted["name"], "ÄPFEL", "one's own name is not taken");
    // What somebody else has is nobody's business.
    tag(&bob, "Äpfel").await;
    owner.delete(&format!("{TAGS}/{apples}")).await.expect(204);
    tag(&owner, "äpfel").await;
}

#[tokio::test]
async fn of_fifty_who_take_a_name_at_once_one_has_it() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let make = |number: usize| {
        let body = json!({ "name": if number.is_multiple_of(2) { "Work" } else { "WORK" } });
        let owner = &owner;
        async move { owner.post(TAGS, &body).await.status }
    };
    let mut answers = join_all((0..50).map(make)).await;
    answers.sort_unstable();
    assert_eq!(answers, [[201].as_slice(), &[409; 49]].concat());
    assert_eq!(items(&owner.get(TAGS).await.expect(200)).len(), 1);
    let body = json!({ "name": "Once" });
    let first = owner.post_once("attempt-1", TAGS, &body).await.expect(201);
    assert_eq!(owner.post_once("attempt-1", TAGS, &body).await.expect(201), first);
    assert_eq!(items(&owner.get(TAGS).await.expect(200)).len(), 2);
}

#[tokio::test]
async fn a_conversation_has_a_tag_or_not_however_often_one_says_so() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let conversation = owner.conversation().await;
    let before = show(&owner, &conversation).await;
    assert_eq!(before["tag_ids"], json!([]));
    let (work, garden) = (tag(&owner, "Work").await, tag(&owner, "Garden").await);

    let mut answers = join_all((0..20).map(|_| give(&owner, &conversation, &work))).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    let answer = answers.pop().expect("an answer");
    assert_eq!(answer.header("etag"), "\"2\"");
    let tagged = answer.expect(200);
    assert_eq!((&tagged["tag_ids"], &tagged["version"]), (&json!([work]), &json!(2)));
    assert_eq!(tagged["updated_at"], before["updated_at"], "it keeps its place among the others");
    give(&owner, &conversation, &garden).await.expect(200);
    let both = show(&owner, &conversation).await;
    assert_eq!(both["tag_ids"], json!([work, garden]), "in the order of the identifiers");
    let listed = owner.get("/api/v1/conversations").await.expect(200);
    assert_eq!(items(&listed)[0]["tag_ids"], both["tag_ids"]);

    let away = owner.delete(&place(&conversation, &work)).await.expect(200);
    assert_eq!((&away["tag_ids"], &away["version"]), (&json!([garden]), &json!(4)));
    assert_eq!(owner.delete(&place(&conversation, &work)).await.expect(200), away, "it was away already");
    // Other changes leave the tags alone.
    let path = format!("/api/v1/conversations/{conversation}");
    let renamed = owner.patch(&path, &json!({ "title": "Beds" })).await.expect(200);
    assert_eq!(renamed["tag_ids"], json!([garden]));
    owner.ask(&conversation, "Peas or beans?").await;
    assert_eq!(show(&owner, &conversation).await["tag_ids"], json!([garden]));

    for missing in [place(&conversation, NOTHING), place(NOTHING, &garden), place(&conversation, "nonsense")]
    {
        put(&owner, &missing, &json!({})).await.expect_problem(404, "not_found");
        owner.delete(&missing).await.expect_problem(404, "not_found");
    }
    put(&owner, &place(&conversation, &garden), &json!({ "tag_id": work }))
        .await
        .expect_problem(422, "invalid_input");
    for number in 0..31 {
        let further = tag(&owner, &format!("Number {number}")).await;
        give(&owner, &conversation, &further).await.expect(200);
    }
    give(&owner, &conversation, &work).await.expect_problem(409, "too_many_tags");
    assert_eq!(show(&owner, &conversation).await["tag_ids"].as_array().map(Vec::len), Some(32));
}

#[tokio::test]
async fn what_is_deleted_is_gone_from_the_other_side_too() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let (work, garden) = (tag(&owner, "Work").await, tag(&owner, "Garden").await);
    let (kept, deleted) = (owner.conversation().await, owner.conversation().await);
    for conversation in [&kept, &deleted] {
        for tag in [&work, &garden] {
            give(&owner, conversation, tag).await.expect(200);
        }
    }
    let version = show(&owner, &kept).await["version"].clone();
    owner.delete(&format!("{TAGS}/{work}")).await.expect(204);
    let shown = show(&owner, &kept).await;
    assert_eq!((&shown["tag_ids"], &shown["version"]), (&json!([garden]), &version));
    owner.delete(&format!("/api/v1/conversations/{deleted}")).await.expect(204);
    assert_eq!(items(&owner.get(TAGS).await.expect(200)).len(), 1, "a tag outlives what had it");
    let with_it = owner.get(&format!("/api/v1/conversations?tag={garden}")).await.expect(200);
    assert_eq!(items(&with_it).iter().map(id).collect::<Vec<_>>(), [kept.as_str()]);
    // After the tag was deleted, the conversation can still be changed.
    owner.patch(&format!("/api/v1/conversations/{kept}"), &json!({ "pinned": true })).await.expect(200);
}

/// Puts a new conversation of somebody's into a new project that others see.
async fn shared(owner: &Client, others: &[(&Client, &str)]) -> String {
    let project = owner.post("/api/v1/projects", &json!({ "name": "Garden" })).await.expect(201);
    for (who, access) in others {
        let person = show(who, &who.conversation().await).await["owner_id"].clone();
        let path = format!("/api/v1/projects/{}/members/{}", id(&project), person.as_str().expect("an id"));
        put(owner, &path, &json!({ "access": access })).await.expect(200);
    }
    owner.conversation_with(&json!({ "project_id": id(&project) })).await
}

#[tokio::test]
async fn tags_are_their_persons_alone_even_on_what_others_see() {
    let server = Server::start().await;
    let (alice, bob) = (server.member("alice").await, server.member("bob").await);
    let conversation = shared(&alice, &[(&bob, "write")]).await;
    let (hers, his) = (tag(&alice, "Secret plans").await, tag(&bob, "Boring").await);
    let mut sockets = (alice.socket().await, bob.socket().await);
    let channel = format!("conversation:{conversation}");
    for socket in [&mut sockets.0, &mut sockets.1] {
        socket.subscribe(&channel, None).await;
    }
    give(&alice, &conversation, &hers).await.expect(200);

    // Whoever follows the conversation learns that it changed, and not under what its owner finds it.
    for (socket, tag_ids, subject) in
        [(&mut sockets.0, json!([hers]), json!(hers)), (&mut sockets.1, json!([]), Value::Null)]
    {
        let updated = socket.expect_type("event").await["event"].clone();
        assert_eq!(
            (&updated["type"], &updated["conversation"]["tag_ids"]),
            (&json!("conversation.updated"), &tag_ids)
        );
        let tagged = socket.expect_type("event").await["event"].clone();
        assert_eq!((&tagged["type"], &tagged["subject_id"]), (&json!("conversation.tagged"), &subject));
        assert_eq!(
            (&tagged["conversation_id"], &tagged["conversation"]),
            (&json!(conversation), &Value::Null)
        );
    }
    for (socket, seen) in [(alice.socket(), true), (bob.socket(), false)] {
        let mut socket = socket.await;
        socket.subscribe(&channel, Some(("journal", 0))).await;
        let mut told = socket.expect_type("event").await;
        let mut text = told.to_string();
        while told["event"]["type"] != "conversation.tagged" {
            told = socket.expect_type("event").await;
            text.push_str(&told.to_string());
        }
        assert_eq!(text.contains(&hers), seen, "{text}");
    }
    assert_eq!(show(&alice, &conversation).await["tag_ids"], json!([hers]));
    let seen = show(&bob, &conversation).await;
    assert_eq!(seen["tag_ids"], json!([]));
    let list = format!("/api/v1/conversations?project={}", seen["project_id"].as_str().expect("an id"));
    assert_eq!(items(&bob.get(&list).await.expect(200))[0]["tag_ids"], json!([]));
    assert_eq!(items(&alice.get(&list).await.expect(200))[0]["tag_ids"], json!([hers]));

    // Only the owner tags, and only with what is theirs.
    give(&bob, &conversation, &his).await.expect_problem(403, "forbidden");
    bob.delete(&place(&conversation, &his)).await.expect_problem(403, "forbidden");
    give(&alice, &conversation, &his).await.expect_problem(404, "not_found");
    let own = bob.conversation().await;
    for foreign in [&hers, NOTHING] {
        give(&bob, &own, foreign).await.expect_problem(404, "not_found");
        bob.delete(&place(&own, foreign)).await.expect_problem(404, "not_found");
        bob.patch(&format!("{TAGS}/{foreign}"), &json!({ "name": "Mine" }))
            .await
            .expect_problem(404, "not_found");
        bob.delete(&format!("{TAGS}/{foreign}")).await.expect_problem(404, "not_found");
    }
    assert_eq!(items(&bob.get(TAGS).await.expect(200)).iter().map(id).collect::<Vec<_>>(), [his.as_str()]);
    assert_eq!(show(&alice, &conversation).await["tag_ids"], json!([hers]));

    // A copy of somebody else's conversation has none of their tags.
    let said = json!({ "text": "Peas", "reply": false });
    let path = format!("/api/v1/conversations/{conversation}");
    let sent = alice.post(&format!("{path}/messages"), &said).await.expect(201);
    for person in [&alice, &bob] {
        let fork = person.post(&format!("{path}/fork"), &json!({ "message_id": id(&sent["message"]) })).await;
        let fork = fork.expect(201);
        assert_eq!(fork["tag_ids"], json!([]));
        assert_eq!(show(person, id(&fork)).await["tag_ids"], json!([]));
    }
}

#[tokio::test]
async fn other_devices_of_a_person_are_told_of_their_tags() {
    let server = Server::start().await;
    let (owner, bob) = (server.owner().await, server.member("bob").await);
    let mut socket = owner.socket().await;
    socket.subscribe("user:me", None).await;
    let mut other = bob.socket().await;
    other.subscribe("user:me", None).await;
    let made = socket.command("tag.create", json!({ "name": "Work" })).await;
    let tag = id(&made["result"]).to_owned();
    let renamed = owner.patch(&format!("{TAGS}/{tag}"), &json!({ "name": "Play" })).await.expect(200);
    assert_eq!(renamed["version"], 2);
    owner.delete(&format!("{TAGS}/{tag}")).await.expect(204);
    let page = owner.get("/api/v1/events?limit=200").await.expect(200);
    let told: Vec<&Value> = items(&page)
        .iter()
        .map(|item| &item["event"])
        .filter(|event| event["subject_id"] == tag.as_str())
        .collect();
    let kinds: Vec<&str> = told.iter().filter_map(|event| event["type"].as_str()).collect();
    assert_eq!(kinds, ["tag.created", "tag.updated", "tag.deleted"], "{page}");
    for kind in &kinds[1..] {
        let event = loop {
            let event = socket.expect_type("event").await["event"].clone();
            if event["type"] == *kind {
                break event;
            }
        };
        assert_eq!(event["subject_id"], json!(tag));
        assert!(event.get("conversation_id").is_none());
    }
    // What comes next for somebody else is their own.
    let his = self::tag(&bob, "His").await;
    assert_eq!(other.expect_type("event").await["event"]["subject_id"], json!(his));
}
