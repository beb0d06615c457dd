//! What a person can do where namespaces are forbidden.
//!
//! Invariant: [`of`] is pure; what it judges by is read once, in [`Machine::read`].

use std::fs;

use crate::error::Stage;

/// What forbids namespaces on a machine, as far as it can be read.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts about a machine, each read as such"
)]
pub(crate) struct Machine {
    /// Ubuntu's restriction is on.
    pub(crate) apparmor: bool,
    /// Debian's old switch is off.
    pub(crate) clone_off: bool,
    /// The number of user namespaces is limited to none.
    pub(crate) none_allowed: bool,
    /// A seccomp filter is on: probably a container.
    pub(crate) seccomp: bool,
    /// The process is root.
    pub(crate) root: bool,
}

impl Machine {
    pub(crate) fn read() -> Self {
        let is = |path: &str, value: &str| {
            fs::read_to_string(path).is_ok_and(|text| text.trim() == value)
        };
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        Self {
            apparmor: is(
                "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
                "1",
            ),
            clone_off: is("/proc/sys/kernel/unprivileged_userns_clone", "0"),
            none_allowed: is("/proc/sys/user/max_user_namespaces", "0"),
            seccomp: status
                .lines()
                .any(|line| line.split_whitespace().eq(["Seccomp:", "2"])),
            root: crate::sys::whoami().0 == 0,
        }
    }
}

/// The exact thing to do.
pub(crate) fn of(stage: Stage, number: i32, machine: &Machine) -> String {
    if machine.apparmor && !machine.root {
        return "this system lets only named programs use user namespaces: run \
                `sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0` (until the next boot), or run as root"
            .to_owned();
    }
    if machine.clone_off && !machine.root {
        return "run `sudo sysctl -w kernel.unprivileged_userns_clone=1`, or run as root"
            .to_owned();
    }
    if machine.none_allowed {
        return "run `sudo sysctl -w user.max_user_namespaces=15000`".to_owned();
    }
    if stage == Stage::Proc {
        return format!(
            "something hides part of /proc: in a container, {}",
            started_with(machine)
        );
    }
    if stage == Stage::Network && number != libc::EPERM {
        return "the kernel needs the modules `bridge` and `veth`: run `sudo modprobe bridge veth`"
            .to_owned();
    }
    if machine.seccomp || machine.root {
        return format!(
            "this container forbids namespaces: {}",
            started_with(machine)
        );
    }
    match stage {
        Stage::User => "enable unprivileged user namespaces, or run as root".to_owned(),
        Stage::Namespaces | Stage::Mount | Stage::Network | Stage::Proc => {
            "run as root, or where user namespaces are not restricted".to_owned()
        }
    }
}

/// What a container engine must be told; each of these was tried.
fn started_with(machine: &Machine) -> String {
    let common = "--security-opt seccomp=unconfined --security-opt apparmor=unconfined";
    let more = if machine.root {
        "--cap-add SYS_ADMIN --cap-add NET_ADMIN"
    } else {
        "--security-opt systempaths=unconfined"
    };
    format!("start it with `{common} {more}`, or with `--privileged`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ubuntu_is_told_its_own_switch_and_root_is_not() {
        let ubuntu = Machine {
            apparmor: true,
            ..Machine::default()
        };
        assert!(
            of(Stage::Mount, libc::EACCES, &ubuntu)
                .contains("apparmor_restrict_unprivileged_userns=0")
        );
        let root = Machine {
            root: true,
            ..ubuntu
        };
        assert!(!of(Stage::Mount, libc::EPERM, &root).contains("sysctl"));
    }

    #[test]
    fn a_container_is_told_how_it_must_be_started() {
        let container = Machine {
            seccomp: true,
            root: true,
            ..Machine::default()
        };
        let forbidden = of(Stage::Namespaces, libc::EPERM, &container);
        assert!(forbidden.contains("--cap-add SYS_ADMIN --cap-add NET_ADMIN"));
        let user = Machine {
            root: false,
            ..container
        };
        assert!(of(Stage::Proc, libc::EPERM, &user).contains("systempaths=unconfined"));
        assert!(of(Stage::Network, libc::EOPNOTSUPP, &user).contains("modprobe"));
    }
}
