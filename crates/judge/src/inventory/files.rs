//! Files on nodes, by role.
//!
//! Invariants:
//! - The first role whose pattern fits is a file's own.
//! - A directory is shown only where nothing that is shown is below it.

use std::collections::BTreeMap;

use globset::{GlobBuilder, GlobMatcher};
use stayput_scenario::plan::{FileRole, FileShown};

use super::{Entry, FileKind, FoundFile, InventoryError, Listing, names::Names};

/// A role with its pattern, ready to be tried.
struct Role<'a> {
    matcher: GlobMatcher,
    shown: &'a FileShown,
}

/// What is told of the files of one role.
#[derive(Default)]
struct Tally {
    there: usize,
    empty: usize,
    /// Whether it holds anything is not told.
    alone: bool,
}

/// Nodes, their directories, and what is in them.
pub(super) fn of(
    listings: &[Listing],
    roles: &[FileRole],
    names: &Names,
) -> Result<Entry, InventoryError> {
    let roles: Vec<Role<'_>> = roles.iter().map(compile).collect::<Result<_, _>>()?;
    let mut nodes: BTreeMap<String, BTreeMap<String, Entry>> = BTreeMap::new();
    for listing in listings {
        let node = nodes.entry(names.apply(&listing.node)).or_default();
        let entry = match &listing.files {
            None => Entry::Text("not there".to_owned()),
            Some(files) => directory(files, &roles, names),
        };
        node.insert(names.apply(&listing.directory), entry);
    }
    let node = |(node, directories): (String, BTreeMap<String, Entry>)| {
        (node, Entry::Map(directories.into_iter().collect()))
    };
    Ok(Entry::Map(nodes.into_iter().map(node).collect()))
}

fn compile(role: &FileRole) -> Result<Role<'_>, InventoryError> {
    let glob = GlobBuilder::new(&role.glob).literal_separator(true).build();
    let glob = glob.map_err(|source| InventoryError::Glob {
        glob: role.glob.clone(),
        source,
    })?;
    Ok(Role {
        matcher: glob.compile_matcher(),
        shown: &role.shown,
    })
}

fn directory(files: &[FoundFile], roles: &[Role<'_>], names: &Names) -> Entry {
    if files.is_empty() {
        return Entry::Text("empty".to_owned());
    }
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    let mut omitted = 0;
    for file in files {
        let below = holds_something(file, files);
        let role = roles.iter().find(|role| role.matcher.is_match(&file.path));
        let (label, alone) = match role.map(|role| role.shown) {
            Some(FileShown::Role(name)) => (name.clone(), false),
            Some(FileShown::RoleAlone(name)) => (name.clone(), true),
            Some(FileShown::Omitted(_)) => {
                omitted += 1;
                continue;
            }
            // What is below it speaks for it.
            None if file.kind == FileKind::Directory && below => continue,
            None => (names.apply(&by_path(file)), false),
        };
        let tally = tallies.entry(label).or_default();
        let empty = match file.kind {
            FileKind::File => file.size == 0,
            FileKind::Directory => !below,
            FileKind::Other => false,
        };
        tally.there += 1;
        tally.empty += usize::from(empty);
        tally.alone |= alone;
    }
    if tallies.is_empty() {
        return Entry::Text(format!("only {omitted} that are left out"));
    }
    let entry = |(label, tally): (String, Tally)| (label, Entry::Text(tally.text()));
    Entry::Map(tallies.into_iter().map(entry).collect())
}

fn by_path(file: &FoundFile) -> String {
    match file.kind {
        FileKind::File => file.path.clone(),
        FileKind::Directory => format!("{}/", file.path),
        FileKind::Other => format!("{} (no file)", file.path),
    }
}

fn holds_something(directory: &FoundFile, files: &[FoundFile]) -> bool {
    files.iter().any(|file| {
        let rest = file.path.strip_prefix(directory.path.as_str());
        rest.is_some_and(|rest| rest.starts_with('/'))
    })
}

impl Tally {
    /// As `there, not empty` or `3 there, 1 of them empty`.
    fn text(&self) -> String {
        match (self.there, self.empty) {
            _ if self.alone => "there".to_owned(),
            (1, 0) => "there, not empty".to_owned(),
            (1, _) => "there, empty".to_owned(),
            (there, 0) => format!("{there} there, not empty"),
            (there, empty) if there == empty => format!("{there} there, empty"),
            (there, empty) => format!("{there} there, {empty} of them empty"),
        }
    }
}
