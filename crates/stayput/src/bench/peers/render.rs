//! The files of the workloads, for the four that play them: rendered for one cluster.
//!
//! Invariants:
//! - All four get the same manifests, nodes and directories; only how each says what is to be
//!   done and looked at differs.
//! - A template is a file of its own language. `__WORD__` is a placeholder, and the lines between
//!   `# for each pod` and `# end` stand there once a pod.

use anyhow::{Context as _, Result, bail};
use camino::Utf8Path;
use include_dir::{Dir, DirEntry, include_dir};

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/bench/peers/files");

/// The scenario's names of the nodes that the pods go to.
pub(super) const NODES: [&str; 4] = ["one", "two", "three", "four"];

/// The node of each pod's volume, by ordinal, as an index into the nodes.
const PLACE: [usize; 6] = [0, 1, 2, 3, 3, 2];

/// How many tiny tests there are in a row.
const TWENTY: usize = 20;

/// What the files of one cluster have to know.
#[derive(Debug, Clone)]
pub(super) struct Facts<'a> {
    /// The folder that the files go to.
    pub(super) folder: &'a Utf8Path,
    /// The program of the container engine whose containers the nodes are.
    pub(super) engine: &'a str,
    /// The real names of [`NODES`], in order.
    pub(super) nodes: [&'a str; 4],
}

/// Writes all files: below `flow` the flow, below `one` one tiny test, below `twenty` so many.
pub(super) fn write(facts: &Facts<'_>) -> Result<()> {
    for (path, text) in all(facts)? {
        let path = facts.folder.join(path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot make `{folder}`"))?;
        }
        std::fs::write(&path, text).with_context(|| format!("cannot write `{path}`"))?;
    }
    Ok(())
}

/// All files, by path in the folder.
fn all(facts: &Facts<'_>) -> Result<Vec<(String, String)>> {
    let mut files = rendered("flow", facts, "flow", "flow")?;
    files.extend(rendered("tiny", facts, "one", &tiny(0))?);
    for number in 0..TWENTY {
        files.extend(rendered("tiny", facts, "twenty", &tiny(number))?);
    }
    Ok(files)
}

/// The name of a tiny test.
pub(super) fn tiny(number: usize) -> String {
    format!("tiny-{number:02}")
}

/// The templates of a folder as files of another, for the test of this name.
fn rendered(
    templates: &str,
    facts: &Facts<'_>,
    to: &str,
    name: &str,
) -> Result<Vec<(String, String)>> {
    let folder = FILES.get_dir(templates).context("no such templates")?;
    let mut found = Vec::new();
    collect(folder, &mut found);
    let render = |(path, text): (&str, &str)| {
        let below = path.strip_prefix(templates).unwrap_or(path);
        let path = format!("{to}{}", below.replace("__NAME__", name));
        let text = for_each_pod(text, &facts.nodes).with_context(|| path.clone())?;
        Ok((path, with_words(&text, facts, name)))
    };
    found.into_iter().map(render).collect()
}

/// Every file in a folder, and in those below.
fn collect<'a>(folder: &'a Dir<'_>, found: &mut Vec<(&'a str, &'a str)>) {
    for entry in folder.entries() {
        match entry {
            DirEntry::Dir(folder) => collect(folder, found),
            DirEntry::File(file) => {
                found.extend(file.path().to_str().zip(file.contents_utf8()));
            }
        }
    }
}

/// Repeats what stands there once a pod.
fn for_each_pod(template: &str, nodes: &[&str; 4]) -> Result<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut block: Option<Vec<&str>> = None;
    for line in template.lines() {
        match (line.trim(), &mut block) {
            ("# for each pod", None) => block = Some(Vec::new()),
            ("# for each pod", Some(_)) => bail!("a block in a block"),
            ("# end", None) => bail!("the end of no block"),
            ("# end", Some(block_lines)) => {
                for (index, node) in PLACE.iter().enumerate() {
                    let (index, node) = (index.to_string(), nodes[*node]);
                    let of_pod =
                        |line: &&str| line.replace("__INDEX__", &index).replace("__NODE__", node);
                    lines.extend(block_lines.iter().map(of_pod));
                }
                block = None;
            }
            (_, Some(block_lines)) => block_lines.push(line),
            (_, None) => lines.push(line.to_owned()),
        }
    }
    if block.is_some() {
        bail!("a block without an end");
    }
    Ok(lines.join("\n") + "\n")
}

fn with_words(text: &str, facts: &Facts<'_>, name: &str) -> String {
    text.replace("__NAME__", name)
        .replace("__FOLDER__", facts.folder.as_str())
        .replace("__ENGINE__", facts.engine)
        .replace("__HOME__", facts.nodes[PLACE[0]])
}

#[cfg(test)]
mod tests {
    use camino::{Utf8Path, Utf8PathBuf};
    use stayput_scenario::Checked;
    use tempfile::TempDir;

    use super::*;
    use crate::sources::Disk;

    fn facts(folder: &Utf8Path) -> Facts<'_> {
        Facts {
            folder,
            engine: "podman",
            nodes: ["w1", "w2", "w3", "w4"],
        }
    }

    fn files() -> Vec<(String, String)> {
        all(&facts(Utf8Path::new("/there"))).unwrap()
    }

    fn text(path: &str) -> String {
        let files = files();
        let found = files.iter().find(|(it, _)| it == path);
        found.unwrap().1.clone()
    }

    /// Files in which something is left of the templates.
    fn unfinished(files: &[(String, String)]) -> Vec<&str> {
        let left = ["__", "# for each pod", "# end"];
        let unfinished = files.iter().filter(|(path, text)| {
            left.iter()
                .any(|left| path.contains(left) || text.contains(left))
        });
        unfinished.map(|(path, _)| path.as_str()).collect()
    }

    #[test]
    fn nothing_is_left_of_the_templates() {
        assert_eq!(unfinished(&files()), Vec::<&str>::new());
        // A placeholder that nobody knows is found.
        let unknown = with_words("__NODES__", &facts(Utf8Path::new("/")), "flow");
        let wrong = [("a.yaml".to_owned(), unknown)];
        assert_eq!(unfinished(&wrong), ["a.yaml"]);
    }

    #[test]
    fn a_block_stands_once_a_pod_on_the_pod_s_node() {
        let text = for_each_pod(
            "a\n  # for each pod\n  __INDEX__ __NODE__\n  # end\nb",
            &["w1", "w2", "w3", "w4"],
        );
        let pods = "  0 w1\n  1 w2\n  2 w3\n  3 w4\n  4 w4\n  5 w3\n";
        assert_eq!(text.unwrap(), format!("a\n{pods}b\n"));
    }

    #[test]
    fn a_block_that_is_not_whole_is_an_error() {
        for wrong in [
            "# for each pod\na",
            "# end",
            "# for each pod\n# for each pod\n# end",
        ] {
            assert!(
                for_each_pod(wrong, &["a", "b", "c", "d"]).is_err(),
                "{wrong}"
            );
        }
    }

    #[test]
    fn all_four_have_the_flow_one_test_and_twenty() {
        let files = files();
        for workload in ["flow", "one", "twenty"] {
            for tool in ["bash", "chainsaw", "kuttl", "stayput"] {
                let below = format!("{workload}/{tool}/");
                assert!(
                    files.iter().any(|(path, _)| path.starts_with(&below)),
                    "{below}"
                );
            }
        }
        let count = |below: &str, name: &str| {
            let of =
                |(path, _): &&(String, String)| path.starts_with(below) && path.ends_with(name);
            files.iter().filter(of).count()
        };
        assert_eq!(count("one/stayput/", "scenario.yaml"), 1);
        assert_eq!(count("twenty/manifests/", ".yaml"), 20);
        assert_eq!(count("twenty/stayput/", "scenario.yaml"), 20);
        assert_eq!(count("twenty/chainsaw/", "chainsaw-test.yaml"), 20);
        assert_eq!(count("twenty/kuttl/", "00-made.yaml"), 20);
    }

    #[test]
    fn all_four_use_the_cluster_s_own_nodes_and_engine() {
        for flow in [
            "flow/bash/flow.sh",
            "flow/chainsaw/chainsaw-test.yaml",
            "flow/kuttl/flow/00-volumes.yaml",
            "flow/stayput/scenario.yaml",
        ] {
            let text = text(flow);
            assert!(
                text.contains("podman exec ") && text.contains("w4"),
                "{flow}"
            );
        }
        let volumes = text("flow/manifests/volumes.yaml");
        assert_eq!(volumes.matches("kind: PersistentVolume\n").count(), 6);
        assert_eq!(volumes.matches("values: [w3]").count(), 2);
    }

    fn checked(folder: &Utf8Path, scenario: &str) -> Checked {
        let file = folder.join(scenario);
        stayput_scenario::check(&Disk::default(), &file).unwrap_or_else(|it| panic!("{it}"))
    }

    fn written() -> (TempDir, Utf8PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::try_from(folder.path().to_owned()).unwrap();
        write(&facts(&path)).unwrap();
        (folder, path)
    }

    #[test]
    fn our_scenarios_have_no_mistakes_and_nothing_in_vain() {
        let (_folder, path) = written();
        for (scenario, steps) in [
            ("flow/stayput/scenario.yaml", 19),
            ("one/stayput/tiny-00/scenario.yaml", 3),
            ("twenty/stayput/tiny-19/scenario.yaml", 3),
        ] {
            let checked = checked(&path, scenario);
            let warnings = checked.warnings.map(|it| it.to_string());
            assert_eq!(warnings, None, "{scenario}");
            assert_eq!(checked.plan.steps.len(), steps, "{scenario}");
        }
        // What is left out elsewhere is noticed here.
        std::fs::remove_file(path.join("flow/manifests/volumes.yaml")).unwrap();
        let file = path.join("flow/stayput/scenario.yaml");
        assert!(stayput_scenario::check(&Disk::default(), &file).is_err());
    }
}
