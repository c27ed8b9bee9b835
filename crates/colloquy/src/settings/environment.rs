//! The layer of the environment: `COLLOQUY_<SECTION>__<KEY>`.

use std::ffi::OsString;

use super::problem::suggestion;
use super::tree::{Assignment, Value};
use super::{Origin, Problem};

const PREFIX: &str = "COLLOQUY_";

/// Variables without a section of their own.
const SHORT: [(&str, &str); 4] = [
    ("DATA_DIR", "data_dir"),
    ("OWNER_EMAIL", "owner.email"),
    ("OWNER_PASSWORD_FILE", "owner.password_file"),
    ("OWNER_DISPLAY_NAME", "owner.display_name"),
];

/// Variables that are not settings: the list of configuration files, and where the project's tests find the server.
const OTHERS: [&str; 2] = ["CONFIG", "BIN"];

/// What the environment says. A variable that is set to nothing counts as not set.
pub fn read(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
    problems: &mut Vec<Problem>,
) -> Vec<Assignment> {
    let mut ours: Vec<(String, OsString)> = variables
        .into_iter()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
        .filter(|(name, _)| name.starts_with(PREFIX) && !is_foreign(&name[PREFIX.len()..]))
        .collect();
    ours.sort_unstable();
    let mut found = Vec::new();
    for (name, value) in ours {
        let origin = Origin::Environment(name.clone());
        let Some(path) = path_of(&name[PREFIX.len()..]) else {
            problems.push(Problem::new("", Some(origin), unknown(&name[PREFIX.len()..])));
            continue;
        };
        match value.into_string() {
            Ok(word) if word.is_empty() => {}
            Ok(word) => found.push(Assignment { path, value: Some(Value::Word(word)), origin }),
            Err(_) => problems.push(Problem::new(path.join("."), Some(origin), "must be UTF-8")),
        }
    }
    found
}

/// Whether a variable is somebody else's: Kubernetes tells every container of a service called `colloquy` this way.
fn is_foreign(name: &str) -> bool {
    OTHERS.contains(&name)
        || name == "PORT"
        || name.starts_with("PORT_")
        || name.starts_with("SERVICE_HOST")
        || name.starts_with("SERVICE_PORT")
}

fn path_of(name: &str) -> Option<Vec<String>> {
    if let Some((_, path)) = SHORT.iter().find(|(short, _)| *short == name) {
        return Some(path.split('.').map(str::to_owned).collect());
    }
    let path: Vec<String> = name.split("__").map(str::to_ascii_lowercase).collect();
    (path.len() > 1 && path.iter().all(|key| !key.is_empty())).then_some(path)
}

/// A setting that a name with too few or too many underscores may mean: the sections that there are stand in front.
fn with_two_underscores(name: &str) -> Option<String> {
    const SECTIONS: [&str; 8] =
        ["OWNER", "SERVER", "DATABASE", "MODELS", "APPLICATION", "TELEMETRY", "CACHE", "REDIS"];
    let key = |section: &str| {
        let key = name.strip_prefix(section)?.strip_prefix('_')?.trim_matches('_');
        (!key.is_empty()).then(|| format!("{section}__{key}"))
    };
    if let Some(found) = SECTIONS.into_iter().find_map(key) {
        return Some(found);
    }
    let (provider, key) = name.strip_prefix("PROVIDERS_")?.trim_matches('_').split_once('_')?;
    let (provider, key) = (provider.trim_matches('_'), key.trim_matches('_'));
    (!provider.is_empty() && !key.is_empty()).then(|| format!("PROVIDERS__{provider}__{key}"))
}

fn unknown(name: &str) -> String {
    let is_short = SHORT.iter().any(|(short, _)| strsim::damerau_levenshtein(short, name) <= 2);
    if let Some(meant) = with_two_underscores(name).filter(|_| !is_short) {
        return format!(
            "there is no such setting; variables are named {PREFIX}<SECTION>__<KEY>, with two underscores; did you \
             mean {PREFIX}{meant}?"
        );
    }
    let near = suggestion(name, SHORT.iter().map(|(short, _)| *short));
    let near = near.replace("mean ", &format!("mean {PREFIX}"));
    format!(
        "there is no such setting; variables are named {PREFIX}<SECTION>__<KEY>, with two underscores{near}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(variables: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
        let mut problems = Vec::new();
        let variables = variables.iter().map(|(name, value)| (name.into(), value.into()));
        let found = read(variables, &mut problems);
        (
            found.iter().map(|one| one.path.join(".")).collect(),
            problems.iter().map(ToString::to_string).collect(),
        )
    }

    #[test]
    fn variables_name_settings() {
        let (found, problems) = layer(&[
            ("COLLOQUY_SERVER__LISTEN", "127.0.0.1:0"),
            ("COLLOQUY_PROVIDERS__MOCK__API_KEY_FILE", "/run/key"),
            ("COLLOQUY_OWNER_EMAIL", "ada@example.org"),
            ("COLLOQUY_DATA_DIR", "/srv"),
            ("COLLOQUY_DATABASE__URL", ""),
            ("HOME", "/srv"),
        ]);
        assert_eq!(found, ["data_dir", "owner.email", "providers.mock.api_key_file", "server.listen"]);
        assert_eq!(problems, [""; 0]);
    }

    #[test]
    fn what_the_surroundings_set_is_left_alone() {
        let (found, problems) = layer(&[
            ("COLLOQUY_PORT", "tcp://10.0.0.1:8080"),
            ("COLLOQUY_PORT_8080_TCP_ADDR", "10.0.0.1"),
            ("COLLOQUY_SERVICE_HOST", "10.0.0.1"),
            ("COLLOQUY_CONFIG", "a.toml"),
        ]);
        assert_eq!((found.len(), problems.len()), (0, 0));
    }

    #[test]
    fn typing_errors_are_told() {
        let (found, problems) =
            layer(&[("COLLOQUY_OWNER_EMIAL", "ada@example.org"), ("COLLOQUY_SERVER_LISTEN", "1")]);
        assert_eq!(found, [""; 0]);
        assert!(problems[0].ends_with("did you mean COLLOQUY_OWNER_EMAIL?"), "{problems:?}");
        assert!(problems[1].starts_with("COLLOQUY_SERVER_LISTEN: there is no such setting"), "{problems:?}");
        assert!(problems[1].ends_with("did you mean COLLOQUY_SERVER__LISTEN?"), "{problems:?}");
    }

    #[test]
    fn too_few_underscores_are_recognised() {
        for (typed, meant) in [
            ("COLLOQUY_DATABASE_URL", "COLLOQUY_DATABASE__URL"),
            ("COLLOQUY_SERVER_PUBLIC_URL", "COLLOQUY_SERVER__PUBLIC_URL"),
            ("COLLOQUY_REDIS_URL_FILE", "COLLOQUY_REDIS__URL_FILE"),
            ("COLLOQUY_PROVIDERS_MOCK_API_KEY", "COLLOQUY_PROVIDERS__MOCK__API_KEY"),
        ] {
            let (_, problems) = layer(&[(typed, "1")]);
            assert!(problems[0].ends_with(&format!("did you mean {meant}?")), "{problems:?}");
        }
    }
}
