//! What other tools call things.

/// What other tools call a thing, and what it is called here. They are not understood, but
/// whoever writes them is told.
const SYNONYMS: &[(&str, &str)] = &[
    // Sources and sinks.
    ("bootstrap.servers", "brokers"),
    ("bootstrap_servers", "brokers"),
    ("kafka.bootstrap.servers", "brokers"),
    ("seed_brokers", "brokers"),
    ("subscribe", "topics"),
    ("topic", "topics"),
    ("topics", "topic"),
    ("group.id", "group"),
    ("group_id", "group"),
    ("consumer_group", "group"),
    ("kafka.group.id", "group"),
    ("auto.offset.reset", "start"),
    ("auto_offset_reset", "start"),
    ("starting_offsets", "start"),
    ("startingOffsets", "start"),
    ("start_offset", "start"),
    ("read_from", "start"),
    ("contact_points", "hosts"),
    ("contactPoints", "hosts"),
    ("addresses", "hosts"),
    ("address", "listen"),
    ("bind", "listen"),
    ("port", "listen"),
    ("codec", "format"),
    ("encoding", "format"),
    ("decoding", "format"),
    ("path", "paths"),
    ("paths", "path"),
    ("include", "paths"),
    ("directory", "path"),
    ("rowsPerSecond", "rows_per_second"),
    ("rate", "rows_per_second"),
    ("numPartitions", "splits"),
    ("partitions", "splits"),
    ("retries", "retry"),
    ("request", "retry"),
    // Limits.
    ("spark.streaming.kafka.maxRatePerPartition", "max_rate_per_partition"),
    ("maxRatePerPartition", "max_rate_per_partition"),
    ("minRatePerPartition", "min_rate_per_partition"),
    ("messages_per_second", "max_rate"),
    ("rate_limit", "max_rate"),
    ("maxRate", "max_rate"),
    ("spark.streaming.receiver.maxRate", "max_rate"),
    // Pipelines.
    ("inputs", "from"),
    ("input", "from"),
    ("sources", "from"),
    ("outputs", "to"),
    ("output", "to"),
    ("sinks", "to"),
    ("batch_interval", "interval"),
    ("batchDuration", "interval"),
    ("processingTime", "interval"),
    ("maxOffsetsPerTrigger", "max_batch_records"),
    ("batch_size", "max_batch_records"),
    ("max_events", "max_batch_records"),
    ("dlq", "dead_letters"),
    ("dead_letter_queue", "dead_letters"),
    ("shutdown_timeout", "stop_timeout"),
    ("graceful_shutdown_timeout", "stop_timeout"),
    ("concurrentJobs", "max_in_flight"),
    // The controller.
    ("derived", "derivative"),
    ("pid.proportional", "proportional"),
    ("pid.integral", "integral"),
    ("pid.derived", "derivative"),
    ("pid.minRate", "minimum"),
    ("minRate", "minimum"),
    ("min_rate", "minimum"),
    ("initialRate", "initial"),
    ("initial_rate", "initial"),
    ("rateEstimator", "estimator"),
    // The gateway.
    ("checkpoint", "checkpoints"),
    ("checkpointLocation", "checkpoints"),
    ("checkpoint_dir", "checkpoints"),
    ("data_dir", "checkpoints"),
    ("admin", "listen"),
    ("max_memory", "memory"),
    ("workers", "threads"),
    // Types.
    ("file", "files"),
    ("stdout", "console"),
    ("print", "console"),
    ("null", "blackhole"),
    ("none", "blackhole"),
    ("drop", "blackhole"),
    ("tcp", "socket"),
    ("udp", "socket"),
    ("http_server", "http"),
    ("demo", "generator"),
    ("rate_source", "generator"),
    ("scylla", "cassandra"),
    ("redpanda", "kafka"),
];

/// What a thing is called here that others call `name`, if that exists in the place at hand.
pub(super) fn synonym(name: &str, exists: impl Fn(&str) -> bool) -> Option<&'static str> {
    SYNONYMS
        .iter()
        .filter(|(theirs, _)| *theirs == name)
        .map(|(_, ours)| *ours)
        .find(|ours| exists(ours))
}

/// Whether others call anything by this name.
pub(super) fn is_synonym(name: &str) -> bool {
    SYNONYMS.iter().any(|(theirs, _)| *theirs == name)
}
