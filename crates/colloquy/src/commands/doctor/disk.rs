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
    let folder = file.parent().map_or(Path::new("."), or_here);
    let subject = format!("folder {}", folder.display());
    match fs::metadata(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return vec![creatable(subject, folder)],
        Err(error) => return vec![Finding::bad(subject, error.to_string(), "Let this user read it.")],
        Ok(metadata) if !metadata.is_dir() => {
            return vec![Finding::bad(subject, "is no folder", "Name another place with data_dir.")];
        }
        Ok(_) => {}
    }
    let mut findings = vec![writable(subject.clone(), folder)];
    findings.extend(private(&subject, folder, file, "the database"));
    findings.extend(room(subject, folder));
    findings
}

/// Why the folder that the database file is in cannot be written or made, if so.
pub fn unwritable(file: &Path) -> Option<Finding> {
    let folder = file.parent().map_or(Path::new("."), or_here);
    let subject = format!("folder {}", folder.display());
    let found = match fs::metadata(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => creatable(subject, folder),
        Err(error) => Finding::bad(subject, error.to_string(), "Let this user read it."),
        Ok(metadata) if !metadata.is_dir() => {
            Finding::bad(subject, "is no folder", "Name another place with data_dir.")
        }
        Ok(_) => writable(subject, folder),
    };
    found.is_bad().then_some(found)
}

/// Whether a folder that is not there can be made: in the nearest one that is.
fn creatable(subject: String, folder: &Path) -> Finding {
    let parent = folder.ancestors().skip(1).map(or_here).find(|parent| fs::symlink_metadata(parent).is_ok());
    let parent = parent.unwrap_or(Path::new("."));
    match try_writing(parent) {
        Ok(()) if fs::symlink_metadata(folder).is_err() => {
            Finding::good(subject, "is not there yet; the first start makes it")
        }
        Ok(()) => Finding::bad(subject, "is a link that leads nowhere", "Make the folder that it leads to."),
        Err(error) => Finding::bad(
            subject,
            format!("is not there, and cannot be made in {}: {error}", parent.display()),
            "Make it and give it to the user that runs the server, or name another place with data_dir.",
        ),
    }
}

/// The working directory where a path has no folder in it.
fn or_here(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}

fn try_writing(folder: &Path) -> io::Result<()> {
    let trial = folder.join(format!(".colloquy-doctor-{}", std::process::id()));
    fs::write(&trial, b"").and_then(|()| fs::remove_file(&trial))
}

fn writable(subject: String, folder: &Path) -> Finding {
    match try_writing(folder) {
        Ok(()) => Finding::good(subject, "can be written"),
        Err(error) => Finding::bad(
            subject,
            format!("cannot be written: {error}"),
            "Give it to the user that runs the server, or name another place with data_dir.",
        ),
    }
}

/// Whether others on this machine can read the file with the secret key, where there is one.
pub fn look_at_key(file: &Path) -> Option<Finding> {
    let folder = file.parent().map_or(Path::new("."), or_here);
    private(&format!("folder {}", folder.display()), folder, file, "the secret key")
}

/// Whether others on this machine can read a file.
#[cfg(unix)]
fn private(subject: &str, folder: &Path, file: &Path, what: &str) -> Option<Finding> {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = |path: &Path| fs::metadata(path).map(|metadata| metadata.permissions().mode());
    let (of_folder, of_file) = match (mode(folder), mode(file)) {
        (Ok(of_folder), Ok(of_file)) => (of_folder, of_file),
        (_, Err(error)) if error.kind() == io::ErrorKind::NotFound => return None,
        (Err(error), _) | (_, Err(error)) => {
            let state = format!("does not tell who may read {what}: {error}");
            return Some(Finding::bad(subject, state, "Let this user look at it."));
        }
    };
    // Whoever may pass through a folder reads what they know the name of.
    let is_open_to = |pass: u32, read: u32| of_folder & pass != 0 && of_file & read != 0;
    Some(if is_open_to(0o001, 0o004) || is_open_to(0o010, 0o040) {
        let advice = format!("Take that right away: chmod 600 {}.", file.display());
        Finding::bad(subject, format!("lets other users of this machine read {what}"), advice)
    } else {
        Finding::good(subject, format!("keeps {what} from other users of this machine"))
    })
}

#[cfg(not(unix))]
fn private(_: &str, _: &Path, _: &Path, _: &str) -> Option<Finding> {
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
        let key = folder.path().join("secret_key");
        assert_eq!(look_at_key(&key), None);
        fs::write(&key, "").expect("the folder is writable");
        set(&key, 0o644);
        assert!(look_at_key(&key).is_some_and(|finding| finding.to_string().contains("read the secret key")));
        set(&key, 0o600);
        assert!(look_at_key(&key).is_some_and(|finding| !finding.is_bad()));
    }

    #[cfg(unix)]
    #[test]
    fn a_database_in_the_working_directory_is_judged_by_that_directory() {
        use std::os::unix::fs::PermissionsExt as _;

        let file =
            tempfile::Builder::new().prefix("doctor-").tempfile_in(".").expect("a file can be made here");
        let mode = |mode| {
            fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).expect("it is ours");
            private("here", or_here(Path::new("")), file.path(), "it").expect("the file is there").is_bad()
        };
        let here = fs::metadata(".").expect("there is one").permissions().mode();
        assert_eq!(mode(0o644), here & 0o011 != 0);
        assert!(!mode(0o600));
        let name = Path::new(file.path().file_name().expect("it has a name"));
        assert!(look(name).iter().any(|finding| finding.to_string().contains("from other users")));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_folder_that_is_not_there_is_well_only_where_it_can_be_made() {
        let folder = tempfile::tempdir().expect("the tests have a place for files");
        assert!(!look(&folder.path().join("a/b/colloquy.db"))[0].is_bad());
        assert_eq!(fs::read_dir(folder.path()).map(Iterator::count).ok(), Some(0), "nothing was made");
        std::os::unix::fs::symlink(folder.path().join("gone"), folder.path().join("link"))
            .expect("it is ours");
        assert!(look(&folder.path().join("link/colloquy.db"))[0].is_bad());
        assert!(unwritable(&folder.path().join("a/b/colloquy.db")).is_none());
        assert!(unwritable(Path::new("/proc/nowhere/data/colloquy.db")).is_some());
        assert!(unwritable(Path::new("/proc/colloquy.db")).is_some());
        let told = look(Path::new("/proc/nowhere/data/colloquy.db"))[0].to_string();
        assert!(told.contains("cannot be made in /proc"), "{told}");
    }
}
