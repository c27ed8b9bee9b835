//! What the types of the settings do not see: each crate checks its own section, and all of it is told at once.

use application::Registration;
use domain::{DisplayName, Email};
use validator::{Validate, ValidationErrors, ValidationErrorsKind};

use super::tree::Node;
use super::{Problem, Settings, security};

/// Everything that is wrong with settings of the right shape.
pub fn problems(settings: &Settings, tree: &Node) -> Vec<Problem> {
    let mut found: Vec<(String, String)> = Vec::new();
    if settings.data_dir.as_os_str().is_empty() {
        found.push(("data_dir".to_owned(), "must be the path of a folder".to_owned()));
    }
    owner(settings, &mut found);
    validated("server", settings.server.validate(), &mut found);
    database(settings, &mut found);
    found.extend(settings.security.problems(settings));
    links(settings, &mut found);
    models(settings, &mut found);
    validated("application", settings.application.validate(), &mut found);
    if let Err(error) = settings.telemetry.validate() {
        found.push(("telemetry.filter".to_owned(), format!("cannot be understood: {error}")));
    }
    found.extend(settings.mail.problems().into_iter().map(|it| (it.setting.to_owned(), it.problem)));
    found.extend(settings.outbound.problems().into_iter().map(|it| (it.setting.to_string(), it.problem)));
    found.extend(oidc::problems(&settings.oidc).into_iter().map(|it| (it.setting, it.problem)));
    registration(settings, &mut found);
    let of_cache = settings.cache.problems().into_iter().chain(settings.redis.problems());
    found.extend(of_cache.map(|problem| (problem.setting.to_owned(), problem.problem)));
    found.into_iter().map(|(setting, problem)| located(tree, setting, problem)).collect()
}

fn located(tree: &Node, setting: String, problem: String) -> Problem {
    let path: Vec<String> = setting.split('.').map(str::to_owned).collect();
    // What is missing comes from nowhere.
    let origin = if problem.starts_with("is missing") { None } else { tree.nearest_origin(&path).cloned() };
    Problem::new(setting, origin, problem)
}

fn owner(settings: &Settings, found: &mut Vec<(String, String)>) {
    let owner = &settings.owner;
    let mut problem = |key: &str, problem: String| found.push((format!("owner.{key}"), problem));
    if let Some(email) = &owner.email
        && let Err(invalid) = Email::new(email)
    {
        problem("email", invalid.to_string());
    }
    if let Some(name) = &owner.display_name
        && let Err(invalid) = DisplayName::new(name)
    {
        problem("display_name", invalid.to_string());
    }
    match (&owner.email, &owner.password_file) {
        (Some(_), None) => {
            problem("email", "needs owner.password_file (COLLOQUY_OWNER_PASSWORD_FILE) as well".to_owned());
        }
        (None, Some(_)) => {
            problem("password_file", "needs owner.email (COLLOQUY_OWNER_EMAIL) as well".to_owned());
        }
        _ => {}
    }
}

fn database(settings: &Settings, found: &mut Vec<(String, String)>) {
    let problems = settings.database.problems();
    found.extend(problems.into_iter().map(|(key, problem)| (format!("database.{key}"), problem)));
}

/// What links in mails begin with must not be what a stranger called the server.
fn links(settings: &Settings, found: &mut Vec<(String, String)>) {
    let server = &settings.server;
    if settings.mail.host.is_some() && server.public_url.is_none() && security::is_open(server) {
        let problem = "is missing: links in mails begin with it, and mail.host names a mail server";
        found.push(("server.public_url".to_owned(), problem.to_owned()));
    }
}

/// Whoever says that an address is theirs has to prove it where addresses decide.
fn registration(settings: &Settings, found: &mut Vec<(String, String)>) {
    let identity = &settings.application.identity;
    let mut problem = |key: &str, problem: &str| {
        found.push((format!("application.identity.{key}"), problem.to_owned()));
    };
    if identity.registration == Registration::Domains {
        if identity.registration_domains.is_empty() {
            problem("registration_domains", "is missing: the domains whose people may make accounts");
        }
        if settings.mail.host.is_none() {
            problem("registration", "needs mail.host: who has an address of a domain is found out by a mail");
        }
    }
}

/// The crate names its settings as variables of the environment; here they are paths.
fn models(settings: &Settings, found: &mut Vec<(String, String)>) {
    for problem in llm::problems(&settings.providers, &settings.models) {
        let name = problem.setting.strip_prefix("COLLOQUY_").unwrap_or(&problem.setting);
        found.push((name.to_ascii_lowercase().replace("__", "."), problem.problem));
    }
}

fn validated(section: &str, result: Result<(), ValidationErrors>, found: &mut Vec<(String, String)>) {
    let Err(errors) = result else { return };
    let first = found.len();
    collect(section, &errors, found);
    found[first..].sort();
}

fn collect(section: &str, errors: &ValidationErrors, found: &mut Vec<(String, String)>) {
    for (field, kind) in errors.errors() {
        let setting = format!("{section}.{field}");
        match kind {
            ValidationErrorsKind::Struct(inner) => collect(&setting, inner, found),
            ValidationErrorsKind::List(inner) => {
                for errors in inner.values() {
                    collect(&setting, errors, found);
                }
            }
            ValidationErrorsKind::Field(errors) => {
                found.extend(errors.iter().map(|error| (setting.clone(), in_words(error))));
            }
        }
    }
}

fn in_words(error: &validator::ValidationError) -> String {
    let bound = |name: &str| error.params.get(name).map(ToString::to_string);
    match (&error.message, bound("min"), bound("max")) {
        (Some(message), ..) => message.to_string(),
        (None, Some(least), Some(most)) => format!("must be from {least} to {most}"),
        (None, None, Some(most)) => format!("must be at most {most}"),
        (None, Some(least), None) => format!("must be at least {least}"),
        (None, None, None) => format!("is not valid ({})", error.code),
    }
}
