//! Workspaces are walls: people are inside of one at a time, and nobody takes the last owner away.

use reqwest::Method;
use serde_json::{Value, json};

use super::{NOTHING, account, hospitable, id};
use crate::harness::{Answer, Client, OWNER_EMAIL, OWNER_PASSWORD, Server};

const ALL: &str = "/api/v1/workspaces";

async fn browser(server: &Server, email: &str) -> Client {
    server.anonymous().sign_in(email, OWNER_PASSWORD).await
}

async fn present(person: &Client) -> String {
    person.get("/api/v1/me").await.expect(200)["workspace_id"].as_str().expect("an id").to_owned()
}

async fn switch(person: &Client, workspace: &str) {
    person.post("/api/v1/me/workspace", &json!({ "workspace_id": workspace })).await.expect(200);
}

fn names(list: &Value) -> Vec<&str> {
    list["items"].as_array().into_iter().flatten().filter_map(|one| one["name"].as_str()).collect()
}

/// Lets somebody who has an account join a workspace, by an invitation.
pub async fn join(inviter: &Client, person: &Client, email: &str, role: &str) {
    let path = format!("{ALL}/{}/invitations", present(inviter).await);
    let made = inviter.post(&path, &json!({ "email": email, "role": role })).await.expect(201);
    let link = made["link"].as_str().expect("a link").to_owned();
    let token = link.split_once("/invitation#token=").expect("a token").1;
    person.post("/api/v1/auth/accept-invitation", &json!({ "token": token })).await.expect(200);
}

#[tokio::test]
async fn whoever_founds_a_workspace_owns_it_and_is_let_in_by_switching() {
    let server = hospitable().start().await;
    let owner = browser(&server, OWNER_EMAIL).await;
    let home = present(&owner).await;
    let first = owner.post_once("once", ALL, &json!({ "name": "Second" })).await;
    assert_eq!(first.header("location"), format!("{ALL}/{}", id(&first.json())));
    let founded = first.expect(201);
    assert_eq!((&founded["name"], &founded["role"]), (&json!("Second"), &json!("owner")));
    let again = owner.post_once("once", ALL, &json!({ "name": "Second" })).await.expect(201);
    assert_eq!(again["id"], founded["id"], "an attempt has one effect");
    owner.post_once("once", ALL, &json!({ "name": "Third" })).await.expect_problem(422, "invalid_input");
    let list = owner.get(ALL).await.expect(200);
    assert_eq!(names(&list), ["Home", "Second"]);

    let second = id(&founded).to_owned();
    let conversation = owner.conversation().await;
    let rename = |name: &str| json!({ "name": name });
    owner
        .patch(&format!("{ALL}/{second}"), &rename("Elsewhere"))
        .await
        .expect_problem(409, "other_workspace");
    switch(&owner, &second).await;
    assert_eq!(present(&owner).await, second);
    owner.get(&format!("/api/v1/conversations/{conversation}")).await.expect_problem(404, "not_found");
    let renamed = owner.patch(&format!("{ALL}/{second}"), &rename("Elsewhere")).await;
    assert_eq!(renamed.header("etag"), "\"2\"");
    renamed.expect(200);
    owner.patch(&format!("{ALL}/{second}"), &json!({ "name": "E", "role": "viewer" })).await.expect(422);
    switch(&owner, &home).await;
    owner.get(&format!("/api/v1/conversations/{conversation}")).await.expect(200);
}

/// Another identifier that nothing has.
const NOBODY: &str = "0192f000-0000-7000-8000-000000000002";

#[tokio::test]
async fn a_workspace_of_others_looks_like_one_that_does_not_exist() {
    let server = hospitable().start().await;
    let owner = browser(&server, OWNER_EMAIL).await;
    let admin = account(&server, "admin").await;
    let founded = owner.post(ALL, &json!({ "name": "Secret" })).await.expect(201);
    let secret = id(&founded).to_owned();
    assert_eq!(names(&admin.get(ALL).await.expect(200)), ["Home"]);
    for path in ["", "/members", "/invitations"] {
        let mut seen = Vec::new();
        for name in [secret.as_str(), NOTHING] {
            let answer = admin.get(&format!("{ALL}/{name}{path}")).await;
            assert_eq!(answer.status, 404, "{answer:?}");
            seen.push(answer.appearance(&[name]));
        }
        assert_eq!(seen[0], seen[1]);
    }
    let mut seen = Vec::new();
    for name in [secret.as_str(), NOTHING] {
        let answers = [
            admin.patch(&format!("{ALL}/{name}"), &json!({ "name": "Mine" })).await,
            admin.post(&format!("{ALL}/{name}/leave"), &json!({})).await,
            admin
                .post(&format!("{ALL}/{name}/invitations"), &json!({ "email": "e@e.org", "role": "viewer" }))
                .await,
            admin.delete(&format!("{ALL}/{name}/members/{NOBODY}")).await,
            admin.delete(&format!("{ALL}/{name}/invitations/{NOBODY}")).await,
            admin.post("/api/v1/me/workspace", &json!({ "workspace_id": name })).await,
        ];
        assert!(answers.iter().all(|answer| answer.status == 404), "{answers:?}");
        seen.push(answers.map(|answer| answer.appearance(&[name])));
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn a_key_stays_in_the_workspace_that_it_was_made_in() {
    let server = hospitable().start().await;
    let owner = browser(&server, OWNER_EMAIL).await;
    let key = owner.with_new_api_key().await;
    let founded = owner.post(ALL, &json!({ "name": "Second" })).await.expect(201);
    assert_eq!(names(&key.get(ALL).await.expect(200)), ["Home"]);
    key.get(&format!("{ALL}/{}", id(&founded))).await.expect_problem(404, "not_found");
    let leave = format!("{ALL}/{}/leave", present(&key).await);
    key.post(&leave, &json!({})).await.expect_problem(403, "forbidden");
}

#[tokio::test]
async fn members_are_listed_for_members_and_their_addresses_for_administrators() {
    let server = hospitable().start().await;
    let (admin, member) = (account(&server, "admin").await, account(&server, "member").await);
    let viewer = account(&server, "viewer").await;
    let path = format!("{ALL}/{}/members", present(&admin).await);
    viewer.get(&path).await.expect_problem(403, "forbidden");
    let (whole, names_only) = (admin.get(&path).await.expect(200), member.get(&path).await.expect(200));
    assert_eq!(whole["items"].as_array().map(Vec::len), Some(4));
    assert!(whole["items"].as_array().into_iter().flatten().all(|one| one["email"].is_string()));
    assert!(names_only["items"].as_array().into_iter().flatten().all(|one| one["email"].is_null()));
}

#[tokio::test]
async fn an_account_is_managed_where_it_was_made_and_its_role_where_it_is_used() {
    let server = hospitable().start().await;
    let owner = browser(&server, OWNER_EMAIL).await;
    let guest = account(&server, "admin").await;
    let guest_id = id(&guest.get("/api/v1/me").await.expect(200)).to_owned();
    let founded = guest.post(ALL, &json!({ "name": "Of the guest" })).await.expect(201);
    let theirs = id(&founded).to_owned();
    let home = present(&owner).await;
    switch(&guest, &theirs).await;
    join(&guest, &owner, OWNER_EMAIL, "member").await;
    let owner_id = id(&owner.get("/api/v1/me").await.expect(200)).to_owned();

    let account_of_owner = format!("/api/v1/users/{owner_id}");
    let seen = guest.get(&account_of_owner).await.expect(200);
    assert_eq!((&seen["role"], &seen["managed_here"]), (&json!("member"), &json!(false)));
    for body in [json!({ "state": "suspended" }), json!({ "display_name": "Nobody" })] {
        guest.patch(&account_of_owner, &body).await.expect_problem(403, "account_elsewhere");
    }
    guest.delete(&account_of_owner).await.expect_problem(403, "account_elsewhere");
    guest
        .post(&format!("{account_of_owner}/password-link"), &json!({}))
        .await
        .expect_problem(403, "account_elsewhere");
    let second_factors = format!("{account_of_owner}/second-factors");
    guest.delete(&second_factors).await.expect_problem(403, "account_elsewhere");
    let member = format!("{ALL}/{theirs}/members/{owner_id}");
    let promoted = guest.patch(&member, &json!({ "role": "admin" })).await.expect(200);
    assert_eq!(promoted["role"], "admin");
    assert_eq!(owner.get("/api/v1/me").await.expect(200)["role"], "owner", "at home nothing has changed");

    // At work there, the owner is an administrator; taken out, they are out at once.
    let there = browser(&server, OWNER_EMAIL).await;
    switch(&there, &theirs).await;
    assert_eq!(there.get("/api/v1/me").await.expect(200)["role"], "admin");
    there
        .patch(&format!("{ALL}/{theirs}/members/{guest_id}"), &json!({ "role": "member" }))
        .await
        .expect(403);
    let mut socket = there.socket().await;
    socket.subscribe("user:me", None).await;
    guest.delete(&member).await.expect(204);
    assert_eq!(socket.closed().await, 4401);
    there.get("/api/v1/me").await.expect_problem(401, "unauthenticated");
    owner.get("/api/v1/me").await.expect(200);
    assert_eq!(names(&owner.get(ALL).await.expect(200)), ["Home"]);
    // Taken out of where their account was made, they are at home where they founded a workspace.
    owner.delete(&format!("{ALL}/{home}/members/{guest_id}")).await.expect(204);
    let seen = guest.get(&format!("/api/v1/users/{guest_id}")).await.expect(200);
    assert_eq!(seen["managed_here"], true);
}

#[tokio::test]
async fn whoever_leaves_home_is_at_home_elsewhere_and_nobody_is_left_without_a_workspace() {
    let server = hospitable().start().await;
    let owner = browser(&server, OWNER_EMAIL).await;
    let member = account(&server, "member").await;
    let member_id = id(&member.get("/api/v1/me").await.expect(200)).to_owned();
    let home = present(&owner).await;
    let second = id(&owner.post(ALL, &json!({ "name": "Second" })).await.expect(201)).to_owned();
    switch(&owner, &second).await;
    join(&owner, &member, "member@example.org", "member").await;
    member.post(&format!("{ALL}/{home}/leave"), &json!({})).await.expect(204);

    let member = browser(&server, "member@example.org").await;
    assert_eq!(present(&member).await, second);
    member.post(&format!("{ALL}/{second}/leave"), &json!({})).await.expect_problem(409, "only_workspace");
    let there = format!("{ALL}/{second}/members/{member_id}");
    owner.delete(&there).await.expect_problem(409, "account_at_home");
    let path = format!("/api/v1/users/{member_id}");
    let seen = owner.get(&path).await.expect(200);
    assert_eq!(seen["managed_here"], true);
    owner.patch(&path, &json!({ "state": "suspended" })).await.expect(200);
    member.get("/api/v1/me").await.expect_problem(401, "unauthenticated");
    owner.patch(&path, &json!({ "state": "active" })).await.expect(200);
    // They come back by an invitation, and stay at home where they are.
    let member = browser(&server, "member@example.org").await;
    switch(&owner, &home).await;
    join(&owner, &member, "member@example.org", "member").await;
    assert_eq!(owner.get(&path).await.expect(200)["managed_here"], false);
    switch(&owner, &second).await;
    owner.delete(&path).await.expect(204);
    let again = json!({ "email": "member@example.org", "display_name": "Another", "role": "member" });
    owner.post("/api/v1/users", &again).await.expect(201);
}

#[tokio::test]
async fn nobody_takes_over_somebody_who_may_do_more_elsewhere() {
    let server = hospitable().start().await;
    let owner = browser(&server, OWNER_EMAIL).await;
    let (admin, member) = (account(&server, "admin").await, account(&server, "member").await);
    let home = present(&owner).await;
    let member_id = id(&member.get("/api/v1/me").await.expect(200)).to_owned();
    let path = format!("/api/v1/users/{member_id}");
    let link = format!("{path}/password-link");
    let second = id(&owner.post(ALL, &json!({ "name": "Second" })).await.expect(201)).to_owned();
    admin.post(&link, &json!({})).await.expect(201);
    switch(&owner, &second).await;
    join(&owner, &member, "member@example.org", "admin").await;

    let takes_over = async |person: &Client, status: u16| {
        let suspended = json!({ "state": "suspended" });
        let second_factors = format!("{path}/second-factors");
        for answer in [
            person.post(&link, &json!({})).await,
            person.delete(&second_factors).await,
            person.patch(&path, &suspended).await,
            person.delete(&path).await,
        ] {
            assert_eq!(answer.status, status, "{answer:?}");
            answer.expect_problem(status, "role_elsewhere");
        }
    };
    // Who does not belong there, and then who is less there, whatever they are at home.
    takes_over(&admin, 403).await;
    switch(&owner, &second).await;
    join(&owner, &admin, "admin@example.org", "viewer").await;
    takes_over(&admin, 403).await;
    member.get("/api/v1/me").await.expect(200);
    // What is about this workspace alone goes on, and who is more there may.
    admin.patch(&path, &json!({ "display_name": "Renamed" })).await.expect(200);
    switch(&owner, &home).await;
    owner.post(&link, &json!({})).await.expect(201);
    admin.delete(&format!("{ALL}/{home}/members/{member_id}")).await.expect(204);
    assert_eq!(present(&browser(&server, "member@example.org").await).await, second);
}

#[tokio::test]
async fn nobody_leaves_a_workspace_without_an_owner() {
    let server = hospitable().start().await;
    let owner = browser(&server, OWNER_EMAIL).await;
    let home = present(&owner).await;
    let founded = owner.post(ALL, &json!({ "name": "Second" })).await.expect(201);
    let second = id(&founded).to_owned();
    owner.post(&format!("{ALL}/{home}/leave"), &json!({})).await.expect_problem(409, "rejected");
    let member = account(&server, "member").await;
    member.post(&format!("{ALL}/{home}/leave"), &json!({})).await.expect_problem(409, "only_workspace");

    switch(&owner, &second).await;
    join(&owner, &member, "member@example.org", "owner").await;
    owner.post(&format!("{ALL}/{second}/leave"), &json!({})).await.expect(204);
    owner.get("/api/v1/me").await.expect_problem(401, "unauthenticated");
    let again = browser(&server, OWNER_EMAIL).await;
    assert_eq!(names(&again.get(ALL).await.expect(200)), ["Home"]);
    // The member is the only owner of the second one now: their account cannot go while others are there.
    switch(&member, &second).await;
    member.post(&format!("{ALL}/{second}/leave"), &json!({})).await.expect_problem(409, "rejected");
    join(&member, &again, OWNER_EMAIL, "viewer").await;
    switch(&member, &home).await;
    let member_id = id(&member.get("/api/v1/me").await.expect(200)).to_owned();
    again.delete(&format!("/api/v1/users/{member_id}")).await.expect_problem(403, "role_elsewhere");
    let close =
        member.request(Method::DELETE, "/api/v1/me").json(&json!({ "current_password": OWNER_PASSWORD }));
    Answer::of(close).await.expect_problem(409, "last_owner");
}
