//! Block scalars of YAML under a secret name: `password: |` and what follows.

use std::sync::LazyLock;

use regex::Regex;

use super::{
    MARK,
    patterns::{NAMES, compile},
};

static HEAD: LazyLock<Regex> = LazyLock::new(|| {
    compile(&format!(
        r#"(?i)^(?P<indent>[ \t]*(?:-[ \t]+)?)["']?[\w.-]*{NAMES}["']?[ \t]*:[ \t]*[|>][-+0-9]*[ \t]*$"#
    ))
});

pub(super) fn blocks(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut inside: Option<usize> = None;
    for line in text.split('\n') {
        let depth = line.len() - line.trim_start_matches([' ', '\t']).len();
        if inside.is_some_and(|head| depth > head || line.trim().is_empty()) {
            continue;
        }
        lines.push(line.to_owned());
        inside = HEAD.captures(line).map(|found| found["indent"].len());
        if let Some(head) = inside {
            lines.push(format!("{}{MARK}", " ".repeat(head + 2)));
        }
    }
    lines.join("\n")
}
