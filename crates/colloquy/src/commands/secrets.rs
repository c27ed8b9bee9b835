//! `colloquy secrets`: the server's own keys, and replacing them while servers go on.

use application::keyring::{Keyring, RootKeys};
use domain::KeyPurpose;
use domain::ports::{Clock, Ids};
use storage::Word as _;

use crate::adapters::{SystemClock, UuidIds};
use crate::cli::{RotateArguments, SecretsCommand};
use crate::database::{self, Storage};
use crate::failure::Failure;
use crate::settings::Loaded;
use crate::{output, root_key, short_runtime};

/// How many encrypted values are encrypted anew at a time.
const PAGE: u16 = 100;

/// Shows or replaces keys.
pub fn run(loaded: &Loaded, command: &SecretsCommand) -> Result<(), Failure> {
    if let SecretsCommand::Generate = command {
        return output::print(&root_key::generate()?);
    }
    short_runtime()?.block_on(async {
        let roots = root_key::root_keys(&loaded.settings)?;
        let database = database::open(loaded).await?;
        let done = match command {
            SecretsCommand::Rotate(arguments) => rotate(&*database, &roots, arguments).await,
            SecretsCommand::List | SecretsCommand::Generate => list(&*database).await,
        };
        database.shut_down().await?;
        output::print(&done?)
    })
}

/// One line for each key: what it is for, since when, and with which root key it is encrypted.
async fn list(database: &dyn Storage) -> Result<String, Failure> {
    let keys = database.secret_keys().await.map_err(application::Error::from)?;
    let lines = keys.iter().map(|key| {
        let state = key.retired_at.map_or_else(|| "in use".to_owned(), |at| format!("retired {at}"));
        let purpose = key.purpose.word();
        format!("{purpose:<8} {} made {}, {state}, encrypted with {}", key.id, key.created_at, key.wrapped_by)
    });
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

async fn rotate(
    database: &dyn Storage,
    roots: &RootKeys,
    arguments: &RotateArguments,
) -> Result<String, Failure> {
    let (clock, ids) = (SystemClock, UuidIds::new(SystemClock));
    let mut done = Vec::new();
    let mut wrapped = Vec::new();
    for key in database.secret_keys().await.map_err(application::Error::from)? {
        let bytes = roots.unwrap(&key)?;
        if key.wrapped_by != roots.current.fingerprint() {
            let anew = roots.current.wrap(key.id, key.purpose, &bytes, &ids);
            wrapped.push((key.id, anew, roots.current.fingerprint().to_owned()));
        }
    }
    if !wrapped.is_empty() {
        done.push(format!("Encrypted {} keys with the present secret key.", wrapped.len()));
        database.rewrap_secret_keys(wrapped).await.map_err(application::Error::from)?;
    }
    for (wanted, purpose) in
        [(arguments.signing, KeyPurpose::Signing), (arguments.sealing, KeyPurpose::Sealing)]
    {
        if wanted {
            let key = roots.fresh(purpose, &clock, &ids);
            database.replace_secret_key(key, clock.now()).await.map_err(application::Error::from)?;
            done.push(format!("Made a new key for {}.", purpose.word()));
        }
    }
    if arguments.sealing {
        let values = seal_anew(database, roots, &ids).await?;
        done.push(format!("Encrypted {values} values anew."));
    }
    if done.is_empty() {
        done.push("Everything is encrypted with the present secret key already.".to_owned());
    }
    Ok(done.join("\n"))
}

/// Encrypts what is stored with the newest key, and gives how many values there were. Servers that do not know it yet find
/// it when they first need it.
async fn seal_anew(database: &dyn Storage, roots: &RootKeys, ids: &dyn Ids) -> Result<u64, Failure> {
    let keys = database.secret_keys().await.map_err(application::Error::from)?;
    let keyring = Keyring::of(&keys, roots)?;
    let mut values = 0;
    let mut after = None;
    loop {
        let page = database.sealed_values(after, PAGE).await.map_err(application::Error::from)?;
        let Some((last, _)) = page.last() else { break };
        after = Some(*last);
        for (place, sealed) in page {
            if keyring.is_sealed_anew(&sealed) {
                continue;
            }
            let about = place.about();
            let plain = keyring.unseal(&sealed, &about).map_err(|error| {
                Failure::failed(format!("{about}: {error}; nothing that comes after it was changed"))
            })?;
            let anew = keyring.seal(&plain, &about, ids);
            if database.reseal(place, &sealed, &anew).await.map_err(application::Error::from)? {
                values += 1;
            }
        }
    }
    Ok(values)
}
