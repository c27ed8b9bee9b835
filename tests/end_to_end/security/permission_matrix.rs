//! Class 3: operation × credential × state of the account, against the one table that `colloquy doctor --permissions`
//! prints. No key is wider than its maker.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use reqwest::Method;
use serde_json::{Value, json};

use super::document::{Documents, Operation};
use super::world::{NOTHING, account, hospitable};
use crate::harness::{Client, Folder, OWNER_EMAIL, OWNER_PASSWORD, Server, eventually};
use crate::operations::run;

/// What reading needs where it is not a command, and what is asked in other ways than by commands.
const QUERIES: &[(&str, &str)] = &[
    ("me.get", "read"),
    ("me.export", "manage_own_account"),
    ("totp.get", "manage_own_account"),
    ("session.list", "manage_own_account"),
    ("passkey.list", "manage_own_account"),
    ("external_identity.list", "manage_own_account"),
    ("external_identity.create", "manage_own_account"),
    ("api_key.list", "manage_own_keys"),
    ("user.list", "manage_users"),
    ("user.get", "manage_users"),
    ("workspace.list", "read"),
    ("workspace.get", "read"),
    ("member.list", "share"),
    ("invitation.list", "manage_workspace"),
    ("project.list", "read"),
    ("project.get", "read"),
    ("project_member.list", "read"),
    ("share.list", "read"),
    ("provider.list", "manage_providers"),
    ("provider.get", "manage_providers"),
    ("provider.test", "manage_providers"),
    ("audit.list", "read_audit"),
    ("conversation.list", "read"),
    ("conversation.get", "read"),
    ("message.list", "read"),
    ("message.get", "read"),
    ("message.list_edits", "read"),
    ("message.search", "read"),
    ("tag.list", "read"),
    ("annotation.list", "read"),
    ("annotation.list_of_conversation", "read"),
    ("run.get", "read"),
    ("run.follow", "read"),
    ("model.list", "read"),
    ("event.list", "read"),
    ("completion.create", "generate"),
    ("completion.list_models", "read"),
    ("completion.get_model", "read"),
];

/// The table: each permission with the least role and the scope, and each command with what it needs.
struct Table {
    rules: BTreeMap<String, (String, Option<String>)>,
    needs: BTreeMap<String, String>,
}

const ROLES: [&str; 4] = ["viewer", "member", "admin", "owner"];

impl Table {
    async fn printed() -> Self {
        let folder = Folder::without_database();
        let ended = run(&Server::builder().without_owner(), &folder, &["doctor", "--permissions"]).await;
        assert_eq!(ended.code, 0, "{ended:?}");
        let (rules, commands) = ended.printed.split_once("\n\n").expect("two tables");
        let rules = rules.lines().skip(1).map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let scope = (words[2] != "none:").then(|| words[2].to_owned());
            (words[0].to_owned(), (words[1].to_owned(), scope))
        });
        let needs = commands.lines().skip(1).filter_map(|line| {
            let (name, needs) = line.split_once(char::is_whitespace)?;
            Some((name.to_owned(), needs.trim().to_owned()))
        });
        let queries = QUERIES.iter().map(|(name, needs)| ((*name).to_owned(), (*needs).to_owned()));
        Self { rules: rules.collect(), needs: needs.chain(queries).collect() }
    }

    /// Whether somebody with a role, and with a key of one scope where it is a key, may do what an operation needs.
    fn allows(&self, operation: &str, role: &str, scope: Option<&str>) -> bool {
        let needs = self.needs.get(operation);
        let needs = needs.unwrap_or_else(|| panic!("teach this test what {operation} needs"));
        let (least, with) = &self.rules[needs];
        let rank = |role: &str| ROLES.iter().position(|known| *known == role).expect("a role");
        rank(role) >= rank(least) && scope.is_none_or(|scope| with.as_deref() == Some(scope))
    }
}

/// Whether an answer says that the role or the scopes do not allow it.
fn is_refused(status: u16, body: &str) -> bool {
    status == 403 && body.contains("do not allow")
}

/// What ends the credential that asks, or the account: asked by nobody here who may.
const FATAL: [&str; 4] = ["session.delete", "session.revoke_others", "session.switch", "workspace.leave"];

async fn assert_may(
    table: &Table,
    documents: &Documents,
    who: &str,
    client: &Client,
    (role, scope): (&str, Option<&str>),
) {
    for operation in documents.operations().iter().filter(|operation| operation.is_for_people) {
        if operation.name == "batch.run" {
            continue;
        }
        // The model that is asked answers from messages, so whoever asks it has to be able to read them.
        let reads = operation.name != "completion.create" || table.allows("message.search", role, scope);
        let allowed = reads && table.allows(&operation.name, role, scope);
        if allowed && FATAL.contains(&operation.name.as_str()) {
            continue;
        }
        let path =
            operation.path_with(|name| if name == "model" { "words".to_owned() } else { NOTHING.to_owned() });
        let body = operation.body.as_ref().map(|schema| documents.example(schema));
        let answer = operation.ask(client, &with_required(operation, &path), body.as_ref()).await;
        let text = String::from_utf8_lossy(&answer.bytes).into_owned();
        let what = format!("{who}: {} {path}: {} {text}", operation.method, answer.status);
        assert_eq!(!is_refused(answer.status, &text), allowed, "{what}");
        assert!(answer.status < 500 && answer.status != 401, "{what}");
    }
    // A socket is for whoever may read.
    let may_listen = scope.is_none_or(|scope| scope == "read");
    let mut socket = if may_listen { Some(client.socket().await) } else { None };
    for command in documents.commands() {
        let allowed = table.allows(&command.name, role, scope);
        if allowed && FATAL.contains(&command.name.as_str()) {
            continue;
        }
        if let Some(socket) = &mut socket {
            let answer = socket.command(&command.name, documents.example(&command.parameters)).await;
            let status = answer["problem"]["status"].as_u64().and_then(|status| status.try_into().ok());
            let status: u16 = status.unwrap_or(200);
            let what = format!("{who}, on a socket: {}: {answer}", command.name);
            assert_eq!(!is_refused(status, &answer.to_string()), allowed, "{what}");
            assert!(status < 500 && status != 401, "{what}");
        }
        let params = documents.example(&command.parameters);
        let batch = json!({ "commands": [{ "id": "1", "name": command.name, "params": params }] });
        let answer = client.post("/api/v1/batch", &batch).await.expect(200);
        let result = &answer["results"][0];
        let status = u16::try_from(result["status"].as_u64().unwrap_or_default()).unwrap_or_default();
        assert_eq!(!is_refused(status, &result.to_string()), allowed, "{who}: {}: {result}", command.name);
        assert!(status < 500 && status != 401, "{who}: {}: {result}", command.name);
    }
}

/// The path with the parameters without which there is no answer.
fn with_required(operation: &Operation, path: &str) -> String {
    if operation.name == "message.search" { format!("{path}?q=words") } else { path.to_owned() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_role_may_do_what_the_table_says() {
    let server = hospitable().start().await;
    let table = Table::printed().await;
    let documents = Documents::of(&server.owner().await).await;
    for role in ["viewer", "member", "admin"] {
        let client = account(&server, role, role).await;
        assert_may(&table, &documents, role, &client, (role, None)).await;
    }
    let owner = server.anonymous().sign_in(OWNER_EMAIL, OWNER_PASSWORD).await;
    assert_may(&table, &documents, "owner", &owner, ("owner", None)).await;
}

/// Signs somebody in as a program does.
async fn program(server: &Server, email: &str) -> Client {
    let body = json!({ "email": email, "password": OWNER_PASSWORD });
    let tokens = server.anonymous().post("/api/v1/auth/token", &body).await.expect(200);
    Client::new(server.address(), Some(tokens["access_token"].as_str().expect("a token").to_owned()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_may_what_its_person_may() {
    let server = hospitable().start().await;
    let table = Table::printed().await;
    let documents = Documents::of(&server.owner().await).await;
    for role in ["viewer", "admin"] {
        account(&server, role, role).await;
        let client = program(&server, &format!("{role}@example.org")).await;
        assert_may(&table, &documents, &format!("a program of the {role}"), &client, (role, None)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_may_do_what_its_scope_and_its_makers_role_allow() {
    let server = hospitable().start().await;
    let table = Table::printed().await;
    let owner = server.owner().await;
    let documents = Documents::of(&owner).await;
    let people = [("owner", owner.clone()), ("member", account(&server, "m", "member").await)];
    for (role, maker) in people {
        for scope in ["read", "write", "generate", "admin"] {
            let (client, _) = maker.with_new_api_key_of(&json!({ "name": "k", "scopes": [scope] })).await;
            let who = format!("a key of the {role} for {scope}");
            assert_may(&table, &documents, &who, &client, (role, Some(scope))).await;
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the server's clock is this machine's")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_and_whoever_is_no_longer_anybody_may_nothing() {
    let server = hospitable().start().await;
    let owner = server.owner().await;
    let documents = Documents::of(&owner).await;
    let suspended = account(&server, "suspended", "admin").await;
    let key = suspended.with_new_api_key().await;
    let suspended_program = program(&server, "suspended@example.org").await;
    let id = suspended.get("/api/v1/me").await.expect(200)["id"].as_str().expect("an id").to_owned();
    let change =
        owner.request(Method::PATCH, &format!("/api/v1/users/{id}")).json(&json!({ "state": "suspended" }));
    crate::harness::Answer::of(change).await.expect(200);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a time after 1970");
    let soon = now + Duration::from_secs(8);
    let soon = domain::Timestamp::from_micros(soon.as_micros().try_into().expect("a time before 290000"));
    let (expired, _) = owner.with_new_api_key_of(&json!({ "name": "brief", "expires_at": soon })).await;
    expired.get("/api/v1/me").await.expect(200);
    eventually("the end of a key", || async {
        (expired.get("/api/v1/me").await.status == 401).then_some(())
    })
    .await;
    for (who, client) in [
        ("nobody", server.anonymous()),
        ("a suspended session", suspended),
        ("a suspended key", key),
        ("a program of somebody who is suspended", suspended_program),
        ("an expired key", expired),
    ] {
        for operation in documents.operations().iter().filter(|operation| operation.is_for_people) {
            let path = operation.path_with(|_| NOTHING.to_owned());
            let body = operation.body.as_ref().map(|schema| documents.example(schema));
            let answer = operation.ask(&client, &path, body.as_ref()).await;
            assert_eq!(answer.status, 401, "{who}: {} {path}: {answer:?}", operation.method);
            let problem: Value = answer.json();
            // The routes of OpenAI's protocol have its errors.
            let is_ours = path.starts_with("/api/");
            assert!(!is_ours || problem["type"] == "/problems/unauthenticated", "{who}: {path}");
        }
    }
}
