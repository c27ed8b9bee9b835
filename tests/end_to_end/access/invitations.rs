//! Invitations: for one address, once, and only by the word of somebody who may still give it.

use serde_json::{Value, json};
use testing::mail_sink::MailSink;

use super::workspaces::join;
use super::{account, hospitable, id};
use crate::harness::{Client, OWNER_EMAIL, OWNER_PASSWORD, Server};

const LOOK: &str = "/api/v1/auth/invitation";
const ACCEPT: &str = "/api/v1/auth/accept-invitation";
const PASSWORD: &str = "violet lamp under seven bridges";

async fn path(person: &Client) -> String {
    let me = person.get("/api/v1/me").await.expect(200);
    format!("/api/v1/workspaces/{}/invitations", me["workspace_id"].as_str().expect("an id"))
}

/// Invites; the token of the link, and the id.
async fn invite(inviter: &Client, email: &str, role: &str) -> (String, String) {
    let body = json!({ "email": email, "role": role });
    let made = inviter.post(&path(inviter).await, &body).await.expect(201);
    let link = made["link"].as_str().expect("a link");
    (link.split_once("/invitation#token=").expect("a token").1.to_owned(), id(&made).to_owned())
}

fn newcomer(token: &str, name: &str) -> Value {
    json!({ "token": token, "password": PASSWORD, "display_name": name })
}

async fn owner(server: &Server) -> Client {
    server.anonymous().sign_in(OWNER_EMAIL, OWNER_PASSWORD).await
}

#[tokio::test]
async fn an_invitation_makes_one_account_with_the_role_that_it_names() {
    let server = hospitable().start().await;
    let (owner, anonymous) = (owner(&server).await, server.anonymous());
    let (token, _) = invite(&owner, "New@example.org", "viewer").await;
    let offer = anonymous.post(LOOK, &json!({ "token": token })).await.expect(200);
    assert_eq!(
        (&offer["email"], &offer["role"], &offer["has_account"], &offer["workspace_name"]),
        (&json!("new@example.org"), &json!("viewer"), &json!(false), &json!("Home"))
    );
    for field in ["role", "email", "workspace_id", "state", "id"] {
        let mut body = newcomer(&token, "New");
        body[field] = json!("owner");
        anonymous.post(ACCEPT, &body).await.expect_problem(422, "invalid_input");
    }
    anonymous.post(ACCEPT, &json!({ "token": token })).await.expect_problem(422, "invalid_input");
    let mut weak = newcomer(&token, "New");
    weak["password"] = json!("password123");
    anonymous.post(ACCEPT, &weak).await.expect_problem(422, "invalid_input");

    let body = newcomer(&token, "New");
    let at_once = [0, 1, 2].map(|_| server.anonymous()).map(|client| {
        let body = body.clone();
        async move { client.post(ACCEPT, &body).await }
    });
    let answers = futures_util::future::join_all(at_once).await;
    let made: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(made.len(), 1, "{answers:?}");
    assert!(answers.iter().all(|answer| matches!(answer.status, 201 | 403 | 409)), "{answers:?}");
    let me = anonymous.with_session(made[0]).get("/api/v1/me").await.expect(200);
    assert_eq!((&me["email"], &me["role"]), (&json!("new@example.org"), &json!("viewer")));
    anonymous.post(LOOK, &json!({ "token": token })).await.expect_problem(403, "link_invalid");
    anonymous.post(ACCEPT, &newcomer(&token, "Again")).await.expect_problem(403, "link_invalid");
    let users = owner.get("/api/v1/users").await.expect(200);
    assert_eq!(users["items"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn nobody_invites_above_their_role_or_without_a_right() {
    let server = hospitable().start().await;
    let (admin, member) = (account(&server, "admin").await, account(&server, "member").await);
    let all = path(&admin).await;
    let body = |role: &str| json!({ "email": "new@example.org", "role": role });
    admin.post(&all, &body("owner")).await.expect_problem(403, "forbidden");
    member.post(&all, &body("viewer")).await.expect_problem(403, "forbidden");
    member.get(&all).await.expect_problem(403, "forbidden");
    admin
        .post(&all, &json!({ "email": OWNER_EMAIL, "role": "viewer" }))
        .await
        .expect_problem(409, "already_member");
    admin
        .post(&all, &json!({ "email": "nonsense", "role": "viewer" }))
        .await
        .expect_problem(422, "invalid_input");
    let list = admin.get(&all).await.expect(200);
    assert_eq!(list["items"], json!([]));
}

#[tokio::test]
async fn an_invitation_ends_when_it_is_taken_back_or_its_maker_may_no_longer_invite() {
    let server = hospitable().start().await;
    let (owner, anonymous) = (owner(&server).await, server.anonymous());
    let (token, invitation) = invite(&owner, "new@example.org", "member").await;
    let list = owner.get(&path(&owner).await).await.expect(200);
    assert_eq!(id(&list["items"][0]), invitation);
    assert!(!list.to_string().contains(&token) && !list.to_string().contains("link"), "{list}");
    owner.delete(&format!("{}/{invitation}", path(&owner).await)).await.expect(204);
    owner.delete(&format!("{}/{invitation}", path(&owner).await)).await.expect_problem(404, "not_found");
    anonymous.post(ACCEPT, &newcomer(&token, "New")).await.expect_problem(403, "link_invalid");

    let admin = account(&server, "admin").await;
    let admin_id = id(&admin.get("/api/v1/me").await.expect(200)).to_owned();
    let (token, _) = invite(&admin, "other@example.org", "admin").await;
    anonymous.post(LOOK, &json!({ "token": token })).await.expect(200);
    let one = format!("/api/v1/users/{admin_id}");
    owner.patch(&one, &json!({ "role": "member" })).await.expect(200);
    anonymous.post(ACCEPT, &newcomer(&token, "Other")).await.expect_problem(403, "link_invalid");
    owner.patch(&one, &json!({ "role": "admin" })).await.expect(200);
    anonymous.post(LOOK, &json!({ "token": token })).await.expect(200);
    owner.patch(&one, &json!({ "state": "suspended" })).await.expect(200);
    anonymous.post(ACCEPT, &newcomer(&token, "Other")).await.expect_problem(403, "link_invalid");
    owner.delete(&one).await.expect(204);
    anonymous.post(ACCEPT, &newcomer(&token, "Other")).await.expect_problem(403, "link_invalid");
}

#[tokio::test]
async fn whoever_has_an_account_joins_with_that_one_and_no_other() {
    let server = hospitable().start().await;
    let (owner, anonymous) = (owner(&server).await, server.anonymous());
    let (member, other) = (account(&server, "member").await, account(&server, "viewer").await);
    let founded = owner.post("/api/v1/workspaces", &json!({ "name": "Second" })).await.expect(201);
    owner.post("/api/v1/me/workspace", &json!({ "workspace_id": founded["id"] })).await.expect(200);
    let (token, _) = invite(&owner, "member@example.org", "admin").await;
    let offer = anonymous.post(LOOK, &json!({ "token": token })).await.expect(200);
    assert_eq!(offer["has_account"], true);
    anonymous.post(ACCEPT, &newcomer(&token, "Member")).await.expect_problem(409, "sign_in_first");
    other.post(ACCEPT, &json!({ "token": token })).await.expect_problem(403, "wrong_account");
    let key = member.with_new_api_key().await;
    key.post(ACCEPT, &json!({ "token": token })).await.expect_problem(403, "forbidden");
    // A page elsewhere cannot have somebody join.
    let forged = anonymous.request(reqwest::Method::POST, ACCEPT).header("origin", "https://evil.example");
    crate::harness::Answer::of(forged.json(&json!({ "token": token })))
        .await
        .expect_problem(403, "foreign_origin");
    let joined = member.post(ACCEPT, &json!({ "token": token })).await.expect(200);
    assert_eq!((&joined["name"], &joined["role"]), (&json!("Second"), &json!("admin")));
    member.post(ACCEPT, &json!({ "token": token })).await.expect_problem(403, "link_invalid");
    let me = member.get("/api/v1/me").await.expect(200);
    assert_eq!(me["role"], "member", "the session stays where it was");
    join(&owner, &other, "viewer@example.org", "viewer").await;
}

#[tokio::test]
async fn where_there_is_mail_the_link_goes_to_the_invited_too() {
    let sink = MailSink::start().await;
    let server = hospitable().mail(&sink).start().await;
    let owner = owner(&server).await;
    let body = json!({ "email": "new@example.org", "role": "member" });
    let made = owner.post(&path(&owner).await, &body).await.expect(201);
    let mail = sink.nth_to("new@example.org", 1).await;
    let link = made["link"].as_str().expect("a link, in case the mail does not arrive");
    assert!(link.ends_with(&mail.token()) && made["is_mailed"] == true, "{made}");
    assert!(mail.text.contains(&format!("http://{}/invitation#token=", server.address())), "{}", mail.text);
    server.anonymous().post(ACCEPT, &newcomer(&mail.token(), "New")).await.expect(201);
    let user = json!({ "email": "pending@example.org", "display_name": "P", "role": "member" });
    owner.post("/api/v1/users", &user).await.expect(201);
    let token = sink.nth_to("pending@example.org", 1).await.token();
    let activation = json!({ "token": token, "password": PASSWORD });
    server.anonymous().post("/api/v1/auth/activate", &activation).await.expect(200);
}

#[tokio::test]
async fn making_an_account_tells_nobody_who_has_one_elsewhere() {
    let server = hospitable().start().await;
    let member = account(&server, "member").await;
    let owner = owner(&server).await;
    let second = owner.post("/api/v1/workspaces", &json!({ "name": "Second" })).await.expect(201);
    owner.post("/api/v1/me/workspace", &json!({ "workspace_id": second["id"] })).await.expect(200);
    let make = async |email: &str| {
        let body = json!({ "email": email, "display_name": "Somebody", "role": "viewer" });
        owner.post("/api/v1/users", &body).await.expect(201)
    };
    let (known, unknown) = (make("member@example.org").await, make("nobody@example.org").await);
    let names = |value: &Value| value.as_object().map(|fields| fields.keys().cloned().collect::<Vec<_>>());
    assert_eq!(names(&known), names(&unknown));
    for field in ["display_name", "role", "state", "version", "managed_here"] {
        assert_eq!(known[field], unknown[field], "{field}");
    }
    // The link leads the person in with the account that they have.
    let token =
        known["link"].as_str().and_then(|link| link.split_once("/invitation#token=")).expect("a link").1;
    let joined = member.post(ACCEPT, &json!({ "token": token })).await.expect(200);
    assert_eq!((&joined["id"], &joined["role"]), (&second["id"], &json!("viewer")));
    let body = json!({ "email": "member@example.org", "display_name": "Somebody", "role": "viewer" });
    owner.post("/api/v1/users", &body).await.expect_problem(409, "email_taken");
}
