//! Who may do what: the one table, and what each command needs.

use std::fmt::Write as _;

use application::bus::Registry;
use domain::PERMISSIONS;
use storage::Word as _;

/// The table of permissions, then the commands with what each of them needs.
pub fn table() -> String {
    let mut shown = format!("{:<20} {:<12} scope of an API key\n", "permission", "least role");
    for rule in &PERMISSIONS {
        let scope = rule.scope.map_or("none: no key may", |scope| scope.name());
        let _ = writeln!(shown, "{:<20} {:<12} {scope}", rule.name, rule.least_role.word());
    }
    let _ = writeln!(shown, "\n{:<32} needs", "command");
    for command in Registry::new().iter() {
        let _ = writeln!(shown, "{:<32} {}", command.name, command.permission.rule().name);
    }
    shown
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// `UPDATE_GOLDEN=1` writes the file.
    #[test]
    fn the_table_is_the_one_in_the_repository() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/permissions.txt");
        let table = super::table();
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, &table).expect("the golden file can be written");
        }
        let golden = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(
            table, golden,
            "if the change is wanted, run the test with UPDATE_GOLDEN=1 and look at the difference"
        );
    }
}
