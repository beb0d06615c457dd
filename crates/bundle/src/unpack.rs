//! Bytes of anybody's to contents, or an error; never more than is allowed.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read as _},
};

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use zip::ZipArchive;

use crate::{
    About, Bundle, BundleError, SCHEMA_VERSION,
    pack::{ABOUT, digest},
};

/// What a bundle may hold, unpacked, in all.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// How many files it may hold.
const MOST_FILES: usize = 10_000;

/// The contents of a bundle that anybody may have made.
pub fn unpack(bytes: &[u8]) -> Result<Bundle, BundleError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes))?;
    if archive.len() > MOST_FILES {
        return Err(BundleError::TooLarge {
            what: format!("{} files, of at most {MOST_FILES}", archive.len()),
        });
    }
    let mut files = BTreeMap::new();
    let mut left = MOST_BYTES;
    for index in 0..archive.len() {
        let (name, bytes) = file(&mut archive, index, left)?;
        left -= bytes.len() as u64;
        if files.insert(name.clone(), bytes).is_some() {
            return Err(tampered(&name, "is in it twice"));
        }
    }
    let about = about(&files.remove(Utf8Path::new(ABOUT)).unwrap_or_default())?;
    as_listed(&about, &files)?;
    Ok(Bundle { about, files })
}

/// A file, of no more bytes than are left; what its header says is not believed.
fn file(
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    index: usize,
    left: u64,
) -> Result<(Utf8PathBuf, Vec<u8>), BundleError> {
    let entry = archive.by_index(index)?;
    let name = plain(&entry.name()?)?;
    if !entry.is_file() {
        return Err(tampered(&name, "is no plain file"));
    }
    let mut bytes = Vec::new();
    let read = entry.take(left + 1).read_to_end(&mut bytes);
    read.map_err(|source| BundleError::Damaged {
        name: name.to_string(),
        source,
    })?;
    if bytes.len() as u64 > left {
        return Err(BundleError::TooLarge {
            what: format!("more than {} MiB unpacked", MOST_BYTES / 1024 / 1024),
        });
    }
    Ok((name, bytes))
}

/// A name that stays inside on every system.
fn plain(name: &str) -> Result<Utf8PathBuf, BundleError> {
    let path = Utf8Path::new(name);
    let inside = path
        .components()
        .all(|part| matches!(part, Utf8Component::Normal(_)));
    let strange = |c: char| c.is_control() || matches!(c, '\\' | ':');
    let written_so = path.components().collect::<Utf8PathBuf>().as_str() == name;
    if name.is_empty() || !inside || !written_so || name.contains(strange) {
        return Err(BundleError::Name {
            name: name.escape_debug().to_string(),
        });
    }
    Ok(path.to_owned())
}

fn about(bytes: &[u8]) -> Result<About, BundleError> {
    let json = |source| BundleError::About { source };
    let raw: serde_json::Value = serde_json::from_slice(bytes).map_err(json)?;
    let found = raw["schemaVersion"]
        .as_u64()
        .and_then(|it| u32::try_from(it).ok());
    if let Some(found) = found.filter(|it| *it != SCHEMA_VERSION) {
        return Err(BundleError::SchemaVersion {
            found,
            known: SCHEMA_VERSION,
        });
    }
    let about: About = serde_json::from_value(raw).map_err(json)?;
    plain(about.file.as_str())?;
    Ok(about)
}

/// Every file is listed and is what its digest says, and none is missing.
fn as_listed(about: &About, files: &BTreeMap<Utf8PathBuf, Vec<u8>>) -> Result<(), BundleError> {
    for (name, bytes) in files {
        match about.digests.get(name) {
            None => return Err(tampered(name, "is not listed in its bundle.json")),
            Some(listed) if *listed != digest(bytes) => {
                return Err(tampered(name, "is not what its digest says"));
            }
            Some(_) => {}
        }
    }
    let missing = about.digests.keys().find(|name| !files.contains_key(*name));
    missing.map_or(Ok(()), |name| {
        Err(tampered(name, "is listed, and is not there"))
    })
}

fn tampered(name: &Utf8Path, what: &'static str) -> BundleError {
    BundleError::Tampered {
        name: name.to_string(),
        what,
    }
}
