//! The receiver with real connections on loopback.

#[cfg(test)]
mod batches;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod connections;
#[cfg(test)]
mod layers;
#[cfg(test)]
mod options;
#[cfg(test)]
mod pull;
#[cfg(test)]
mod running;
