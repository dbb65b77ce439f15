//! A sink that writes rows to Cassandra tables.
