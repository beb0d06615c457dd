//! A container's `/etc`: writable, of its own, with links to the host's files.
//!
//! Invariant: never shows the host's password hashes, host names or resolver.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::rootfs::HOST;

/// Not the container's business.
const HIDDEN: [&str; 10] = [
    "shadow",
    "shadow-",
    "gshadow",
    "gshadow-",
    "hosts",
    "hostname",
    "resolv.conf",
    "machine-id",
    "kubernetes",
    "docker",
];

/// Fills `/etc` below `stage`: `own` files first, the rest as links.
pub(crate) fn fill(stage: &Path, own: &BTreeMap<String, String>) -> io::Result<()> {
    let etc = stage.join("etc");
    fs::create_dir_all(&etc)?;
    for (name, text) in own {
        let file = etc.join(name);
        if fs::symlink_metadata(&file).is_ok_and(|found| found.is_symlink()) {
            fs::remove_file(&file)?;
        }
        fs::write(file, text)?;
    }
    for entry in fs::read_dir("/etc")? {
        let entry = entry?;
        let name = entry.file_name();
        let hidden = HIDDEN.iter().any(|hidden| name == *hidden)
            || own.keys().any(|own| name == own.as_str());
        if hidden || fs::symlink_metadata(etc.join(&name)).is_ok() {
            continue;
        }
        let target = if entry.file_type()?.is_symlink() {
            fs::read_link(entry.path())?
        } else {
            Path::new("/").join(HOST).join("etc").join(&name)
        };
        symlink(target, etc.join(&name))?;
    }
    Ok(())
}
