//! The examples of `docs/language.md`, each played.
//!
//! Invariants:
//! - What a reader sees is what is played: there is no second text of an example.
//! - An example that says that it fails has to, and with the words that it gives.

use std::{fs, path::Path};

use libtest_mimic::Failed;

const TEXT: &str = include_str!("../docs/language.md");
/// Where the frame has an example's steps.
const STEPS: &str = "    # … the steps of an example …\n";

/// One example and what has to come of it.
pub(crate) struct Example {
    /// Its chapter, and its number there.
    pub(crate) name: String,
    scenario: String,
    /// How it is played.
    command: &'static str,
    /// Words of the failure; none where it has to pass.
    fails: Option<&'static str>,
}

/// A fenced block of YAML.
struct Block {
    chapter: String,
    line: usize,
    /// What stands behind the fence's `yaml`.
    mark: &'static str,
    text: String,
}

/// All examples, in their order.
pub(crate) fn examples() -> Vec<Example> {
    let blocks = blocks();
    let frame = blocks.iter().find(|block| block.mark == "frame");
    let frame = frame.map_or("", |block| block.text.as_str());
    let examples = blocks.iter().filter(|block| {
        block.mark != "frame" && !block.text.starts_with("# ") && !block.text.is_empty()
    });
    examples
        .map(|block| Example {
            name: format!("{}, line {}", block.chapter, block.line),
            scenario: framed(frame, &block.text),
            command: if block.mark == "repro" {
                "repro"
            } else {
                "e2e"
            },
            fails: block.mark.strip_prefix("fails: "),
        })
        .collect()
}

/// Plays an example in a folder of its own, on a cluster of its own.
pub(crate) fn play(example: &Example) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let file = |path: &str| folder.path().join(path);
    for block in blocks() {
        let first = block.text.lines().next().unwrap_or_default();
        if let Some(path) = first.strip_prefix("# ") {
            write(&file(path), &block.text)?;
        }
    }
    write(&file("scenario.yaml"), &example.scenario)?;
    let scenario = file("scenario.yaml").display().to_string();
    let report = file("report").display().to_string();
    let words = [
        example.command,
        &scenario,
        "--cluster",
        "embedded",
        "--report",
        &report,
    ];
    let ended = stayput_tests::stayput(words)?;
    let wrong = match (example.fails, ended.code) {
        (None, Some(0)) => return Ok(()),
        (Some(words), Some(1)) => {
            if fs::read_to_string(file("report/report.json"))?.contains(words) {
                return Ok(());
            }
            format!("it failed, but not with `{words}`")
        }
        (_, code) => format!("it exited with {code:?}"),
    };
    Err(Failed::from(format!("{wrong}\n{}", ended.said)))
}

/// The scenario of an example: steps take their place in the frame, and parts
/// of a `spec` stand in place of the frame's own steps.
fn framed(frame: &str, example: &str) -> String {
    let by = |indent: usize| {
        let lines = example.lines().map(move |line| match line {
            "" => "\n".to_owned(),
            line => format!("{:indent$}{line}\n", ""),
        });
        lines.collect::<String>()
    };
    if example.starts_with("- ") {
        return frame.replace(STEPS, &by(4));
    }
    let head = frame.split("  steps:\n").next().unwrap_or_default();
    format!("{head}{}", by(2))
}

fn blocks() -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut chapter = "";
    let mut inside = false;
    for (number, line) in TEXT.lines().enumerate() {
        if line == "```" {
            inside = false;
        } else if let Some(mark) = line.strip_prefix("```yaml") {
            inside = true;
            blocks.push(Block {
                chapter: chapter.to_owned(),
                line: number + 1,
                mark: mark.trim(),
                text: String::new(),
            });
        } else if inside && let Some(block) = blocks.last_mut() {
            block.text.push_str(line);
            block.text.push('\n');
        } else if let Some(title) = line.strip_prefix("## ") {
            chapter = title;
        }
    }
    blocks
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text)
}
