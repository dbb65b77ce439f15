//! Files that roll, each record exactly once.
