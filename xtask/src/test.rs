//! `cargo xtask test`: everything that must hold.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::report::{Counts, Report};
use crate::{Outcome, command, junit, project, servers, tidy, tools, web_test};

/// Which tests a run of nextest has, under which of its profiles. Each names the whole workspace to cargo, and chooses among
/// its tests: with fewer packages their dependencies would have other features, and be built once more.
struct Suite {
    name: &'static str,
    profile: &'static str,
    tests: &'static str,
    /// On which database the end-to-end tests run.
    database: &'static str,
}

const SUITES: [Suite; 3] = [
    Suite { name: "rust", profile: "ci", tests: "not package(tests)", database: "" },
    Suite { name: "end to end on SQLite", profile: "sqlite", tests: "package(tests)", database: "sqlite" },
    Suite {
        name: "end to end on Postgres",
        profile: "postgres",
        tests: "package(tests)",
        database: "postgres",
    },
];

/// Checks and tests everything; with a filter, only runs the tests whose names contain it.
pub fn run(arguments: &[String]) -> Outcome {
    let filter = match arguments {
        [] => None,
        [filter] => Some(filter.as_str()),
        _ => return Err("give one filter, or none".into()),
    };
    tools::c_compiler()?;
    tools::cargo_subcommand("cargo-nextest", "0.9.143")?;
    tools::database_servers()?;
    let mut report = Report::default();
    if filter.is_none() {
        report.check("format", || command::run(&mut command::cargo(&["fmt", "--all", "--check"])));
        report.check("tidy", || tidy::run(&[]));
        report.check("clippy", clippy);
    }
    // The client first: the build takes it in.
    let has_client = web_test::client(&mut report, filter);
    // The end-to-end tests sign in through it.
    report.check("sign-in provider", || tools::node_packages(&project::root().join("tests/oidc_provider")));
    // One build of everything: nextest finds its tests in it, and the end-to-end tests the server.
    if report.check("build", build) {
        for suite in &SUITES {
            report.tests(suite.name, || rust_tests(suite, filter));
        }
        if has_python_tests() {
            report.tests("python", || python_tests(filter));
        }
        if has_client {
            report.tests("browser", || web_test::browser(filter));
        }
    }
    report.finish()
}

fn clippy() -> Outcome {
    command::run(&mut command::cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--quiet",
        "--",
        "--deny=warnings",
    ]))
}

fn build() -> Outcome {
    command::run(&mut command::cargo(&["build", "--workspace", "--all-targets", "--locked"]))
}

fn rust_tests(suite: &Suite, filter: Option<&str>) -> Outcome<Counts> {
    // Where nextest keeps its reports unless its configuration says otherwise, wherever cargo builds.
    let report = project::root().join("target/nextest").join(suite.profile).join("junit.xml");
    let words =
        ["nextest", "run", "--workspace", "--locked", "--profile", suite.profile, "--no-tests", "pass"];
    let mut nextest = servers::beside(&words)?;
    nextest.args(["--filterset", suite.tests]).args(filter).env("COLLOQUY_TEST_DATABASE", suite.database);
    with_server(&mut nextest)?;
    counted(&mut nextest, &report)
}

fn python_tests(filter: Option<&str>) -> Outcome<Counts> {
    let folder = project::root().join("tests/python");
    let interpreter = tools::python(&folder.join("requirements.txt"))?;
    let report = project::target_dir()?.join("python/junit.xml");
    let mut pytest = Command::new(interpreter);
    pytest.current_dir(&folder).args(["-m", "pytest", "--quiet", "-p", "no:cacheprovider"]);
    pytest.arg(format!("--junitxml={}", report.display()));
    if let Some(filter) = filter {
        pytest.args(["-k", filter]);
    }
    with_server(pytest.env("PYTHONDONTWRITEBYTECODE", "1"))?;
    counted(&mut pytest, &report)
}

fn has_python_tests() -> bool {
    let entries = fs::read_dir(project::root().join("tests/python"));
    entries.into_iter().flatten().flatten().any(|entry| {
        let name = entry.file_name();
        name.to_string_lossy().starts_with("test_")
            && Path::new(&name).extension().is_some_and(|end| end == "py")
    })
}

/// Tells the tests where the server is.
pub fn with_server(command: &mut Command) -> Outcome {
    command.env("COLLOQUY_BIN", project::target_dir()?.join("debug/colloquy"));
    Ok(())
}

/// Runs tests and reads their report. Where the report shows no failure, the command decides: a runner that breaks
/// down is a failure too.
pub fn counted(tests: &mut Command, report: &Path) -> Outcome<Counts> {
    match fs::remove_file(report) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        Ok(()) | Err(_) => {}
    }
    let outcome = command::run(tests);
    let counts = junit::read(report).unwrap_or_default();
    match outcome {
        Err(error) if counts.failed == 0 => {
            println!("{error}");
            Ok(Counts { failed: 1, ..counts })
        }
        Ok(()) | Err(_) => Ok(counts),
    }
}
