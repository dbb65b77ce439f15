//! The last rows, to look at over the admin address.
