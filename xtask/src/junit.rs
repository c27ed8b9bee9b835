//! Counting tests in the JUnit reports that nextest and pytest write.

use std::fs;
use std::path::Path;

use crate::Outcome;
use crate::report::Counts;

/// The counts of a report. Skipped tests count as neither.
pub fn read(file: &Path) -> Outcome<Counts> {
    let text =
        fs::read_to_string(file).map_err(|error| format!("no report at {}: {error}", file.display()))?;
    Ok(count(&text))
}

fn count(report: &str) -> Counts {
    let suites = report.split("<testsuite ").skip(1).filter_map(|rest| rest.split('>').next());
    let mut counts = Counts::default();
    for suite in suites {
        let failed = attribute(suite, "failures") + attribute(suite, "errors");
        let skipped = attribute(suite, "skipped") + attribute(suite, "disabled");
        counts.failed += failed;
        counts.passed += attribute(suite, "tests").saturating_sub(failed + skipped);
    }
    counts
}

fn attribute(tag: &str, name: &str) -> usize {
    let value = tag.split(&format!(" {name}=\"")).nth(1).or_else(|| tag.strip_prefix(&format!("{name}=\"")));
    value.and_then(|rest| rest.split('"').next()).and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suites_are_added_up() {
        let report = r#"<?xml version="1.0"?>
            <testsuites name="all" tests="9" failures="1" errors="0">
              <testsuite name="domain" tests="5" disabled="0" errors="0" failures="1"><testcase name="a > b"/></testsuite>
              <testsuite name="server" errors="1" failures="0" skipped="1" tests="4" time="0.1"/>
            </testsuites>"#;
        assert_eq!(count(report), Counts { passed: 6, failed: 2 });
        assert_eq!(count(""), Counts::default());
    }
}
