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

fn explain(error: &RedisError, place: &str) -> CheckError {
    let place = place.to_owned();
    let reason = error.to_string();
    match error.kind() {
        ErrorKind::RESP3NotSupported => CheckError::TooOld { place, version: "older than 6".to_owned() },
        ErrorKind::Io if error.is_timeout() => {
            CheckError::Unreachable { place, reason: "it does not answer".to_owned() }
        }
        ErrorKind::Io if reason.contains("certificate") => CheckError::Untrusted { place, reason },
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
