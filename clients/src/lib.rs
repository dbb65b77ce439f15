//! Connection settings that connectors and sinks share.
