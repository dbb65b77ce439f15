//! What the sink promises, one file per promise.

#[cfg(test)]
mod crashes;
#[cfg(test)]
mod pipeline;
