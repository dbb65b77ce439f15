//! How many datagrams the kernel had no room for.

use std::os::fd::AsFd;

/// The inode of a socket, by which the kernel lists it.
pub(crate) fn inode(socket: impl AsFd) -> Option<u64> {
    rustix::fs::fstat(socket).ok().map(|stat| stat.st_ino)
}

/// The drops that the kernel has counted on the UDP socket with this inode; `None` where it does
/// not say.
pub(crate) fn of(inode: u64) -> Option<u64> {
    ["/proc/self/net/udp", "/proc/self/net/udp6"]
        .iter()
        .filter_map(|table| std::fs::read_to_string(table).ok())
        .find_map(|table| drops(&table, inode))
}

/// Finds the drops in a table as [proc(5)](https://man7.org/linux/man-pages/man5/proc_pid_net.5.html)
/// describes it: the inode is the tenth column, the drops are the last.
fn drops(table: &str, inode: u64) -> Option<u64> {
    table.lines().skip(1).find_map(|line| {
        let columns: Vec<_> = line.split_ascii_whitespace().collect();
        let is_it = columns.get(9)?.parse() == Ok(inode);
        is_it.then(|| columns.get(12)?.parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read() {
        let table = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n\
            \x20 281: 0100007F:9C40 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 30211 2 0000000000000000 0\n\
            \x20 282: 0100007F:9C41 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 30212 2 0000000000000000 17\n\
            \x20 broken\n";
        assert_eq!(drops(table, 30212), Some(17));
        assert_eq!(drops(table, 30211), Some(0));
        assert_eq!(drops(table, 1), None);
        assert_eq!(drops("", 1), None);
    }
}
