//! The keys of the server: replaced while it goes on, and begun anew where the secret key is lost.

use std::sync::Arc;

use serde_json::{Value, json};

use super::run;
use crate::harness::{Folder, OWNER_EMAIL, OWNER_PASSWORD, Server, ServerBuilder, is_postgres};

const KEY: &str = "COLLOQUY_SECURITY__SECRET_KEY";
const OTHER: &str = "another secret key, 4w8zQmXr1LpVbT6y";
const ROTATE: &str = "/api/v1/secret-keys/rotate";

fn with_key(key: &str) -> ServerBuilder {
    Server::builder().env(KEY, key)
}

#[tokio::test]
async fn owners_replace_keys_while_the_server_goes_on() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let browser = server.anonymous().sign_in(OWNER_EMAIL, OWNER_PASSWORD).await;
    let body = json!({ "signing": true, "sealing": true, "current_password": OWNER_PASSWORD });
    owner.post(ROTATE, &body).await.expect_problem(403, "forbidden");
    let wrong = json!({ "signing": true, "current_password": "not the password" });
    browser.post(ROTATE, &wrong).await.expect_problem(422, "invalid_input");
    let admin = server.member("ada").await.in_browser();
    admin.post(ROTATE, &body).await.expect_problem(403, "forbidden");
    let credentials = json!({ "email": OWNER_EMAIL, "password": OWNER_PASSWORD });
    let before = server.anonymous().post("/api/v1/auth/token", &credentials).await.expect(200);
    browser.post(ROTATE, &body).await.expect(204);
    let after = server.anonymous().post("/api/v1/auth/token", &credentials).await.expect(200);
    for tokens in [&before, &after] {
        let token = tokens["access_token"].as_str().expect("a token").to_owned();
        let program = crate::harness::Client::new(server.address(), Some(token));
        assert_eq!(program.get("/api/v1/me").await.expect(200)["email"], OWNER_EMAIL);
    }
    let audit = browser.get("/api/v1/audit?name=secret_key.*").await.expect(200);
    let entry = &audit["items"][0];
    assert_eq!((&entry["name"], &entry["by"]), (&json!("secret_key.rotated"), &json!("person")), "{audit}");
    assert_eq!(entry["detail"], json!({ "secret_key": false, "signing": true, "sealing": true }));
    assert_eq!(audit["items"].as_array().map(Vec::len), Some(1), "{audit}");

    let listed = run(&Server::builder(), server.folder(), &["secrets", "list"]).await;
    assert_eq!((listed.code, listed.printed.matches("retired").count()), (0, 2), "{listed:?}");
    let rotated = run(&Server::builder(), server.folder(), &["secrets", "rotate", "--signing"]).await;
    if is_postgres() {
        assert_eq!(rotated.code, 0, "{rotated:?}");
        let audit = browser.get("/api/v1/audit?name=secret_key.*").await.expect(200);
        assert_eq!(audit["items"][0]["by"], "operator", "{audit}");
    } else {
        assert_eq!(rotated.code, 75, "{rotated:?}");
        assert!(rotated.complained.contains("POST /api/v1/secret-keys/rotate"), "{rotated:?}");
    }
}

#[tokio::test]
async fn a_lost_secret_key_is_told_of_and_a_reset_begins_anew() {
    let folder = Arc::new(Folder::new().await);
    let server = Server::builder().start_in(Arc::clone(&folder)).await;
    let owner = server.owner().await;
    owner.conversation().await;
    drop(server.terminate().await);

    for key in [OTHER, ""] {
        for (arguments, code) in [
            (["serve"].as_slice(), 78),
            (&["secrets", "list"], 78),
            (&["config", "check"], 78),
            (&["doctor"], 1),
        ] {
            let ended = run(&with_key(key), &folder, arguments).await;
            assert_eq!(ended.code, code, "{arguments:?} {ended:?}");
            let told = format!("{}{}", ended.printed, ended.complained);
            assert!(told.contains("whose fingerprint is"), "{arguments:?} {ended:?}");
            assert!(told.contains("colloquy secrets reset"), "{arguments:?} {ended:?}");
        }
    }
    assert!(!folder.path().join("data/secret_key").exists(), "no key is made that opens nothing");

    let asked = run(&with_key(OTHER), &folder, &["secrets", "reset"]).await;
    assert!(asked.code == 1 && asked.complained.contains("nothing was changed"), "{asked:?}");
    let done = run(&with_key(OTHER), &folder, &["secrets", "reset", "--yes"]).await;
    assert!(done.code == 0 && done.printed.contains("all sessions"), "{done:?}");
    let again = run(&with_key(OTHER), &folder, &["secrets", "reset", "--yes"]).await;
    assert!(again.code == 1 && again.complained.contains("nothing to reset"), "{again:?}");

    let server = with_key(OTHER).start_in(Arc::clone(&folder)).await;
    owner.at(server.address()).get("/api/v1/me").await.expect_problem(401, "unauthenticated");
    let browser = server.anonymous().sign_in(OWNER_EMAIL, OWNER_PASSWORD).await;
    let chats = browser.get("/api/v1/conversations").await.expect(200);
    assert_eq!(chats["items"].as_array().map(Vec::len), Some(1), "{chats}");
    let audit = browser.get("/api/v1/audit?name=secret_key.reset").await.expect(200);
    assert_eq!(
        (&audit["items"][0]["by"], &audit["items"][0]["actor_id"]),
        (&json!("operator"), &Value::Null)
    );
}
