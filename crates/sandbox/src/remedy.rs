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
    /// Ubuntu's restriction is on, and this process is one that it is meant for: one that
    /// no profile confines, as a container's does.
    pub(crate) apparmor: bool,
    /// Debian's old switch is off.
    pub(crate) clone_off: bool,
    /// The kind of namespace of which there may be none, as `user` or `net`.
    pub(crate) none_allowed: Option<&'static str>,
    /// A seccomp filter is on: probably a container.
    pub(crate) seccomp: bool,
    /// The process is root.
    pub(crate) root: bool,
    /// The file of this program.
    pub(crate) program: String,
}

impl Machine {
    pub(crate) fn read() -> Self {
        let text = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let is = |path: &str, value: &str| text(path).trim() == value;
        let none = |kind: &&str| is(&format!("/proc/sys/user/max_{kind}_namespaces"), "0");
        let program = std::env::current_exe().unwrap_or_default();
        Self {
            apparmor: is(
                "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
                "1",
            ) && is("/proc/self/attr/current", "unconfined"),
            clone_off: is("/proc/sys/kernel/unprivileged_userns_clone", "0"),
            none_allowed: KINDS.into_iter().find(none),
            seccomp: text("/proc/self/status")
                .lines()
                .any(|line| line.split_whitespace().eq(["Seccomp:", "2"])),
            root: crate::sys::whoami().0 == 0,
            program: program.display().to_string(),
        }
    }
}

/// The kinds of namespaces that a cluster is made of, as the kernel's limits name them.
const KINDS: [&str; 6] = ["user", "net", "mnt", "pid", "uts", "ipc"];

/// The exact thing to do.
pub(crate) fn of(stage: Stage, number: i32, machine: &Machine) -> String {
    if let Some(kind) = machine.none_allowed {
        return format!("run `sudo sysctl -w user.max_{kind}_namespaces=15000`");
    }
    if machine.apparmor && !machine.root {
        return named_programs(&machine.program);
    }
    if machine.clone_off && !machine.root {
        return "run `sudo sysctl -w kernel.unprivileged_userns_clone=1`, or run as root"
            .to_owned();
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

/// What lets one program use user namespaces where only those with a profile may, and
/// what lets all of them.
fn named_programs(program: &str) -> String {
    let profile = format!(
        r#"abi <abi/4.0>,\nprofile stayput "{program}" flags=(unconfined) {{ userns, }}\n"#
    );
    format!(
        "this system lets only programs with an AppArmor profile use user namespaces: give this one a profile by \
         `printf '{profile}' | sudo tee /etc/apparmor.d/stayput && sudo apparmor_parser -r /etc/apparmor.d/stayput`, \
         or lift the restriction until the next boot by `sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`, \
         or run as root"
    )
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
    fn ubuntu_is_told_its_own_switches_and_root_is_not() {
        let ubuntu = Machine {
            apparmor: true,
            program: "/home/me/it/target/debug/xtask".to_owned(),
            ..Machine::default()
        };
        let told = of(Stage::Mount, libc::EACCES, &ubuntu);
        assert!(told.contains("apparmor_restrict_unprivileged_userns=0"));
        let profile = r#"'abi <abi/4.0>,\nprofile stayput "/home/me/it/target/debug/xtask" flags=(unconfined) { userns, }\n'"#;
        assert!(told.contains(profile), "{told}");
        let root = Machine {
            root: true,
            ..ubuntu
        };
        assert!(!of(Stage::Mount, libc::EPERM, &root).contains("sysctl"));
    }

    #[test]
    fn a_limit_of_none_is_named_whoever_runs_into_it() {
        let limited = Machine {
            none_allowed: Some("net"),
            root: true,
            ..Machine::default()
        };
        let told = of(Stage::Namespaces, libc::ENOSPC, &limited);
        assert_eq!(told, "run `sudo sysctl -w user.max_net_namespaces=15000`");
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
