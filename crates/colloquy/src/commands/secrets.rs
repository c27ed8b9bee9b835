//! `colloquy secrets`: the server's own keys, replacing them, and beginning anew where they are lost.

use std::sync::Arc;

use application::keyring::{Keyring, losses, reset};
use domain::ports::Clock as _;
use domain::{Event, Origin, UnitOfWork, WorkspaceId};
use storage::Word as _;

use crate::adapters::{SystemClock, UuidIds};
use crate::cli::{ResetArguments, RotateArguments, SecretsCommand};
use crate::database::{self, Storage};
use crate::failure::Failure;
use crate::settings::{Engine, Loaded, Settings};
use crate::{output, root_key, short_runtime};

/// Shows or replaces keys.
pub fn run(loaded: &Loaded, command: &SecretsCommand) -> Result<(), Failure> {
    if let SecretsCommand::Generate = command {
        return output::print(&root_key::generate()?);
    }
    short_runtime()?.block_on(async {
        if let SecretsCommand::List = command {
            return list(loaded).await;
        }
        let database = open(loaded, command).await?;
        let done = match command {
            SecretsCommand::Rotate(arguments) => rotate(&database, &loaded.settings, arguments).await,
            SecretsCommand::Reset(arguments) => begin_anew(&*database, &loaded.settings, arguments).await,
            SecretsCommand::List | SecretsCommand::Generate => Ok(String::new()),
        };
        database.shut_down().await?;
        output::print(&done?)
    })
}

/// The database; where a running server holds it, what to do instead.
async fn open(loaded: &Loaded, command: &SecretsCommand) -> Result<Arc<dyn Storage>, Failure> {
    let opened = database::open(loaded).await;
    opened.map_err(|failure| match command {
        _ if !failure.is_busy() || loaded.settings.database.engine() == Engine::Postgres => failure,
        SecretsCommand::Rotate(_) => failure.advise(
            "While a server runs on it, owners of the first workspace replace keys there: POST /api/v1/secret-keys/rotate.",
        ),
        _ => failure.advise("Stop the server first."),
    })
}

/// One line for each key: what it is for, since when, and with which secret key it is encrypted. Servers may go on.
async fn list(loaded: &Loaded) -> Result<(), Failure> {
    let keys = database::secret_keys(loaded).await?;
    for key in &keys {
        let state = key.retired_at.map_or_else(|| "in use".to_owned(), |at| format!("retired {at}"));
        let purpose = key.purpose.word();
        output::print(&format!(
            "{purpose:<8} {} made {}, {state}, encrypted with {}",
            key.id, key.created_at, key.wrapped_by
        ))?;
    }
    root_key::judge(&loaded.settings, &keys)
}

async fn rotate(
    database: &Arc<dyn Storage>,
    settings: &Settings,
    arguments: &RotateArguments,
) -> Result<String, Failure> {
    let (clock, ids) = (SystemClock, UuidIds::new(SystemClock));
    let workspace_id = first_workspace(&**database).await?;
    let roots = root_key::of(settings, &**database).await?;
    let keyring = Keyring::open(database.clone(), roots, &clock, &ids).await;
    let keyring = keyring.map_err(|error| root_key::explain(error, settings))?;
    let mut done = Vec::new();
    if let Some(event) = keyring.rotation(arguments.signing, arguments.sealing, &clock, &ids).await? {
        if let Event::SecretKeysRotated { rewrapped, replaced } = &event {
            if !rewrapped.is_empty() {
                done.push(format!("Encrypted {} keys with the present secret key.", rewrapped.len()));
            }
            done.extend(replaced.iter().map(|key| format!("Made a new key for {}.", key.purpose.word())));
        }
        commit(&**database, workspace_id, event).await?;
    }
    // What an earlier attempt has left is done as well.
    let values = keyring.seal_anew(&ids).await?;
    if values > 0 || arguments.sealing {
        done.push(format!("Encrypted {values} values anew."));
    }
    if done.is_empty() {
        done.push("Everything is encrypted with the present secret key already.".to_owned());
    }
    Ok(done.join("\n"))
}

async fn begin_anew(
    database: &dyn Storage,
    settings: &Settings,
    arguments: &ResetArguments,
) -> Result<String, Failure> {
    let keys = database.secret_keys().await.map_err(application::Error::from)?;
    if root_key::judge(settings, &keys).is_ok() {
        return Err(Failure::failed("the secret key opens this database: there is nothing to reset")
            .advise("`colloquy secrets rotate` replaces keys without losing anything."));
    }
    let workspace_id = first_workspace(database).await?;
    let losses = losses(database).await.map_err(application::Error::from)?;
    let lost = format!(
        "- the second factors of {} people: codes of their devices, and recovery codes (passkeys stay)\n\
         - the API keys of {} connected model providers: give them anew\n\
         - all sessions: everybody signs in again\n\
         - all API keys of this server, and all links: to chats, for invitations, for passwords",
        losses.devices, losses.provider_keys
    );
    let kept = "Accounts, passwords, workspaces, chats and everything else stay.";
    let place = settings.database.shown_url();
    if !arguments.yes {
        return Err(Failure::failed(format!(
            "nothing was changed. A reset of {place} would lose:\n{lost}\n{kept}"
        ))
        .advise("Repeat it with --yes to go on."));
    }
    let roots = root_key::made(settings)?;
    let event = reset(&roots, &SystemClock, &UuidIds::new(SystemClock));
    commit(database, workspace_id, event).await?;
    Ok(format!("{place} has new keys. Lost are:\n{lost}\n{kept}"))
}

/// Where the audit log tells of it.
async fn first_workspace(database: &dyn Storage) -> Result<WorkspaceId, Failure> {
    let first = database.first_workspace().await.map_err(application::Error::from)?;
    let nobody = || {
        Failure::failed("nobody has set this server up yet: its keys have nothing to open")
            .advise("Begin with an empty database.")
    };
    first.map(|workspace| workspace.id).ok_or_else(nobody)
}

async fn commit(database: &dyn Storage, workspace_id: WorkspaceId, event: Event) -> Result<(), Failure> {
    let unit = UnitOfWork::new(workspace_id, Origin::SYSTEM, SystemClock.now(), vec![event]);
    database.commit(unit).await.map_err(application::Error::from)?;
    Ok(())
}
