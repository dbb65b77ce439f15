//! Each new file of a folder, once.
