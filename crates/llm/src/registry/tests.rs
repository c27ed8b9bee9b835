use domain::ports::{ProviderConnection, ProviderConnections as _, ProviderError};
use domain::{ProviderId, ProviderKey, ProviderName};
use testing::contracts::chat_model::question;
use testing::fakes::ScriptedModel;
use testing::upstream::{Script, Upstream};

use super::*;
use crate::local::Server;
use crate::{ProviderKind, ProviderSettings};

fn settings(base_url: &str, models: &[&str]) -> ProviderSettings {
    ProviderSettings {
        base_url: Some(base_url.to_owned()),
        models: models.iter().map(|&model| model.to_owned()).collect(),
        ..ProviderSettings::new(ProviderKind::OpenaiCompatible)
    }
}

fn registry(providers: &[(&str, ProviderSettings)], candidates: Vec<Candidate>) -> Registry {
    let providers = providers.iter().map(|(name, settings)| ((*name).to_owned(), settings.clone())).collect();
    let builtin = Arc::new(ScriptedModel::answering("recall"));
    let mut registry =
        Registry::new(&providers, &ModelsSettings::default(), builtin, Connected::default(), guard(&[]))
            .expect("the settings are right");
    registry.candidates = candidates;
    registry.patience = Duration::from_secs(10);
    registry
}

fn names(registry: &Registry) -> Vec<String> {
    registry.list().iter().map(|model| model.name.to_string()).collect()
}

fn resolves(registry: &Registry, name: &str) -> bool {
    registry.resolve(&ModelName::new(name).expect("the text is a name")).is_ok()
}

#[tokio::test]
async fn a_provider_tells_its_models_and_one_with_configured_models_is_not_asked() {
    let (told, fixed) = (Upstream::start().await, Upstream::start().await);
    told.offer(&["b", "text-embedding-3-small", "a"], "x");
    let registry = registry(
        &[("told", settings(&told.base_url(), &[])), ("fixed", settings(&fixed.base_url(), &["m"]))],
        vec![],
    );
    assert_eq!(names(&registry), ["fixed/m", "builtin/recall"]);
    assert!(resolves(&registry, "told/anything"), "before anything is known");
    registry.refresh(None).await;
    assert_eq!(names(&registry), ["fixed/m", "told/b", "told/a", "builtin/recall"]);
    assert_eq!(registry.default_model().name.as_str(), "fixed/m");
    assert_eq!(fixed.counts().requests, 0);
    assert!(!resolves(&registry, "fixed/other"));
}

#[tokio::test]
async fn a_provider_that_is_down_at_the_start_appears_later_and_stays_when_it_goes() {
    let gone = Upstream::start().await;
    let address = gone.address();
    let registry = registry(&[("late", settings(&gone.base_url(), &[]))], vec![]);
    drop(gone);
    registry.refresh(None).await;
    assert_eq!(names(&registry), ["builtin/recall"]);
    let back = Upstream::start_at(address).await.expect("the port is free again");
    registry.refresh(None).await;
    assert_eq!(names(&registry), ["late/echo", "builtin/recall"]);
    drop(back);
    registry.refresh(None).await;
    assert_eq!(names(&registry), ["late/echo", "builtin/recall"]);
}

#[tokio::test]
async fn a_provider_that_hangs_does_not_hold_up_the_others() {
    let (hanging, quick) = (Upstream::start().await, Upstream::start().await);
    let mute = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
    let address = mute.local_addr().expect("a bound listener has an address");
    drop(hanging);
    let registry = registry(
        &[
            ("hanging", settings(&format!("http://{address}/v1"), &[])),
            ("quick", settings(&quick.base_url(), &[])),
        ],
        vec![],
    );
    let appeared = async {
        while names(&registry).len() < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = registry.keep_fresh(None) => unreachable!("it goes on for ever"),
        appeared = tokio::time::timeout(Duration::from_secs(10), appeared) => {
            assert!(appeared.is_ok(), "the quick provider did not appear");
        }
    }
}

#[tokio::test]
async fn a_server_on_this_machine_comes_and_goes() {
    let upstream = Upstream::start().await;
    upstream.offer(&["m"], "llamacpp");
    let here = Candidate { name: "llamacpp", address: upstream.address(), server: Server::LlamaCpp };
    let registry = registry(&[], vec![here]);
    registry.refresh(None).await;
    assert_eq!(names(&registry), ["llamacpp/m", "builtin/recall"]);
    upstream.script("m", Script::answer("hello from here"));
    let model = registry.default_model();
    let question = domain::ports::CompletionRequest { model: model.provider_model.clone(), ..question() };
    let answer = model.chat.complete(question).await.expect("it answers");
    assert_eq!(answer.parts, [domain::Part::text("hello from here")]);
    drop(upstream);
    registry.refresh(None).await;
    assert_eq!(names(&registry), ["builtin/recall"]);
}

#[tokio::test]
async fn this_server_and_configured_ones_are_not_found_again() {
    let upstream = Upstream::start().await;
    upstream.offer(&["m"], "llamacpp");
    let here = Candidate { name: "llamacpp", address: upstream.address(), server: Server::LlamaCpp };
    let alone = registry(&[], vec![here.clone()]);
    alone.refresh(Some(upstream.address())).await;
    alone.refresh(Some(SocketAddr::from(([0, 0, 0, 0], upstream.address().port())))).await;
    assert_eq!(upstream.counts().requests, 0);

    for name in ["llamacpp", "mine"] {
        let registry = registry(&[(name, settings(&upstream.base_url(), &[]))], vec![here.clone()]);
        registry.refresh(None).await;
        assert_eq!(names(&registry), [format!("{name}/m"), "builtin/recall".to_owned()]);
    }
}

#[test]
fn wrong_settings_are_told_by_their_names() {
    let providers = [("a".to_owned(), ProviderSettings::new(ProviderKind::Anthropic))].into();
    let builtin = Arc::new(ScriptedModel::answering("recall"));
    let problems =
        Registry::new(&providers, &ModelsSettings::default(), builtin, Connected::default(), guard(&[]))
            .err();
    let problems = problems.expect("the kind is not served");
    assert_eq!(problems[0].setting, "COLLOQUY_PROVIDERS__A__KIND");
}

fn guard(allowed: &[&str]) -> Guard {
    let allowed_hosts = allowed.iter().map(|&host| host.to_owned()).collect();
    Guard::new(&outbound::Settings { allowed_hosts }).expect("the settings are right")
}

/// As an administrator of a server would connect it whose operator allows this machine.
fn allowing(mut registry: Registry) -> Registry {
    registry.guard = guard(&["127.0.0.1"]);
    registry
}

fn connection(number: u128, name: &str, base_url: &str) -> ProviderConnection {
    ProviderConnection {
        id: ProviderId::from_uuid(uuid::Uuid::from_u128(number)),
        name: ProviderName::new(name).expect("the text is a name"),
        kind: "openai-compatible".to_owned(),
        base_url: Some(base_url.to_owned()),
        api_key: Some(ProviderKey::new("sk-of-an-administrator").expect("the text is a key")),
        models: Vec::new(),
    }
}

#[tokio::test]
async fn providers_come_change_and_go_and_what_did_not_change_stays() {
    let (one, other) = (Upstream::start().await, Upstream::start().await);
    one.offer(&["a"], "x");
    other.offer(&["b"], "x");
    let registry = allowing(registry(&[], vec![]));
    let (first, second) = (connection(1, "one", &one.base_url()), connection(2, "two", &other.base_url()));
    assert_eq!(registry.connect(vec![first.clone()]), []);
    assert!(resolves(&registry, "one/anything"), "before anything is known");
    registry.refresh(None).await;
    assert_eq!(names(&registry), ["one/a", "builtin/recall"]);
    let chat = registry.default_model().chat;

    assert_eq!(registry.connect(vec![first.clone(), second.clone()]), []);
    assert!(Arc::ptr_eq(&chat, &registry.default_model().chat), "it did not change");
    registry.refresh(None).await;
    assert_eq!(names(&registry), ["one/a", "two/b", "builtin/recall"]);

    let renamed = ProviderConnection { name: ProviderName::new("uno").expect("a name"), ..first };
    assert_eq!(registry.connect(vec![renamed, second.clone()]), []);
    assert_eq!(names(&registry), ["two/b", "uno/a", "builtin/recall"], "its address is the same");
    assert!(!resolves(&registry, "one/a"));
    let question = domain::ports::CompletionRequest { model: "a".to_owned(), ..question() };
    one.script("a", Script::answer("still there"));
    chat.complete(question).await.expect("whoever asks it still gets an answer");

    assert_eq!(registry.connect(vec![second]), []);
    assert_eq!(names(&registry), ["two/b", "builtin/recall"]);
    assert_eq!(registry.connect(vec![]), []);
    assert_eq!(names(&registry), ["builtin/recall"]);
}

#[tokio::test]
async fn a_new_provider_is_asked_for_its_models_at_once() {
    let upstream = Upstream::start().await;
    upstream.offer(&["a"], "x");
    let registry = allowing(registry(&[("fixed", settings("http://127.0.0.1:9/v1", &["m"]))], vec![]));
    let appeared = async {
        tokio::task::yield_now().await;
        registry.connect(vec![connection(1, "new", &upstream.base_url())]);
        while names(&registry).len() < 3 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        () = registry.keep_fresh(None) => unreachable!("it goes on for ever"),
        appeared = tokio::time::timeout(Duration::from_secs(9), appeared) => {
            assert!(appeared.is_ok(), "it did not appear before it would have been asked anyhow");
        }
    }
}

#[tokio::test]
async fn one_that_cannot_be_used_is_told_and_does_not_break_the_others() {
    let upstream = Upstream::start().await;
    let registry = allowing(registry(&[("fixed", settings("http://127.0.0.1:9/v1", &["m"]))], vec![]));
    let good = connection(1, "good", &upstream.base_url());
    let with = |number, name: &str, change: fn(&mut ProviderConnection)| {
        let mut connection = connection(number, name, &upstream.base_url());
        change(&mut connection);
        connection
    };
    let refused = registry.connect(vec![
        with(2, "fixed", |_| {}),
        with(3, "builtin", |_| {}),
        with(4, "kind", |it| it.kind = "telepathy".to_owned()),
        with(5, "unserved", |it| it.kind = "anthropic".to_owned()),
        with(6, "private", |it| it.base_url = Some("http://10.0.0.1/v1".to_owned())),
        with(7, "nowhere", |it| it.base_url = None),
        with(8, "query", |it| it.base_url = Some("https://host/v1?x=1".to_owned())),
        good,
    ]);
    let fields: Vec<_> = refused.iter().map(|(id, problem)| (id.uuid().as_u128(), problem.field)).collect();
    let expected = [
        (2, "name"),
        (3, "name"),
        (4, "kind"),
        (5, "kind"),
        (6, "base_url"),
        (7, "base_url"),
        (8, "base_url"),
    ];
    assert_eq!(fields, expected, "{refused:?}");
    registry.refresh(None).await;
    assert_eq!(names(&registry), ["fixed/m", "good/echo", "builtin/recall"]);
}

#[tokio::test]
async fn an_administrator_reaches_this_machine_only_where_the_operator_allows_it() {
    let upstream = Upstream::start().await;
    let connection = connection(1, "here", &upstream.base_url());
    let closed = registry(&[], vec![]);
    let problem = &closed.problems(&connection)[0];
    assert!(problem.field == "base_url" && problem.problem.contains("outbound.allowed_hosts"), "{problem:?}");
    assert!(closed.list_models(&connection).await.is_err());
    assert_eq!(closed.connect(vec![connection.clone()]).len(), 1);
    assert!(!resolves(&closed, "here/echo"));
    assert_eq!(upstream.counts().requests, 0);

    let open = allowing(registry(&[], vec![]));
    assert_eq!(open.problems(&connection), []);
    assert_eq!(open.list_models(&connection).await.expect("it answers"), ["echo"]);
}

#[tokio::test]
async fn a_name_is_judged_by_where_it_leads_when_it_is_connected_to() {
    struct ToThisMachine;
    impl outbound::Lookup for ToThisMachine {
        fn look_up(&self, _: &str) -> outbound::Looked {
            Box::pin(std::future::ready(Ok(vec![IpAddr::from([127, 0, 0, 1])])))
        }
    }
    let upstream = Upstream::start().await;
    let url = format!("http://model.example.org:{}/v1", upstream.address().port());
    let connection = connection(1, "named", &url);
    let mut registry = registry(&[], vec![]);
    registry.guard = Guard::looking_up_with(&outbound::Settings::default(), Arc::new(ToThisMachine))
        .expect("the settings are right");
    assert_eq!(registry.connect(vec![connection.clone()]), [], "a name may be tried");
    let error = registry.list_models(&connection).await.expect_err("it is refused");
    let ProviderError::Unreachable(source) = &error else { panic!("{error:?}") };
    assert!(outbound::Refusal::behind(&**source).is_some(), "{source:?}");
    let model = registry.resolve(&ModelName::new("named/echo").expect("a name")).expect("it is connected");
    assert!(matches!(model.chat.complete(question()).await, Err(ProviderError::Unreachable(_))));
    assert_eq!(upstream.counts().requests, 0);
}
