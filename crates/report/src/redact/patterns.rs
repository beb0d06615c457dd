//! Secrets that are known by their look or by the name before them.
//!
//! Each pattern keeps its groups `before` and `after` and loses what is
//! between them.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::MARK;

/// Names after which a value is secret, whatever stands before them.
pub(super) const NAMES: &str = r"(?:pass(?:word|wd|phrase)|pwd|token|requirepass|masterauth|rediscli_auth|client-key-data|client-certificate-data|client[_-]?secret|(?:api|access|secret|private)[_-]?key|secret[_-]?access[_-]?key)";

/// A value: in quotes of any depth of escaping, or a word.
const VALUE: &str =
    r#"(?:\\+"(?:[^"\\]|\\[^"])*\\+"|"(?:[^"\\\n]|\\.)*"|'(?:[^'\n]|'')*'|[^\s"'\\,;&}\])]+)"#;

/// Values that are no secret, whatever their name.
const HARMLESS: [&str; 8] = ["true", "false", "null", "~", "|", ">", "|-", ">-"];

static LOOKS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        // A private key, also one that is cut off at either end, also with
        // its line feeds escaped.
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\z)",
        r"(?:[A-Za-z0-9+/=]{16,}(?:\s|\\+[nr])*)+-----END [A-Z0-9 ]*PRIVATE KEY-----",
        // A JSON web token, plain and in base64.
        r"eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]*)?",
        r"ZXlK[A-Za-z0-9+/=_-]{20,}",
        // A private key's first line in base64.
        r"LS0tLS1CRUdJTi[A-Za-z0-9+/=_-]{20,}",
        r"(?P<before>(?i:authorization)\W{1,6}(?i:bearer|basic)\s+)[^\s,;\x22'\\]+",
        r"(?P<before>[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@\x22']*:)[^\s/\x22']+(?P<after>@)",
        r"(?P<before>[A-Za-z][A-Za-z0-9+.-]*://)[^\s/:@\x22'<>]{12,}(?P<after>@)",
        // Redis, as a command, in a trace of commands, and on a shell's line.
        r"(?P<before>\bAUTH[ \t]+)[^\s]+(?:[ \t]+[^\s]+)?",
        r"(?P<before>\x22(?i:auth)\x22[ \t,]+)\x22(?:[^\x22\\]|\\.)*\x22(?:[ \t,]+\x22(?:[^\x22\\]|\\.)*\x22)?",
        r"(?P<before>redis-cli\b[^\n|;]*?\s-a[ \t]+)\S+",
        r"(?P<before>--pass[ \t=]+)[^\s,]+",
        r"(?P<before>(?i:\bsetuser)\b[^\n]*?\s)[>#<!]\S+(?:[ \t]+[>#<!]\S+)*",
    ]
    .into_iter()
    .map(compile)
    .collect()
});

/// `password: x y z` to the end of a line of YAML.
static LINE: LazyLock<Regex> = LazyLock::new(|| {
    compile(&format!(
        r#"(?im)^(?P<before>[ \t]*(?:-[ \t]+)?["']?[\w.-]*{NAMES}["']?[ \t]*:[ \t]+)(?P<value>[^\s"'{{\[|>&*!#][^\n]*)$"#
    ))
});

/// `password=x`, `"password": "x"`, `--password x`, `requirepass x`.
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    compile(&format!(
        r#"(?i)(?P<before>(?:--[\w.-]*{NAMES}\b(?:[ \t]*=[ \t]*|["',\s]+)|\b(?:requirepass|masterauth)["',\s]+|[\w.-]*{NAMES}\\*["']?[ \t]*[:=][ \t]*))(?P<value>{VALUE})"#
    ))
});

/// `name: X_PASSWORD` and then its `value`, as containers have them.
static ENVIRONMENT: LazyLock<Regex> = LazyLock::new(|| {
    compile(&format!(
        r#"(?i)(?P<before>\bname\\*["']?[ \t]*:[ \t]*\\*["']?[\w.-]*{NAMES}\\*["']?[,\s]+\\*["']?value\\*["']?[ \t]*:[ \t]*)(?P<value>{VALUE})"#
    ))
});

/// `bearer` and what follows, which in prose is a word.
static BEARER: LazyLock<Regex> =
    LazyLock::new(|| compile(r"(?i)(?P<before>\bbearer[ \t]+)(?P<value>[A-Za-z0-9._~+/=-]+)"));

pub(super) fn all(text: &str) -> String {
    let mut text = text.to_owned();
    for look in LOOKS.iter() {
        text = look.replace_all(&text, around).into_owned();
    }
    for named in [&LINE, &ENVIRONMENT, &NAMED] {
        text = named.replace_all(&text, named_value).into_owned();
    }
    BEARER.replace_all(&text, bearer).into_owned()
}

fn around(found: &Captures<'_>) -> String {
    let group = |name| found.name(name).map_or("", |group| group.as_str());
    format!("{}{MARK}{}", group("before"), group("after"))
}

/// Quotes stay, so that what was JSON or YAML is so afterwards.
fn named_value(found: &Captures<'_>) -> String {
    let value = &found["value"];
    let is_quote = |c: &char| matches!(c, '"' | '\'' | '\\');
    let open: String = value.chars().take_while(is_quote).collect();
    let bare = value.trim_matches(['"', '\'', '\\']);
    if bare.is_empty() || HARMLESS.contains(&bare.trim()) {
        return found[0].to_owned();
    }
    // A value that is nothing but escapes and quotes keeps its own.
    let close = match open.find(['"', '\'']) {
        Some(end) => &open[..=end],
        None => "",
    };
    format!("{}{close}{MARK}{close}", &found["before"])
}

fn bearer(found: &Captures<'_>) -> String {
    let value = &found["value"];
    let is_a_word = value.len() < 16 && value.chars().all(|c| c.is_ascii_alphabetic());
    if is_a_word {
        found[0].to_owned()
    } else {
        format!("{}{MARK}", &found["before"])
    }
}

pub(super) fn compile(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern written here, compiled by every test")
}
