//! The server's own key: from the settings, or from a file in the data folder that the first start makes.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

use application::keyring::{RootKey, RootKeys};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::failure::Failure;
use crate::settings::{Settings, read_secret_file};

/// The file in the data folder.
const FILE: &str = "secret_key";

/// The keys that the settings name. A file in the data folder still counts beside them, so that a key can be named once
/// there is one already.
pub fn root_keys(settings: &Settings) -> Result<RootKeys, Failure> {
    let file = settings.data_dir.join(FILE);
    let security = &settings.security;
    let previous = security.previous_secret_key.as_deref().map(RootKey::from_secret);
    let Some(secret) = &security.secret_key else {
        let current = RootKey::from_secret(&kept(&file)?);
        return Ok(RootKeys { current, previous: previous.into_iter().collect() });
    };
    let from_file = if file.exists() { Some(RootKey::from_secret(&read(&file)?)) } else { None };
    let current = RootKey::from_secret(secret);
    Ok(RootKeys { current, previous: previous.into_iter().chain(from_file).collect() })
}

/// A fresh secret: 256 random bits.
pub fn generate() -> Result<String, Failure> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::failed(format!("the system gives no random numbers: {error}")))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// The secret in the file, which is made where there is none.
fn kept(file: &Path) -> Result<String, Failure> {
    match make(file) {
        Ok(()) => {
            tracing::info!(file = %file.display(), "made the server's secret key; keep a copy beside your backups");
            read(file)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => read(file),
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
        let made = root_keys(&settings).expect("keys").current;
        assert_eq!(root_keys(&settings).expect("keys").current.fingerprint(), made.fingerprint());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let rights =
                std::fs::metadata(settings.data_dir.join(FILE)).expect("a file").permissions().mode();
            assert_eq!(rights & 0o777, 0o600);
        }
        settings.security.secret_key = Some(generate().expect("a secret"));
        settings.security.previous_secret_key = Some("earlier".to_owned());
        let named = root_keys(&settings).expect("keys");
        assert_ne!(named.current.fingerprint(), made.fingerprint());
        let previous: Vec<&str> = named.previous.iter().map(RootKey::fingerprint).collect();
        assert_eq!(previous, [RootKey::from_secret("earlier").fingerprint(), made.fingerprint()]);
    }
}
