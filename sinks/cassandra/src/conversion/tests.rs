//! What is written is what the driver reads.
