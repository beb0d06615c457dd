//! What differs in each run though nothing does: names, times, addresses, versions.
//!
//! What is written in the case itself is no such thing, and stays.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::{Captures, Regex};

static UUID: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"));
static TIME: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( ?Z| [+-]\d{4} UTC)?( m=[+-][\d.]+)?")
});
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| pattern(r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}"));
static NODE_PORT: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b3[0-2]\d{3}\b"));
static PORT: LazyLock<Regex> = LazyLock::new(|| pattern(r":(3[0-2]\d{3})/"));

/// Texts whose pattern is enough, and what stands for them.
static PLAIN: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let plain = [
        (r"kube-api-access-[a-z0-9]{5}\b", "kube-api-access-<gen>"),
        (r"\.[0-9a-f]{16}\b", ".<hex>"),
        (
            r"too old resource version: (\d+) \(\d+\)",
            "too old resource version: ${1} (<rv>)",
        ),
        (
            r"(in object meta: |ResourceVersion in record \()\d+",
            "${1}<rv>",
        ),
        (r#"(resourceVersion\\?["']?:\s*\\?["'])\d+"#, "${1}<rv>"),
        (r"(resource version: )\d{2,7}(, current: )", "${1}<rv>${2}"),
        (
            r"(Too large resource version: \d+, current: )\d+",
            "${1}<rv>",
        ),
    ];
    let compiled = plain
        .into_iter()
        .map(|(text, stands)| (pattern(text), stands));
    compiled.collect()
});

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern of ours")
}

/// One case's texts: what stands for a value is numbered by first appearance.
#[derive(Debug)]
pub(super) struct Texts {
    /// What the case's own names end in.
    run: String,
    node: String,
    literals: BTreeSet<String>,
    ports: BTreeSet<String>,
    numbers: BTreeMap<(&'static str, String), usize>,
    generated: Vec<(String, String)>,
}

impl Texts {
    /// Those of a case with this text, played under the name `run`, on a cluster whose
    /// first node is `node`.
    pub(super) fn new(case: &str, run: &str, node: &str) -> Self {
        let found = |pattern: &Regex| -> BTreeSet<String> {
            let found = pattern.find_iter(case).map(|it| it.as_str().to_owned());
            found.collect()
        };
        let mut literals = found(&UUID);
        literals.extend(found(&TIME));
        literals.extend(found(&ADDRESS));
        literals.extend(["0.0.0.0", "127.0.0.1", "10.9.8.7"].map(str::to_owned));
        Self {
            run: run.to_owned(),
            node: node.to_owned(),
            literals,
            ports: found(&NODE_PORT),
            numbers: BTreeMap::new(),
            generated: Vec::new(),
        }
    }

    /// What stands for a value of a kind.
    pub(super) fn number(&mut self, kind: &'static str, value: &str) -> String {
        let next = 1 + self.numbers.keys().filter(|(it, _)| *it == kind).count();
        let key = (kind, value.to_owned());
        format!("<{kind}-{}>", self.numbers.entry(key).or_insert(next))
    }

    /// Remembers a name that the server made up.
    pub(super) fn generated(&mut self, prefix: &str, name: &str) {
        let known = self.generated.iter().any(|(it, _)| it == name);
        let suffix = name.strip_prefix(prefix).unwrap_or_default();
        let made_up = suffix.len() == 5
            && suffix
                .bytes()
                .all(|it| it.is_ascii_lowercase() || it.is_ascii_digit());
        if made_up && !known {
            let stands = format!("{prefix}<gen-{}>", self.generated.len() + 1);
            self.generated.push((name.to_owned(), stands));
        }
    }

    /// Whether a port was asked for.
    pub(super) fn asks_for_port(&self, port: &str) -> bool {
        self.ports.contains(port)
    }

    /// The text without what differs in each run.
    pub(super) fn plain(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, stands) in &self.generated {
            text = text.replace(name, stands);
        }
        text = text.replace(&self.run, "RUN");
        text = self.replaced(&UUID, "uid", &text);
        text = self.times(&text);
        text = self.replaced(&ADDRESS, "ip", &text);
        if !self.node.is_empty() {
            text = text.replace(&self.node, "<node>");
        }
        let port = |found: &Captures<'_>| {
            if self.ports.contains(&found[1]) {
                found[0].to_owned()
            } else {
                ":<nodePort>/".to_owned()
            }
        };
        text = PORT.replace_all(&text, port).into_owned();
        for (pattern, stands) in PLAIN.iter() {
            text = pattern.replace_all(&text, *stands).into_owned();
        }
        text
    }

    fn times(&self, text: &str) -> String {
        let stands = |found: &Captures<'_>| {
            // The layout that Go's messages about times show.
            let layout = found[0].starts_with("2006-01-02T15:04");
            if layout || self.literals.contains(&found[0]) {
                found[0].to_owned()
            } else if found.get(1).is_some() {
                "<microtime>".to_owned()
            } else {
                "<time>".to_owned()
            }
        };
        TIME.replace_all(text, stands).into_owned()
    }

    /// Numbers every match; digits and dots beside it make it something else.
    fn replaced(&mut self, pattern: &Regex, kind: &'static str, text: &str) -> String {
        let beside = |character: Option<char>| {
            character.is_some_and(|it| kind == "ip" && (it == '.' || it.is_ascii_digit()))
        };
        let mut plain = String::with_capacity(text.len());
        let mut done = 0;
        for found in pattern.find_iter(text) {
            let part = beside(text[..found.start()].chars().next_back())
                || beside(text[found.end()..].chars().next());
            if part || self.literals.contains(found.as_str()) {
                continue;
            }
            plain += &text[done..found.start()];
            plain += &self.number(kind, found.as_str());
            done = found.end();
        }
        plain + &text[done..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_in_each_run_is_numbered_and_what_was_asked_for_stays() {
        let mut texts = Texts::new("clusterIP: 10.96.0.7", "bcdfg5", "api-control-plane");
        let first = "5d5f0c1e-0000-4000-8000-000000000001";
        let text = format!("{first} on api-control-plane in g-bcdfg5 at 10.96.0.7 and 10.244.0.3");
        let plain = texts.plain(&text);
        assert_eq!(plain, "<uid-1> on <node> in g-RUN at 10.96.0.7 and <ip-1>");
        assert_eq!(texts.plain(first), "<uid-1>");
        assert_eq!(texts.plain("1.2.3.4.5"), "1.2.3.4.5");
    }

    #[test]
    fn a_time_is_whole_or_has_a_fraction() {
        let mut texts = Texts::new("at 2001-01-01T00:00:00Z", "r", "");
        let text = "2026-01-02T03:04:05Z 2026-01-02T03:04:05.000001Z 2001-01-01T00:00:00Z";
        assert_eq!(texts.plain(text), "<time> <microtime> 2001-01-01T00:00:00Z");
    }
}
