//! Annotations: what people think of messages, which nobody else learns.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Client, OWNER_PASSWORD, Server};

const NOTHING: &str = "0192f000-0000-7000-8000-000000000000";

fn id(value: &Value) -> &str {
    value["id"].as_str().expect("an id")
}

fn items(page: &Value) -> &[Value] {
    page["items"].as_array().expect("items")
}

fn beside(message: &str) -> String {
    format!("/api/v1/messages/{message}/annotations")
}

fn within(conversation: &str) -> String {
    format!("/api/v1/conversations/{conversation}/annotations")
}

fn one(annotation: &str) -> String {
    format!("/api/v1/annotations/{annotation}")
}

async fn ids(client: &Client, path: &str) -> Vec<String> {
    items(&client.get(path).await.expect(200)).iter().map(|item| id(item).to_owned()).collect()
}

/// Says something without an answer; the id of the message.
async fn say(client: &Client, conversation: &str, text: &str) -> String {
    let body = json!({ "text": text, "reply": false });
    let sent =
        client.post(&format!("/api/v1/conversations/{conversation}/messages"), &body).await.expect(201);
    id(&sent["message"]).to_owned()
}

#[tokio::test]
async fn ratings_and_notes_are_made_changed_and_deleted() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let conversation = owner.conversation().await;
    let message = say(&owner, &conversation, "Plant peas").await;
    let path = beside(&message);
    let answer = owner.post(&path, &json!({ "kind": "rating", "rating": "up" })).await;
    assert_eq!(answer.header("etag"), "\"1\"");
    let rating = answer.expect(201);
    assert_eq!(
        (&rating["kind"], &rating["rating"], &rating["note"]),
        (&json!("rating"), &json!("up"), &Value::Null)
    );
    assert_eq!((&rating["message_id"], &rating["conversation_id"]), (&json!(message), &json!(conversation)));
    assert!(rating.get("author_id").is_none(), "everybody sees their own only");
    let note =
        owner.post(&path, &json!({ "kind": "note", "note": " In May.\nNot before. " })).await.expect(201);
    assert_eq!((&note["rating"], &note["note"]), (&Value::Null, &json!("In May.\nNot before.")));
    let again =
        owner.post(&path, &json!({ "kind": "note", "note": "In May.\nNot before." })).await.expect(201);
    assert_eq!(ids(&owner, &path).await, [id(&again), id(&note), id(&rating)], "newest first");
    let first = owner.get(&format!("{path}?limit=2&fields=id")).await.expect(200);
    assert_eq!(first["items"], json!([{ "id": again["id"] }, { "id": note["id"] }]));
    let next = format!("{path}?limit=2&after={}", first["next"].as_str().expect("a cursor"));
    assert_eq!(ids(&owner, &next).await, [id(&rating)]);

    let change = |version: &str, body: Value| {
        let request = owner.request(Method::PATCH, &one(id(&rating))).header("if-match", version.to_owned());
        Answer::of(request.json(&body))
    };
    let down = change("\"1\"", json!({ "rating": "down", "note": "Too early" })).await.expect(200);
    assert_eq!(
        (&down["rating"], &down["note"], &down["version"]),
        (&json!("down"), &json!("Too early"), &json!(2))
    );
    change("\"1\"", json!({ "rating": "up" })).await.expect_problem(412, "stale_version");
    let same = change("\"2\"", json!({ "rating": "down" })).await.expect(200);
    assert_eq!(same, down, "what is so already is no new version");
    let bare = change("\"2\"", json!({ "note": null })).await.expect(200);
    assert_eq!((&bare["rating"], &bare["note"], &bare["version"]), (&json!("down"), &Value::Null, &json!(3)));
    let reworded = owner.patch(&one(id(&note)), &json!({ "note": "In June" })).await.expect(200);
    assert_eq!((&reworded["kind"], &reworded["note"]), (&json!("note"), &json!("In June")));

    for (body, pointer) in [(json!({ "rating": "up" }), "/rating"), (json!({ "note": null }), "/note")] {
        let refused = owner.patch(&one(id(&note)), &body).await.expect(422);
        assert_eq!(refused["errors"][0]["pointer"], pointer);
    }
    let refuse = |version: &str| {
        Answer::of(owner.request(Method::DELETE, &one(id(&rating))).header("if-match", version.to_owned()))
    };
    refuse("\"2\"").await.expect_problem(412, "stale_version");
    refuse("\"3\"").await.expect(204);
    owner.delete(&one(id(&rating))).await.expect_problem(404, "not_found");
    owner.patch(&one(id(&rating)), &json!({ "rating": "up" })).await.expect_problem(404, "not_found");
    assert_eq!(ids(&owner, &within(&conversation)).await, [id(&again), id(&note)]);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_by_name() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let message = say(&owner, &owner.conversation().await, "Plant peas").await;
    let path = beside(&message);
    let (long, longest) = ("🍅".repeat(4_001), "🍅".repeat(4_000));
    for (body, pointer) in [
        (json!({}), "/kind"),
        (json!({ "kind": "grade", "rating": "up" }), "/kind"),
        (json!({ "kind": "rating" }), "/rating"),
        (json!({ "kind": "rating", "rating": null }), "/rating"),
        (json!({ "kind": "rating", "rating": "sideways" }), "/rating"),
        (json!({ "kind": "rating", "note": "only words" }), "/rating"),
        (json!({ "kind": "note" }), "/note"),
        (json!({ "kind": "note", "note": "  \n " }), "/note"),
        (json!({ "kind": "note", "note": "a\u{0}b" }), "/note"),
        (json!({ "kind": "note", "note": long }), "/note"),
        (json!({ "kind": "note", "note": "x", "rating": "up" }), "/rating"),
        (json!({ "kind": "note", "note": "x", "author_id": NOTHING }), "/author_id"),
        (json!({ "kind": "note", "note": "x", "message_id": NOTHING }), "/message_id"),
    ] {
        let refused = owner.post(&path, &body).await.expect_problem(422, "invalid_input");
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{body}");
    }
    assert_eq!(ids(&owner, &path).await, [""; 0]);
    let made =
        owner.post(&path, &json!({ "kind": "note", "note": longest, "rating": null })).await.expect(201);
    assert_eq!(made["note"], longest);
    for missing in [NOTHING, "nonsense"] {
        owner.get(&beside(missing)).await.expect_problem(404, "not_found");
        owner.get(&within(missing)).await.expect_problem(404, "not_found");
        let body = json!({ "kind": "rating", "rating": "up" });
        owner.post(&beside(missing), &body).await.expect_problem(404, "not_found");
        owner.delete(&one(missing)).await.expect_problem(404, "not_found");
    }
}

#[tokio::test]
async fn of_fifty_ratings_of_a_message_at_once_one_is_kept() {
    let server = Server::start().await;
    let (owner, bob) = (server.owner().await, server.member("bob").await);
    let conversation = owner.conversation().await;
    let message = say(&owner, &conversation, "Plant peas").await;
    let (path, rating) = (beside(&message), json!({ "kind": "rating", "rating": "up" }));
    let mut answers = join_all((0..50).map(|_| async { owner.post(&path, &rating).await.status })).await;
    answers.sort_unstable();
    assert_eq!(answers, [[201].as_slice(), &[409; 49]].concat());
    let kept = ids(&owner, &path).await;
    assert_eq!(kept.len(), 1);
    let refused = owner.post(&path, &json!({ "kind": "rating", "rating": "down" })).await;
    let problem = refused.expect_problem(409, "rated_already");
    assert!(
        problem["detail"].as_str().is_some_and(|detail| detail.contains("Change that rating")),
        "{problem}"
    );
    owner.delete(&one(&kept[0])).await.expect(204);
    let body = json!({ "kind": "rating", "rating": "down" });
    let first = owner.post_once("attempt-1", &path, &body).await.expect(201);
    assert_eq!(owner.post_once("attempt-1", &path, &body).await.expect(201), first, "the same attempt");
    // Changes from one version at once: one of them was made from the present one.
    let change = |number: usize| {
        let body = json!({ "note": format!("Number {number}") });
        Answer::of(owner.request(Method::PATCH, &one(id(&first))).header("if-match", "\"1\"").json(&body))
    };
    let mut answers: Vec<u16> =
        join_all((0..20).map(change)).await.iter().map(|answer| answer.status).collect();
    answers.sort_unstable();
    assert_eq!(answers, [[200].as_slice(), &[412; 19]].concat());
    // Others judge for themselves.
    let his = say(&bob, &bob.conversation().await, "Plant beans").await;
    bob.post(&beside(&his), &body).await.expect(201);
}

#[tokio::test]
async fn whoever_reads_a_conversation_annotates_it_for_themselves_and_as_long_as_they_read_it() {
    let server = Server::start().await;
    let (alice, bob, carol) =
        (server.member("alice").await, server.member("bob").await, server.member("carol").await);
    let project = alice.post("/api/v1/projects", &json!({ "name": "Garden" })).await.expect(201);
    let member = {
        let own = bob.conversation().await;
        let shown = bob.get(&format!("/api/v1/conversations/{own}")).await.expect(200);
        format!("/api/v1/projects/{}/members/{}", id(&project), shown["owner_id"].as_str().expect("an id"))
    };
    Answer::of(alice.request(Method::PUT, &member).json(&json!({ "access": "read" }))).await.expect(200);
    let conversation = alice.conversation_with(&json!({ "project_id": id(&project) })).await;
    let message = say(&alice, &conversation, "Plant peas").await;
    let rating = json!({ "kind": "rating", "rating": "down", "note": "The heliotrope password" });

    let mut following = alice.socket().await;
    following.subscribe(&format!("conversation:{conversation}"), None).await;
    let mut own = bob.socket().await;
    own.subscribe("user:me", None).await;
    let his = bob.post(&beside(&message), &rating).await.expect(201);
    let told = own.expect_type("event").await["event"].clone();
    assert_eq!((&told["type"], &told["subject_id"]), (&json!("annotation.created"), &his["id"]));
    assert!(told.get("conversation_id").is_none() && told.get("message_id").is_none(), "{told}");
    // The owner of the message has a rating of their own, and learns nothing of that of somebody else.
    let hers = alice.post(&beside(&message), &json!({ "kind": "rating", "rating": "up" })).await.expect(201);
    for path in [beside(&message), within(&conversation)] {
        assert_eq!(ids(&alice, &path).await, [id(&hers)]);
        assert_eq!(ids(&bob, &path).await, [id(&his)]);
        carol.get(&path).await.expect_problem(404, "not_found");
    }
    for foreign in [id(&his), NOTHING] {
        alice.patch(&one(foreign), &json!({ "rating": "up" })).await.expect_problem(404, "not_found");
        alice.delete(&one(foreign)).await.expect_problem(404, "not_found");
    }
    carol.post(&beside(&message), &rating).await.expect_problem(404, "not_found");
    say(&alice, &conversation, "And beans").await;
    let next = following.expect_type("event").await["event"].clone();
    assert_ne!(next["type"], "annotation.created", "nobody else is told");
    for path in ["/api/v1/events?limit=200", &format!("/api/v1/conversations/{conversation}/messages")] {
        let seen = alice.get(path).await.expect(200).to_string();
        assert!(!seen.contains(id(&his)) && !seen.contains("heliotrope"), "{seen}");
    }

    alice.delete(&member).await.expect(204);
    for path in [beside(&message), within(&conversation)] {
        bob.get(&path).await.expect_problem(404, "not_found");
    }
    bob.patch(&one(id(&his)), &json!({ "rating": "up" })).await.expect_problem(404, "not_found");
    bob.delete(&one(id(&his))).await.expect_problem(404, "not_found");
    // It is still theirs: they may take it along.
    let taken = bob_signed_in(&server).await.get("/api/v1/me/export").await.expect(200);
    assert_eq!(taken["annotations"][0]["annotation"], his);
}

async fn bob_signed_in(server: &Server) -> Client {
    server.anonymous().sign_in("bob@example.org", OWNER_PASSWORD).await
}

#[tokio::test]
async fn annotations_go_with_what_they_are_beside() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let conversation = owner.conversation().await;
    let (first, second) =
        (say(&owner, &conversation, "Plant peas").await, say(&owner, &conversation, "And beans").await);
    let note = |text: &str| json!({ "kind": "note", "note": text });
    let kept = owner.post(&beside(&first), &note("kept")).await.expect(201);
    let gone = owner.post(&beside(&second), &note("gone")).await.expect(201);
    assert_eq!(ids(&owner, &within(&conversation)).await, [id(&gone), id(&kept)]);
    owner.delete(&format!("/api/v1/messages/{second}")).await.expect(204);
    assert_eq!(ids(&owner, &within(&conversation)).await, [id(&kept)]);
    owner.patch(&one(id(&gone)), &note_change()).await.expect_problem(404, "not_found");
    // What a message says may change; what was thought of it stays.
    owner.patch(&format!("/api/v1/messages/{first}"), &json!({ "text": "Plant leeks" })).await.expect(200);
    assert_eq!(ids(&owner, &beside(&first)).await, [id(&kept)]);
    owner.delete(&format!("/api/v1/conversations/{conversation}")).await.expect(204);
    owner.get(&within(&conversation)).await.expect_problem(404, "not_found");
    owner.patch(&one(id(&kept)), &note_change()).await.expect_problem(404, "not_found");
    owner.delete(&one(id(&kept))).await.expect_problem(404, "not_found");
}

fn note_change() -> Value {
    json!({ "note": "changed" })
}

#[tokio::test]
async fn tags_and_annotations_are_taken_along() {
    let server = Server::start().await;
    server.member("bob").await;
    let bob = bob_signed_in(&server).await;
    let conversation = bob.conversation().await;
    let message = say(&bob, &conversation, "Plant peas").await;
    let (mut tags, mut notes) = (Vec::new(), Vec::new());
    for number in 0..103 {
        let tag = bob.post("/api/v1/tags", &json!({ "name": format!("Tag {number}") })).await.expect(201);
        tags.push(json!({ "workspace_id": null, "tag": tag }));
        let note = json!({ "kind": "note", "note": format!("Note {number}") });
        let note = bob.post(&beside(&message), &note).await.expect(201);
        notes.push(json!({ "workspace_id": null, "annotation": note }));
    }
    let path = format!("/api/v1/conversations/{conversation}/tags/{}", id(&tags[0]["tag"]));
    Answer::of(bob.request(Method::PUT, &path).json(&json!({}))).await.expect(200);
    let document = bob.get("/api/v1/me/export").await.expect(200);
    let workspace = &document["workspaces"][0]["id"];
    for (made, taken) in [(&mut tags, &document["tags"]), (&mut notes, &document["annotations"])] {
        made.reverse();
        for entry in made.iter_mut() {
            entry["workspace_id"] = workspace.clone();
        }
        assert_eq!(taken.as_array(), Some(&*made));
    }
    let tagged = &document["conversations"][0]["conversation"]["tag_ids"];
    assert_eq!(*tagged, json!([id(&tags[102]["tag"])]));
    let nobody = server.anonymous().sign_in(crate::harness::OWNER_EMAIL, OWNER_PASSWORD).await;
    let document = nobody.get("/api/v1/me/export").await.expect(200);
    assert_eq!((&document["tags"], &document["annotations"]), (&json!([]), &json!([])));
}
