//! People and their accounts: what they do themselves, and what administrators do.

use reqwest::Method;
use serde_json::{Value, json};

use super::{NOTHING, account, hospitable, id, key_with};
use crate::harness::{Answer, Client, OWNER_EMAIL, OWNER_PASSWORD, Server};

const ME: &str = "/api/v1/me";
const USERS: &str = "/api/v1/users";
const NEW_PASSWORD: &str = "violet lamp under seven bridges";

/// The field that a refusal points at, and why.
fn reason(problem: &Value) -> (String, String) {
    let error = &problem["errors"][0];
    let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    (text("pointer"), text("code"))
}

/// Checks why something was refused.
fn refused(answer: Answer, pointer: &str, code: &str) {
    let problem = answer.expect_problem(422, "invalid_input");
    assert_eq!(reason(&problem), (pointer.to_owned(), code.to_owned()), "{problem}");
}

/// The id of the person who asks.
async fn own_id(person: &Client) -> String {
    id(&person.get(ME).await.expect(200)).to_owned()
}

async fn signs_in(server: &Server, email: &str, password: &str) -> u16 {
    let body = json!({ "email": email, "password": password });
    server.anonymous().post("/api/v1/auth/login", &body).await.status
}

#[tokio::test]
async fn people_change_their_name_and_nothing_that_is_not_theirs_to_change() {
    let server = hospitable().start().await;
    let member = account(&server, "member").await;
    let before = member.get(ME).await.expect(200);
    let changed = member.patch(ME, &json!({ "display_name": "  Ada Lovelace " })).await.expect(200);
    assert_eq!(changed["display_name"], "Ada Lovelace");
    assert_eq!(changed["version"], json!(before["version"].as_u64().unwrap_or_default() + 1));
    for field in [
        "role",
        "state",
        "id",
        "workspace_id",
        "home_workspace_id",
        "password_hash",
        "password",
        "version",
        "created_at",
        "managed_here",
        "expected_version",
    ] {
        let answer = member.patch(ME, &json!({ field: "owner" })).await;
        let problem = answer.expect_problem(422, "invalid_input");
        assert_eq!(reason(&problem).1, "unknown_field", "{problem}");
    }
    let stale = member.request(Method::PATCH, ME).header("if-match", "\"1\"");
    Answer::of(stale.json(&json!({ "display_name": "Ada" }))).await.expect_problem(412, "stale_version");
    let after = member.get(ME).await.expect(200);
    assert_eq!((&after["role"], &after["state"]), (&json!("member"), &json!("active")));
}

#[tokio::test]
async fn names_that_deceive_are_refused() {
    let server = hospitable().start().await;
    let owner = server.anonymous().sign_in(OWNER_EMAIL, OWNER_PASSWORD).await;
    owner.patch(ME, &json!({ "display_name": "Ada Lovelace" })).await.expect(200);
    let member = account(&server, "member").await;
    for (name, code) in [
        ("", "invalid"),
        (" \t ", "invalid"),
        ("Eve\u{0}", "invalid"),
        ("Eve\nAdmin", "invalid"),
        ("Eve\u{1b}[31m", "invalid"),
        ("Eve\u{202e}nimdA", "invalid"),
        (&"x".repeat(10_000), "invalid"),
        ("\u{200b}\u{200d}", "invisible"),
        ("\u{3164}", "invisible"),
        ("Аdа", "look_alike"),
        ("Ada Lovelace", "look_alike"),
        ("ada  lovelace", "look_alike"),
        ("ADA LOVELACE", "look_alike"),
        ("Ada\u{200b} Lovelace", "look_alike"),
        ("Aԁa Lovelace", "mixed_scripts"),
    ] {
        let answer = member.patch(ME, &json!({ "display_name": name })).await;
        let problem = answer.expect_problem(422, "invalid_input");
        let expected = if name == "Аdа" { "mixed_scripts" } else { code };
        assert_eq!(reason(&problem), ("/display_name".to_owned(), expected.to_owned()), "{name:.20?}");
    }
    for honest in ["Алиса", "山田 太郎", "O'Brien", "Ada Byron 🎉", "Zoë"] {
        member.patch(ME, &json!({ "display_name": honest })).await.expect(200);
    }
    // An administrator knows who is who.
    let namesake = json!({ "display_name": "Ada Lovelace", "email": "ada2@example.org", "role": "member" });
    owner.post(USERS, &namesake).await.expect(201);
}

#[tokio::test]
async fn addresses_at_the_edges_of_the_rules_have_a_stated_answer() {
    let server = hospitable().start().await;
    let owner = server.owner().await;
    let make = async |email: &str| {
        let body = json!({ "email": email, "display_name": "Somebody", "role": "viewer" });
        owner.post(USERS, &body).await
    };
    let longest_local = format!("{}@example.org", "a".repeat(64));
    for good in ["a@b", "o'brien+tag@example.org", "ünï@exämple.org", "x_y=z@example.org", &longest_local]
    {
        make(good).await.expect(201);
    }
    let upper = make("UPPER@Example.ORG").await.expect(201);
    assert_eq!(upper["email"], "upper@example.org");
    make("upper@example.org").await.expect_problem(409, "email_taken");
    for bad in [
        "",
        "plain",
        "@example.org",
        "a@",
        "a@@b.org",
        "a b@example.org",
        "a@exam ple.org",
        ".a@example.org",
        "a.@example.org",
        "a..b@example.org",
        "a@-b.org",
        "a@b..org",
        "a@example.org\r\nBcc: b@example.org",
        "a@example.org\0",
        "\"quoted\"@example.org",
        "a@[127.0.0.1]",
        "<a@example.org>",
        "a@example.org, b@example.org",
        &format!("{}@example.org", "a".repeat(65)),
        &format!("a@{}.org", "b".repeat(300)),
    ] {
        refused(make(bad).await, "/email", "invalid");
    }
}

#[tokio::test]
async fn a_new_password_ends_every_other_session_and_leaves_keys_alone() {
    let server = hospitable().start().await;
    let here = account(&server, "member").await;
    let there = server.anonymous().sign_in("member@example.org", OWNER_PASSWORD).await;
    let (key, _) = key_with(&here, &["read"]).await;
    let mut socket = there.socket().await;
    socket.subscribe("user:me", None).await;
    let path = "/api/v1/me/password";
    let change = |current: &str, new: &str| json!({ "current_password": current, "password": new });

    refused(
        here.post(path, &change("wrong password", NEW_PASSWORD)).await,
        "/current_password",
        "wrong_password",
    );
    refused(here.post(path, &json!({ "password": NEW_PASSWORD })).await, "/current_password", "required");
    for weak in ["password123", "member@example.org", "aaaaaaaaaaaa", "qwertyuiop"] {
        refused(here.post(path, &change(OWNER_PASSWORD, weak)).await, "/password", "weak_password");
    }
    for (length, code) in [(7, "invalid"), (1, "invalid"), (1_025, "invalid")] {
        refused(here.post(path, &change(OWNER_PASSWORD, &"x".repeat(length))).await, "/password", code);
    }
    let huge = here.post(path, &change(OWNER_PASSWORD, &"x".repeat(1024 * 1024))).await;
    assert!(matches!(huge.status, 413 | 422), "{huge:?}");
    key.post(path, &change(OWNER_PASSWORD, NEW_PASSWORD)).await.expect_problem(403, "forbidden");
    there.get(ME).await.expect(200);

    here.post(path, &change(OWNER_PASSWORD, NEW_PASSWORD)).await.expect(204);
    assert_eq!(socket.closed().await, 4401);
    there.get(ME).await.expect_problem(401, "unauthenticated");
    here.get(ME).await.expect(200);
    key.get(ME).await.expect(200);
    assert_eq!(signs_in(&server, "member@example.org", OWNER_PASSWORD).await, 401);
    assert_eq!(signs_in(&server, "member@example.org", NEW_PASSWORD).await, 200);
}

#[tokio::test]
async fn a_key_of_every_scope_cannot_touch_the_account_it_belongs_to() {
    let server = hospitable().start().await;
    let owner = server.owner().await;
    let requests = [
        (Method::PATCH, ME, json!({ "display_name": "Eve" })),
        (Method::PATCH, ME, json!({ "email": "eve@example.org", "current_password": OWNER_PASSWORD })),
        (
            Method::POST,
            "/api/v1/me/password",
            json!({ "current_password": OWNER_PASSWORD, "password": NEW_PASSWORD }),
        ),
        (Method::DELETE, ME, json!({ "current_password": OWNER_PASSWORD })),
    ];
    for (method, path, body) in requests {
        Answer::of(owner.request(method, path).json(&body)).await.expect_problem(403, "forbidden");
    }
    owner.get("/api/v1/me/export").await.expect_problem(403, "forbidden");
    owner.get(ME).await.expect(200);
}

#[tokio::test]
async fn without_mail_an_address_changes_at_once_for_who_repeats_the_password() {
    let server = hospitable().start().await;
    let member = account(&server, "member").await;
    let to = |email: &str, password: Value| json!({ "email": email, "current_password": password });
    refused(member.patch(ME, &json!({ "email": "new@example.org" })).await, "/current_password", "required");
    refused(
        member.patch(ME, &to("new@example.org", json!("wrong password"))).await,
        "/current_password",
        "wrong_password",
    );
    member.patch(ME, &to(OWNER_EMAIL, json!(OWNER_PASSWORD))).await.expect_problem(409, "email_taken");
    let changed = member.patch(ME, &to("NEW@example.org", json!(OWNER_PASSWORD))).await.expect(200);
    assert_eq!((&changed["email"], &changed["unconfirmed_email"]), (&json!("new@example.org"), &Value::Null));
    assert_eq!(signs_in(&server, "member@example.org", OWNER_PASSWORD).await, 401);
    assert_eq!(signs_in(&server, "new@example.org", OWNER_PASSWORD).await, 200);
}

#[tokio::test]
async fn everything_of_a_person_can_be_taken_along_and_nothing_of_others() {
    let server = hospitable().start().await;
    let member = account(&server, "member").await;
    let stranger = account(&server, "admin").await;
    stranger.conversation_with(&json!({ "title": "Not yours" })).await;
    let mut conversations = Vec::new();
    for number in 0..60 {
        conversations.push(member.conversation_with(&json!({ "title": format!("Number {number}") })).await);
    }
    let first = &conversations[0];
    let exchange = member.send(first, "A question").await;
    member.finished(id(&exchange["reply"])).await;
    let question = id(&exchange["message"]).to_owned();
    let again = member
        .post(&format!("/api/v1/messages/{}/regenerate", id(&exchange["reply"])), &json!({}))
        .await
        .expect(201);
    member.finished(id(&again["reply"])).await;
    let path = format!("/api/v1/messages/{question}");
    member.patch(&path, &json!({ "text": "A better question" })).await.expect(200);

    let answer = member.get("/api/v1/me/export").await;
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"colloquy.json\"");
    let document = answer.expect(200);
    assert_eq!(document["format"], "colloquy-person");
    assert_eq!(document["profile"]["email"], "member@example.org");
    assert_eq!(document["workspaces"].as_array().map(Vec::len), Some(1));
    let taken = document["conversations"].as_array().expect("a list");
    let ids: Vec<&str> = taken.iter().map(|entry| id(&entry["conversation"])).collect();
    assert_eq!(ids.len(), 60);
    assert!(conversations.iter().all(|id| ids.contains(&id.as_str())));
    let whole = taken.iter().find(|entry| id(&entry["conversation"]) == first).expect("the first one");
    let messages = whole["messages"].as_array().expect("a list");
    assert_eq!(messages.len(), 3, "both answers are there");
    let edited = messages.iter().find(|entry| id(&entry["message"]) == question).expect("the question");
    assert_eq!(edited["message"]["parts"][0]["text"], "A better question");
    assert_eq!(edited["edits"][0]["replaced_parts"][0]["text"], "A question");
    assert!(!document.to_string().contains("Not yours") && !document.to_string().contains("$argon2"));

    let entries = server.owner().await.get("/api/v1/audit?name=data.exported").await.expect(200);
    assert_eq!(entries["items"].as_array().map(Vec::len), Some(1), "{entries}");
}

#[tokio::test]
async fn a_closed_account_is_gone_with_all_that_was_its() {
    let server = hospitable().start().await;
    let owner = server.anonymous().sign_in(OWNER_EMAIL, OWNER_PASSWORD).await;
    let close = |person: &Client, password: &str| {
        Answer::of(person.request(Method::DELETE, ME).json(&json!({ "current_password": password })))
    };
    close(&owner, OWNER_PASSWORD).await.expect_problem(409, "rejected");
    owner.get(ME).await.expect(200);

    let member = account(&server, "member").await;
    let (key, _) = key_with(&member, &["read"]).await;
    let (id_of_member, conversation) = (own_id(&member).await, member.conversation().await);
    refused(close(&member, "wrong password").await, "/current_password", "wrong_password");
    member.get(ME).await.expect(200);
    close(&member, OWNER_PASSWORD).await.expect(204);
    member.get(ME).await.expect_problem(401, "unauthenticated");
    key.get(ME).await.expect_problem(401, "unauthenticated");
    assert_eq!(signs_in(&server, "member@example.org", OWNER_PASSWORD).await, 401);
    owner.get(&format!("{USERS}/{id_of_member}")).await.expect_problem(404, "not_found");
    owner.get(&format!("/api/v1/conversations/{conversation}")).await.expect_problem(404, "not_found");
    // The address is free again.
    account(&server, "member").await.get(ME).await.expect(200);
}

#[tokio::test]
async fn nobody_manages_whoever_stands_above_them() {
    let server = hospitable().start().await;
    let owner = server.owner().await.in_browser();
    let (admin, member) = (account(&server, "admin").await, account(&server, "member").await);
    let (owner_id, admin_id, member_id) = (own_id(&owner).await, own_id(&admin).await, own_id(&member).await);
    let one = |id: &str| format!("{USERS}/{id}");

    for body in
        [json!({ "role": "member" }), json!({ "state": "suspended" }), json!({ "display_name": "Eve" })]
    {
        admin.patch(&one(&owner_id), &body).await.expect_problem(403, "forbidden");
        member.patch(&one(&admin_id), &body).await.expect_problem(403, "forbidden");
    }
    admin.delete(&one(&owner_id)).await.expect_problem(403, "forbidden");
    admin
        .post(&format!("{}/password-link", one(&owner_id)), &json!({}))
        .await
        .expect_problem(403, "forbidden");
    admin.patch(&one(&member_id), &json!({ "role": "owner" })).await.expect_problem(403, "forbidden");
    admin.patch(&one(&admin_id), &json!({ "role": "owner" })).await.expect_problem(403, "forbidden");
    admin.patch(&one(&admin_id), &json!({ "state": "suspended" })).await.expect_problem(409, "yourself");
    admin.delete(&one(&admin_id)).await.expect_problem(409, "yourself");
    admin
        .post(&format!("{}/password-link", one(&admin_id)), &json!({}))
        .await
        .expect_problem(409, "yourself");
    owner.patch(&one(&owner_id), &json!({ "role": "admin" })).await.expect_problem(409, "rejected");
    for field in ["email", "password", "password_hash", "workspace_id", "home_workspace_id", "id", "version"]
    {
        let problem =
            admin.patch(&one(&member_id), &json!({ field: "x" })).await.expect_problem(422, "invalid_input");
        assert_eq!(reason(&problem).1, "unknown_field", "{problem}");
    }
    refused(admin.patch(&one(&member_id), &json!({ "state": "pending" })).await, "/state", "invalid");

    let unknown = admin.patch(&one(NOTHING), &json!({ "role": "viewer" })).await;
    unknown.expect_problem(404, "not_found");
    let seen = admin.get(&one(&member_id)).await;
    assert_eq!(seen.header("etag"), "\"1\"");
    let promoted = admin.patch(&one(&member_id), &json!({ "role": "admin", "display_name": "Bob" })).await;
    assert_eq!(promoted.header("etag"), "\"3\"");
    let promoted = promoted.expect(200);
    assert_eq!((&promoted["role"], &promoted["display_name"]), (&json!("admin"), &json!("Bob")));
    let stale = admin.request(Method::DELETE, &one(&member_id)).header("if-match", "\"1\"");
    Answer::of(stale).await.expect_problem(412, "stale_version");
    admin.delete(&one(&member_id)).await.expect(204);
    member.get(ME).await.expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn whoever_is_suspended_is_out_at_once_and_comes_back_when_let_in() {
    let server = hospitable().start().await;
    let owner = server.owner().await;
    let member = account(&server, "member").await;
    let (key, _) = key_with(&member, &["read"]).await;
    let one = format!("{USERS}/{}", own_id(&member).await);
    let mut sockets = [member.socket().await, key.socket().await];
    for socket in &mut sockets {
        socket.subscribe("user:me", None).await;
    }
    owner.patch(&one, &json!({ "state": "suspended" })).await.expect(200);
    for socket in &mut sockets {
        assert_eq!(socket.closed().await, 4401);
    }
    member.get(ME).await.expect_problem(401, "unauthenticated");
    key.get(ME).await.expect_problem(401, "unauthenticated");
    assert_eq!(signs_in(&server, "member@example.org", OWNER_PASSWORD).await, 401);
    let list = owner.get(&format!("{USERS}?state=suspended")).await.expect(200);
    assert_eq!(list["items"].as_array().map(Vec::len), Some(1));
    owner.get(&format!("{USERS}?state=gone")).await.expect_problem(422, "invalid_input");

    owner.patch(&one, &json!({ "state": "active" })).await.expect(200);
    member.get(ME).await.expect_problem(401, "unauthenticated");
    key.get(ME).await.expect(200);
    assert_eq!(signs_in(&server, "member@example.org", OWNER_PASSWORD).await, 200);
}

#[tokio::test]
async fn of_two_owners_who_step_down_at_once_one_stays() {
    let server = hospitable().start().await;
    let first = server.anonymous().sign_in(OWNER_EMAIL, OWNER_PASSWORD).await;
    let first_id = own_id(&first).await;
    for round in 0..5 {
        let email = format!("second{round}@example.org");
        let body =
            json!({ "email": email, "display_name": email, "role": "owner", "password": OWNER_PASSWORD });
        let second_id =
            id(&server.owner().await.in_browser().post(USERS, &body).await.expect(201)).to_owned();
        let second = server.anonymous().sign_in(&email, OWNER_PASSWORD).await;
        let down = json!({ "role": "admin" });
        let (one, other) = (format!("{USERS}/{second_id}"), format!("{USERS}/{first_id}"));
        let (demoted, stepped) = tokio::join!(first.patch(&one, &down), second.patch(&other, &down));
        let outcomes = [demoted.status, stepped.status];
        assert_eq!(outcomes.iter().filter(|status| **status == 200).count(), 1, "{outcomes:?}");
        // Whoever is still an owner makes the first one an owner again.
        let up = json!({ "role": "owner" });
        let _ = second.patch(&other, &up).await;
        let _ = first.patch(&one, &down).await;
        first.delete(&one).await.expect(204);
    }
}

#[tokio::test]
async fn an_account_without_a_password_waits_for_the_person_behind_its_link() {
    let server = hospitable().start().await;
    let owner = server.owner().await;
    let body = json!({ "email": "new@example.org", "display_name": "New", "role": "member" });
    let made = owner.post(USERS, &body).await;
    assert!(made.header("location").starts_with("/api/v1/users/"));
    let made = made.expect(201);
    assert_eq!(made["state"], "pending");
    let link = made["link"].as_str().expect("a link");
    assert!(link.starts_with(&format!("http://{}/activate#token=", server.address())), "{link}");
    let token = link.split_once("#token=").expect("a token").1.to_owned();
    assert_eq!(signs_in(&server, "new@example.org", "").await, 422);
    assert_eq!(signs_in(&server, "new@example.org", NEW_PASSWORD).await, 401);

    let anonymous = server.anonymous();
    let activate = "/api/v1/auth/activate";
    let with = |token: &str, password: &str| json!({ "token": token, "password": password });
    for wrong in [&token[1..], &token.to_uppercase(), &format!("{token}{token}"), "x"] {
        anonymous.post(activate, &with(wrong, NEW_PASSWORD)).await.expect_problem(403, "link_invalid");
    }
    anonymous
        .post("/api/v1/auth/reset-password", &with(&token, NEW_PASSWORD))
        .await
        .expect_problem(403, "link_invalid");
    refused(anonymous.post(activate, &with(&token, "password123")).await, "/password", "weak_password");
    let signed_in = anonymous.post(activate, &with(&token, NEW_PASSWORD)).await;
    anonymous.with_session(&signed_in).get(ME).await.expect(200);
    assert_eq!(signed_in.expect(200)["user"]["state"], "active");
    anonymous.post(activate, &with(&token, NEW_PASSWORD)).await.expect_problem(403, "link_invalid");
    assert_eq!(signs_in(&server, "new@example.org", NEW_PASSWORD).await, 200);
}

#[tokio::test]
async fn a_link_that_an_administrator_hands_over_works_once_and_ends_with_the_password() {
    let server = hospitable().start().await;
    let owner = server.owner().await.in_browser();
    let member = account(&server, "member").await;
    let path = format!("{USERS}/{}/password-link", own_id(&member).await);
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let made = owner.post(&path, &json!({})).await.expect(201);
        let link = made["link"].as_str().expect("a link").to_owned();
        tokens.push(link.split_once("/reset#token=").expect("a token").1.to_owned());
    }
    let reset = |token: &str| json!({ "token": token, "password": NEW_PASSWORD });
    let at_once = [0, 1, 2, 3].map(|_| async {
        server.anonymous().post("/api/v1/auth/reset-password", &reset(&tokens[0])).await.status
    });
    let statuses = futures_util::future::join_all(at_once).await;
    assert_eq!(statuses.iter().filter(|status| **status == 204).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 204 | 403)), "{statuses:?}");
    member.get(ME).await.expect_problem(401, "unauthenticated");
    let late = server.anonymous().post("/api/v1/auth/reset-password", &reset(&tokens[1])).await;
    late.expect_problem(403, "link_invalid");
    assert_eq!(signs_in(&server, "member@example.org", NEW_PASSWORD).await, 200);
    let one = path.trim_end_matches("/password-link");
    owner.patch(one, &json!({ "state": "suspended" })).await.expect(200);
    owner.post(&path, &json!({})).await.expect_problem(409, "account_suspended");
}

#[tokio::test]
async fn the_operator_makes_links_and_accounts_at_the_command_line() {
    let server = hospitable().start().await;
    let stopped = server.terminate().await;
    let builder = hospitable();
    let run = async |arguments: &[&str]| {
        let output = builder.command(stopped.folder()).args(arguments).output().await.expect("the program");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.success(), text(&output.stdout), text(&output.stderr))
    };
    let (ok, printed, complained) = run(&["user", "reset-password", OWNER_EMAIL]).await;
    assert!(ok && printed.contains("/reset#token="), "{printed} {complained}");
    let token = printed.split_once("#token=").expect("a token").1.trim().to_owned();
    let (ok, _, complained) = run(&["user", "reset-password", "nobody@example.org"]).await;
    assert!(!ok && complained.contains("nobody@example.org"), "{complained}");
    let file = stopped.folder().join("admin-password");
    std::fs::write(&file, "password123").expect("a file");
    let path = file.to_string_lossy().into_owned();
    let create = ["user", "create", "--email", "a@example.org", "--role", "admin", "--password-file", &path];
    let (ok, _, complained) = run(&create).await;
    assert!(!ok && complained.contains("guess"), "{complained}");
    std::fs::write(&file, NEW_PASSWORD).expect("a file");
    let (ok, printed, _) = run(&create).await;
    assert!(ok && printed.contains("role admin"), "{printed}");

    let server = stopped.start().await;
    assert_eq!(signs_in(&server, "a@example.org", NEW_PASSWORD).await, 200);
    let body = json!({ "token": token, "password": NEW_PASSWORD });
    server.anonymous().post("/api/v1/auth/reset-password", &body).await.expect(204);
    assert_eq!(signs_in(&server, OWNER_EMAIL, NEW_PASSWORD).await, 200);
    assert_eq!(signs_in(&server, OWNER_EMAIL, OWNER_PASSWORD).await, 401);
}
