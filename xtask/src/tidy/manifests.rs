//! What every manifest of the workspace has in common.

use toml::{Table, Value};

const DEPENDENCY_TABLES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// Manifests that state versions themselves, leave the workspace's lints, or run documentation tests.
pub fn check(name: &str, manifest: &Table, has_library: bool) -> Vec<String> {
    let mut wrong = Vec::new();
    for (dependency, value) in dependencies(manifest) {
        if flag(value, "workspace") != Some(true) {
            wrong.push(format!(
                "{name}: {dependency} must say `workspace = true`; versions stand in the root manifest"
            ));
        }
    }
    if manifest.get("lints").and_then(|lints| flag(lints, "workspace")) != Some(true) {
        wrong.push(format!("{name}: the manifest needs `[lints] workspace = true`"));
    }
    if has_library && manifest.get("lib").and_then(|lib| flag(lib, "doctest")) != Some(false) {
        wrong.push(format!("{name}: the manifest needs `[lib] doctest = false`"));
    }
    wrong
}

fn dependencies(manifest: &Table) -> impl Iterator<Item = (&String, &Value)> {
    let of_targets = manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
    std::iter::once(manifest)
        .chain(of_targets.filter_map(Value::as_table))
        .flat_map(|tables| DEPENDENCY_TABLES.into_iter().filter_map(|table| tables.get(table)))
        .filter_map(Value::as_table)
        .flatten()
}

fn flag(value: &Value, name: &str) -> Option<bool> {
    value.get(name).and_then(Value::as_bool)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn violations(manifest: &str) -> Vec<String> {
        check("sqlite", &manifest.parse().expect("the test writes TOML"), true)
    }

    #[test]
    fn a_manifest_that_leaves_versions_to_the_root_is_tidy() {
        let tidy = "
            [lib]
            doctest = false
            [dependencies]
            domain.workspace = true
            serde = { workspace = true, features = ['rc'] }
            [lints]
            workspace = true";
        assert_eq!(violations(tidy), Vec::<String>::new());
    }

    #[test]
    fn versions_missing_lints_and_documentation_tests_are_found() {
        let untidy = "
            [dependencies]
            serde = '1'
            [dev-dependencies]
            domain = { path = '../domain' }
            [target.'cfg(unix)'.build-dependencies]
            cc = { version = '1' }";
        let wrong = violations(untidy).join("\n");
        for part in ["serde must", "domain must", "cc must", "[lints] workspace", "[lib] doctest"] {
            assert!(wrong.contains(part), "{part} in {wrong}");
        }
        assert_eq!(wrong.lines().count(), 5);
    }
}
