//! The folder of the database: is it there, may this user write, does nobody else read, is there room?

use std::fs;
use std::io;
use std::path::Path;

use super::Finding;

/// Less room than this is too little: a snapshot before a migration needs as much as the database.
#[cfg(unix)]
const LEAST_FREE_MIB: u64 = 256;

/// Looks at the folder that the database file is in.
pub fn look(file: &Path) -> Vec<Finding> {
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let subject = format!("folder {}", folder.display());
    match fs::metadata(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return vec![Finding::good(subject, "is not there yet; the first start makes it")];
        }
        Err(error) => return vec![Finding::bad(subject, error.to_string(), "Let this user read it.")],
        Ok(metadata) if !metadata.is_dir() => {
            return vec![Finding::bad(subject, "is no folder", "Name another place with data_dir.")];
        }
        Ok(_) => {}
    }
    let mut findings = vec![writable(subject.clone(), folder)];
    findings.extend(private(&subject, file));
    findings.extend(room(subject, folder));
    findings
}

fn writable(subject: String, folder: &Path) -> Finding {
    let trial = folder.join(format!(".colloquy-doctor-{}", std::process::id()));
    match fs::write(&trial, b"").and_then(|()| fs::remove_file(&trial)) {
        Ok(()) => Finding::good(subject, "can be written"),
        Err(error) => Finding::bad(
            subject,
            format!("cannot be written: {error}"),
            "Give it to the user that runs the server, or name another place with data_dir.",
        ),
    }
}

/// Whether others on this machine can read the database.
#[cfg(unix)]
fn private(subject: &str, file: &Path) -> Option<Finding> {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = |path: &Path| fs::metadata(path).map(|metadata| metadata.permissions().mode()).ok();
    let folder_is_open = mode(file.parent()?).is_some_and(|mode| mode & 0o005 == 0o005);
    let file_is_open = mode(file)? & 0o044 != 0;
    Some(if folder_is_open && file_is_open {
        let advice = format!("Take that right away: chmod 600 {}.", file.display());
        Finding::bad(subject, "lets other users of this machine read the database", advice)
    } else {
        Finding::good(subject, "keeps the database from other users of this machine")
    })
}

#[cfg(not(unix))]
fn private(_: &str, _: &Path) -> Option<Finding> {
    None
}

#[cfg(unix)]
fn room(subject: String, folder: &Path) -> Option<Finding> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    let free_mib = disk.f_bavail.saturating_mul(disk.f_frsize) / (1024 * 1024);
    let state = format!("{free_mib} MiB are free");
    Some(if free_mib < LEAST_FREE_MIB {
        Finding::bad(subject, state, format!("Make room: at least {LEAST_FREE_MIB} MiB."))
    } else {
        Finding::good(subject, state)
    })
}

#[cfg(not(unix))]
fn room(_: String, _: &Path) -> Option<Finding> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_folder_with_room_is_as_it_should_be() {
        let folder = tempfile::tempdir().expect("the tests have a place for files");
        let findings = look(&folder.path().join("colloquy.db"));
        assert!(findings.iter().all(|finding| !finding.is_bad()), "{findings:?}");
    }

    #[test]
    fn a_file_in_place_of_the_folder_is_found() {
        let folder = tempfile::tempdir().expect("the tests have a place for files");
        fs::write(folder.path().join("data"), "").expect("the folder is writable");
        let findings = look(&folder.path().join("data").join("colloquy.db"));
        assert!(findings[0].to_string().contains("is no folder"), "{findings:?}");
    }

    #[cfg(unix)]
    #[test]
    fn a_database_that_others_can_read_is_found() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().expect("the tests have a place for files");
        let file = folder.path().join("colloquy.db");
        fs::write(&file, "").expect("the folder is writable");
        let set = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
        };
        set(folder.path(), 0o755);
        set(&file, 0o644);
        assert!(look(&file).iter().any(Finding::is_bad));
        set(&file, 0o600);
        assert!(!look(&file).iter().any(Finding::is_bad));
    }
}
