//! The server's own key: from the settings, or from a file in the data folder that the first start makes.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use application::keyring::{KeyringError, RootKey, RootKeys};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::SecretKey;
use domain::ports::SecretKeys;

use crate::failure::Failure;
use crate::settings::{Settings, read_secret_file};

/// The file in the data folder.
const FILE: &str = "secret_key";
const RESET: &str =
    "If it is lost for good, `colloquy secrets reset` says what is lost with it, and begins anew.";

/// The key that the settings name, or else the one in the data folder, and those before it; `None` where there is neither.
/// A file in the data folder still counts beside a key of the settings, so that one can be named once there is one already.
pub fn known(settings: &Settings) -> Result<Option<RootKeys>, Failure> {
    let file = file(settings);
    let security = &settings.security;
    let previous = security.previous_secret_key.as_deref().map(RootKey::from_secret).into_iter();
    let from_file = if file.exists() { Some(RootKey::from_secret(&read(&file)?)) } else { None };
    Ok(match &security.secret_key {
        Some(secret) => {
            let current = RootKey::from_secret(secret);
            Some(RootKeys { current, previous: previous.chain(from_file).collect() })
        }
        None => from_file.map(|current| RootKeys { current, previous: previous.collect() }),
    })
}

/// The same, for a database. A file is made where there is none, unless the database has keys already: another one could
/// not open them, and would hide that the right one is missing.
pub async fn of(settings: &Settings, database: &dyn SecretKeys) -> Result<RootKeys, Failure> {
    if let Some(roots) = known(settings)? {
        return Ok(roots);
    }
    let stored = database.secret_keys().await.map_err(application::Error::from)?;
    // Somebody who begins at the same moment may have made both meanwhile.
    match known(settings)? {
        Some(roots) => Ok(roots),
        None => stored.first().map_or_else(|| made(settings), |key| Err(lost(&key.wrapped_by, settings))),
    }
}

/// The same, with a file made where there is none, whatever the database holds.
pub fn made(settings: &Settings) -> Result<RootKeys, Failure> {
    if settings.security.secret_key.is_none() {
        keep(&file(settings))?;
    }
    known(settings)?.ok_or_else(|| Failure::failed("the secret key that was just made is gone"))
}

/// Whether the keys of a database can be opened.
pub fn judge(settings: &Settings, stored: &[SecretKey]) -> Result<(), Failure> {
    let Some(first) = stored.first() else { return known(settings).map(drop) };
    let roots = known(settings)?.ok_or_else(|| lost(&first.wrapped_by, settings))?;
    let damaged = stored.iter().find_map(|key| roots.unwrap(key).err());
    damaged.map_or(Ok(()), |error| Err(explain(error, settings)))
}

/// Where the key is kept that the settings do not name.
pub fn file(settings: &Settings) -> PathBuf {
    settings.data_dir.join(FILE)
}

/// What to do where the keys of the server cannot be used.
pub fn explain(error: KeyringError, settings: &Settings) -> Failure {
    match &error {
        KeyringError::ForeignRoot(_) => {
            let place = settings.database.shown_url();
            Failure::settings(format!("{place}: {error}")).advise(format!(
                "Give security.secret_key (or {}) that one, or name it as security.previous_secret_key. {RESET}",
                file(settings).display()
            ))
        }
        _ => error.into(),
    }
}

fn lost(fingerprint: &str, settings: &Settings) -> Failure {
    Failure::settings(format!(
        "the secret key of {} is not there: its keys were encrypted with the one whose fingerprint is {fingerprint}, and \
         neither security.secret_key nor {} holds one",
        settings.database.shown_url(),
        file(settings).display()
    ))
    .advise(format!("Put it back from where you keep it. {RESET}"))
}

/// A fresh secret: 256 random bits.
pub fn generate() -> Result<String, Failure> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::failed(format!("the system gives no random numbers: {error}")))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Makes the file where there is none.
fn keep(file: &Path) -> Result<(), Failure> {
    match make(file) {
        Ok(()) => {
            let place = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
            tracing::info!(file = %place.display(), "made the server's secret key; keep a copy, apart from your backups");
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => {
            Err(Failure::failed(format!("the secret key cannot be kept in {}: {error}", file.display()))
                .advise("Name one with security.secret_key_file, or make the folder writable."))
        }
    }
}

/// Makes the file; readable for nobody else, and whole or not at all.
fn make(file: &Path) -> io::Result<()> {
    if file.exists() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let secret = generate().map_err(|failure| io::Error::other(failure.to_string()))?;
    let unfinished = file.with_extension(format!("{}.new", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut written = options.open(&unfinished)?;
    writeln!(written, "{secret}")?;
    written.sync_all()?;
    // Of two that begin at the same moment one makes the name, and both read what is behind it.
    let linked = std::fs::hard_link(&unfinished, file);
    std::fs::remove_file(&unfinished)?;
    linked
}

fn read(file: &Path) -> Result<String, Failure> {
    read_secret_file(file).map_err(Failure::settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_named_keys_come_before_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut settings = Settings { data_dir: folder.path().join("data"), ..Settings::default() };
        assert!(known(&settings).expect("nothing is wrong").is_none(), "looking makes nothing");
        let made = made(&settings).expect("keys").current;
        assert_eq!(super::made(&settings).expect("keys").current.fingerprint(), made.fingerprint());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let rights =
                std::fs::metadata(settings.data_dir.join(FILE)).expect("a file").permissions().mode();
            assert_eq!(rights & 0o777, 0o600);
        }
        settings.security.secret_key = Some(generate().expect("a secret"));
        settings.security.previous_secret_key = Some("earlier".to_owned());
        let named = known(&settings).expect("keys").expect("they are named");
        assert_ne!(named.current.fingerprint(), made.fingerprint());
        let previous: Vec<&str> = named.previous.iter().map(RootKey::fingerprint).collect();
        assert_eq!(previous, [RootKey::from_secret("earlier").fingerprint(), made.fingerprint()]);
    }
}
