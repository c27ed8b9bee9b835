//! Secrets: which are refused where others are served, where they come from, and how the server's own is changed.

use std::sync::Arc;

use super::run;
use crate::harness::{Folder, OWNER_EMAIL, OWNER_PASSWORD, Server, ServerBuilder, is_postgres};

const GOOD: &str = "Z0x3eJq7mCqvYt1pN5wL8sRb2uKd9aHf";
const KEY: &str = "COLLOQUY_SECURITY__SECRET_KEY";
const LISTEN: &str = "COLLOQUY_SERVER__LISTEN";
const EVERYWHERE: (&str, &str) = (LISTEN, "0.0.0.0:0");
const ELSEWHERE: &str = "postgres://colloquy:Jq7mCqvYt1pN@db.example.org/colloquy";

fn with(pairs: &[(&str, &str)]) -> ServerBuilder {
    pairs.iter().fold(Server::builder().without_owner(), |builder, (name, value)| builder.env(name, value))
}

/// Asserts that these settings are refused for one of them, by the check and by the server itself.
async fn assert_refused(pairs: &[(&str, &str)], setting: &str, why: &str) {
    let folder = Folder::without_database();
    for arguments in [["config", "check", "--offline"].as_slice(), &["serve"]] {
        let ended = run(&with(pairs), &folder, arguments).await;
        assert_eq!(ended.code, 78, "{pairs:?} {arguments:?}: {ended:?}");
        let told = format!("{}{}", ended.printed, ended.complained);
        let line = told.lines().find(|line| line.trim_start().starts_with(setting));
        assert!(line.is_some_and(|line| line.contains(why)), "{pairs:?} {arguments:?}: {setting}\n{told}");
    }
    assert!(!folder.path().join("data").exists(), "nothing was made");
}

async fn assert_accepted(pairs: &[(&str, &str)]) {
    let folder = Folder::without_database();
    let checked = run(&with(pairs), &folder, &["config", "check", "--offline"]).await;
    assert_eq!(checked.code, 0, "{pairs:?}: {checked:?}");
}

#[tokio::test]
async fn weak_keys_are_for_this_machine_alone() {
    let database = ("COLLOQUY_DATABASE__URL", ELSEWHERE);
    for (key, why) in [
        ("short", "at least 32 characters"),
        ("change-me-change-me-change-me-12345", "example"),
        ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "different characters"),
    ] {
        assert_refused(&[EVERYWHERE, (KEY, key)], "security.secret_key", why).await;
        assert_accepted(&[(KEY, key)]).await;
    }
    // Servers that share a database need the same key, so none makes its own.
    assert_refused(&[EVERYWHERE, (KEY, ""), database], "security.secret_key", "is missing").await;
    assert_accepted(&[(KEY, ""), database]).await;
    assert_accepted(&[EVERYWHERE, (KEY, ""), ("COLLOQUY_DATABASE__URL", "sqlite://data/c.db")]).await;
    assert_accepted(&[EVERYWHERE, (KEY, GOOD), database]).await;
}

#[tokio::test]
async fn a_server_behind_a_proxy_is_no_server_for_this_machine_alone() {
    for proxied in [
        ("COLLOQUY_SERVER__PUBLIC_URL", "https://chat.example.org"),
        ("COLLOQUY_SERVER__TRUSTED_PROXIES", "127.0.0.1"),
        ("COLLOQUY_SERVER__ALLOWED_HOSTS", "chat.example.org"),
    ] {
        assert_refused(&[proxied, (KEY, "short")], "security.secret_key", "at least 32").await;
        assert_accepted(&[proxied, (KEY, GOOD)]).await;
    }
    assert_accepted(&[("COLLOQUY_SERVER__PUBLIC_URL", "http://localhost:8080"), (KEY, "short")]).await;
}

#[tokio::test]
async fn passwords_out_of_examples_are_for_this_machine_alone() {
    let mail = [("COLLOQUY_MAIL__HOST", "mail.example.org"), ("COLLOQUY_MAIL__FROM", "c@example.org")];
    let site = ("COLLOQUY_SERVER__PUBLIC_URL", "https://chat.example.org");
    let user = ("COLLOQUY_MAIL__USERNAME", "colloquy");
    let oidc = [
        ("COLLOQUY_OIDC__WORK__ISSUER", "https://id.example.org"),
        ("COLLOQUY_OIDC__WORK__CLIENT_ID", "colloquy"),
    ];
    let cases: [(&str, Vec<(&str, &str)>); 4] = [
        (
            "database.url",
            vec![("COLLOQUY_DATABASE__URL", "postgres://colloquy:Postgres@db.example.org/colloquy")],
        ),
        ("redis.url", vec![("COLLOQUY_REDIS__URL", "redis://:changeme@cache.example.org")]),
        ("mail.password", [mail.as_slice(), &[user, ("COLLOQUY_MAIL__PASSWORD", "password")]].concat()),
        (
            "oidc.work.client_secret",
            [oidc.as_slice(), &[("COLLOQUY_OIDC__WORK__CLIENT_SECRET", "secret")]].concat(),
        ),
    ];
    for (setting, pairs) in cases {
        let open = [pairs.as_slice(), &[EVERYWHERE, site, (KEY, GOOD)]].concat();
        assert_refused(&open, setting, "out of an example").await;
        assert_accepted(&pairs).await;
    }
    // Links in mails begin with what the operator says, not with what a stranger called the server.
    let open_mail = [mail.as_slice(), &[EVERYWHERE, (KEY, GOOD)]].concat();
    assert_refused(&open_mail, "server.public_url", "is missing").await;
    assert_accepted(&[open_mail.as_slice(), &[site]].concat()).await;
    assert_accepted(&mail).await;
}

#[tokio::test]
async fn a_program_tells_the_key_and_what_a_file_holds_is_never_run() {
    let folder = Arc::new(Folder::new().await);
    std::fs::write(folder.path().join("vault"), format!("{GOOD}\n")).expect("a file");
    let told = Server::builder().env(KEY, "command:/bin/cat vault");
    let server = told.clone().start_in(Arc::clone(&folder)).await;
    let session = server.anonymous().sign_in(OWNER_EMAIL, OWNER_PASSWORD).await;
    server.terminate().await;
    // It is the same key as where it is said in so many words.
    let server = Server::builder().env(KEY, GOOD).start_in(Arc::clone(&folder)).await;
    session.at(server.address()).get("/api/v1/me").await.expect(200);
    server.terminate().await;
    for (command, why) in [
        ("command:/bin/cat nowhere", "ended with"),
        ("command:/nowhere/vault", "/nowhere/vault"),
        ("command:", "has to name a program"),
    ] {
        assert_refused(&[(KEY, command)], "security.secret_key", why).await;
    }

    let folder = Folder::without_database();
    std::fs::write(folder.path().join("key"), "command:/usr/bin/touch was-run").expect("a file");
    let from_file = with(&[(KEY, ""), ("COLLOQUY_SECURITY__SECRET_KEY_FILE", "key")]);
    let checked = run(&from_file, &folder, &["config", "check"]).await;
    assert_eq!(checked.code, 0, "{checked:?}");
    assert!(!folder.path().join("was-run").exists(), "what a file holds was run as a program");
}

#[tokio::test]
async fn the_servers_own_key_is_changed_while_sessions_go_on() {
    let (earlier, present) = (GOOD, "uV4kXc9TzWm2RbQ7yHs5LdJf8NgA1ePo");
    let folder = Arc::new(Folder::new().await);
    let first = Server::builder().env(KEY, earlier).start_in(Arc::clone(&folder)).await;
    let browser = first.anonymous().sign_in(OWNER_EMAIL, OWNER_PASSWORD).await;
    let program = browser.with_new_api_key().await;
    // Where several servers share a database, the next one starts beside the first.
    let mut first = Some(first);
    if !is_postgres() {
        first.take().expect("a server").terminate().await;
    }
    let both = Server::builder().env(KEY, present).env("COLLOQUY_SECURITY__PREVIOUS_SECRET_KEY", earlier);
    let second = both.clone().start_in(Arc::clone(&folder)).await;
    for client in [&browser, &program] {
        client.at(second.address()).get("/api/v1/me").await.expect(200);
        if let Some(first) = &first {
            client.at(first.address()).get("/api/v1/me").await.expect(200);
        }
    }
    if let Some(first) = first {
        first.terminate().await;
    }
    let mut running = Some(second);
    if !is_postgres() {
        running.take().expect("a server").terminate().await;
    }
    let rotated = run(&both, &folder, &["secrets", "rotate"]).await;
    assert_eq!(rotated.code, 0, "{rotated:?}");
    if let Some(second) = running {
        browser.at(second.address()).get("/api/v1/me").await.expect(200);
        second.terminate().await;
    }
    let alone = Server::builder().env(KEY, present).start_in(Arc::clone(&folder)).await;
    for client in [&browser, &program] {
        client.at(alone.address()).get("/api/v1/me").await.expect(200);
    }
    alone.anonymous().sign_in(OWNER_EMAIL, OWNER_PASSWORD).await;
    alone.terminate().await;
    let refused = run(&Server::builder().env(KEY, earlier), &folder, &["serve"]).await;
    assert_eq!(refused.code, 78, "{refused:?}");
}
