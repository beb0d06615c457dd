//! The scripts that are played, and where what belongs to them is kept.

use camino::{Utf8Path, Utf8PathBuf};

use crate::{Expected, GoldenError};

/// A script with what a real cluster did while it was played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// Its name, which is also that of its namespace.
    pub name: String,
}

/// All scenarios, or those of these names.
pub fn scenarios(names: &[String]) -> Result<Vec<Scenario>, GoldenError> {
    let folder = home().join("scripts");
    let entries = folder.read_dir_utf8().map_err(file(&folder))?;
    let mut all = Vec::new();
    for entry in entries {
        let entry = entry.map_err(file(&folder))?;
        match entry.file_name().strip_suffix(".sh") {
            None | Some("lib") => {}
            Some(name) => all.push(name.to_owned()),
        }
    }
    Ok(chosen(all, names)?.map(|name| Scenario { name }).collect())
}

/// Those of these names, in order, or all; an unknown name is an error.
pub(crate) fn chosen(
    mut all: Vec<String>,
    names: &[String],
) -> Result<impl Iterator<Item = String>, GoldenError> {
    all.sort();
    if let Some(name) = names.iter().find(|name| !all.contains(name)) {
        return Err(GoldenError::Unknown {
            name: name.clone(),
            known: all,
        });
    }
    let wanted = move |name: &String| names.is_empty() || names.contains(name);
    Ok(all.into_iter().filter(wanted))
}

impl Scenario {
    /// The script.
    pub fn script(&self) -> Utf8PathBuf {
        home().join("scripts").join(format!("{}.sh", self.name))
    }

    /// Where what is expected is kept.
    pub fn expected(&self) -> Utf8PathBuf {
        home()
            .join("kind-1.34")
            .join(format!("{}.facts", self.name))
    }

    /// What the real cluster did, as far as it repeated it.
    pub fn load(&self) -> Result<Expected, GoldenError> {
        let path = self.expected();
        let text = std::fs::read_to_string(&path).map_err(file(&path))?;
        Expected::parse(&text).map_err(|(line, what)| GoldenError::Format { path, line, what })
    }

    /// Keeps what the real cluster did.
    pub fn save(&self, expected: &Expected) -> Result<(), GoldenError> {
        let path = self.expected();
        std::fs::write(&path, expected.to_string()).map_err(file(&path))
    }
}

/// Where scripts, facts and declarations are kept: a workspace without its files has no tests.
pub(crate) fn home() -> Utf8PathBuf {
    Utf8PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn file(path: &Utf8Path) -> impl Fn(std::io::Error) -> GoldenError + use<> {
    let path = path.to_owned();
    move |source| GoldenError::File {
        path: path.clone(),
        source,
    }
}
