//! A container's root: a fresh file system with the host's programs in it, read-only.
//!
//! Invariants:
//! - Runs in the mount namespace of the container alone, before its program.
//! - Nothing of the host is writable through it but the mounts that were asked for.
//! - A mount's target that is not there is made, also below a read-only directory:
//!   that directory is then replaced by a writable one that links to its entries.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};

use crate::error::Failure;
use crate::etc;
use crate::spec::{ContainerSpec, Mount, MountAccess, RootKind};
use crate::sys;

/// Where the host's directories are kept for links to point at.
pub(crate) const HOST: &str = ".host";
/// Directories of programs: taken over from the host whole.
const PROGRAMS: [&str; 7] = ["usr", "bin", "sbin", "lib", "lib32", "lib64", "opt"];
/// What an empty system has.
const EMPTY: [&str; 14] = [
    "tmp",
    "run",
    "var/tmp",
    "var/log",
    "var/lib",
    "var/cache",
    "home",
    "root",
    "srv",
    "mnt",
    "media",
    "proc",
    "sys",
    "dev",
];
const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];
const NO_DEVICES: libc::c_ulong = libc::MS_NOSUID | libc::MS_NODEV;

/// Builds the root of `spec` on the directory `stage` and makes it `/`.
pub(crate) fn enter(stage: &Path, spec: &ContainerSpec) -> Result<(), Failure> {
    let step = |what: &'static str| move |error: io::Error| Failure::setup(what, &error);
    let private = libc::MS_REC | libc::MS_PRIVATE;
    sys::mount(Path::new("none"), Path::new("/"), "", private, "")
        .map_err(step("make mounts private"))?;
    match &spec.root {
        RootKind::Fresh | RootKind::ReadOnly => {
            sys::mount(Path::new("root"), stage, "tmpfs", NO_DEVICES, "mode=755")
        }
        RootKind::Directory(tree) => sys::bind(tree, stage),
    }
    .map_err(step("mount the root"))?;
    if let RootKind::Directory(_) = spec.root {
        own_places(stage).map_err(step("make the root's directories"))?;
    }
    programs(stage, &spec.programs).map_err(step("mount the programs"))?;
    skeleton(stage, spec).map_err(step("make the root's directories"))?;
    etc::fill(stage, &spec.etc).map_err(step("make /etc"))?;
    devices(stage).map_err(step("mount /dev"))?;
    kernel(stage).map_err(step("mount /proc"))?;
    for mount in &spec.mounts {
        bind(stage, mount).map_err(|error| {
            Failure::setup(
                &format!(
                    "mount {} at {}",
                    mount.source.display(),
                    mount.target.display()
                ),
                &error,
            )
        })?;
    }
    if let Some((file, target)) = &spec.termination_log {
        let mount = Mount {
            source: file.clone(),
            target: target.clone(),
            access: MountAccess::ReadWrite,
        };
        bind(stage, &mount).map_err(step("mount the termination log"))?;
    }
    if spec.root == RootKind::ReadOnly {
        read_only_root(stage).map_err(step("make the root read-only"))?;
    }
    std::env::set_current_dir(stage)
        .and_then(|()| sys::pivot_here())
        .map_err(step("enter the root"))
}

/// Binds the host's program directories, or copies the links that stand for them.
fn programs(stage: &Path, further: &[PathBuf]) -> io::Result<()> {
    let host = stage.join(HOST);
    fs::create_dir_all(&host)?;
    for name in PROGRAMS {
        let real = Path::new("/").join(name);
        let here = stage.join(name);
        let Ok(kind) = fs::symlink_metadata(&real) else {
            continue;
        };
        if kind.is_symlink() {
            if fs::symlink_metadata(&here).is_err() {
                symlink(fs::read_link(&real)?, &here)?;
            }
            continue;
        }
        for place in [here, host.join(name)] {
            fs::create_dir_all(&place)?;
            sys::bind(&real, &place)?;
            sys::set_attributes(&place, libc::MOUNT_ATTR_RDONLY)?;
        }
    }
    fs::create_dir_all(host.join("etc"))?;
    sys::bind(Path::new("/etc"), &host.join("etc"))?;
    sys::set_attributes(&host.join("etc"), libc::MOUNT_ATTR_RDONLY)?;
    for directory in further {
        let mount = Mount {
            source: directory.clone(),
            target: directory.clone(),
            access: MountAccess::ReadOnly,
        };
        bind(stage, &mount)?;
    }
    Ok(())
}

/// A tree that others have written to may hold links where directories are expected;
/// what is written through them would land on the host.
fn own_places(stage: &Path) -> io::Result<()> {
    for name in [
        HOST, "etc", "dev", "proc", "sys", "tmp", "run", "var", "home", "root",
    ] {
        let place = stage.join(name);
        if fs::symlink_metadata(&place).is_ok_and(|found| found.is_symlink()) {
            fs::remove_file(place)?;
        }
    }
    Ok(())
}

fn skeleton(stage: &Path, spec: &ContainerSpec) -> io::Result<()> {
    for name in EMPTY {
        fs::create_dir_all(stage.join(name))?;
    }
    for name in ["tmp", "var/tmp"] {
        fs::set_permissions(stage.join(name), fs::Permissions::from_mode(0o1777))?;
    }
    if fs::symlink_metadata(stage.join("var/run")).is_err() {
        symlink("/run", stage.join("var/run"))?;
    }
    for directory in &spec.directories {
        fs::create_dir_all(inside(stage, directory))?;
    }
    Ok(())
}

fn devices(stage: &Path) -> io::Result<()> {
    let dev = stage.join("dev");
    sys::mount(Path::new("dev"), &dev, "tmpfs", libc::MS_NOSUID, "mode=755")?;
    for name in DEVICES {
        fs::write(dev.join(name), "")?;
        sys::bind(&Path::new("/dev").join(name), &dev.join(name))?;
    }
    for name in ["pts", "shm"] {
        fs::create_dir(dev.join(name))?;
    }
    let own = "newinstance,ptmxmode=0666,mode=0620";
    sys::mount(
        Path::new("devpts"),
        &dev.join("pts"),
        "devpts",
        libc::MS_NOSUID | libc::MS_NOEXEC,
        own,
    )?;
    sys::mount(
        Path::new("shm"),
        &dev.join("shm"),
        "tmpfs",
        NO_DEVICES | libc::MS_NOEXEC,
        "mode=1777",
    )?;
    for (link, to) in [
        ("ptmx", "pts/ptmx"),
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
    ] {
        symlink(to, dev.join(link))?;
    }
    symlink("/proc/self/fd/1", dev.join("stdout"))?;
    symlink("/proc/self/fd/2", dev.join("stderr"))
}

fn kernel(stage: &Path) -> io::Result<()> {
    let flags = NO_DEVICES | libc::MS_NOEXEC;
    sys::mount(Path::new("proc"), &stage.join("proc"), "proc", flags, "")?;
    // Where part of the host's /sys is hidden, a user may not mount a whole one.
    let _ = sys::mount(
        Path::new("sysfs"),
        &stage.join("sys"),
        "sysfs",
        flags | libc::MS_RDONLY,
        "",
    );
    Ok(())
}

fn read_only_root(stage: &Path) -> io::Result<()> {
    let flags = libc::MS_REMOUNT | libc::MS_BIND | libc::MS_RDONLY | NO_DEVICES;
    sys::mount(Path::new("none"), stage, "", flags, "")
}

fn bind(stage: &Path, mount: &Mount) -> io::Result<()> {
    let target = place_for(stage, &mount.target, Kind::of(&mount.source))?;
    sys::bind(&mount.source, &target)?;
    match mount.access {
        MountAccess::ReadOnly => sys::set_attributes(&target, libc::MOUNT_ATTR_RDONLY),
        MountAccess::ReadWrite => Ok(()),
    }
}

/// `path` below `stage`, with every link resolved as if `stage` were `/`.
fn inside(stage: &Path, path: &Path) -> PathBuf {
    let mut found = stage.to_path_buf();
    for part in path.components() {
        match part {
            Component::Normal(name) => found = follow(stage, &found, name),
            Component::ParentDir if found != stage => {
                found.pop();
            }
            Component::ParentDir
            | Component::RootDir
            | Component::CurDir
            | Component::Prefix(_) => {}
        }
    }
    found
}

fn follow(stage: &Path, directory: &Path, name: &OsStr) -> PathBuf {
    let entry = directory.join(name);
    match fs::read_link(&entry) {
        Ok(target) if target.is_absolute() => inside(stage, &target),
        Ok(target) => inside(
            stage,
            &directory
                .strip_prefix(stage)
                .unwrap_or(directory)
                .join(target),
        ),
        Err(_) => entry,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Directory,
}

impl Kind {
    fn of(path: &Path) -> Self {
        if path.is_dir() {
            Self::Directory
        } else {
            Self::File
        }
    }
}

/// A file or directory for a mount to cover.
fn place_for(stage: &Path, target: &Path, kind: Kind) -> io::Result<PathBuf> {
    own_directories(stage, target)?;
    let place = inside(stage, target);
    // A file of /etc that is a link to the host's would be covered there: take the link away.
    if kind == Kind::File
        && fs::symlink_metadata(stage.join(strip(target))).is_ok_and(|at| at.is_symlink())
    {
        let own = stage.join(strip(target));
        fs::remove_file(&own)?;
        fs::write(&own, "")?;
        return Ok(own);
    }
    if place.exists() {
        return Ok(place);
    }
    match make(&place, kind) {
        Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => {
            open_up(stage, &place)?;
            make(&place, kind)?;
        }
        made => made?,
    }
    Ok(place)
}

/// Turns links to the host's directories on the way to `target` into directories of
/// links, so that something can be put beside what the host has.
fn own_directories(stage: &Path, target: &Path) -> io::Result<()> {
    let above = target.parent().unwrap_or(target);
    for directory in above.ancestors().collect::<Vec<_>>().into_iter().rev() {
        let here = stage.join(strip(directory));
        let Ok(kept) = fs::read_link(&here) else {
            continue;
        };
        if !kept.starts_with(Path::new("/").join(HOST)) {
            continue;
        }
        fs::remove_file(&here)?;
        fs::create_dir(&here)?;
        for entry in fs::read_dir(stage.join(strip(&kept)))? {
            let name = entry?.file_name();
            symlink(kept.join(&name), here.join(&name))?;
        }
    }
    Ok(())
}

fn strip(path: &Path) -> &Path {
    path.strip_prefix("/").unwrap_or(path)
}

fn make(place: &Path, kind: Kind) -> io::Result<()> {
    if kind == Kind::Directory {
        return fs::create_dir_all(place);
    }
    if let Some(parent) = place.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(place, "")
}

/// Replaces the deepest directory above `place` that exists by a writable one whose
/// entries are links to the host's.
fn open_up(stage: &Path, place: &Path) -> io::Result<()> {
    let read_only = || io::Error::from(io::ErrorKind::ReadOnlyFilesystem);
    let above = place
        .ancestors()
        .skip(1)
        .find(|path| path.is_dir())
        .ok_or_else(read_only)?;
    let relative = above.strip_prefix(stage).map_err(|_| read_only())?;
    let entries = fs::read_dir(above)?
        .map(|entry| Ok(entry?.file_name()))
        .collect::<io::Result<Vec<_>>>()?;
    sys::mount(Path::new("opened"), above, "tmpfs", NO_DEVICES, "mode=755")?;
    let kept = Path::new("/").join(HOST).join(relative);
    for name in entries {
        symlink(kept.join(&name), above.join(&name))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed_inside_the_root_only() {
        let stage = tempfile::tempdir().unwrap();
        let root = stage.path();
        fs::create_dir_all(root.join("usr/bin")).unwrap();
        symlink("usr/bin", root.join("bin")).unwrap();
        symlink("/run", root.join("usr/out")).unwrap();
        assert_eq!(inside(root, Path::new("/bin/sh")), root.join("usr/bin/sh"));
        assert_eq!(inside(root, Path::new("/usr/out/x")), root.join("run/x"));
        assert_eq!(inside(root, Path::new("/../../etc")), root.join("etc"));
    }
}
