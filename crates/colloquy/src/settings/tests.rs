use std::fs;

use tempfile::TempDir;

use super::*;

/// A folder with a file of settings, an environment and arguments.
struct Case {
    folder: TempDir,
    sources: Sources,
}

impl Case {
    fn new(environment: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().expect("the tests have a place for files");
        let environment = environment.iter().map(|(name, value)| (name.into(), value.into())).collect();
        let sources =
            Sources { working_directory: folder.path().to_owned(), environment, ..Sources::default() };
        Self { folder, sources }
    }

    fn file(self, name: &str, text: &str) -> Self {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().expect("the file is in a folder")).expect("the folder is writable");
        fs::write(path, text).expect("the folder is writable");
        self
    }

    fn argument(mut self, name: &str, setting: &str, value: &str) -> Self {
        let (name, setting, value) = (name.to_owned(), setting.to_owned(), value.to_owned());
        self.sources.arguments.push(Argument { name, setting, value });
        self
    }

    fn load(self) -> Loaded {
        self.sources.load().expect("the settings are right")
    }

    fn problems(self) -> String {
        self.sources.load().expect_err("the settings are wrong").to_string()
    }
}

#[test]
fn each_layer_overrides_the_one_below_and_every_value_knows_its_origin() {
    let loaded =
        Case::new(&[("COLLOQUY_SERVER__MAX_BODY_BYTES", "4096"), ("COLLOQUY_APPLICATION__TITLES", "false")])
            .file("config/a.toml", "[server]\nmax_body_bytes = 2048\nworkers = 3\nlisten = \"127.0.0.1:1\"\n")
            .file("config/b.toml", "\n\n[server]\nworkers = 5\n")
            .argument("--listen", "server.listen", "127.0.0.1:9")
            .load();
    let server = &loaded.settings.server;
    assert_eq!(
        (server.listen.port(), server.workers, server.max_body_bytes, server.header_timeout_ms),
        (9, 5, 4096, 5_000)
    );
    assert!(!loaded.settings.application.titles);
    let origin = |setting: &str| loaded.origin(setting).to_string();
    assert_eq!(origin("server.listen"), "--listen");
    assert_eq!(origin("server.max_body_bytes"), "COLLOQUY_SERVER__MAX_BODY_BYTES");
    assert_eq!(origin("server.workers"), "config/b.toml:4");
    assert_eq!(origin("server.header_timeout_ms"), "default");
}

#[test]
fn a_named_file_stands_in_place_of_the_usual_ones() {
    let mut case = Case::new(&[])
        .file("config/a.toml", "[server]\nworkers = 3\n")
        .file("other.toml", "data_dir = \"elsewhere\"\n");
    case.sources.files.push("other.toml".into());
    let loaded = case.load();
    assert_eq!(loaded.settings.server.workers, 0);
    assert_eq!(loaded.settings.database.url, "sqlite://elsewhere/colloquy.db");
}

#[test]
fn the_database_is_in_the_data_directory_unless_it_is_named() {
    let url = |environment: &[(&str, &str)]| Case::new(environment).load().settings.database.url;
    assert_eq!(url(&[]), "sqlite://data/colloquy.db");
    assert_eq!(url(&[("COLLOQUY_DATA_DIR", "/srv/c/")]), "sqlite:///srv/c/colloquy.db");
    assert_eq!(
        url(&[("COLLOQUY_DATA_DIR", "/srv/c"), ("COLLOQUY_DATABASE__URL", "sqlite://x.db")]),
        "sqlite://x.db"
    );
}

#[test]
fn providers_come_from_the_environment_with_keys_from_files() {
    let case = Case::new(&[]).file("key", "sk-a-real-secret\n");
    let key = case.folder.path().join("key").display().to_string();
    let mut case =
        case.file("config/own.toml", "[providers.lm-studio]\nkind = \"openai\"\napi_key = \"sk-old\"\n");
    for (name, value) in [
        ("COLLOQUY_PROVIDERS__LM_STUDIO__KIND", "openai-compatible"),
        ("COLLOQUY_PROVIDERS__LM_STUDIO__BASE_URL", "http://127.0.0.1:9/v1"),
        ("COLLOQUY_PROVIDERS__LM_STUDIO__MODELS", "small, large"),
        ("COLLOQUY_PROVIDERS__LM_STUDIO__API_KEY_FILE", &key),
        ("COLLOQUY_PROVIDERS__MOCK__KIND", "openai"),
        ("COLLOQUY_PROVIDERS__MOCK__API_KEY", "12345678"),
    ] {
        case.sources.environment.push((name.into(), value.into()));
    }
    let loaded = case.load();
    let names: Vec<&String> = loaded.settings.providers.keys().collect();
    assert_eq!(names, ["lm-studio", "mock"]);
    let provider = &loaded.settings.providers["lm-studio"];
    assert_eq!(provider.models, ["small", "large"]);
    let key_of =
        |name: &str| loaded.settings.providers[name].api_key.as_ref().map(|key| key.expose().to_owned());
    assert_eq!(key_of("lm-studio").as_deref(), Some("sk-a-real-secret"));
    assert_eq!(key_of("mock").as_deref(), Some("12345678"));
    let shown = loaded.show();
    assert!(!shown.contains("sk-") && !shown.contains("12345678"), "{shown}");
}

#[test]
fn every_problem_is_told_at_once_with_its_setting_and_its_origin() {
    let told = Case::new(&[
        ("COLLOQUY_SEVER__LISTEN", "127.0.0.1:0"),
        ("COLLOQUY_SERVER__WORKERS", "many"),
        ("COLLOQUY_APPLICATION__TITLES", "maybe"),
        ("COLLOQUY_DATABASE__URL", "mysql://ada:hunter2@localhost/colloquy"),
        ("COLLOQUY_REDIS__URL", "redis:/ada:hunter2@localhost"),
        ("COLLOQUY_OWNER_EMAIL", "nobody"),
        ("COLLOQUY_PROVIDERS__ONE__KIND", "opnai"),
        ("COLLOQUY_PROVIDERS__TWO__BASE_URL", "http://localhost/v1"),
        ("COLLOQUY_PROVIDERS__THREE__KIND", "openai-compatible"),
        ("COLLOQUY_PROVIDERS__FOUR__KIND", "openai"),
        ("COLLOQUY_PROVIDERS__FOUR__API_KEY_FILE", "/nowhere/key"),
        ("COLLOQUY_TELEMETRY__FORMAT", "xml"),
    ])
    .file(
        "config/own.toml",
        "[server]\nlisten = \"here\"\nmax_body_byte = 1\n[application]\nmax_runs = 0\n[database]\nreaders = 300\n\
         [models.retry]\nattempts = 9\n[providers.four]\napi_key = 7\n",
    )
    .argument("--set server.keep_alive_seconds", "server.keep_alive_seconds", "0")
    .problems();
    insta::assert_snapshot!(told, @r#"
    providers.four.api_key (COLLOQUY_PROVIDERS__FOUR__API_KEY_FILE): /nowhere/key cannot be read: No such file or directory (os error 2)
    application.titles (COLLOQUY_APPLICATION__TITLES): must be true or false, but is "maybe"
    database.readers (config/own.toml:7): must be a smaller number, but is 300
    providers.one.kind (COLLOQUY_PROVIDERS__ONE__KIND): must be one of openai, openai-compatible, ollama, mistral, but is "opnai"; did you mean openai?
    providers.two (COLLOQUY_PROVIDERS__TWO__BASE_URL): the setting `kind` is missing
    server.listen (config/own.toml:2): must be an address and a port, such as 127.0.0.1:8080
    server.max_body_byte (config/own.toml:3): there is no such setting; did you mean max_body_bytes?
    server.workers (COLLOQUY_SERVER__WORKERS): must be a whole number, but is "many"
    sever (COLLOQUY_SEVER__LISTEN): there is no such setting; did you mean server?
    telemetry.format (COLLOQUY_TELEMETRY__FORMAT): must be one of auto, json, pretty, but is "xml"
    owner.email (COLLOQUY_OWNER_EMAIL): must be an e-mail address
    owner.email (COLLOQUY_OWNER_EMAIL): needs owner.password_file (COLLOQUY_OWNER_PASSWORD_FILE) as well
    server.keep_alive_seconds (--set server.keep_alive_seconds): must be between 1 and 3600
    database.url (COLLOQUY_DATABASE__URL): must begin with sqlite:// or postgres://, such as sqlite://data/colloquy.db or postgres://colloquy@localhost/colloquy
    providers.three.base_url: is missing; set COLLOQUY_PROVIDERS__THREE__BASE_URL
    models.retry.attempts (config/own.toml:9): must be at most 2
    application.max_runs (config/own.toml:5): must be from 1 to 100000
    redis.url (COLLOQUY_REDIS__URL): must begin with redis:// or rediss://, such as redis://127.0.0.1:6379
    "#);
}

#[test]
fn a_setting_of_the_other_database_is_told() {
    let told = |url: &str| {
        Case::new(&[
            ("COLLOQUY_DATABASE__URL", url),
            ("COLLOQUY_DATABASE__READERS", "3"),
            ("COLLOQUY_DATABASE__POOL", "7"),
        ])
        .problems()
    };
    insta::assert_snapshot!(told("sqlite://x.db"), @"database.pool (COLLOQUY_DATABASE__POOL): is about Postgres, but database.url names a database of SQLite; leave one of them out");
    insta::assert_snapshot!(told("postgresql://localhost/x"), @"database.readers (COLLOQUY_DATABASE__READERS): is about SQLite, but database.url names a database of Postgres; leave one of them out");
}

#[test]
fn addresses_with_passwords_come_from_files_and_are_shown_without() {
    let case = Case::new(&[])
        .file("database", "postgres://ada:hunter2@db:5433/colloquy?sslmode=require\n")
        .file("redis", "redis://:hunter2@cache:6379/1\n");
    let path = |name: &str| case.folder.path().join(name).display().to_string();
    let variables = [
        ("COLLOQUY_DATABASE__URL_FILE", path("database")),
        ("COLLOQUY_DATABASE__READ_URL_FILE", path("database")),
        ("COLLOQUY_REDIS__URL_FILE", path("redis")),
    ];
    let mut case = case;
    case.sources.environment = variables.map(|(name, value)| (name.into(), value.into())).to_vec();
    let loaded = case.load();
    let settings = &loaded.settings;
    assert_eq!(settings.database.url, "postgres://ada:hunter2@db:5433/colloquy?sslmode=require");
    assert_eq!(settings.database.read_url.as_deref(), Some(settings.database.url.as_str()));
    assert_eq!(settings.redis.url.as_deref(), Some("redis://:hunter2@cache:6379/1"));
    let shown = loaded.show();
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(shown.contains("postgres://ada:********@db:5433/colloquy"), "{shown}");
    assert!(shown.contains("pool = 16") && !shown.contains("cache_kib"), "{shown}");
    assert!(!format!("{settings:?}").contains("hunter2"), "secrets are not printed");
}

#[test]
fn a_file_that_is_not_there_is_told() {
    let mut case = Case::new(&[]);
    case.sources.files.push("missing.toml".into());
    assert!(case.problems().starts_with("the file missing.toml cannot be read: "));
}

#[test]
fn what_is_shown_is_toml_that_gives_the_same_settings() {
    let environment = [("COLLOQUY_PROVIDERS__ONE__KIND", "openai"), ("COLLOQUY_DATA_DIR", "/srv")];
    let first = Case::new(&environment).load().show();
    let again = Case::new(&[]).file("config/shown.toml", &first).load().show();
    let without_origins = |shown: &str| {
        shown
            .lines()
            .map(|line| line.rsplit_once("  # ").map_or(line, |(line, _)| line).trim_end().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(without_origins(&first), without_origins(&again));
}

#[test]
fn the_effective_settings_are_shown_with_their_origins() {
    let shown = Case::new(&[("COLLOQUY_SERVER__LISTEN", "127.0.0.1:0")]).load().show();
    let server: Vec<&str> = shown
        .lines()
        .skip_while(|line| *line != "[server]")
        .take_while(|line| !line.is_empty())
        .take(3)
        .collect();
    insta::assert_snapshot!(server.join("\n"), @r#"
    [server]
    listen = "127.0.0.1:0"         # COLLOQUY_SERVER__LISTEN
    workers = 0                    # default
    "#);
}

/// The documented file with every setting that it shows switched on.
fn documented() -> String {
    let text = include_str!("../../../../config/default.toml");
    let is_setting = |line: &str| {
        line.strip_prefix('#')
            .is_some_and(|rest| rest.starts_with('[') || rest.starts_with(char::is_alphabetic))
    };
    let lines = text.lines().map(|line| if is_setting(line) { &line[1..] } else { line });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_documented_file_shows_every_setting_at_its_default() {
    let loaded = Case::new(&[]).file("config/default.toml", &documented()).load();
    let values = |settings: &Settings| serde_json::to_value(settings).expect("settings are plain values");
    let mut shown = loaded.settings.clone();
    shown.providers.clear();
    shown.owner = OwnerSettings::default();
    assert_eq!(values(&shown), values(&Settings::default()));
    let (shown, text) = (loaded.show(), include_str!("../../../../config/default.toml"));
    let is_unsaid = |line: &&str| {
        let example = line.strip_prefix("# ").and_then(|rest| rest.split(" =").next());
        line.ends_with("# default") && example.is_none_or(|key| !text.contains(&format!(": {key} = ")))
    };
    let with_postgres = [("COLLOQUY_DATABASE__URL", "postgres://localhost/colloquy")];
    let with_postgres = Case::new(&with_postgres).file("config/default.toml", &documented()).load().show();
    let unsaid: Vec<&str> = shown.lines().chain(with_postgres.lines()).filter(is_unsaid).collect();
    assert_eq!(unsaid, [""; 0], "these settings are not documented");
}

#[test]
fn an_address_without_its_scheme_is_told_how_it_begins() {
    for address in ["chat.example.org", "chat.example.org:8443"] {
        let problems = Case::new(&[("COLLOQUY_SERVER__PUBLIC_URL", address)]).problems();
        assert!(problems.contains("server.public_url") && problems.contains("https://"), "{problems}");
        assert!(!problems.contains("relative URL"), "{problems}");
    }
}

#[test]
fn a_password_that_was_not_escaped_is_not_told() {
    for secret in ["SEC@RETXX", "SE@C/RETXX", "SE?CRETXX"] {
        let database = format!("postgres://colloquy:{secret}@127.0.0.1:25432/colloquy");
        let redis = format!("redis://:{secret}@127.0.0.1:6379/0");
        let problems = Case::new(&[
            ("COLLOQUY_DATABASE__URL", &database),
            ("COLLOQUY_DATABASE__READ_URL", &database),
            ("COLLOQUY_REDIS__URL", &redis),
        ])
        .problems();
        assert_eq!(problems.matches("%40").count(), 3, "{problems}");
        assert!(!["RET", "XX", "127.0.0.1"].iter().any(|part| problems.contains(part)), "{problems}");
    }
}
