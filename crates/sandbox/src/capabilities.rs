//! What root in a container may do: the set that container engines grant by default,
//! less the making of devices.
//!
//! Invariant: where the sandbox is real root, no container without
//! [`Privilege::All`] can mount, load modules, or reach the host's devices.

use std::io;

use crate::spec::Privilege;

/// `chown`, `dac_override`, `fowner`, `fsetid`, `kill`, `setgid`, `setuid`, `setpcap`,
/// `net_bind_service`, `net_raw`, `sys_chroot`, `audit_write`, `setfcap`.
const GRANTED: [u32; 13] = [0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 29, 31];
const LAST: u32 = 63;

#[repr(C)]
struct Header {
    version: u32,
    pid: i32,
}

#[repr(C)]
struct Set {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// Gives up everything that `privilege` does not grant, from the set that no program
/// can regain. Called before the user is changed.
pub(crate) fn bound(privilege: Privilege) {
    match privilege {
        Privilege::All => return,
        Privilege::NoNewPrivileges => {
            // SAFETY: takes no pointers.
            unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
        }
        Privilege::Default => {}
    }
    for capability in (0..=LAST).filter(|capability| !GRANTED.contains(capability)) {
        // SAFETY: takes no pointers; numbers that this kernel does not know fail harmlessly.
        unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) };
    }
}

/// Gives up the same from what this process itself may do. Called last.
pub(crate) fn drop_own(privilege: Privilege, user: u32) -> io::Result<()> {
    if privilege == Privilege::All || user != 0 {
        return Ok(()); // Becoming another user has dropped all.
    }
    let mask = GRANTED.iter().fold(0_u32, |mask, bit| mask | 1 << bit);
    let header = Header {
        version: 0x2008_0522,
        pid: 0,
    };
    let sets = [
        Set {
            effective: mask,
            permitted: mask,
            inheritable: 0,
        },
        Set {
            effective: 0,
            permitted: 0,
            inheritable: 0,
        },
    ];
    // SAFETY: version 3 of the structure is one header and two sets, as here.
    let result = unsafe { libc::syscall(libc::SYS_capset, &raw const header, sets.as_ptr()) };
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}
