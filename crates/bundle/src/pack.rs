//! Contents to bytes.

use std::io::{Cursor, Write as _};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};
use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

use crate::{Bundle, BundleError};

/// The name of what says what it is about.
pub(crate) const ABOUT: &str = "bundle.json";

/// The bytes of a bundle: the same contents, the same bytes.
pub fn pack(mut bundle: Bundle) -> Result<Vec<u8>, BundleError> {
    let digests = bundle
        .files
        .iter()
        .map(|(name, bytes)| (name.clone(), digest(bytes)));
    bundle.about.digests = digests.collect();
    let about =
        serde_json::to_vec_pretty(&bundle.about).map_err(|source| BundleError::About { source })?;
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    add(&mut archive, ABOUT, &about)?;
    for (name, bytes) in &bundle.files {
        add(&mut archive, name.as_str(), bytes)?;
    }
    Ok(archive.finish()?.into_inner())
}

fn add(
    archive: &mut ZipWriter<Cursor<Vec<u8>>>,
    name: &str,
    bytes: &[u8],
) -> Result<(), BundleError> {
    // Neither the time nor the rights of a machine's files.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    archive.start_file(name, options)?;
    archive
        .write_all(bytes)
        .map_err(|source| BundleError::Damaged {
            name: name.to_owned(),
            source,
        })
}

/// The SHA-256 of a file, as browsers write it.
pub(crate) fn digest(bytes: &[u8]) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(bytes)))
}
