//! Guarantees: a schema registry starts from its archive, keeps schemas and refuses those that do
//! not fit; records are decoded by the schemas in it, while they change and while it is away.

mod pipeline;
mod server;
