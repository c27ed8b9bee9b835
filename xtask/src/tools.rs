//! What the tasks need from this machine, installed where it is missing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Outcome, command, project};

/// Makes sure that a C compiler is there: SQLite and the cryptography are compiled from source.
pub fn c_compiler() -> Outcome {
    if std::env::var_os("CC").is_some() || command::find("cc").is_some() {
        return Ok(());
    }
    debian_packages(&["gcc", "libc6-dev"])
}

/// Makes sure that the programs of a Postgres and of a Redis (or Valkey) server are there. Tests start servers of their
/// own from them; what the packages start themselves is nobody's business here.
pub fn database_servers() -> Outcome {
    let mut missing = Vec::new();
    if !Path::new("/usr/lib/postgresql").is_dir() && command::find("postgres").is_none() {
        missing.push("postgresql");
    }
    if command::find("redis-server").is_none() && command::find("valkey-server").is_none() {
        missing.push("redis-server");
    }
    if missing.is_empty() { Ok(()) } else { debian_packages(&missing) }
}

/// Makes sure that cargo has a subcommand, at the given version where it has to be installed.
pub fn cargo_subcommand(name: &str, version: &str) -> Outcome {
    if command::find(name).is_some() || home_has(name) {
        return Ok(());
    }
    println!("{name} is missing: installing version {version} (once; some minutes).");
    let target = project::target_dir()?.join("tools");
    let mut install = command::cargo(&["install", "--locked", "--quiet", name, "--version", version]);
    command::run(install.env("CARGO_TARGET_DIR", target))
}

/// Whether Node.js and its package manager are there.
pub fn has_node() -> bool {
    command::find("node").is_some() && command::find("npm").is_some()
}

/// Makes sure that Node.js is there, new enough for what builds the web client and for the sign-in provider of the tests.
pub fn node() -> Outcome {
    if !has_node() {
        debian_packages(&["nodejs", "npm"])?;
    }
    let version = command::output(Command::new("node").arg("--version"))?;
    let major = version.trim().trim_start_matches('v').split('.').next().and_then(|major| major.parse().ok());
    match major {
        Some(20..) => Ok(()),
        None | Some(0_u32..20) => {
            Err(format!("Node.js 20 or newer is needed; here is {}", version.trim()).into())
        }
    }
}

/// npm, in a folder.
pub fn npm(folder: &Path) -> Command {
    let mut npm = Command::new("npm");
    npm.current_dir(folder);
    npm
}

/// Installs exactly the packages that the lock file of a folder names, unless they are there.
pub fn node_packages(folder: &Path) -> Outcome {
    node()?;
    let lock = fs::read_to_string(folder.join("package-lock.json"))?;
    let stamp = folder.join("node_modules/.installed");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    command::run(npm(folder).args(["ci", "--no-audit", "--no-fund"]))?;
    Ok(fs::write(stamp, lock)?)
}

/// Makes sure that a browser is there, and gives its path.
pub fn chromium() -> Outcome<PathBuf> {
    let find = || ["chromium", "chromium-browser"].into_iter().find_map(command::find);
    if find().is_none() {
        debian_packages(&["chromium"])?;
    }
    find().ok_or_else(|| "chromium is not on the search path although it was installed".into())
}

/// Whether cargo finds the subcommand in its own folder although the search path lacks it.
fn home_has(name: &str) -> bool {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    home.is_some_and(|home| home.join("bin").join(name).is_file())
}

/// The interpreter of a virtual environment in the target folder that holds exactly what `requirements` pins.
pub fn python(requirements: &Path) -> Outcome<PathBuf> {
    let folder = project::target_dir()?.join("python");
    let (interpreter, stamp) = (folder.join("bin/python"), folder.join("requirements.txt"));
    let wanted = fs::read_to_string(requirements)?;
    let is_current = fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted);
    if is_current && command::succeeds(Command::new(&interpreter).arg("--version")) {
        return Ok(interpreter);
    }
    if command::find("python3").is_none()
        || !command::succeeds(Command::new("python3").args(["-c", "import venv, ensurepip"]))
    {
        debian_packages(&["python3", "python3-venv"])?;
    }
    command::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    let mut install = Command::new(&interpreter);
    install.args(["-m", "pip", "install", "--disable-pip-version-check", "--quiet", "--requirement"]);
    command::run(install.arg(requirements))?;
    fs::write(&stamp, wanted)?;
    Ok(interpreter)
}

/// Installs Debian packages, with `sudo` where we are not root.
fn debian_packages(packages: &[&str]) -> Outcome {
    let wanted = packages.join(" ");
    if command::find("apt-get").is_none() {
        return Err(format!(
            "please install {wanted}: it is missing here, and there is no apt-get to do it with"
        )
        .into());
    }
    let is_root = command::output(Command::new("id").arg("-u"))?.trim() == "0";
    if !is_root && command::find("sudo").is_none() {
        return Err(format!(
            "please run `apt-get install {wanted}` as root: it is missing, and there is no sudo"
        )
        .into());
    }
    println!("{wanted} is missing: installing it with apt-get.");
    let apt = |arguments: &[&str]| {
        let mut apt = if is_root { Command::new("apt-get") } else { Command::new("sudo") };
        if !is_root {
            apt.args(["--preserve-env=DEBIAN_FRONTEND", "apt-get"]);
        }
        command::run(apt.args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    apt(&["update", "--quiet", "--quiet"])?;
    apt(&[&["install", "--yes", "--quiet", "--no-install-recommends"], packages].concat())
}
