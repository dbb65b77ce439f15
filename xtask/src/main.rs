//! The habits of the project, one command each.
fn main() {}
