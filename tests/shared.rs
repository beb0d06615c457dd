//! Set-up and tear-down that scenarios share, played.

use std::fs;

use libtest_mimic::Failed;
use stayput_tests::stayput_in;

use crate::again::{Test, ends_with};

pub(crate) fn all() -> Vec<Test> {
    vec![
        (
            "suite::each_scenario_alone_together_and_at_once",
            alone_together_and_at_once,
        ),
        (
            "suite::what_a_failed_set_up_began_is_torn_down",
            torn_down_after_a_failed_set_up,
        ),
        ("suite::a_bundle_has_it_and_plays_it_again", a_bundle_has_it),
    ]
}

const SUITE: &str = "\
apiVersion: stayput.dev/v1alpha1
kind: Suite
metadata: {name: shop}
spec:
  about: Each scenario has a shop to itself.
  cluster: {nodes: [one]}
  setup:
    - name: a shop
      create: shop.yaml
    - name: it opens
      script: {run: 'SCRIPT'}
    - save: {as: opened, script: {run: date}, value: stdout.trim()}
  finally:
    - name: the shop goes
      delete: {file: shop.yaml}
";

const SHOP: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n";

/// Two scenarios and their suite, which runs this script.
fn folder(script: &str) -> Result<tempfile::TempDir, Failed> {
    let folder = tempfile::tempdir()?;
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text);
    write("suite.yaml", &SUITE.replace("SCRIPT", script))?;
    write("shop.yaml", SHOP)?;
    for name in ["sells", "buys"] {
        fs::create_dir(folder.path().join(name))?;
        let text = format!(
            "apiVersion: stayput.dev/v1alpha1\nkind: Scenario\nmetadata: {{name: {name}}}\nspec:\n  \
             about: What a shop does.\n  suite: ../suite.yaml\n  steps:\n    - name: {name}\n      \
             expect: {{all: Namespace, name: shop, count: 1}}\n    - log: open since ${{{{ saved.opened }}}}\n"
        );
        write(&format!("{name}/scenario.yaml"), &text)?;
    }
    Ok(folder)
}

fn alone_together_and_at_once() -> Result<(), Failed> {
    let folder = folder("true")?;
    let alone = stayput_in(folder.path(), ["e2e", "buys"])?;
    ends_with(
        &alone,
        0,
        &["set-up: a shop", "tear-down: the shop goes", "open since"],
    )?;
    let together = stayput_in(folder.path(), ["e2e", "."])?;
    ends_with(&together, 0, &["2 scenarios", "all 7 steps"])?;
    let at_once = stayput_in(folder.path(), ["e2e", "sells", "buys", "--jobs", "2"])?;
    ends_with(&at_once, 0, &["2 scenarios"])
}

fn torn_down_after_a_failed_set_up() -> Result<(), Failed> {
    let folder = folder("exit 3")?;
    let ended = stayput_in(folder.path(), ["e2e", "buys"])?;
    let said = [
        "FAIL set-up: it opens (suite.yaml:10, after",
        "exit code: expected 0, seen 3",
        "ok         tear-down: the shop goes",
    ];
    ends_with(&ended, 1, &said)
}

fn a_bundle_has_it() -> Result<(), Failed> {
    let folder = folder("exit 3")?;
    let words = ["e2e", "buys", "--bundle", "run.zip"];
    ends_with(&stayput_in(folder.path(), words)?, 1, &[])?;
    // Nothing but the bundle is left.
    for file in ["suite.yaml", "shop.yaml"] {
        fs::remove_file(folder.path().join(file))?;
    }
    let again = stayput_in(folder.path(), ["repro", "run.zip"])?;
    ends_with(&again, 0, &["set-up: it opens", "the same outcome"])
}
