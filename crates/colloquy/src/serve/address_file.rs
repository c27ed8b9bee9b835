//! The file that tells others where the server listens.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Takes away what an earlier process has written, so that nobody reads an address that nobody listens on.
pub fn remove(path: &Path) -> Result<(), Failure> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(path, &error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Writes the address. Whoever looks sees nothing or all of it.
pub fn write(path: &Path, address: SocketAddr) -> Result<(), Failure> {
    let unfinished = unfinished(path);
    fs::write(&unfinished, format!("{address}\n"))
        .and_then(|()| fs::rename(&unfinished, path))
        .map_err(|error| failed(path, &error))
}

fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}", std::process::id()));
    PathBuf::from(name)
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    Failure::failed(format!("the address cannot be written to {}: {error}", path.display()))
        .advise("Name a file that this user may write with --address-file, or leave it out.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_written_and_an_old_one_taken_away() {
        let folder = tempfile::tempdir().expect("the tests have a place for files");
        let path = folder.path().join("address");
        assert!(remove(&path).is_ok(), "there is nothing to take away");
        assert!(write(&path, SocketAddr::from(([127, 0, 0, 1], 8080))).is_ok());
        assert_eq!(fs::read_to_string(&path).ok().as_deref(), Some("127.0.0.1:8080\n"));
        assert_eq!(fs::read_dir(folder.path()).map(Iterator::count).ok(), Some(1));
        assert!(remove(&path).is_ok());
        assert!(!path.exists());
    }

    #[test]
    fn a_place_that_cannot_be_written_is_told() {
        let folder = tempfile::tempdir().expect("the tests have a place for files");
        let path = folder.path().join("missing").join("address");
        let failure =
            write(&path, SocketAddr::from(([127, 0, 0, 1], 1))).expect_err("there is no such folder");
        assert!(failure.to_string().contains("--address-file"), "{failure}");
    }
}
