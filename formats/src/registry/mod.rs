//! Records whose schema stands in a registry.
//!
//! Such a record begins with a zero byte and the id of its schema, four bytes, the highest first:
//! [Confluent's wire format](https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format).
//!
//! - [`RegistryOptions`]: where the registry is;
//! - [`client`]: asks it for a schema;
//! - [`whole`]: puts together a schema that refers to others;
//! - [`schemas`]: what it answered, kept;
//! - [`Registered`]: fetches the schemas of records before they are decoded, and decodes each record
//!   by its own.

mod client;
mod options;
mod references;
mod registered;
mod schemas;
#[cfg(test)]
mod tests;

pub use options::RegistryOptions;
pub use references::whole;
pub use registered::Registered;
