//! `server.properties`.

use std::path::Path;

use super::options::Options;
use super::ports::Ports;

/// The properties of one server of a cluster; `ports` are those of all servers, in order.
pub(super) fn written(options: &Options, ports: &[Ports], id: u16, folder: &Path) -> String {
    let voters: Vec<String> = (1..)
        .zip(ports)
        .map(|(id, ports): (u16, _)| format!("{id}@127.0.0.1:{}", ports.controller))
        .collect();
    let own = ports.get(usize::from(id).saturating_sub(1));
    let mut listeners =
        own.map_or(Vec::new(), |own| vec![format!("CONTROLLER://127.0.0.1:{}", own.controller)]);
    let mut advertised = Vec::new();
    let mut protocols = vec!["CONTROLLER:PLAINTEXT".to_owned()];
    for door in own.into_iter().flat_map(|own| &own.doors) {
        let name = door.listener.name();
        listeners.push(format!("{name}://127.0.0.1:{}", door.port));
        advertised.push(format!("{name}://127.0.0.1:{}", door.advertised));
        protocols.push(format!("{name}:{}", door.listener.protocol()));
    }
    let (copies, in_sync) = if options.nodes == 1 { (1, 1) } else { (3, 2) };
    // Waiting for a server that is gone is short, but longer where three JVMs share the processor.
    let (session, beat) = if options.nodes == 1 { (1_500, 300) } else { (3_000, 500) };
    let mut text = format!(
        "process.roles=broker,controller
node.id={id}
controller.quorum.voters={voters}
listeners={listeners}
advertised.listeners={advertised}
listener.security.protocol.map={protocols}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={logs}
auto.create.topics.enable=false
num.partitions=1
default.replication.factor={copies}
min.insync.replicas={in_sync}
offsets.topic.replication.factor={copies}
offsets.topic.num.partitions=4
transaction.state.log.replication.factor={copies}
transaction.state.log.min.isr={in_sync}
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor={copies}
share.coordinator.state.topic.min.isr={in_sync}
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms={session}
broker.heartbeat.interval.ms={beat}
replica.lag.time.max.ms=5000
num.network.threads=2
num.io.threads=4
num.recovery.threads.per.data.dir=2
log.cleaner.threads=1
log.cleaner.dedupe.buffer.size=4194304
log.index.size.max.bytes=1048576
",
        voters = voters.join(","),
        listeners = listeners.join(","),
        advertised = advertised.join(","),
        protocols = protocols.join(","),
        logs = folder.join("logs").display(),
    );
    // Later lines win.
    for (name, value) in &options.properties {
        text.push_str(&format!("{name}={value}\n"));
    }
    text
}
