//! Settings: every problem at once, no secret shown, nothing unknown swallowed.

use super::run;
use crate::harness::{Folder, Server};

#[tokio::test]
async fn config_check_tells_every_problem_at_once_with_its_setting_and_origin() {
    let folder = Folder::without_database();
    std::fs::create_dir(folder.path().join("config")).expect("a folder");
    let file = "[server]\nlisten = \"nowhere\"\ncolour = \"red\"\n\n[database]\nreaders = 0\n";
    std::fs::write(folder.path().join("config/local.toml"), file).expect("a file");
    let builder = Server::builder()
        .without_owner()
        .env("COLLOQUY_SERVER__LISTEN", "")
        .env("COLLOQUY_SERVER__WEBSOCKET__PING_SECONDS", "0")
        .env("COLLOQUY_SERVER__MAX_BODY_BITES", "7")
        .env("COLLOQUY_LISTEN", "127.0.0.1:1")
        .env("COLLOQUY_OWNER_EMAIL", "not an address")
        .env("COLLOQUY_PROVIDERS__MOCK__KIND", "telepathy")
        .env("COLLOQUY_TELEMETRY__FILTER", "a=b=c")
        .env("COLLOQUY_REDIS__URL", "http://localhost");
    let checked = run(&builder, &folder, &["config", "check"]).await;
    assert_eq!(checked.code, 78, "{checked:?}");
    let told = format!("{}{}", checked.printed, checked.complained);
    for named in [
        "server.listen",
        "server.colour",
        "database.readers",
        "server.websocket.ping_seconds",
        "server.max_body_bites",
        "COLLOQUY_LISTEN",
        "owner.email",
        "providers.mock.kind",
        "telemetry.filter",
        "redis.url",
        "COLLOQUY_SERVER__MAX_BODY_BITES",
        "local.toml",
    ] {
        assert!(told.contains(named), "{named} is missing in:\n{told}");
    }
    let served = run(&builder, &folder, &["serve"]).await;
    assert_eq!(served.code, 78, "{served:?}");
    assert!(served.complained.contains("server.colour"), "{served:?}");
    assert!(!folder.path().join("data").exists(), "nothing was made");

    let right = Server::builder().without_owner();
    let folder = Folder::without_database();
    assert_eq!(run(&right, &folder, &["config", "check"]).await.code, 0);
}

#[tokio::test]
async fn config_show_masks_secrets_and_says_where_each_value_came_from() {
    let folder = Folder::without_database();
    std::fs::write(folder.path().join("key"), "sk-from-a-file-1234567890").expect("a file");
    std::fs::create_dir(folder.path().join("config")).expect("a folder");
    let file = "[server]\nworkers = 3\nkeep_alive_seconds = 5\n";
    std::fs::write(folder.path().join("config/local.toml"), file).expect("a file");
    let builder = Server::builder()
        .without_owner()
        .env("COLLOQUY_PROVIDERS__ONE__KIND", "openai")
        .env("COLLOQUY_PROVIDERS__ONE__API_KEY", "sk-from-the-environment-1234567890")
        .env("COLLOQUY_PROVIDERS__TWO__KIND", "openai")
        .env("COLLOQUY_PROVIDERS__TWO__API_KEY_FILE", "key")
        .env("COLLOQUY_SERVER__KEEP_ALIVE_SECONDS", "6");
    let set = ["config", "show", "--set", "server.shutdown_seconds=9"];
    let shown = run(&builder, &folder, &set).await;
    assert_eq!(shown.code, 0, "{shown:?}");
    let printed = &shown.printed;
    assert!(!printed.contains("sk-from"), "{printed}");
    let line = |key: &str| {
        printed.lines().find(|line| line.starts_with(key)).unwrap_or_else(|| panic!("{key} in\n{printed}"))
    };
    for (key, value, origin) in [
        ("workers", "3", "local.toml"),
        ("keep_alive_seconds", "6", "COLLOQUY_SERVER__KEEP_ALIVE_SECONDS"),
        ("shutdown_seconds", "9", "--set"),
        ("max_body_bytes", "1048576", "default"),
    ] {
        let line = line(key);
        assert!(line.contains(&format!("= {value}")) && line.contains(origin), "{line}");
    }
    assert_eq!(printed.matches("api_key = \"********\"").count(), 2, "{printed}");
}
