//! A server that cannot be used is refused in words that say what to do.

use std::net::TcpListener;

use cache::{CheckError, MINIMUM_VERSION, RedisSettings, check};
use testing::servers::{RedisOptions, RedisServer};

use crate::support::{database, server};

async fn refusal(url: &str) -> (CheckError, String) {
    let error = check(&RedisSettings::at(url)).await.expect_err("refused");
    let words = error.to_string();
    assert!(words.starts_with("redis.url"), "{words}");
    assert!(!words.contains("hunter2"), "{words}");
    (error, words)
}

async fn locked_server() -> RedisServer {
    let options = RedisOptions { password: Some("hunter2".into()), ..RedisOptions::default() };
    RedisServer::start(options).await.expect("Redis starts")
}

#[tokio::test]
async fn a_usable_server_tells_its_version() {
    let version = check(&RedisSettings::at(&database())).await.expect("usable");
    let major: u32 = version.split('.').next().and_then(|major| major.parse().ok()).expect("a number");
    assert!(major >= MINIMUM_VERSION.0);
    let locked = locked_server().await;
    check(&RedisSettings::at(&locked.url())).await.expect("usable with the password");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told() {
    let (error, words) = refusal("redis://:hunter2@127.0.0.1:1").await;
    assert!(matches!(error, CheckError::Unreachable { .. }), "{error:?}");
    assert!(words.contains("127.0.0.1:1"), "{words}");
    let (error, _) = refusal("redis://no-such-host.invalid").await;
    assert!(matches!(error, CheckError::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
async fn a_server_that_is_silent_is_told() {
    let frozen = server().await;
    frozen.freeze().expect("frozen");
    let (error, words) = refusal(&frozen.url()).await;
    frozen.thaw().expect("thawed");
    assert!(matches!(error, CheckError::Unreachable { .. }), "{error:?}");
    assert!(words.contains("does not answer"), "{words}");
}

#[tokio::test]
async fn a_password_that_is_missing_or_wrong_is_told() {
    let locked = locked_server().await;
    let place = format!("127.0.0.1:{}", locked.port());
    let (error, _) = refusal(&format!("redis://{place}")).await;
    assert!(matches!(error, CheckError::PasswordMissing { .. }), "{error:?}");
    let (error, _) = refusal(&format!("redis://:wrong-hunter2@{place}")).await;
    assert!(matches!(error, CheckError::PasswordWrong { .. }), "{error:?}");
    let (error, _) = refusal(&format!("redis://ada:hunter2@{place}")).await;
    assert!(matches!(error, CheckError::PasswordWrong { .. }), "{error:?}");
}

#[tokio::test]
async fn what_may_not_be_written_is_told() {
    let options = RedisOptions {
        settings: vec![("replicaof".into(), "127.0.0.1 1".into())],
        ..RedisOptions::default()
    };
    let replica = RedisServer::start(options).await.expect("Redis starts");
    let (error, _) = refusal(&replica.url()).await;
    assert!(matches!(error, CheckError::Unusable { .. }), "{error:?}");
    let (error, _) = refusal(&format!("redis://127.0.0.1:{}/99999", replica.port())).await;
    assert!(matches!(error, CheckError::Unusable { .. }), "{error:?}");
}

/// A server of another kind, or an old one, which knows no `HELLO`.
#[tokio::test]
async fn a_server_that_is_too_old_is_told() {
    use std::io::{Read as _, Write as _};

    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept()?;
        let mut asked = [0; 1024];
        let _ = stream.read(&mut asked)?;
        for _ in 0..4 {
            stream.write_all(b"-ERR unknown command `HELLO`, with args beginning with: `3`\r\n")?;
        }
        let _ = stream.read(&mut asked)?;
        std::io::Result::Ok(())
    });
    let (error, words) = refusal(&format!("redis://{address}")).await;
    assert!(matches!(error, CheckError::TooOld { .. }), "{error:?}");
    assert!(words.contains("6.2"), "{words}");
}
