//! Opening the database file.

use std::fs;
use std::io;
use std::path::Path;

use diesel::connection::{Connection, SimpleConnection};
use diesel::sqlite::SqliteConnection;

use crate::errors::Outage;
use crate::owner;
use crate::settings::Settings;

/// How many pages of SQLite's usual 4 KiB make a MiB.
const PAGES_PER_MIB: u64 = 256;
/// The most pages that a database of SQLite can have.
const MOST_PAGES: u64 = 4_294_967_294;

/// Creates the database file and its directory, readable by this account alone; what exists is left as it is.
pub(crate) fn create_file(path: &Path) -> io::Result<()> {
    if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        let made: Vec<&Path> =
            directory.ancestors().take_while(|folder| fs::symlink_metadata(folder).is_err()).collect();
        builder.create(directory)?;
        for folder in made.into_iter().rev().filter(|folder| !folder.as_os_str().is_empty()) {
            owner::like_its_folder(folder)?;
        }
    }
    create_private(path)
}

/// Creates an empty file that only this account can read. SQLite gives its other files the same permissions.
pub(crate) fn create_private(path: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let is_new = fs::symlink_metadata(path).is_err();
    options.open(path)?;
    if is_new { owner::like_its_folder(path) } else { Ok(()) }
}

/// A connection that writes.
pub(crate) fn writing(settings: &Settings, path: &Path) -> Result<SqliteConnection, Outage> {
    let most_pages =
        if settings.max_mib == 0 { MOST_PAGES } else { u64::from(settings.max_mib) * PAGES_PER_MIB };
    let pragmas = format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 2000; \
         PRAGMA max_page_count = {most_pages};"
    );
    open(settings, path, "rw", &pragmas)
}

/// A connection that cannot write.
pub(crate) fn reading(settings: &Settings, path: &Path) -> Result<SqliteConnection, Outage> {
    open(settings, path, "ro", "PRAGMA query_only = 1;")
}

fn open(settings: &Settings, path: &Path, mode: &str, pragmas: &str) -> Result<SqliteConnection, Outage> {
    let failed = |error: &dyn std::fmt::Display| {
        Outage::new(format!("the database {} cannot be opened: {error}", path.display()))
    };
    let address = address(path, mode).ok_or_else(|| failed(&"its path is not valid UTF-8"))?;
    let mut connection = SqliteConnection::establish(&address).map_err(|error| failed(&error))?;
    let Settings { busy_timeout_ms, cache_kib, mmap_mib, .. } = settings;
    let mmap_bytes = u64::from(*mmap_mib) << 20;
    connection
        .batch_execute(&format!(
            "PRAGMA busy_timeout = {busy_timeout_ms}; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; \
             PRAGMA temp_store = MEMORY; PRAGMA cache_size = -{cache_kib}; PRAGMA mmap_size = {mmap_bytes}; \
             PRAGMA journal_size_limit = 67108864; {pragmas}"
        ))
        .map_err(|error| failed(&error))?;
    Ok(connection)
}

/// The path as an address that SQLite understands, whatever characters are in it.
fn address(path: &Path, mode: &str) -> Option<String> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut address = String::from("file:");
    for byte in path.to_str()?.bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-~".contains(&byte) {
            address.push(char::from(byte));
        } else {
            address.push('%');
            for half in [byte >> 4, byte & 0xF] {
                address.push(char::from(DIGITS[usize::from(half)]));
            }
        }
    }
    address.push_str("?mode=");
    address.push_str(mode);
    Some(address)
}
