//! The first account: by link, by command, by environment; and never two owners.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{run, run_with_input};
use crate::harness::{Client, Folder, OWNER_EMAIL, OWNER_PASSWORD, Server, ServerBuilder, is_postgres};

/// The tokens of the links that were printed, the newest last.
fn printed_tokens(server: &Server) -> Vec<String> {
    let printed = server.printed();
    printed
        .split("/setup#token=")
        .skip(1)
        .map(|rest| {
            let end = rest.find(|letter: char| letter.is_whitespace()).unwrap_or(rest.len());
            rest[..end].to_owned()
        })
        .collect()
}

fn without_owner() -> ServerBuilder {
    Server::builder().without_owner().env("COLLOQUY_APPLICATION__SIGN_INS_PER_MINUTE", "1000")
}

fn account(token: &str, email: &str) -> Value {
    json!({ "token": token, "email": email, "password": OWNER_PASSWORD, "display_name": "Ada" })
}

async fn sign_in(client: &Client) -> u16 {
    client
        .post("/api/v1/auth/login", &json!({ "email": OWNER_EMAIL, "password": OWNER_PASSWORD }))
        .await
        .status
}

#[tokio::test]
async fn the_printed_link_makes_exactly_one_owner_however_many_use_it_at_once() {
    let server = without_owner().start().await;
    let tokens = printed_tokens(&server);
    assert_eq!(tokens.len(), 1, "{}", server.printed());
    let token = &tokens[0];
    let anonymous = server.anonymous();
    for wrong in ["nonsense", "", &token[1..], &token.to_uppercase()] {
        let refused = anonymous.post("/api/v1/setup", &account(wrong, OWNER_EMAIL)).await.status;
        assert_eq!(refused, if wrong.is_empty() { 422 } else { 403 }, "{wrong}");
    }

    let attempts = (0..20).map(|number| {
        let account = account(token, &format!("person{number}@example.org"));
        let anonymous = anonymous.clone();
        async move { anonymous.post("/api/v1/setup", &account).await }
    });
    let answers = join_all(attempts).await;
    let (made, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
    assert_eq!(made.len(), 1, "{made:?}");
    for answer in refused {
        answer.expect_problem(409, "already_set_up");
    }
    assert_eq!(made[0].json()["user"]["role"], "owner");
    let owner = anonymous.with_session(&made[0]);
    let me = owner.get("/api/v1/me").await.expect(200);
    assert_eq!(me["role"], "owner", "{me}");
    let people = owner.get("/api/v1/users").await.expect(200);
    assert_eq!(people["items"].as_array().map(Vec::len), Some(1), "{people}");
    anonymous
        .post("/api/v1/setup", &account(token, "late@example.org"))
        .await
        .expect_problem(409, "already_set_up");
    assert!(!server.log().contains(token.as_str()), "the link must not be logged");

    let server = server.terminate().await.start().await;
    assert_eq!(printed_tokens(&server).len(), 1, "no second link once there is an owner");
}

#[tokio::test]
async fn whoever_guesses_the_link_keeps_nobody_else_from_using_it() {
    let server = without_owner().env("COLLOQUY_APPLICATION__SIGN_INS_PER_MINUTE", "5").start().await;
    let token = printed_tokens(&server).remove(0);
    let from = std::net::IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 2, 1));
    let stranger = Client::from_elsewhere(server.address(), from);
    let mut statuses = Vec::new();
    for _ in 0..60 {
        statuses.push(stranger.post("/api/v1/setup", &account("wrong", OWNER_EMAIL)).await.status);
    }
    assert!(statuses.contains(&403) && statuses.last() == Some(&429), "{statuses:?}");
    server.anonymous().post("/api/v1/setup", &account(&token, OWNER_EMAIL)).await.expect(201);
}

#[tokio::test]
async fn a_restart_before_the_set_up_prints_a_new_link_and_ends_the_old_one() {
    let server = without_owner().start().await;
    let server = server.terminate().await.start().await;
    let tokens = printed_tokens(&server);
    assert_eq!(tokens.len(), 2);
    assert_ne!(tokens[0], tokens[1]);
    let anonymous = server.anonymous();
    anonymous.post("/api/v1/setup", &account(&tokens[0], OWNER_EMAIL)).await.expect_problem(403, "forbidden");
    anonymous.post("/api/v1/setup", &account(&tokens[1], OWNER_EMAIL)).await.expect(201);
}

#[tokio::test]
async fn the_command_makes_the_owner_and_then_members() {
    let folder = Arc::new(Folder::new().await);
    std::fs::write(folder.path().join("password"), OWNER_PASSWORD).expect("a password file");
    let create = ["user", "create", "--email", OWNER_EMAIL, "--password-file", "password"];
    let made = run(&without_owner(), &folder, &create).await;
    assert_eq!(made.code, 0, "{made:?}");
    assert!(made.printed.contains(OWNER_EMAIL) && made.printed.contains("owner"), "{made:?}");

    let weak = ["user", "create", "--email", "weak@example.org"];
    let refused = run_with_input(&without_owner(), &folder, &weak, "123\n").await;
    assert!(refused.code == 1 && refused.complained.contains("password"), "{refused:?}");
    let again = run(&without_owner(), &folder, &create).await;
    assert_eq!(again.code, 1, "the address has an account: {again:?}");
    let member = ["user", "create", "--email", "member@example.org", "--display-name", "Member"];
    let made = run_with_input(&without_owner(), &folder, &member, &format!("{OWNER_PASSWORD}\n")).await;
    assert_eq!(made.code, 0, "{made:?}");

    let server = without_owner().start_in(folder).await;
    assert!(printed_tokens(&server).is_empty(), "there is an owner already: {}", server.printed());
    let owner = server.owner().await;
    assert_eq!(owner.get("/api/v1/me").await.expect(200)["role"], "owner");
    let people = owner.get("/api/v1/users").await.expect(200);
    let roles: Vec<_> =
        people["items"].as_array().expect("people").iter().map(|person| &person["role"]).collect();
    assert_eq!(roles, ["member", "owner"], "newest first");

    // On a server there is room for another process; an embedded database is one process's alone.
    let late = ["user", "create", "--email", "late@example.org"];
    let late = run_with_input(&without_owner(), server.folder(), &late, &format!("{OWNER_PASSWORD}\n")).await;
    if is_postgres() {
        assert_eq!(late.code, 0, "{late:?}");
        server.anonymous().sign_in("late@example.org", OWNER_PASSWORD).await;
    } else {
        assert_eq!(late.code, 75, "{late:?}");
        assert!(late.complained.contains("/api/v1/users"), "it says what to do instead: {late:?}");
    }
}

#[tokio::test]
async fn the_environment_makes_the_owner_once_and_the_password_file_may_go() {
    let folder = Arc::new(Folder::new().await);
    let file = folder.path().join("secret");
    let builder = without_owner()
        .env("COLLOQUY_OWNER_EMAIL", OWNER_EMAIL)
        .env("COLLOQUY_OWNER_PASSWORD_FILE", file.to_str().expect("UTF-8"));
    let missing = run(&builder, &folder, &["serve"]).await;
    assert_ne!(missing.code, 0);
    assert!(missing.complained.contains("secret"), "it names the file: {missing:?}");

    std::fs::write(&file, format!("{OWNER_PASSWORD}\n")).expect("a password file");
    let server = builder.start_in(folder).await;
    assert_eq!(sign_in(&server.anonymous()).await, 200);
    assert!(printed_tokens(&server).is_empty());
    std::fs::remove_file(&file).expect("a file");
    let server = server.terminate().await.start().await;
    assert_eq!(sign_in(&server.anonymous()).await, 200);
}
