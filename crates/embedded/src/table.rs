//! The user's own table of images: what references mean on this machine, besides the
//! built-in ones.
//!
//! Invariant: pure. Text in; entries, or every mistake with its place, out.

use std::fmt;

use serde_saphyr::Spanned;
use stayput_node::images::{Entry, Reference};

/// What images stand for besides the built-in ones; these are asked first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table(pub(crate) Vec<Entry>);

/// A mistake in a table of images, where it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct TableError {
    file: String,
    /// Line and column, counted from 1; none for a text without a place.
    place: Option<(usize, usize)>,
    /// The line itself.
    line: String,
    said: String,
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (file, said) = (&self.file, &self.said);
        let Some((line, column)) = self.place else {
            return write!(f, "{said}\n  --> {file}");
        };
        let margin = " ".repeat(line.to_string().len());
        let indent = " ".repeat(column.saturating_sub(1));
        let text = &self.line;
        write!(
            f,
            "{said}\n  --> {file}:{line}:{column}\n{line} | {text}\n{margin} | {indent}^"
        )
    }
}

impl Table {
    /// Reads a list of entries; `file` is for the mistakes.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<TableError>> {
        let mistake = |place: Option<(usize, usize)>, said: String| TableError {
            file: file.to_owned(),
            place,
            line: place
                .and_then(|(line, _)| text.lines().nth(line - 1))
                .unwrap_or_default()
                .to_owned(),
            said,
        };
        let read = serde_saphyr::from_str::<Vec<Spanned<Entry>>>(text);
        let entries = read.map_err(|error| {
            let place = error.location().map(|at| place(at.line(), at.column()));
            vec![mistake(place, plain(&error.without_snippet().to_string()))]
        })?;
        let mistakes = entries.iter().flat_map(|entry| {
            let at = entry.referenced;
            let place = Some(place(at.line(), at.column()));
            let said = wrong_in(&entry.value).into_iter();
            said.map(move |said| mistake(place, said))
        });
        let mistakes = mistakes.collect::<Vec<_>>();
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let entries = entries.into_iter().map(|entry| familiar(entry.value));
        Ok(Self(entries.collect()))
    }
}

/// The repositories as they are compared: `docker.io/library/postgres` is `postgres`.
fn familiar(mut entry: Entry) -> Entry {
    for repository in &mut entry.repositories {
        *repository = Reference::parse(repository).familiar;
    }
    entry
}

fn wrong_in(entry: &Entry) -> Vec<String> {
    let mut wrong = Vec::new();
    if entry.repositories.is_empty() {
        wrong.push("an entry without `repositories`".to_owned());
    }
    let tagged = |repository: &&String| {
        let name = repository.rsplit('/').next().unwrap_or_default();
        name.contains([':', '@']) || name.is_empty()
    };
    wrong.extend(entry.repositories.iter().filter(tagged).map(|repository| {
        format!("`{repository}` is no repository: it is written without tag and digest")
    }));
    if entry.programs.is_empty() {
        wrong.push("an entry without `programs`".to_owned());
    }
    let unknown = |program: &&String| !entry.programs.contains(program);
    wrong.extend(
        entry.versioned.iter().filter(unknown).map(|program| {
            format!("`versioned` names `{program}`, which is none of its `programs`")
        }),
    );
    wrong
}

fn place(line: u64, column: u64) -> (usize, usize) {
    let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX).max(1);
    (number(line), number(column))
}

/// What the reader says, without the place: that is shown apart.
fn plain(said: &str) -> String {
    let first = said.lines().next().unwrap_or_default();
    let end = first.find(" at line ").unwrap_or(first.len());
    first[..end].trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> String {
        match Table::parse("images.yaml", text) {
            Ok(table) => format!("{:?}", table.0[0].repositories),
            Err(mistakes) => mistakes
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("\n"),
        }
    }

    #[test]
    fn repositories_are_compared_as_people_write_them() {
        let entry = "- {repositories: [docker.io/library/postgres, quay.io/a/b], programs: [x]}";
        assert_eq!(check(entry), r#"["postgres", "quay.io/a/b"]"#);
    }

    #[test]
    fn an_unknown_field_is_shown_in_the_file() {
        let shown = check("- repositories: [postgres]\n  program: [postgres]\n");
        assert!(shown.starts_with("unknown field `program`"), "{shown}");
        let place = "\n  --> images.yaml:2:3\n2 |   program: [postgres]\n  |   ^";
        assert!(shown.ends_with(place), "{shown}");
    }

    #[test]
    fn all_that_makes_no_sense_is_told_at_once() {
        let shown = check("- {programs: [x]}\n- repositories: ['a:1']\n  versioned: y\n");
        assert_eq!(
            shown,
            "an entry without `repositories`\n  --> images.yaml:1:3\n1 | - {programs: [x]}\n  |   ^\n\
             `a:1` is no repository: it is written without tag and digest\n  --> images.yaml:2:3\n\
             2 | - repositories: ['a:1']\n  |   ^\n\
             an entry without `programs`\n  --> images.yaml:2:3\n2 | - repositories: ['a:1']\n  |   ^\n\
             `versioned` names `y`, which is none of its `programs`\n  --> images.yaml:2:3\n\
             2 | - repositories: ['a:1']\n  |   ^"
        );
    }
}
