//! What the operating system says of this process.

use std::time::Duration;

/// What the operating system says of this process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Process {
    /// Memory that is resident, in bytes; `None` where the system does not say.
    pub(super) resident_bytes: Option<u64>,
    /// Processor time of all threads since the start.
    pub(super) cpu: Duration,
}

impl Process {
    /// How it stands now.
    pub(super) fn now() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").ok();
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        Self {
            resident_bytes: status.and_then(|status| resident_bytes(&status)),
            cpu: Duration::try_from(time).unwrap_or_default(),
        }
    }
}

/// `VmRSS` of a status file, which counts in units of 1024 bytes whatever it calls them
/// ([proc_pid_status(5)](https://man7.org/linux/man-pages/man5/proc_pid_status.5.html)).
fn resident_bytes(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim_end().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_memory_is_found_in_a_status_file() {
        assert_eq!(resident_bytes("Name:\tx\nVmRSS:\t   1234 kB\nVmData: 1 kB\n"), Some(1_263_616));
        for broken in ["", "VmRSS:\n", "VmRSS: x kB\n", "VmRSS: 99999999999999999999 kB\n"] {
            assert_eq!(resident_bytes(broken), None, "{broken}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_has_memory_and_has_used_time() {
        let process = Process::now();
        assert!(process.resident_bytes.is_some_and(|bytes| bytes > 1 << 20), "{process:?}");
        assert!(!process.cpu.is_zero(), "{process:?}");
    }
}
