//! Sharing the shards with other gateways, and with workers of the Kinesis Client Library.
//!
//! A table of DynamoDB has a [`lease`] for each shard. Whoever holds it reads the shard, renews it
//! by counting up, and keeps the position there. A lease whose counter stands still for some time
//! is free.
//!
//! What to do is decided by pure functions and state machines, which know no table and no clock:
//! [`births`] says which leases are missing, [`observer`] which are free, [`share`] which of them
//! to take and how many to leave to others, [`holdings`] what to write of those that are held, and
//! when to believe no more that they are. The [`keeper`] has them done by two tasks, so that
//! renewing never waits for anything else: the [`taker`] looks at the table, the [`renewer`]
//! writes; both share a [`board`]. The [`table`] is a role, [`dynamo`] the table itself, of [`row`]s.

mod births;
mod board;
mod dynamo;
mod holdings;
mod keeper;
mod lease;
mod observer;
mod renewer;
mod row;
mod settings;
mod share;
mod table;
mod taker;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use dynamo::Dynamo;
pub(crate) use holdings::Finding;
pub(crate) use keeper::Keeper;
pub(crate) use settings::Settings;
pub(crate) use table::Table;
