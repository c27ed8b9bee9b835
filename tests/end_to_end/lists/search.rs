//! Searching: what is found, in which order and pages, and by whom.

use serde_json::{Value, json};

use super::{id, items, messages_of, say};
use crate::harness::{Client, Server};

async fn search(client: &Client, query: &str) -> Value {
    client.get(&format!("/api/v1/search?{query}")).await.expect(200)
}

/// The messages that are found, all on one page.
async fn found(client: &Client, query: &str) -> Vec<String> {
    let page = search(client, query).await;
    assert_eq!(page["next"], Value::Null, "all fit on one page");
    items(&page).iter().map(|hit| hit["message_id"].as_str().expect("an id").to_owned()).collect()
}

#[tokio::test]
async fn a_hit_names_conversation_and_message_and_shows_the_words() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let conversation = owner.conversation_with(&json!({ "title": "Garden" })).await;
    let message = say(&owner, &conversation, "Plant the Crème tomatoes <b>in May</b>, not in June.").await;
    let page = search(&owner, "q=creme%20MAY").await;
    let [hit] = items(&page) else { panic!("one hit: {page}") };
    assert_eq!(hit["conversation_id"], conversation);
    assert_eq!(hit["conversation_title"], "Garden");
    assert_eq!(hit["message_id"], message);
    assert_eq!(hit["role"], "user");
    assert!(hit["created_at"].is_string());
    let pieces = hit["snippet"].as_array().expect("pieces");
    let text: String = pieces.iter().map(|piece| piece["text"].as_str().expect("text")).collect();
    assert_eq!(text, "Plant the Crème tomatoes <b>in May</b>, not in June.");
    let shown: Vec<&Value> =
        pieces.iter().filter(|piece| piece["highlighted"] == true).map(|piece| &piece["text"]).collect();
    assert_eq!(shown, ["Crème", "May"]);
    // The message names its branch.
    let path = format!("{}?leaf={message}", messages_of(&conversation));
    assert_eq!(id(&items(&owner.get(&path).await.expect(200))[0]), message);
    assert_eq!(
        search(&owner, "q=creme&fields=message_id").await["items"],
        json!([{ "message_id": message }])
    );
}

#[tokio::test]
async fn pages_of_hits_follow_each_other_newest_first_without_a_gap() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let conversation = owner.conversation().await;
    let mut said = Vec::new();
    for number in 0..7 {
        said.push(say(&owner, &conversation, &format!("tomato number {number}")).await);
    }
    said.reverse();
    let (mut seen, mut path) = (Vec::new(), "/api/v1/search?q=tomato&limit=3".to_owned());
    loop {
        let answer = owner.get(&path).await;
        let link = answer.header("link").to_owned();
        let page = answer.expect(200);
        seen.extend(items(&page).iter().map(|hit| hit["message_id"].as_str().expect("an id").to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/api/v1/search?q=tomato&limit=3&after={next}");
        assert_eq!(link, format!("<{path}>; rel=\"next\""));
    }
    assert_eq!(seen, said);
    assert_eq!(found(&owner, "q=%22number%203%22").await, [said[3].clone()], "words in quotation marks");
    let best = search(&owner, "q=tomato&order=best&limit=3").await;
    assert_eq!((items(&best).len(), &best["next"]), (3, &Value::Null));
    assert_eq!(found(&owner, "q=tomato%20potato").await, [""; 0]);
    assert_eq!(found(&owner, "q=%22%22%20!").await, [""; 0]);
}

/// Whoever changed something finds it changed, however often they asked before.
#[tokio::test]
async fn people_find_what_they_have_just_said_and_nothing_they_took_back() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let conversation = owner.conversation().await;
    for number in 0..10 {
        let (old, new) = (format!("before{number}"), format!("after{number}"));
        assert_eq!(found(&owner, &format!("q={old}")).await, [""; 0]);
        let message = say(&owner, &conversation, &old).await;
        assert_eq!(found(&owner, &format!("q={old}")).await, [message.as_str()]);
        let path = format!("/api/v1/messages/{message}");
        owner.patch(&path, &json!({ "text": new })).await.expect(200);
        assert_eq!(found(&owner, &format!("q={old}")).await, [""; 0]);
        assert_eq!(found(&owner, &format!("q={new}")).await, [message.as_str()]);
        owner.delete(&path).await.expect(204);
        assert_eq!(found(&owner, &format!("q={new}")).await, [""; 0]);
        assert_eq!(owner.get(&path).await.status, 404);
    }
    let kept = say(&owner, &conversation, "swordfish").await;
    assert_eq!(found(&owner, "q=swordfish").await, [kept]);
    let renamed = json!({ "title": "Fish" });
    owner.patch(&format!("/api/v1/conversations/{conversation}"), &renamed).await.expect(200);
    assert_eq!(items(&search(&owner, "q=swordfish").await)[0]["conversation_title"], "Fish");
    owner.delete(&format!("/api/v1/conversations/{conversation}")).await.expect(204);
    assert_eq!(found(&owner, "q=swordfish").await, [""; 0]);
}

#[tokio::test]
async fn nobody_finds_what_others_said() {
    let server = Server::start().await;
    let (alice, bob) = (server.member("alice").await, server.member("bob").await);
    let hers = say(&alice, &alice.conversation().await, "the heliotrope password").await;
    for _ in 0..2 {
        assert_eq!(found(&alice, "q=heliotrope").await, [hers.as_str()]);
        assert_eq!(found(&bob, "q=heliotrope").await, [""; 0]);
        assert_eq!(found(&bob, &format!("q=heliotrope&order=best&limit={}", 200)).await, [""; 0]);
    }
}

#[tokio::test]
async fn a_search_that_makes_no_sense_is_refused() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let long = "x".repeat(201);
    for (query, pointer) in [
        ("", "/q"),
        ("q=", "/q"),
        (&format!("q={long}"), "/q"),
        ("q=a&order=oldest", "/order"),
        ("q=a&limit=0", "/limit"),
        ("q=a&limit=201", "/limit"),
        ("q=a&after=nonsense", "/after"),
        ("q=a&scope=all", "/scope"),
        ("q=a&fields=secret", "/fields"),
    ] {
        let refused = owner.get(&format!("/api/v1/search?{query}")).await.expect(422);
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{query}");
    }
    for number in 0..2 {
        say(&owner, &owner.conversation().await, &format!("tomato {number}")).await;
    }
    let next = search(&owner, "q=tomato&limit=1").await["next"].as_str().expect("a cursor").to_owned();
    let refused = owner.get(&format!("/api/v1/search?q=tomato&order=best&after={next}")).await.expect(422);
    assert_eq!(refused["errors"][0]["pointer"], "/after");
    for odd in ["q=%22", "q=*", "q=a*%20OR%20NEAR(", "q=%EF%BF%BD", "q=%F0%9F%8D%85", "q=-x%20AND"] {
        assert_eq!(owner.get(&format!("/api/v1/search?{odd}")).await.status, 200, "{odd}");
    }
}
