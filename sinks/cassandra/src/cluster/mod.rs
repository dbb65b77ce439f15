//! The connection to the cluster, and what is prepared on it.
//!
//! [`connection`] makes a session, or says why there is none. [`live`] is a session with the
//! table as it stands, the [`plan`] for each schema and the [`prepared`] statements; it notices
//! when the table changes. [`probe`] looks step by step whether all that works.

pub mod connection;
pub mod live;
pub mod plan;
pub mod prepared;
pub mod probe;

pub use live::Live;
pub use plan::Plan;
pub use prepared::Statements;
