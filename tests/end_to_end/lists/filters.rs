//! What lists and searches can be narrowed to, alone and together.

use reqwest::Method;
use serde_json::{Value, json};
use testing::upstream::{Script, Upstream};

use super::{id, ids, items, say, show};
use crate::harness::{Answer, Client, Server};

const NOTHING: &str = "0192f000-0000-7000-8000-000000000000";

async fn tag(client: &Client, name: &str) -> String {
    id(&client.post("/api/v1/tags", &json!({ "name": name })).await.expect(201)).to_owned()
}

fn place(conversation: &str, tag: &str) -> String {
    format!("/api/v1/conversations/{conversation}/tags/{tag}")
}

async fn give(client: &Client, conversation: &str, tag: &str) {
    let path = place(conversation, tag);
    Answer::of(client.request(Method::PUT, &path).json(&json!({}))).await.expect(200);
}

async fn change(client: &Client, conversation: &str, body: Value) {
    client.patch(&format!("/api/v1/conversations/{conversation}"), &body).await.expect(200);
}

async fn project(client: &Client, name: &str) -> String {
    id(&client.post("/api/v1/projects", &json!({ "name": name })).await.expect(201)).to_owned()
}

/// The ids of the messages that are found, the newest first.
async fn found(client: &Client, filter: &str) -> Vec<String> {
    let page = client.get(&format!("/api/v1/search?q=tomato{filter}")).await.expect(200);
    items(&page).iter().map(|hit| hit["message_id"].as_str().expect("an id").to_owned()).collect()
}

async fn listed(client: &Client, filter: &str) -> Vec<String> {
    ids(client, &format!("/api/v1/conversations?limit=200{filter}")).await
}

#[tokio::test]
async fn conversations_are_listed_by_tag_and_time_and_all_else_at_once() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let (work, garden) = (tag(&owner, "Work").await, tag(&owner, "Garden").await);
    let mut made = Vec::new();
    for number in 0..6 {
        made.push(owner.conversation_with(&json!({ "title": format!("Number {number}") })).await);
    }
    for number in [0, 2, 4] {
        give(&owner, &made[number], &work).await;
    }
    give(&owner, &made[4], &garden).await;
    change(&owner, &made[2], json!({ "pinned": true })).await;
    change(&owner, &made[4], json!({ "archived": true })).await;
    let of = |numbers: &[usize]| numbers.iter().map(|number| made[*number].clone()).collect::<Vec<_>>();
    // What was changed last comes first; giving a tag is no such change.
    assert_eq!(listed(&owner, "").await, of(&[4, 2, 5, 3, 1, 0]));
    assert_eq!(listed(&owner, &format!("&tag={work}")).await, of(&[4, 2, 0]));
    assert_eq!(listed(&owner, &format!("&tag={garden}")).await, of(&[4]));
    assert_eq!(listed(&owner, &format!("&tag={work}&archived=false")).await, of(&[2, 0]));
    assert_eq!(listed(&owner, &format!("&tag={work}&pinned=true")).await, of(&[2]));
    assert_eq!(listed(&owner, &format!("&tag={work}&q=number%200")).await, of(&[0]));
    assert_eq!(listed(&owner, &format!("&tag={garden}&pinned=true")).await, of(&[]));

    let mut at = Vec::new();
    for conversation in &made {
        at.push(show(&owner, conversation).await["updated_at"].as_str().expect("a time").to_owned());
    }
    assert_eq!(
        listed(&owner, &format!("&updated_from={}", at[3])).await,
        of(&[4, 2, 5, 3]),
        "that moment too"
    );
    assert_eq!(listed(&owner, &format!("&updated_before={}", at[3])).await, of(&[1, 0]), "not that moment");
    let between = format!("&updated_from={}&updated_before={}", at[1], at[5]);
    assert_eq!(listed(&owner, &between).await, of(&[3, 1]));
    assert_eq!(listed(&owner, &format!("{between}&tag={work}")).await, of(&[]));
    let backwards = format!("&updated_from={}&updated_before={}", at[5], at[1]);
    assert_eq!(listed(&owner, &backwards).await, of(&[]));
    assert_eq!(listed(&owner, "&updated_from=1970-01-01T00:00:00%2B02:00").await.len(), 6, "with an offset");
    assert_eq!(listed(&owner, "&updated_from=9999-12-31T23:59:59Z").await, of(&[]));
    assert_eq!(listed(&owner, "&updated_before=0001-01-01T00:00:00-23:59").await, of(&[]));

    // Page by page.
    let mut path = format!("/api/v1/conversations?limit=1&tag={work}&updated_from={}", at[0]);
    let mut seen = Vec::new();
    loop {
        let answer = owner.get(&path).await;
        let link = answer.header("link").to_owned();
        seen.extend(items(&answer.expect(200)).iter().map(|item| id(item).to_owned()));
        let Some(next) = link.strip_prefix('<').and_then(|rest| rest.split_once('>')) else { break };
        next.0.clone_into(&mut path);
    }
    assert_eq!(seen, of(&[4, 2, 0]));

    owner.delete(&format!("/api/v1/tags/{work}")).await.expect(204);
    owner.get(&format!("/api/v1/conversations?tag={work}")).await.expect_problem(404, "not_found");
    assert_eq!(listed(&owner, "").await.len(), 6);
}

#[tokio::test]
async fn a_filter_of_somebody_else_looks_like_one_that_there_is_not() {
    let server = Server::start().await;
    let (alice, bob) = (server.member("alice").await, server.member("bob").await);
    let (hers, plans) = (tag(&alice, "Secret").await, project(&alice, "Plans").await);
    let conversation = alice.conversation_with(&json!({ "project_id": plans })).await;
    give(&alice, &conversation, &hers).await;
    say(&alice, &conversation, "A tomato").await;
    for (list, name, theirs) in [
        ("/api/v1/conversations?", "tag", &hers),
        ("/api/v1/conversations?", "project", &plans),
        ("/api/v1/search?q=tomato&", "tag", &hers),
        ("/api/v1/search?q=tomato&", "project", &plans),
    ] {
        let path = |id: &str| format!("{list}{name}={id}");
        alice.get(&path(theirs)).await.expect(200);
        let seen = bob.get(&path(theirs)).await.appearance(&[theirs]);
        assert_eq!(seen.0, 404, "{list}{name}: {seen:?}");
        assert_eq!(seen, bob.get(&path(NOTHING)).await.appearance(&[NOTHING]), "{list}{name}");
        // What cannot be an id is not even looked up.
        for none in ["nonsense", ""] {
            bob.get(&path(none)).await.expect_problem(404, "not_found");
        }
    }
}

#[tokio::test]
async fn members_of_a_project_find_their_own_there_and_tag_only_that() {
    let server = Server::start().await;
    let (alice, bob) = (server.member("alice").await, server.member("bob").await);
    let plans = project(&alice, "Plans").await;
    let person = show(&bob, &bob.conversation().await).await["owner_id"].clone();
    let member = format!("/api/v1/projects/{plans}/members/{}", person.as_str().expect("an id"));
    Answer::of(alice.request(Method::PUT, &member).json(&json!({ "access": "write" }))).await.expect(200);
    let hers = alice.conversation_with(&json!({ "project_id": plans })).await;
    let his = bob.conversation_with(&json!({ "project_id": plans })).await;
    let (in_hers, in_his) = (say(&alice, &hers, "tomato one").await, say(&bob, &his, "tomato two").await);
    say(&alice, &alice.conversation().await, "tomato elsewhere").await;
    let (red, blue) = (tag(&alice, "Red").await, tag(&bob, "Blue").await);
    give(&alice, &hers, &red).await;
    give(&bob, &his, &blue).await;
    assert_eq!(found(&alice, &format!("&project={plans}")).await, [in_hers]);
    assert_eq!(found(&bob, &format!("&project={plans}")).await, [in_his]);
    assert_eq!(listed(&alice, &format!("&project={plans}")).await, [his.clone(), hers.clone()]);
    assert_eq!(listed(&alice, &format!("&project={plans}&tag={red}")).await, [hers]);
    assert_eq!(listed(&bob, &format!("&project={plans}&tag={blue}")).await, [his]);
}

#[tokio::test]
async fn a_search_is_narrowed_to_who_said_it_where_and_when() {
    let upstream = Upstream::start().await;
    upstream.script("first", Script::answer("tomato soup"));
    upstream.script("second", Script::answer("tomato salad"));
    let server = Server::builder()
        .provider("mock", &upstream, "first,second")
        .env("COLLOQUY_APPLICATION__TITLES", "false")
        .start()
        .await;
    let owner = server.owner().await;
    let plans = project(&owner, "Plans").await;
    let kitchen = owner.conversation_with(&json!({ "model": "mock/first" })).await;
    let garden = owner.conversation_with(&json!({ "model": "mock/second", "project_id": plans })).await;
    let (mut questions, mut answers) = (Vec::new(), Vec::new());
    for conversation in [&kitchen, &garden] {
        let exchange = owner.send(conversation, "What of the tomato?").await;
        let answer = owner.finished(id(&exchange["reply"])).await;
        assert_eq!(answer["status"], "complete", "{answer}");
        questions.push(exchange["message"].clone());
        answers.push(answer);
    }
    let all: Vec<&str> = [&answers[1], &questions[1], &answers[0], &questions[0]].map(id).to_vec();
    for order in ["", "&order=best"] {
        let sorted = async |filter: &str| {
            let mut found = found(&owner, &format!("{order}{filter}")).await;
            found.sort_unstable_by(|a, b| b.cmp(a));
            found
        };
        assert_eq!(sorted("").await, all);
        assert_eq!(sorted("&role=user").await, [all[1], all[3]]);
        assert_eq!(sorted("&role=assistant").await, [all[0], all[2]]);
        assert_eq!(sorted("&role=tool").await, [""; 0]);
        assert_eq!(sorted("&model=mock/first").await, [all[2]]);
        assert_eq!(sorted("&model=mock/second&role=assistant").await, [all[0]]);
        assert_eq!(sorted("&model=mock/second&role=user").await, [""; 0]);
        assert_eq!(sorted("&model=mock/none").await, [""; 0]);
        assert_eq!(sorted(&format!("&project={plans}")).await, [all[0], all[1]]);
        assert_eq!(sorted(&format!("&project={plans}&role=user")).await, [all[1]]);
        assert_eq!(sorted(&format!("&project={plans}&model=mock/first")).await, [""; 0]);
        let moment = questions[1]["created_at"].as_str().expect("a time");
        assert_eq!(sorted(&format!("&posted_from={moment}")).await, [all[0], all[1]], "that moment too");
        assert_eq!(sorted(&format!("&posted_before={moment}")).await, [all[2], all[3]], "not that moment");
        let never = format!("&posted_from={moment}&posted_before={moment}");
        assert_eq!(sorted(&never).await, [""; 0]);
        assert_eq!(sorted(&format!("&posted_from={moment}&role=user&pinned=false")).await, [all[1]]);
    }
    // Pages of what is narrowed.
    let page = owner.get("/api/v1/search?q=tomato&role=user&limit=1").await.expect(200);
    assert_eq!(items(&page)[0]["message_id"], all[1]);
    let next = page["next"].as_str().expect("a cursor");
    assert_eq!(found(&owner, &format!("&role=user&limit=1&after={next}")).await, [all[3]]);
}

/// Whoever tags, pins, archives or moves a conversation finds it so, however often they asked before.
#[tokio::test]
async fn a_search_sees_at_once_what_became_of_a_conversation() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let (conversation, other) = (owner.conversation().await, owner.conversation().await);
    let said = say(&owner, &conversation, "A tomato").await;
    let elsewhere = say(&owner, &other, "Another tomato").await;
    let (work, plans) = (tag(&owner, "Work").await, project(&owner, "Plans").await);
    let (by_tag, by_project) = (format!("&tag={work}"), format!("&project={plans}"));
    for _ in 0..3 {
        for (filter, body) in [("pinned", "pinned"), ("archived", "archived")] {
            assert_eq!(found(&owner, &format!("&{filter}=true")).await, [""; 0]);
            assert_eq!(found(&owner, &format!("&{filter}=false")).await, [elsewhere.clone(), said.clone()]);
            change(&owner, &conversation, json!({ body: true })).await;
            assert_eq!(found(&owner, &format!("&{filter}=true")).await, std::slice::from_ref(&said));
            assert_eq!(found(&owner, &format!("&{filter}=false")).await, std::slice::from_ref(&elsewhere));
            change(&owner, &conversation, json!({ body: false })).await;
        }
        assert_eq!(found(&owner, &by_tag).await, [""; 0]);
        give(&owner, &conversation, &work).await;
        assert_eq!(found(&owner, &by_tag).await, std::slice::from_ref(&said));
        assert_eq!(found(&owner, &format!("{by_tag}&pinned=true")).await, [""; 0]);
        owner.delete(&place(&conversation, &work)).await.expect(200);
        assert_eq!(found(&owner, &by_project).await, [""; 0]);
        change(&owner, &conversation, json!({ "project_id": plans })).await;
        assert_eq!(found(&owner, &by_project).await, std::slice::from_ref(&said));
        change(&owner, &conversation, json!({ "project_id": null })).await;
    }
    give(&owner, &conversation, &work).await;
    assert_eq!(found(&owner, &by_tag).await, [said]);
    owner.delete(&format!("/api/v1/tags/{work}")).await.expect(204);
    owner.get(&format!("/api/v1/search?q=tomato{by_tag}")).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn a_filter_that_makes_no_sense_is_refused() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let long = format!("role=user&model={}", "x".repeat(201));
    let lists = ["updated_from", "updated_before"].map(|name| ("/api/v1/conversations?", name));
    let searches = ["posted_from", "posted_before"].map(|name| ("/api/v1/search?q=a&", name));
    for (list, name) in lists.into_iter().chain(searches) {
        for wrong in
            ["", "yesterday", "2030-01-01", "2030-01-01T00:00:00", "2030-02-30T00:00:00Z", "1893456000"]
        {
            let refused =
                owner.get(&format!("{list}{name}={wrong}")).await.expect_problem(422, "invalid_input");
            assert_eq!(refused["errors"][0]["pointer"], format!("/{name}"), "{wrong}");
        }
    }
    for (query, pointer) in [
        ("role=model", "/role"),
        ("role=", "/role"),
        ("model=", "/model"),
        ("model=a%20b", "/model"),
        (long.as_str(), "/model"),
        ("pinned=yes", "/pinned"),
        ("archived=1", "/archived"),
        ("tag=a&tag=b", "/tag"),
        ("except=a", "/except"),
    ] {
        let refused = owner.get(&format!("/api/v1/search?q=a&{query}")).await.expect(422);
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{query}");
    }
}
