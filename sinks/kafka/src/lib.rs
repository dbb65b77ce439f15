//! Records in Kafka topics: each at least once and in order, or exactly once.
//!
//! Rows are handed to librdkafka without a copy of our own, and the reports about them are awaited
//! as a set: while all goes well, nothing is kept of a record but one count. Records that wait for
//! brokers are never given up, so that an outage neither loses, doubles nor reorders them; where
//! some of a batch fail, those are written again together with what followed them in their
//! partition. With `exactly_once`, each batch is a transaction, which also commits a *mark* by
//! which the batch is recognised when it comes again.
//!
//! - `options`: what a person can set, and what is wrong with it; `plan` is an instance of it
//! - `component`: how the sink introduces itself
//! - `sink`: the sink as the engine sees it; it hands work to a thread that may block
//! - `shape`: from rows to records, with `headers` and `numbers`
//! - `client`: a producer and what it reports; `context` is what librdkafka calls, `topics` what is
//!   known of topics
//! - `deliveries`: reports, awaited as a set
//! - `work`: a batch on its way; `round` hands its rows over
//! - `failure` and `remainder`: what an error means, and which rows are written again
//! - `writer`: connecting, and writing at least once; `transaction` writes exactly once
//! - `mark`, `marks` and `ledger`: which batch was written last
//! - `patience`: calls of librdkafka that may never return
//! - `probe`: looking step by step whether the topic can be written; `right` whether it may be
//! - `status`: what can be seen from outside

mod check;
mod choices;
mod client;
mod component;
mod context;
mod deliveries;
mod failure;
mod headers;
mod ledger;
mod mark;
mod marks;
mod numbers;
mod options;
mod patience;
mod plan;
mod probe;
mod remainder;
mod right;
mod round;
mod shape;
mod sink;
mod status;
mod topic_name;
mod topics;
mod transaction;
mod work;
mod writer;

pub use component::Kafka;
pub use options::KafkaSinkOptions;
