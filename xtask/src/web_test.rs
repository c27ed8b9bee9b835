//! The tests of the web client: types and units before the server is built, real browsers against the real server after.

use crate::report::{Counts, Report};
use crate::test::{counted, with_server};
use crate::{Outcome, project, tools, web};

/// Builds the client and runs its unit tests; gives whether it is there to be tried in a browser.
pub fn client(report: &mut Report, filter: Option<&str>) -> bool {
    let is_built = report.check("web client", || web::run(&[]));
    if is_built {
        report.tests("web units", || units(filter));
    }
    is_built
}

fn units(filter: Option<&str>) -> Outcome<Counts> {
    let report = project::root().join("target/web/units.xml");
    let mut vitest = web::npm();
    vitest.args(["exec", "--", "vitest", "run", "--passWithNoTests"]);
    vitest.args(filter.map(|filter| format!("--testNamePattern={filter}")));
    counted(&mut vitest, &report)
}

/// Tries the client in browsers.
pub fn browser(filter: Option<&str>) -> Outcome<Counts> {
    let chromium = tools::chromium()?;
    let report = project::root().join("target/web/browser.xml");
    let mut playwright = web::npm();
    playwright.args(["exec", "--", "playwright", "test", "--pass-with-no-tests"]);
    playwright.args(filter.map(|filter| format!("--grep={filter}")));
    with_server(playwright.env("CHROMIUM", chromium))?;
    counted(&mut playwright, &report)
}
