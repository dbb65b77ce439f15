//! Guarantees: gateways that share a table of leases divide a stream and lose nothing, whichever of
//! them is killed and whatever is split meanwhile; a table that the Kinesis Client Library wrote is
//! taken over in mid-stream, and shared with its workers by its own rules.

mod division;
mod library;
mod migration;
mod sharing;
