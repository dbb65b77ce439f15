//! What the sink promises, one file per promise.

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod crashes;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod formats;
#[cfg(test)]
mod partitions;
#[cfg(test)]
mod pipeline;
#[cfg(test)]
mod rolling;
