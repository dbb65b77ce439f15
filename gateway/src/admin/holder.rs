//! Which process holds a port.

use std::fs;

/// How many processes and open files are looked at.
const MAX_LOOKED_AT: usize = 200_000;

/// The process that listens on a TCP port, as a sentence begins with it; `None` if it cannot be
/// told: another user's process keeps that to itself, and only Linux says it in files
/// ([proc(5)](https://man7.org/linux/man-pages/man5/proc_net.5.html)).
pub(super) fn of_port(port: u16) -> Option<String> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
    let inode = tables.into_iter().find_map(|path| listener(&fs::read_to_string(path).ok()?, port));
    let socket = format!("socket:[{}]", inode?);
    let processes = fs::read_dir("/proc").ok()?.flatten().filter_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        Some((pid, fs::read_dir(entry.path().join("fd")).ok()?))
    });
    let mut files = processes
        .flat_map(|(pid, files)| files.flatten().map(move |file| (pid, file.path())))
        .take(MAX_LOOKED_AT);
    let is_it = |path: &std::path::Path| {
        fs::read_link(path).is_ok_and(|target| target.as_os_str() == socket.as_str())
    };
    let (pid, _) = files.find(|(_, path)| is_it(path))?;
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    Some(format!("process {pid} ({})", name.trim()))
}

/// The inode of the socket that listens on a port, from a table of sockets.
fn listener(table: &str, port: u16) -> Option<u64> {
    /// `TCP_LISTEN` in the kernel's `tcp_states.h`.
    const LISTEN: &str = "0A";
    table.lines().skip(1).find_map(|line| {
        let mut fields = line.split_whitespace();
        let (_, local) = fields.nth(1)?.rsplit_once(':')?;
        let is_port = u16::from_str_radix(local, 16) == Ok(port);
        let state = fields.nth(1)?;
        (is_port && state == LISTEN).then(|| fields.nth(5)?.parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_listener_is_found_among_other_sockets() {
        let table = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F5E 0100007F:0050 01 00000000:00000000 00:00000000 00000000     0        0 11 1
   1: 0100007F:1F5E 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 22 1
   2: broken
";
        assert_eq!(listener(table, 8030), Some(22));
        assert_eq!(listener(table, 8031), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_is_found_by_the_port_that_it_holds() {
        let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let holder = of_port(held.local_addr().unwrap().port()).unwrap();
        assert!(holder.starts_with(&format!("process {} (", std::process::id())), "{holder}");
    }
}
