//! Whether we may use what we use.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use spdx::{Expression, ParseMode};

use super::metadata::External;
use crate::Outcome;

/// The licences that `deny.toml` allows, for everybody and for single packages.
#[derive(Default)]
pub struct Policy {
    allow: Vec<String>,
    exceptions: HashMap<String, Vec<String>>,
}

/// Reads the `[licenses]` section of `deny.toml`.
pub fn policy(root: &Path) -> Outcome<Policy> {
    #[derive(Deserialize)]
    struct Deny {
        licenses: Licenses,
    }
    #[derive(Deserialize)]
    struct Licenses {
        allow: Vec<String>,
        #[serde(default)]
        exceptions: Vec<Exception>,
    }
    #[derive(Deserialize)]
    struct Exception {
        #[serde(rename = "crate")]
        package: String,
        allow: Vec<String>,
    }
    let deny: Deny = toml::from_str(&fs::read_to_string(root.join("deny.toml"))?)?;
    let exceptions =
        deny.licenses.exceptions.into_iter().map(|exception| (exception.package, exception.allow));
    Ok(Policy { allow: deny.licenses.allow, exceptions: exceptions.collect() })
}

/// Packages whose licence expression cannot be satisfied by what is allowed.
pub fn check(packages: &[External], policy: &Policy) -> Vec<String> {
    let refused = packages.iter().filter_map(|package| {
        let reason = problem(package, policy)?;
        Some(format!("{} {}: {reason}", package.name, package.version))
    });
    refused.collect()
}

fn problem(package: &External, policy: &Policy) -> Option<String> {
    let Some(license) = &package.license else {
        return Some("names no licence".to_owned());
    };
    let Ok(expression) = Expression::parse_mode(license, ParseMode::LAX) else {
        return Some(format!("`{license}` is not a licence expression"));
    };
    let own = policy.exceptions.get(&package.name).into_iter().flatten();
    let allowed: Vec<&String> = policy.allow.iter().chain(own).collect();
    let is_allowed = expression.evaluate(|requirement| {
        let name = requirement.to_string();
        allowed.iter().any(|allowed| **allowed == name)
    });
    (!is_allowed).then(|| format!("deny.toml does not allow `{license}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_must_be_satisfiable_by_what_is_allowed() {
        let policy = Policy {
            allow: ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned).into(),
            exceptions: HashMap::from([("roots".to_owned(), vec!["CDLA-Permissive-2.0".to_owned()])]),
        };
        let cases = [
            ("a", Some("MIT OR GPL-3.0-only"), None),
            ("a", Some("MIT/Apache-2.0"), None),
            ("a", Some("Apache-2.0 WITH LLVM-exception"), None),
            ("a", Some("(MIT OR ISC) AND Apache-2.0"), None),
            ("roots", Some("CDLA-Permissive-2.0"), None),
            ("a", Some("CDLA-Permissive-2.0"), Some("deny.toml does not allow `CDLA-Permissive-2.0`")),
            ("a", Some("MIT AND GPL-3.0-only"), Some("deny.toml does not allow `MIT AND GPL-3.0-only`")),
            ("a", Some("do what you want"), Some("`do what you want` is not a licence expression")),
            ("a", None, Some("names no licence")),
        ];
        for (name, license, expected) in cases {
            let package = External {
                name: name.to_owned(),
                version: "1.0.0".to_owned(),
                license: license.map(str::to_owned),
            };
            assert_eq!(problem(&package, &policy).as_deref(), expected, "{license:?}");
        }
    }
}
