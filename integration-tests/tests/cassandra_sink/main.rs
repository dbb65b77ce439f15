//! Guarantees of the `cassandra` sink against a real server: every type arrives as it is, a replay
//! changes nothing, broken rows never hold back good ones, and whatever happens to the server,
//! each row is there in the end.

mod conformance;
mod effectively_once;
mod faults;
mod mending;
mod rows;
mod security;
mod types;
mod writer;
