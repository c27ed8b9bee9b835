//! Settings: defaults, then files, then the environment, then the command line. Each value knows where it came from.

mod check;
mod database;
mod decode;
mod deserializer;
mod environment;
mod file;
mod origin;
mod problem;
mod secret_commands;
mod secrets;
mod security;
mod show;
#[cfg(test)]
mod tests;
mod tree;

use std::ffi::OsString;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use database::{DatabaseSettings, Engine};
pub use origin::Origin;
pub use problem::{Problem, Problems};
pub use secrets::read_file as read_secret_file;
pub use security::SecuritySettings;

use tree::{Assignment, Node, Value};

/// Everything that can be set. Each section belongs to the crate that acts on it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where everything is kept that has no place of its own.
    pub data_dir: PathBuf,
    /// The account that is made where there is none.
    pub owner: OwnerSettings,
    /// Listening and limits of requests.
    pub server: server::Settings,
    /// The database.
    pub database: DatabaseSettings,
    /// The model providers by name.
    pub providers: llm::Providers,
    /// What all models share.
    pub models: llm::ModelsSettings,
    /// Limits and times of conversations and answers.
    pub application: application::Settings,
    /// Mail.
    pub mail: mail::Settings,
    /// Whom the server may connect to at the wish of others than its operator.
    pub outbound: outbound::Settings,
    /// The `OpenID` providers that people may sign in through, by name.
    pub oidc: oidc::Settings,
    /// The server's own key.
    pub security: SecuritySettings,
    /// Logs.
    pub telemetry: telemetry::Settings,
    /// What is remembered in the process.
    pub cache: cache::Settings,
    /// What several nodes share.
    pub redis: cache::RedisSettings,
}

/// The account that is made, unattended, where there is none.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OwnerSettings {
    /// How the owner signs in.
    pub email: Option<String>,
    /// The file with the owner's password; looked at only when the account is made.
    pub password_file: Option<PathBuf>,
    /// What others see; the part of the address before the `@` where nothing is said.
    pub display_name: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("data"),
            owner: OwnerSettings::default(),
            server: server::Settings::default(),
            database: DatabaseSettings::default(),
            providers: llm::Providers::default(),
            models: llm::ModelsSettings::default(),
            application: application::Settings::default(),
            mail: mail::Settings::default(),
            outbound: outbound::Settings::default(),
            oidc: oidc::Settings::default(),
            security: SecuritySettings::default(),
            telemetry: telemetry::Settings::default(),
            cache: cache::Settings::default(),
            redis: cache::RedisSettings::default(),
        }
    }
}

/// Where settings are looked for.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// What relative paths of files are relative to.
    pub working_directory: PathBuf,
    /// The files; none for the usual ones.
    pub files: Vec<PathBuf>,
    /// The environment.
    pub environment: Vec<(OsString, OsString)>,
    /// Settings from the command line, with the argument that made each.
    pub arguments: Vec<Argument>,
}

/// A setting from the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// How the argument is called, for messages.
    pub name: String,
    /// Which setting, such as `server.listen`.
    pub setting: String,
    /// Its value.
    pub value: String,
}

/// Settings that were read, and where each came from.
#[derive(Debug)]
pub struct Loaded {
    /// The effective settings.
    pub settings: Settings,
    tree: Node,
}

impl Sources {
    /// Reads and checks everything.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn load(self) -> Result<Loaded, Problems> {
        let mut problems = Vec::new();
        let mut tree = Node::empty();
        for layer in self.layers(&mut problems) {
            for assignment in secrets::from_files(layer, &mut problems) {
                tree.assign(assignment);
            }
        }
        // Before files are read: what is in a file is a secret, and never a program.
        secret_commands::run_commands(&mut tree, &mut problems);
        secrets::read_files(&mut tree, &mut problems);
        let mut settings: Settings = decode::decode(&mut tree, &mut problems);
        if tree.get(&["database".to_owned(), "url".to_owned()]).is_none() {
            settings.database.url = database_below(&settings);
        }
        problems.extend(check::problems(&settings, &tree));
        if problems.is_empty() { Ok(Loaded { settings, tree }) } else { Err(Problems(problems)) }
    }

    /// The layers from the weakest to the strongest.
    fn layers(self, problems: &mut Vec<Problem>) -> Vec<Vec<Assignment>> {
        let files = match self.files {
            files if files.is_empty() => file::usual_files(&self.working_directory),
            files => files,
        };
        let mut layers: Vec<_> =
            files.iter().map(|path| file::read(&self.working_directory, path, problems)).collect();
        layers.push(environment::read(self.environment, problems));
        layers.push(self.arguments.into_iter().map(Argument::into_assignment).collect());
        layers
    }
}

impl Argument {
    fn into_assignment(self) -> Assignment {
        Assignment {
            path: self.setting.split('.').map(str::to_owned).collect(),
            value: Some(Value::Word(self.value)),
            origin: Origin::Argument(self.name),
        }
    }
}

impl Loaded {
    /// Where a value came from.
    pub fn origin(&self, setting: &str) -> Origin {
        let path: Vec<String> = setting.split('.').map(str::to_owned).collect();
        self.tree.origin_of(&path).cloned().unwrap_or(Origin::Default)
    }

    /// The effective settings as a TOML document whose lines say where each value came from, without secrets.
    pub fn show(&self) -> String {
        show::show(self)
    }
}

/// The address of the database where only the folder is known.
fn database_below(settings: &Settings) -> String {
    format!("sqlite://{}", settings.data_dir.join("colloquy.db").display())
}
