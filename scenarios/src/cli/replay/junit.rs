//! The outcome as JUnit XML: a suite for each scenario, a case for each flow and build and one for what Azure refuses.
//!
//! There are no times in it: how long a replay takes is not what it shows, and equal runs give equal bytes.

use super::play::{Failed, Played};
use crate::report::Report;
use crate::scenario::Loaded;
use quick_junit::{NonSuccessKind, Report as Document, TestCase, TestCaseStatus, TestSuite};
use std::io;
use std::path::Path;
use topologies::diagnostic::Diagnostic;

/// Refuses a file that is there: nothing that somebody has is overwritten.
pub(super) fn is_free(file: &Path) -> Result<(), Diagnostic> {
    if !file.exists() {
        return Ok(());
    }
    let message = format!("{} is there already", file.display());
    Err(Diagnostic::error("output.junit", message).help("name a new file, or take the old one away"))
}

pub(super) fn unwritable(file: &Path, error: &io::Error) -> Diagnostic {
    Diagnostic::error("output.junit", format!("{} cannot be written: {error}", file.display()))
}

/// The whole document.
pub(super) fn document<'a>(
    outcomes: impl Iterator<Item = (&'a Loaded, &'a Result<Played, Failed>)>,
) -> Result<String, Diagnostic> {
    let mut document = Document::new("vnetsim");
    document.add_test_suites(outcomes.map(|(loaded, outcome)| suite(loaded, outcome)));
    document.to_string().map_err(|error| Diagnostic::error("output.junit", error.to_string()))
}

fn suite(loaded: &Loaded, outcome: &Result<Played, Failed>) -> TestSuite {
    let mut suite = TestSuite::new(loaded.path.display().to_string());
    match outcome {
        Ok(played) => suite.add_test_cases(cases(&played.report, &loaded.scenario.name)),
        Err(failed) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            let messages: Vec<&str> = failed.diagnostics.iter().map(|diagnostic| diagnostic.message.as_str()).collect();
            status.set_message(messages.join("; "));
            suite.add_test_case(case(&loaded.scenario.name, &loaded.scenario.name, status))
        }
    };
    suite
}

/// The cases of a scenario, each with what it does not meet.
fn cases(report: &Report, scenario: &str) -> Vec<TestCase> {
    let builds = report.builds.iter().map(|build| (build.name.as_str(), &build.unmet));
    let flows = report.flows.iter().map(|flow| (flow.name.as_str(), &flow.unmet));
    let of_azure = [("what Azure would refuse", &report.unmet)];
    let all = builds.chain(flows).chain(of_azure);
    all.map(|(name, unmet)| {
        let status = if unmet.is_empty() {
            TestCaseStatus::success()
        } else {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(unmet.join("; "));
            status
        };
        case(name, scenario, status)
    })
    .collect()
}

fn case(name: &str, scenario: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(name, status);
    case.set_classname(scenario);
    case
}
