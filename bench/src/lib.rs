//! Benchmark programs, each beside a bare reference in the same run.
