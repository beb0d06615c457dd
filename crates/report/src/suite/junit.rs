//! junit.xml of several scenarios.

use quick_junit::{Report, TestSuite};

use super::{Played, Suite};
use crate::{Error, junit, redact};

pub(super) fn write(suite: &Suite) -> Result<String, Error> {
    let mut report = Report::new("stayput");
    report.set_time(suite.took.since_start());
    for played in &suite.scenarios {
        match played.last() {
            Some(last) => {
                // Before anything is laid out: a secret that wraps is not found any more.
                let last = redact::whole(last)?;
                report.add_test_suites(junit::suites(&last));
            }
            None => {
                report.add_test_suite(not_played(played));
            }
        }
    }
    junit::text(&report)
}

fn not_played(played: &Played) -> TestSuite {
    let mut suite = TestSuite::new(&played.name);
    suite.add_test_case(junit::not_played(&played.name));
    suite
}
