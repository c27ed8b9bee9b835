//! Who may depend on whom: the crate table of the architecture.

use super::metadata::{Dependency, Member};

/// What a package may depend on.
#[derive(Clone, Copy)]
enum May {
    /// These packages of the workspace.
    Use(&'static [&'static str]),
    /// Anything: it composes, or it is not part of the product.
    UseAll,
}

const TABLE: &[(&str, May)] = &[
    ("domain", May::Use(&[])),
    ("application", May::Use(&["domain"])),
    ("storage", May::Use(&["domain"])),
    ("sqlite", May::Use(&["domain", "storage"])),
    ("postgres", May::Use(&["domain", "storage"])),
    ("outbound", May::Use(&[])),
    ("llm", May::Use(&["domain", "outbound"])),
    ("cache", May::Use(&["domain"])),
    ("oidc", May::Use(&["domain", "outbound"])),
    ("mail", May::Use(&["domain"])),
    ("filter", May::Use(&["domain"])),
    ("importers", May::Use(&["domain"])),
    ("telemetry", May::Use(&[])),
    ("server", May::Use(&["application", "domain", "web", "telemetry"])),
    ("web", May::Use(&[])),
    ("colloquy", May::UseAll),
    ("testing", May::Use(&["domain", "application", "storage"])),
    ("tests", May::UseAll),
    ("xtask", May::UseAll),
    ("seed", May::UseAll),
    ("bench", May::UseAll),
    ("servers", May::UseAll),
];

/// Families of packages that only some of ours may know, by the beginning of their names.
const EXCLUSIVE: &[(&str, &[&str])] = &[
    ("diesel", &["sqlite", "postgres"]),
    ("libsqlite3-sys", &["sqlite"]),
    ("actix", &["server"]),
    ("reqwest", &["llm", "oidc", "outbound"]),
    ("openidconnect", &["oidc"]),
    ("redis", &["cache"]),
    ("lettre", &["mail"]),
];

/// Packages that are not part of the product, and so may know anything.
const TOOLS: [&str; 5] = ["tests", "xtask", "seed", "bench", "servers"];

/// Dependencies that the table does not allow.
pub fn check(members: &[Member]) -> Vec<String> {
    let mut wrong = Vec::new();
    for member in members {
        let name = &member.name;
        let Some((_, may)) = TABLE.iter().find(|(listed, _)| listed == name) else {
            wrong.push(format!("{name}: not in the crate table; add it to the architecture first"));
            continue;
        };
        for dependency in &member.dependencies {
            if dependency.path.is_some() && !is_allowed(name, *may, dependency) {
                wrong.push(format!("{name}: must not depend on {} (crate table)", dependency.name));
            }
            wrong.extend(exclusive(name, dependency));
        }
    }
    wrong
}

fn is_allowed(name: &str, may: May, dependency: &Dependency) -> bool {
    match may {
        May::UseAll => true,
        May::Use(listed) => {
            let is_test_support = dependency.kind.as_deref() == Some("dev") && dependency.name == "testing";
            is_test_support || dependency.name == name || listed.contains(&dependency.name.as_str())
        }
    }
}

fn exclusive(name: &str, dependency: &Dependency) -> Option<String> {
    let (_, owners) = EXCLUSIVE.iter().find(|(family, _)| dependency.name.starts_with(family))?;
    if dependency.path.is_some() || owners.contains(&name) || TOOLS.contains(&name) {
        return None;
    }
    Some(format!("{name}: must not know {}; only {} may", dependency.name, owners.join(" and ")))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn member(name: &str, dependencies: &[(&str, Option<&str>)]) -> Member {
        let ours: Vec<&str> = TABLE.iter().map(|(name, _)| *name).collect();
        let dependency = |(name, kind): &(&str, Option<&str>)| Dependency {
            name: (*name).to_owned(),
            kind: kind.map(str::to_owned),
            path: ours.contains(name).then(PathBuf::new),
        };
        Member {
            name: name.to_owned(),
            manifest: PathBuf::new(),
            dependencies: dependencies.iter().map(dependency).collect(),
        }
    }

    #[test]
    fn the_diamond_is_allowed() {
        let members = [
            member("domain", &[("serde", None)]),
            member("application", &[("domain", None), ("testing", Some("dev"))]),
            member("sqlite", &[("domain", None), ("diesel_migrations", None)]),
            member("server", &[("application", None), ("telemetry", None), ("actix-web", None)]),
            member("llm", &[("domain", None), ("reqwest", None)]),
            member("colloquy", &[("sqlite", None), ("llm", None), ("server", None)]),
            member("bench", &[("reqwest", None), ("actix-web", None), ("domain", None)]),
        ];
        assert_eq!(check(&members), Vec::<String>::new());
    }

    #[test]
    fn every_way_around_the_table_is_found() {
        let cases = [
            (
                member("domain", &[("application", None)]),
                "domain: must not depend on application (crate table)",
            ),
            (
                member("sqlite", &[("application", None)]),
                "sqlite: must not depend on application (crate table)",
            ),
            (member("llm", &[("sqlite", Some("dev"))]), "llm: must not depend on sqlite (crate table)"),
            (
                member("server", &[("sqlite", Some("build"))]),
                "server: must not depend on sqlite (crate table)",
            ),
            (
                member("application", &[("testing", None)]),
                "application: must not depend on testing (crate table)",
            ),
            (
                member("colloquy", &[("actix-web", None)]),
                "colloquy: must not know actix-web; only server may",
            ),
            (
                member("server", &[("reqwest", Some("dev"))]),
                "server: must not know reqwest; only llm and oidc and outbound may",
            ),
            (
                member("application", &[("diesel", None)]),
                "application: must not know diesel; only sqlite and postgres may",
            ),
            (member("extras", &[]), "extras: not in the crate table; add it to the architecture first"),
        ];
        for (member, expected) in cases {
            assert_eq!(check(&[member]), [expected]);
        }
    }
}
