//! DynamoDB, and tables of leases in it.

mod leases;
mod server;

pub use leases::{Lease, Row};
pub use server::DynamoDb;
