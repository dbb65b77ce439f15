//! The harness that runs the built binary, and the scenarios.
