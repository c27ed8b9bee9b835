//! Whether an address was written so that it can only be read one way.

/// What is known after the `?` of an address.
const PARAMETERS: [&str; 20] = [
    "user",
    "password",
    "dbname",
    "options",
    "application_name",
    "sslmode",
    "sslrootcert",
    "sslnegotiation",
    "host",
    "hostaddr",
    "port",
    "connect_timeout",
    "tcp_user_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "target_session_attrs",
    "channel_binding",
    "load_balance_hosts",
];

/// What to do about a special character; never any of the address, because the password may stand anywhere in it.
const ADVICE: &str = "cannot be read, because a special character in the user or the password was not escaped; write @ as \
                      %40, / as %2F, : as %3A, # as %23 and ? as %3F";

/// What makes the address ambiguous, if anything.
pub(crate) fn problem(url: &str) -> Option<String> {
    if !is_clear(url) {
        return Some(ADVICE.to_owned());
    }
    let (_, query) = url.split_once('?')?;
    let names = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split('=').next());
    let unknown = names.flatten().find(|name| !PARAMETERS.contains(name))?;
    // What follows a password that was not escaped may be a part of it.
    if query.contains("password=") {
        return Some(
            "has a parameter that is none, or a password in which & was not escaped as %26".to_owned(),
        );
    }
    Some(match suggestion(unknown) {
        Some(known) => format!("has a parameter {unknown:?} that is none; did you mean {known}?"),
        None => format!("has a parameter {unknown:?} that is none; there are {}", PARAMETERS.join(", ")),
    })
}

/// Whether every `@`, `/`, `?` and `#` stands where it means something.
pub(crate) fn is_clear(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    // One that was not escaped looks like the end of the user, the host or the address.
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, place) = rest.split_at(end);
    !(place.contains(['@', '#']) || authority.matches('@').count() > 1)
}

/// The known parameter that is written almost so.
fn suggestion(word: &str) -> Option<&'static str> {
    let word = word.to_ascii_lowercase().replace('-', "_");
    let is_near = |known: &str| {
        let (short, long) =
            if word.len() < known.len() { (word.as_str(), known) } else { (known, word.as_str()) };
        let same = short.bytes().zip(long.bytes()).take_while(|(one, other)| one == other).count();
        let ending =
            short.bytes().rev().zip(long.bytes().rev()).take_while(|(one, other)| one == other).count();
        long.len() - short.len() <= 2 && same + ending + 1 >= short.len() && same > 1
    };
    PARAMETERS.into_iter().find(|known| is_near(known))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Settings;

    #[test]
    fn a_password_that_was_not_escaped_is_refused_and_no_part_of_it_is_told() {
        for secret in
            ["SEC@RETXX", "SE@C/RETXX", "SEC/RETXX", "SE?CRETXX", "SEC#RETXX", "S?E@C", "SE/C@RETXX"]
        {
            let url = format!("postgres://colloquy:{secret}@127.0.0.1:25432/colloquy");
            for settings in [
                Settings::at(&url),
                Settings { read_url: Some(url.clone()), ..Settings::at("postgres://ada@one/db") },
            ] {
                let problems = settings.problems();
                let said = format!("{problems:?} {settings:?}");
                assert_eq!(problems.len(), 1, "{said}");
                assert!(said.contains("%40"), "{said}");
                for part in ["SE", "RET", "XX", "127.0.0.1"] {
                    assert!(!said.contains(part), "{part} of {secret} is told: {said}");
                }
            }
        }
    }

    #[test]
    fn what_was_escaped_is_read() {
        for url in [
            "postgres://ada:SEC%40RET%2FXX%3F@host:5432/db?sslmode=require",
            "postgres://ada:a:b@one:1,two:2/db",
            "postgres:///db?host=/var/run/postgresql&user=ada",
            "postgres://ada@[::1]:5432/db?application_name=x",
        ] {
            assert_eq!(problem(url), None, "{url}");
        }
    }

    #[test]
    fn an_unknown_parameter_is_named() {
        let said = |url: &str| problem(url).unwrap_or_default();
        let near = said("postgres://ada@host/db?sslmod=require");
        assert!(near.contains("\"sslmod\"") && near.ends_with("did you mean sslmode?"), "{near}");
        assert!(said("postgres://ada@host/db?ssl-mode=require").ends_with("did you mean sslmode?"));
        let far = said("postgres://ada@host/db?colour=blue");
        assert!(far.contains("\"colour\"") && far.contains("sslrootcert"), "{far}");
        let secret = said("postgres://ada@host/db?password=a&SECRET");
        assert!(!secret.contains("SECRET") && secret.contains("%26"), "{secret}");
    }
}
