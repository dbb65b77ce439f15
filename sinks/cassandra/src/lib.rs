//! A sink that writes rows to tables of Cassandra and ScyllaDB.
//!
//! Each row is an upsert with a write time that is the row's own: a replay, a retry and a change
//! of order leave the table as it is. The path of a batch:
//!
//! 1. [`table`] knows the table and decides which field fills which column;
//! 2. [`conversion`] turns Arrow values into the bytes of CQL types;
//! 3. [`rows`] writes all values of a batch into one buffer, with each row's write time, and
//!    gathers rows of one partition into requests;
//! 4. [`sending`] sends them, as many at a time as the cluster takes, and tells what is done;
//! 5. [`sink`] repeats that until each row is written or is a dead letter, or says why not now.
//!
//! [`settings`] are the options, [`cluster`] is the connection, [`status`] what can be seen from
//! outside.

pub mod cluster;
pub mod component;
pub mod conversion;
pub mod rows;
pub mod sending;
pub mod settings;
pub mod sink;
pub mod status;
pub mod table;

pub use component::Cassandra;
pub use settings::Settings;
pub use sink::CassandraSink;
