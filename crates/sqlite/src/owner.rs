//! To whom the files of a database belong.

use std::io;
use std::path::Path;

/// Gives a file or folder that the administrator has just made to the owner of the folder that it is in, so that the
/// server can use it, which runs as somebody else.
#[cfg(unix)]
pub(crate) fn like_its_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, chown};

    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = folder.metadata()?;
    // A folder in which everybody may make files, such as /tmp, says nothing about who uses this one.
    if folder.uid() == 0 || folder.mode() & 0o1000 != 0 {
        return Ok(());
    }
    chown(path, Some(folder.uid()), Some(folder.gid()))
}

#[cfg(not(unix))]
pub(crate) fn like_its_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// To whom a file belongs that this process may not open, and who it is itself: where that is the reason.
#[cfg(unix)]
pub(crate) fn foreign(path: &Path, error: &io::Error) -> Option<(String, String)> {
    use std::os::unix::fs::MetadataExt as _;

    let owner = path.metadata().ok().filter(|_| error.kind() == io::ErrorKind::PermissionDenied)?.uid();
    let ours = rustix::process::geteuid().as_raw();
    (owner != ours).then(|| (name(owner), name(ours)))
}

#[cfg(not(unix))]
pub(crate) fn foreign(_: &Path, _: &io::Error) -> Option<(String, String)> {
    None
}

/// What an account is called here; its number where nobody says.
#[cfg(unix)]
fn name(id: u32) -> String {
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let named = accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(id)).then(|| name.to_owned())
    });
    named.unwrap_or_else(|| format!("the user {id}"))
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt as _, chown};

    use super::*;
    use crate::{Settings, migrate};

    #[test]
    fn what_the_administrator_makes_belongs_to_the_owner_of_the_folder() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let folder = tempfile::tempdir().expect("the tests have a place for files");
        chown(folder.path(), Some(12_345), Some(12_346)).expect("the administrator may");
        let file = folder.path().join("data/colloquy.db");
        migrate::up(&Settings::at(&file)).expect("the database is made");
        for entry in fs::read_dir(folder.path().join("data")).expect("it is there") {
            let made = entry.expect("it can be read");
            let metadata = made.metadata().expect("it is there");
            assert_eq!((metadata.uid(), metadata.gid()), (12_345, 12_346), "{made:?}");
        }
        assert_eq!(folder.path().join("data").metadata().expect("it is there").uid(), 12_345);
    }

    #[test]
    fn the_owner_of_a_file_that_may_not_be_opened_is_named() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let file = tempfile::NamedTempFile::new().expect("the tests have a place for files");
        chown(file.path(), Some(12_345), None).expect("the administrator may");
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        assert_eq!(foreign(file.path(), &denied), Some(("the user 12345".to_owned(), "root".to_owned())));
        assert_eq!(foreign(file.path(), &io::Error::from(io::ErrorKind::NotFound)), None);
    }
}
