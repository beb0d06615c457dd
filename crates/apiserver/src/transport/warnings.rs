//! `Warning` headers, bounded as Kubernetes bounds them.

use std::collections::HashSet;

/// From so many characters on, each warning is cut, and so many are written at most.
const ALL: usize = 4 * 1024;
/// What is left of one that is cut.
const ONE: usize = 256;

/// The headers' values: each text once, and not more than a client reads.
pub(super) fn headers(texts: &[String]) -> Vec<String> {
    let mut known = HashSet::new();
    let texts = texts.iter().filter(|text| known.insert(text.as_str()));
    let texts: Vec<&String> = texts.collect();
    let length: usize = texts.iter().map(|text| text.chars().count()).sum();
    if length <= ALL {
        return texts.into_iter().map(|text| header(text)).collect();
    }
    let mut written = 0;
    let mut headers = Vec::new();
    for text in texts {
        if written >= ALL {
            break;
        }
        let cut: String = text.chars().take(ONE).collect();
        written += cut.chars().count();
        headers.push(header(&cut));
    }
    headers
}

fn header(text: &str) -> String {
    let clean: String = text.chars().filter(|letter| !letter.is_control()).collect();
    format!(
        "299 - \"{}\"",
        clean.replace('\\', "\\\\").replace('"', "\\\"")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_said_once() {
        let texts = ["a", "b\"\n", "a"].map(str::to_owned);
        assert_eq!(headers(&texts), ["299 - \"a\"", "299 - \"b\\\"\""]);
    }

    #[test]
    fn many_are_cut() {
        let long = |number: usize| format!("{number:03}{}", "x".repeat(500));
        let few: Vec<String> = (0..8).map(long).collect();
        assert_eq!(headers(&few)[7].len(), 503 + "299 - \"\"".len());
        let many: Vec<String> = (0..100_000).map(long).collect();
        let cut = headers(&many);
        assert_eq!(cut.len(), ALL / ONE);
        assert!(
            cut.iter()
                .all(|header| header.len() == ONE + "299 - \"\"".len())
        );
    }
}
