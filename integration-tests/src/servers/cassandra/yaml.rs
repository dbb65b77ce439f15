//! `cassandra.yaml`.

use std::net::Ipv4Addr;
use std::path::Path;

/// The tokens of three servers, which share the ring evenly.
const TOKENS: [&str; 3] = ["-9223372036854775808", "-3074457345618258603", "3074457345618258602"];

/// What `cassandra.yaml` says of one server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Yaml<'a> {
    pub(super) folder: &'a Path,
    pub(super) address: Ipv4Addr,
    /// How many servers there are, and which one of them this is, from 0 on.
    pub(super) nodes: u16,
    pub(super) index: u16,
    pub(super) storage_port: u16,
    pub(super) client_port: u16,
}

impl Yaml<'_> {
    /// The file; later settings take the place of earlier ones.
    pub(super) fn written(&self, settings: &[(String, String)]) -> String {
        let Self { folder, address, nodes, index, storage_port, client_port } = self;
        let folder = folder.display();
        let token = if *nodes == 1 { "0" } else { TOKENS[usize::from(*index) % TOKENS.len()] };
        let memtable = if *nodes == 1 { "96MiB" } else { "48MiB" };
        let base = format!(
            r#"cluster_name: forebay
num_tokens: 1
initial_token: {token}
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
endpoint_snitch: SimpleSnitch
seed_provider: [{{class_name: org.apache.cassandra.locator.SimpleSeedProvider, parameters: [{{seeds: "127.0.0.1:{storage_port}"}}]}}]
listen_address: {address}
rpc_address: {address}
storage_port: {storage_port}
native_transport_port: {client_port}
start_native_transport: true
auto_bootstrap: false
data_file_directories: [{folder}/data]
commitlog_directory: {folder}/commitlog
saved_caches_directory: {folder}/saved_caches
hints_directory: {folder}/hints
cdc_raw_directory: {folder}/cdc_raw
commitlog_sync: periodic
commitlog_sync_period: 10000ms
commitlog_segment_size: 8MiB
commitlog_total_space: 128MiB
memtable_heap_space: {memtable}
memtable_offheap_space: 32MiB
memtable_allocation_type: heap_buffers
file_cache_size: 32MiB
key_cache_size: 0MiB
counter_cache_size: 0MiB
row_cache_size: 0MiB
concurrent_reads: 8
concurrent_writes: 16
concurrent_counter_writes: 4
concurrent_compactors: 1
auto_snapshot: false
hinted_handoff_enabled: false
authenticator: AllowAllAuthenticator
authorizer: AllowAllAuthorizer
"#
        );
        let mut lines: Vec<(String, String)> = base
            .lines()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        for (name, value) in settings {
            lines.retain(|(present, _)| present != name);
            // The period belongs to the other kind of syncing, and is refused without it.
            if (name.as_str(), value.as_str()) == ("commitlog_sync", "batch") {
                lines.retain(|(present, _)| present != "commitlog_sync_period");
            }
            lines.push((name.clone(), value.clone()));
        }
        lines.iter().map(|(name, value)| format!("{name}: {value}\n")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_takes_the_place_of_the_one_before() {
        let folder = Path::new("/x");
        let yaml = Yaml {
            folder,
            address: Ipv4Addr::LOCALHOST,
            nodes: 1,
            index: 0,
            storage_port: 1,
            client_port: 2,
        };
        let settings = [("commitlog_sync".to_owned(), "batch".to_owned())];
        let text = yaml.written(&settings);
        assert!(text.contains("commitlog_sync: batch\n"));
        assert!(!text.contains("periodic") && !text.contains("commitlog_sync_period"));
        assert_eq!(text.lines().count() + 1, yaml.written(&[]).lines().count());
    }
}
