//! Model providers that administrators connect: what is stored is what every node has connected.

use std::sync::Arc;
use std::time::Duration;

use application::keyring::{Keyring, RootKey, RootKeys};
use application::providers::{
    ConnectedProviders, CreateProvider, DeleteProvider, GetProvider, ListProviders, TestProvider,
    UpdateProvider,
};
use application::{Code, Context, Error};
use domain::ports::{Ids as _, Journal as _, ProviderConnection, SecretKeys as _};
use domain::{
    Event, KeyPurpose, Provider, ProviderId, ProviderKey, ProviderName, Role, Version, Workspace,
    WorkspaceId, WorkspaceName,
};
use serde_json::{Value, json};
use testing::fakes::{RememberedConnections, ScriptedModel};

use crate::world::{Node, World, within};

const FELT_IN: Duration = Duration::from_secs(5);

/// A node, and what it has connected.
struct Observed {
    node: Node,
    connections: Arc<RememberedConnections>,
}

impl Observed {
    async fn new(world: &World) -> Self {
        let connections = Arc::new(RememberedConnections::default());
        let port = Arc::clone(&connections);
        let node = world.node_of(|ports, _| ports.provider_connections = port);
        ConnectedProviders::connect(&node.services).await.expect("the database answers");
        Self { node, connections }
    }

    fn connected(&self) -> Vec<ProviderConnection> {
        self.connections.all().pop().unwrap_or_default()
    }

    fn names(&self) -> Vec<String> {
        self.connected().iter().map(|it| it.name.to_string()).collect()
    }

    async fn create(&self, world: &World, name: &str) -> Value {
        let command = CreateProvider {
            name: ProviderName::new(name).expect("a name"),
            kind: "openai-compatible".to_owned(),
            base_url: Some("https://api.example.org/v1".to_owned()),
            api_key: Some(key("sk-one")),
            models: Vec::new(),
            enabled: None,
        };
        let reply = self.node.bus.send(&context(world), command).await.expect("it is in order");
        serde_json::from_str(reply.result.get()).expect("JSON")
    }

    async fn update(&self, world: &World, provider: &Value, change: Value) -> Result<Value, Error> {
        let mut parameters = change;
        parameters["provider_id"] = provider["id"].clone();
        let command: UpdateProvider = serde_json::from_value(parameters).expect("a command");
        let reply = self.node.bus.send(&context(world), command).await?;
        Ok(serde_json::from_str(reply.result.get()).expect("JSON"))
    }
}

/// Somebody who may manage providers.
fn context(world: &World) -> Context {
    let mut actor = (*world.actor()).clone();
    actor.role = Role::Admin;
    Context::new(Arc::new(actor), "request".into(), None)
}

fn key(text: &str) -> ProviderKey {
    ProviderKey::new(text).expect("a key")
}

fn id_of(provider: &Value) -> ProviderId {
    serde_json::from_value(provider["id"].clone()).expect("an id")
}

/// A provider that was stored by something else, with whatever for a key.
fn stored(world: &World, name: &str, sealed_api_key: Vec<u8>) -> Provider {
    let at = domain::Timestamp::from_micros(1_767_225_600_000_000);
    Provider {
        id: ProviderId::from_uuid(world.ids.uuid()),
        workspace_id: world.workspace_id,
        name: ProviderName::new(name).expect("a name"),
        kind: "openai".to_owned(),
        base_url: None,
        sealed_api_key: Some(sealed_api_key),
        models: Vec::new(),
        enabled: true,
        version: Version::FIRST,
        created_at: at,
        updated_at: at,
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_connected_at_one_node_is_connected_at_once_there_and_soon_at_the_others() {
    let world = World::new(1, ScriptedModel::answering("x")).await;
    let (here, there) = (Observed::new(&world).await, Observed::new(&world).await);
    let one = here.create(&world, "one").await;
    let two = here.create(&world, "two").await;
    assert_eq!(
        (here.names(), here.connected()[0].api_key.clone()),
        (vec!["one".into(), "two".into()], Some(key("sk-one")))
    );
    let felt =
        async |expected: &[&str]| within(FELT_IN, async || (there.names() == expected).then_some(())).await;
    felt(&["one", "two"]).await.expect("the other node hears of it");
    assert_eq!(there.connected(), here.connected());

    here.update(&world, &one, json!({ "enabled": false })).await.expect("it may be turned off");
    assert_eq!(here.names(), ["two"]);
    felt(&["two"]).await.expect("the other node hears of it");
    here.update(&world, &two, json!({ "api_key": "sk-two" })).await.expect("it may have another key");
    let command = DeleteProvider { provider_id: id_of(&one), expected_version: None };
    here.node.bus.send(&context(&world), command).await.expect("it may be deleted");
    within(FELT_IN, async || (there.connected()[0].api_key == Some(key("sk-two"))).then_some(()))
        .await
        .expect("the other node has the other key");

    let times = there.connections.all().len();
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(there.connections.all().len(), times, "nothing is connected again where nothing changes");
}

#[tokio::test(start_paused = true)]
async fn a_key_that_cannot_be_read_is_told_and_does_not_break_the_others() {
    let world = World::new(2, ScriptedModel::answering("x")).await;
    let here = Observed::new(&world).await;
    let good = here.create(&world, "good").await;
    let sealed_for_another =
        here.node.services.ports.providers.provider(id_of(&good)).await.expect("it is read");
    let sealed_for_another = sealed_for_another.and_then(|it| it.sealed_api_key).expect("a key");
    for (name, sealed) in [("damaged", vec![1; 80]), ("short", vec![1]), ("moved", sealed_for_another)] {
        let event = Event::ProviderCreated(stored(&world, name, sealed));
        here.node.storage.commit(world.unit(vec![event])).await.expect("it is stored");
    }
    ConnectedProviders::connect(&here.node.services).await.expect("the database answers");
    assert_eq!(here.names(), ["good"]);
    let listed = here.node.bus.ask(&context(&world), ListProviders {}).await.expect("a list");
    for provider in &listed {
        let is_told = provider.problem.as_ref().is_some_and(|problem| problem.contains("give it anew"));
        assert_eq!(is_told, provider.name != "good", "{provider:?}");
    }
    let damaged = listed.iter().find(|it| it.name == "damaged").and_then(|it| it.id).expect("an id");
    let test = here.node.bus.send(&context(&world), TestProvider { provider_id: damaged }).await;
    let answer: Value = serde_json::from_str(test.expect("an answer").result.get()).expect("JSON");
    assert_eq!((&answer["ok"], &answer["problem"]["code"]), (&json!(false), &json!("provider_unusable")));
    let anew = here.update(&world, &json!({ "id": damaged }), json!({ "api_key": "sk-new" })).await;
    assert_eq!(anew.expect("a new key")["problem"], Value::Null);
    assert_eq!(here.names(), ["damaged", "good"]);
}

#[tokio::test(start_paused = true)]
async fn a_key_goes_to_no_address_that_was_not_chosen_together_with_it() {
    let world = World::new(3, ScriptedModel::answering("x")).await;
    let here = Observed::new(&world).await;
    let provider = here.create(&world, "one").await;
    for change in [
        json!({ "base_url": "https://elsewhere.example.org/v1" }),
        json!({ "base_url": null }),
        json!({ "kind": "mistral" }),
        json!({ "kind": "openai", "base_url": null, "name": "other" }),
    ] {
        let error = here.update(&world, &provider, change.clone()).await.expect_err("the key is missing");
        let field = &error.problem().fields[0];
        assert_eq!((field.pointer.as_str(), field.code.as_str()), ("/api_key", "required"), "{change}");
    }
    assert_eq!(here.connected()[0].base_url.as_deref(), Some("https://api.example.org/v1"));
    let moved = json!({ "base_url": "https://elsewhere.example.org/v1", "api_key": "sk-for-elsewhere" });
    here.update(&world, &provider, moved).await.expect("the key comes with it");
    assert_eq!(here.connected()[0].api_key, Some(key("sk-for-elsewhere")));
    let without = json!({ "base_url": null, "kind": "openai", "api_key": null });
    assert_eq!(here.update(&world, &provider, without).await.expect("no key")["has_api_key"], false);
    // Without a key there is nothing to be sent elsewhere.
    let free = json!({ "base_url": "https://free.example.org/v1" });
    here.update(&world, &provider, free).await.expect("there is no key");
    assert_eq!(here.connected()[0].api_key, None);
}

#[tokio::test(start_paused = true)]
async fn other_workspaces_manage_no_providers() {
    let world = World::new(4, ScriptedModel::answering("x")).await;
    let here = Observed::new(&world).await;
    let provider = here.create(&world, "one").await;
    let other = Workspace {
        id: WorkspaceId::from_uuid(world.ids.uuid()),
        name: WorkspaceName::new("Other").expect("a name"),
        version: Version::FIRST,
        created_at: here.node.services.ports.clock.now(),
    };
    let mut actor = (*context(&world).actor).clone();
    actor.workspace_id = other.id;
    let mut unit = world.unit(vec![Event::WorkspaceCreated(other)]);
    unit.workspace_id = actor.workspace_id;
    here.node.storage.commit(unit).await.expect("it is founded");
    let context = Context::new(Arc::new(actor), "request".into(), None);
    let known = id_of(&provider);
    let unknown = ProviderId::from_uuid(world.ids.uuid());
    let bus = &here.node.bus;
    assert_eq!(bus.ask(&context, ListProviders {}).await.expect_err("a refusal").code(), Code::Forbidden);
    for provider_id in [known, unknown] {
        let refused = bus.ask(&context, GetProvider { provider_id }).await.expect_err("a refusal");
        assert_eq!(refused.code(), Code::NotFound);
        for refused in [
            bus.send(&context, TestProvider { provider_id }).await,
            bus.send(&context, DeleteProvider { provider_id, expected_version: None }).await,
        ] {
            assert_eq!(refused.expect_err("a refusal").code(), Code::NotFound);
        }
    }
    let made = bus.dispatch(&context, "provider.create", json!({ "name": "mine", "kind": "openai" })).await;
    assert_eq!(made.expect("a command").expect_err("a refusal").code(), Code::Forbidden);
    assert_eq!(here.names(), ["one"]);
}

#[tokio::test(start_paused = true)]
async fn keys_are_read_that_another_process_has_encrypted_with_a_newer_key() {
    let world = World::new(5, ScriptedModel::answering("x")).await;
    let here = Observed::new(&world).await;
    let (storage, ports) = (&here.node.storage, &here.node.services.ports);
    let roots = RootKeys { current: RootKey::from_secret("the tests' own secret"), previous: Vec::new() };
    let newer = roots.fresh(KeyPurpose::Sealing, &*ports.clock, &*ports.ids);
    let rotated = Event::SecretKeysRotated { rewrapped: Vec::new(), replaced: vec![newer] };
    storage.commit(world.unit(vec![rotated])).await.expect("it is replaced");
    let keys = storage.secret_keys().await.expect("they are read");
    let elsewhere = Keyring::of(&keys, &roots).expect("they are in order");
    let mut provider = stored(&world, "newer", Vec::new());
    let about = format!("provider {}", provider.id);
    provider.sealed_api_key = Some(elsewhere.seal(b"sk-newer", &about, &*ports.ids));
    storage.commit(world.unit(vec![Event::ProviderCreated(provider)])).await.expect("it is stored");
    ConnectedProviders::connect(&here.node.services).await.expect("the database answers");
    assert_eq!(here.connected()[0].api_key, Some(key("sk-newer")));
}
