//! Whether a Redis can be used, before anything depends on it.

use std::time::Duration;

use redis::{ErrorKind, RedisError, ServerErrorKind};
use thiserror::Error;
use tokio::time::timeout;

use crate::settings::{RedisSettings, SettingsProblem, client};

/// The oldest Redis that is accepted: 6.0 brought the protocol, RESP3, and 6.2 is the oldest line with security fixes.
pub const MINIMUM_VERSION: (u32, u32) = (6, 2);

const PATIENCE: Duration = Duration::from_secs(3);

/// Why a Redis cannot be used. The words name the setting and say what to do; none holds a password.
#[derive(Debug, Error)]
pub enum CheckError {
    /// The settings are wrong in themselves.
    #[error(transparent)]
    Settings(#[from] SettingsProblem),
    /// Nobody answers there.
    #[error(
        "redis.url: there is no answer from {place} ({reason}). Start the server, or name the right host and port in \
         redis.url; without the setting Colloquy runs as one process"
    )]
    Unreachable {
        /// The address without its password.
        place: String,
        /// What the attempt gave.
        reason: String,
    },
    /// What listens there speaks something else.
    #[error("redis.url: nothing came of the greeting of {place}: {advice}")]
    Foreign {
        /// The address without its password.
        place: String,
        /// What it may be and what to do.
        advice: &'static str,
    },
    /// Its certificate is not one to trust.
    #[error(
        "redis.url: the certificate of the Redis at {place} is not trusted ({reason}). Have this machine trust the \
         authority that issued it, or name its file in SSL_CERT_FILE"
    )]
    Untrusted {
        /// The address without its password.
        place: String,
        /// What is wrong with the certificate.
        reason: String,
    },
    /// It wants to know a password.
    #[error(
        "redis.url: the Redis at {place} demands a password. Put it into the address, redis://:password@host:port, or \
         the whole address into a file and name that in redis.url_file"
    )]
    PasswordMissing {
        /// The address without its password.
        place: String,
    },
    /// It knows another password.
    #[error(
        "redis.url: the Redis at {place} refuses the user or password of the address. Put the right one there"
    )]
    PasswordWrong {
        /// The address without its password.
        place: String,
    },
    /// It cannot do what is needed.
    #[error(
        "redis.url: the Redis at {place} is version {version}; Colloquy needs {}.{} or newer, or any Valkey. Upgrade \
         it, or name another server",
        MINIMUM_VERSION.0,
        MINIMUM_VERSION.1
    )]
    TooOld {
        /// The address without its password.
        place: String,
        /// What it says it is.
        version: String,
    },
    /// It is there, but may not be used as needed.
    #[error(
        "redis.url: the Redis at {place} cannot be used: {reason}. Name a server, a user and a database that may be written"
    )]
    Unusable {
        /// The address without its password.
        place: String,
        /// What it answered.
        reason: String,
    },
}

/// Connects, and makes sure that everything that is needed is there and allowed. Gives the server's version.
///
/// # Errors
/// What is wrong and what to do about it.
pub async fn check(settings: &RedisSettings) -> Result<String, CheckError> {
    let place = settings.place();
    let client = client(settings.url.as_deref().unwrap_or_default())?;
    let unreachable =
        |reason: &str| CheckError::Unreachable { place: place.clone(), reason: reason.to_owned() };
    let attempt = async {
        let mut connection = client.get_multiplexed_async_connection().await?;
        let described: String = redis::cmd("INFO").arg("server").query_async(&mut connection).await?;
        let version = version(&described).unwrap_or_else(|| "unknown".to_owned());
        if is_too_old(&version) {
            return Ok(version);
        }
        let name = format!("{}:check", settings.prefix);
        let mut all = redis::pipe();
        all.cmd("SET").arg(&name).arg("1").arg("PX").arg(1000).ignore();
        all.cmd("EVAL").arg("return redis.call('TIME')").arg(0).ignore();
        all.cmd("XADD").arg(format!("{name}:stream")).arg("NOMKSTREAM").arg("*").arg("k").arg("v").ignore();
        all.cmd("PUBLISH").arg(&name).arg("").ignore();
        all.query_async::<()>(&mut connection).await?;
        connection.subscribe(&name).await?;
        Ok::<_, RedisError>(version)
    };
    match timeout(PATIENCE, attempt).await {
        Err(_) => Err(unreachable("it does not answer")),
        Ok(Err(error)) => Err(explain(&error, &place)),
        Ok(Ok(version)) if is_too_old(&version) => Err(CheckError::TooOld { place, version }),
        Ok(Ok(version)) => Ok(version),
    }
}

/// Whether a handshake failed because the other side does not know of it.
fn speaks_no_tls(reason: &str) -> bool {
    ["corrupt message", "InvalidContentType"].iter().any(|part| reason.contains(part))
}

/// Whether the other side ended the connection without a word.
fn is_cut_off(reason: &str) -> bool {
    let reason = reason.to_ascii_lowercase();
    ["broken pipe", "reset by peer", "end of file", "unexpectedly terminated"]
        .iter()
        .any(|part| reason.contains(part))
}

fn explain(error: &RedisError, place: &str) -> CheckError {
    let place = place.to_owned();
    let reason = error.to_string();
    match error.kind() {
        ErrorKind::RESP3NotSupported => CheckError::TooOld { place, version: "older than 6".to_owned() },
        ErrorKind::Io if error.is_timeout() => {
            CheckError::Unreachable { place, reason: "it does not answer".to_owned() }
        }
        ErrorKind::Io if reason.contains("certificate") => CheckError::Untrusted { place, reason },
        // A server that does not speak TLS answers the greeting with something else.
        ErrorKind::Io if place.starts_with("rediss://") && speaks_no_tls(&reason) => CheckError::Foreign {
            place,
            advice: "it does not seem to speak TLS. Write redis:// in place of rediss://, or name its port for TLS",
        },
        ErrorKind::Parse | ErrorKind::UnexpectedReturnType => CheckError::Foreign {
            place,
            advice: "what listens there does not seem to be a Redis without TLS. Name another port, or write rediss:// \
                     where it speaks TLS",
        },
        // It may be on its way down or up as well, so waiting may help.
        ErrorKind::Io if is_cut_off(&reason) && place.starts_with("redis://") => CheckError::Unreachable {
            place,
            reason: format!("{reason}; where it speaks TLS, the address begins with rediss://"),
        },
        ErrorKind::Io => CheckError::Unreachable { place, reason },
        ErrorKind::AuthenticationFailed => CheckError::PasswordWrong { place },
        _ if matches!(error.code(), Some("WRONGPASS")) => CheckError::PasswordWrong { place },
        _ if matches!(error.code(), Some("NOAUTH")) => CheckError::PasswordMissing { place },
        ErrorKind::Server(ServerErrorKind::BusyLoading) => {
            CheckError::Unreachable { place, reason: "it is still loading its data".to_owned() }
        }
        _ => CheckError::Unusable { place, reason },
    }
}

/// The version in the answer to `INFO server`. Valkey says which Redis it is compatible with.
fn version(described: &str) -> Option<String> {
    described.lines().find_map(|line| line.strip_prefix("redis_version:")).map(|text| text.trim().to_owned())
}

fn is_too_old(version: &str) -> bool {
    let mut numbers = version.split('.').map(|number| number.parse::<u32>().ok());
    let (Some(Some(major)), Some(Some(minor))) = (numbers.next(), numbers.next()) else { return false };
    (major, minor) < MINIMUM_VERSION
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_speaks_something_else_is_told_from_what_is_not_there() {
        let web = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("there is a port");
        let port = web.local_addr().expect("it has one").port();
        let mut answering = tokio::task::JoinSet::new();
        answering.spawn(async move {
            loop {
                let Ok((mut peer, _)) = web.accept().await else { return };
                let mut read = [0; 512];
                let _ = tokio::io::AsyncReadExt::read(&mut peer, &mut read).await;
                let answer = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
                let _ = tokio::io::AsyncWriteExt::write_all(&mut peer, answer).await;
            }
        });
        let told = async |scheme: &str| {
            let settings = RedisSettings::at(&format!("{scheme}://127.0.0.1:{port}"));
            check(&settings).await.expect_err("it is no Redis").to_string()
        };
        let plain = told("redis").await;
        assert!(plain.contains("does not seem to be a Redis"), "{plain}");
        let unexpected = "received corrupt message of type InvalidContentType";
        let error = RedisError::from(std::io::Error::new(std::io::ErrorKind::InvalidData, unexpected));
        let secured = explain(&error, "rediss://cache:6379").to_string();
        assert!(secured.contains("does not seem to speak TLS"), "{secured}");
        answering.shutdown().await;
        let nobody = told("redis").await;
        assert!(nobody.contains("no answer"), "{nobody}");
    }

    #[test]
    fn versions_are_compared_by_number() {
        for old in ["2.8.24", "5.0.14", "6.0.16"] {
            assert!(is_too_old(old), "{old}");
        }
        for new in ["6.2.0", "7.0.15", "7.2.4", "10.0.0", "unknown"] {
            assert!(!is_too_old(new), "{new}");
        }
        assert_eq!(version("# Server\r\nredis_version:7.0.15\r\nos:Linux\r\n").as_deref(), Some("7.0.15"));
    }
}
