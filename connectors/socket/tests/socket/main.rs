//! The receiver with real sockets on loopback.

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod connections;
#[cfg(test)]
mod datagrams;
#[cfg(test)]
mod dialing;
#[cfg(test)]
mod options;
#[cfg(test)]
mod running;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod unix;
