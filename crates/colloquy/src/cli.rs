//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::settings::Argument;

/// A self-hosted AI chat platform in one binary.
#[derive(Debug, Parser)]
#[command(
    name = "colloquy",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 done, 1 failed, 2 the command line is wrong, 75 not now: somebody else has what is needed \
                  (the database, the port), or a server does not answer, 78 the settings are wrong."
)]
pub struct Arguments {
    /// Where settings come from.
    #[command(flatten)]
    pub settings: SettingsArguments,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Where settings come from; every command takes these.
#[derive(Debug, Args)]
pub struct SettingsArguments {
    /// A file with settings, instead of every config/*.toml; may be repeated, later ones are stronger
    #[arg(long, value_name = "FILE", global = true, env = "COLLOQUY_CONFIG", value_delimiter = ',')]
    pub config: Vec<PathBuf>,
    /// A setting, stronger than files and environment; may be repeated
    #[arg(long, value_name = "SECTION.KEY=VALUE", global = true, value_parser = assignment)]
    pub set: Vec<(String, String)>,
    /// Where everything is kept that has no place of its own
    #[arg(long, value_name = "FOLDER", global = true)]
    pub data_dir: Option<String>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve until told to stop
    Serve(ServeArguments),
    /// Bring the database to the schema of this release
    Migrate(MigrateArguments),
    /// Build the search index anew, on Postgres also for another language
    ///
    /// Servers may go on meanwhile: what is not yet indexed anew is found by its old words. Broken off, it is repeated.
    Reindex(ReindexArguments),
    /// Move everything into another database, between SQLite and Postgres or within one kind
    ///
    /// Nobody may use either database meanwhile. The target must be empty. Broken off, it goes on when it is repeated. In
    /// the end both databases are read and compared.
    Copy(CopyArguments),
    /// Look at the settings
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Manage accounts
    #[command(subcommand)]
    User(UserCommand),
    /// Look at the server's own keys, and replace them
    #[command(subcommand)]
    Secrets(SecretsCommand),
    /// Print the OpenAPI document of the HTTP interface
    Openapi,
    /// Print the AsyncAPI document of the WebSocket interface
    Asyncapi,
    /// Check this installation and say what to do about what is wrong
    Doctor(DoctorArguments),
}

/// How to serve.
#[derive(Debug, Args)]
pub struct ServeArguments {
    /// Where to listen, such as 127.0.0.1:8080; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// A file that the bound address is written to once the server listens
    #[arg(long, value_name = "FILE")]
    pub address_file: Option<PathBuf>,
}

/// How to migrate.
#[derive(Debug, Args)]
pub struct MigrateArguments {
    /// List what is pending and try it on a copy; changes nothing
    #[arg(long, conflicts_with = "down")]
    pub check: bool,
    /// Undo the newest migration
    #[arg(long)]
    pub down: bool,
    /// Do not ask
    #[arg(long, requires = "down")]
    pub yes: bool,
}

/// How to build the index.
#[derive(Debug, Args)]
pub struct ReindexArguments {
    /// How words are stemmed from now on, such as english; simple for not at all
    #[arg(long, value_name = "NAME")]
    pub language: Option<String>,
}

/// What to copy.
#[derive(Debug, Args)]
pub struct CopyArguments {
    /// The database to read: sqlite://… or postgres://…
    #[arg(long, value_name = "URL", required_unless_present = "from_file")]
    pub from: Option<String>,
    /// A file with the address of the database to read, for an address with a password
    #[arg(long, value_name = "FILE", conflicts_with = "from")]
    pub from_file: Option<PathBuf>,
    /// The empty database to fill: sqlite://… or postgres://…
    #[arg(long, value_name = "URL", required_unless_present = "to_file")]
    pub to: Option<String>,
    /// A file with the address of the database to fill
    #[arg(long, value_name = "FILE", conflicts_with = "to")]
    pub to_file: Option<PathBuf>,
}

/// What to check.
#[derive(Debug, Args)]
pub struct DoctorArguments {
    /// Count again what is kept as a number, such as the messages of each conversation
    #[arg(long)]
    pub reconcile: bool,
    /// Correct what was counted wrongly
    #[arg(long, requires = "reconcile")]
    pub repair: bool,
    /// Print who may do what, and check nothing
    #[arg(long, conflicts_with = "reconcile")]
    pub permissions: bool,
}

/// What to do with the settings.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Tell every problem at once, and whether the database, Redis, the mail server and sign-in providers can be reached
    Check(CheckArguments),
    /// Print the effective values and where each came from; secrets are masked
    Show,
}

/// How to check the settings.
#[derive(Debug, Args)]
pub struct CheckArguments {
    /// Do not connect to anything
    #[arg(long)]
    pub offline: bool,
}

/// What to do with the server's own keys.
#[derive(Debug, Subcommand)]
pub enum SecretsCommand {
    /// Print a fresh secret key
    Generate,
    /// List them, and say whether the secret key opens them
    List,
    /// Encrypt them with the present secret key, and replace those that are named
    ///
    /// Servers on Postgres may go on. A server that uses the same SQLite database must be stopped; while it runs, owners
    /// of the first workspace replace keys with POST /api/v1/secret-keys/rotate.
    ///
    /// To change the secret key: name the old one as the previous one, and the new one in its place, for every server, one
    /// after the other; run this; take the old one out again.
    Rotate(RotateArguments),
    /// Begin anew where the secret key is lost for good
    ///
    /// All servers must be stopped. What only the lost key could read or recognise is removed: second factors, API keys of
    /// connected providers, sessions, API keys and links. Without --yes it says how much that is, and changes nothing.
    Reset(ResetArguments),
}

/// Whether to reset.
#[derive(Debug, Args)]
pub struct ResetArguments {
    /// Do it
    #[arg(long)]
    pub yes: bool,
}

/// Which keys to replace.
#[derive(Debug, Args)]
pub struct RotateArguments {
    /// The key that signs access tokens; those signed with the old one work until they expire
    #[arg(long)]
    pub signing: bool,
    /// The key that encrypts what is stored; all of it is encrypted anew
    #[arg(long)]
    pub sealing: bool,
}

/// What to do with accounts.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Make an account; the first one is the owner's
    ///
    /// A server that uses the same SQLite database must be stopped; while it runs, make accounts with POST
    /// /api/v1/users. Servers on Postgres may go on.
    ///
    /// Without --password-file the password is asked for on a terminal, and otherwise read from the first line of the
    /// standard input.
    Create(CreateUserArguments),
    /// Make a link with which somebody chooses a new password, or set one
    ///
    /// A server that uses the same SQLite database must be stopped; while it runs, administrators make such links.
    /// Whoever has the link can take the account over. Sessions end once the password has changed.
    ResetPassword(ResetPasswordArguments),
    /// Remove the device, recovery codes and passkeys that somebody has lost, and end their sessions
    ///
    /// A server that uses the same SQLite database must be stopped; while it runs, administrators do it there.
    ResetSecondFactors {
        /// How the person signs in
        email: String,
    },
}

/// Whose password.
#[derive(Debug, Args)]
pub struct ResetPasswordArguments {
    /// How the person signs in
    pub email: String,
    /// A file with the new password; without it a link is made
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
}

/// The account to make.
#[derive(Debug, Args)]
pub struct CreateUserArguments {
    /// How the person signs in
    #[arg(long)]
    pub email: String,
    /// What others see; the part of the address before the @ where nothing is said
    #[arg(long)]
    pub display_name: Option<String>,
    /// What the person may do; member where nothing is said, and always owner for the first account
    #[arg(long, value_enum)]
    pub role: Option<RoleArgument>,
    /// A file with the password; without it a prompt asks, or the standard input is read
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
}

/// What a person may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RoleArgument {
    /// Reads
    Viewer,
    /// Chats
    Member,
    /// Also manages people
    Admin,
    /// Everything
    Owner,
}

impl From<RoleArgument> for domain::Role {
    fn from(role: RoleArgument) -> Self {
        match role {
            RoleArgument::Viewer => Self::Viewer,
            RoleArgument::Member => Self::Member,
            RoleArgument::Admin => Self::Admin,
            RoleArgument::Owner => Self::Owner,
        }
    }
}

impl Arguments {
    /// The settings that the command line makes, from the weakest to the strongest.
    pub fn overrides(&self) -> Vec<Argument> {
        let named = |name: &str, setting: &str, value: &Option<String>| {
            value.as_ref().map(|value| argument(name, setting, value))
        };
        let listen = match &self.command {
            Command::Serve(serve) => named("--listen", "server.listen", &serve.listen),
            _ => None,
        };
        let data_dir = named("--data-dir", "data_dir", &self.settings.data_dir);
        let set = self.settings.set.iter().map(|(setting, value)| argument("--set", setting, value));
        set.chain(data_dir).chain(listen).collect()
    }
}

fn argument(name: &str, setting: &str, value: &str) -> Argument {
    Argument { name: name.to_owned(), setting: setting.to_owned(), value: value.to_owned() }
}

fn assignment(text: &str) -> Result<(String, String), String> {
    let (setting, value) = text.split_once('=').ok_or("give section.key=value")?;
    let setting = setting.trim();
    if setting.is_empty() || setting.split('.').any(str::is_empty) {
        return Err("give section.key=value".to_owned());
    }
    Ok((setting.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn arguments_become_settings() {
        let line =
            ["colloquy", "serve", "--listen", "127.0.0.1:0", "--set", "server.workers=2", "--data-dir", "d"];
        let parsed = Arguments::try_parse_from(line).expect("the line is right");
        let settings: Vec<String> = parsed
            .overrides()
            .iter()
            .map(|one| format!("{} {}={}", one.name, one.setting, one.value))
            .collect();
        assert_eq!(
            settings,
            ["--set server.workers=2", "--data-dir data_dir=d", "--listen server.listen=127.0.0.1:0"]
        );
    }

    #[test]
    fn a_setting_without_a_value_is_refused() {
        for wrong in ["server.listen", "=1", "server.=1", ".listen=1"] {
            assert!(Arguments::try_parse_from(["colloquy", "doctor", "--set", wrong]).is_err(), "{wrong}");
        }
    }
}
