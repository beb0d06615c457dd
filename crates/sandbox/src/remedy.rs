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
pub(crate) fn of(stage: Stage, machine: &Machine) -> String {
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
    if machine.seccomp {
        return match stage {
            Stage::Proc => "this container hides part of /proc: start it with \
                            `--security-opt systempaths=unconfined --security-opt seccomp=unconfined`, or with `--privileged`"
                .to_owned(),
            _ => "this container forbids namespaces: start it with `--privileged`, or with \
                  `--cap-add SYS_ADMIN --security-opt seccomp=unconfined --security-opt apparmor=unconfined`"
                .to_owned(),
        };
    }
    match stage {
        Stage::Proc => {
            "something hides part of /proc: outside of a container, or in one started with \
                        `--security-opt systempaths=unconfined`, it works"
                .to_owned()
        }
        Stage::Network => {
            "the kernel needs the modules `bridge` and `veth`: run `sudo modprobe bridge veth`"
                .to_owned()
        }
        Stage::User => "enable unprivileged user namespaces, or run as root".to_owned(),
        Stage::Namespaces | Stage::Mount => {
            "run where CAP_SYS_ADMIN is allowed, or as an ordinary user".to_owned()
        }
    }
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
        assert!(of(Stage::Mount, &ubuntu).contains("apparmor_restrict_unprivileged_userns=0"));
        let root = Machine {
            root: true,
            ..ubuntu
        };
        assert!(!of(Stage::Mount, &root).contains("apparmor"));
    }

    #[test]
    fn a_container_is_told_how_it_must_be_started() {
        let container = Machine {
            seccomp: true,
            root: true,
            ..Machine::default()
        };
        assert!(of(Stage::Namespaces, &container).contains("--privileged"));
        assert!(of(Stage::Proc, &container).contains("systempaths=unconfined"));
    }
}
