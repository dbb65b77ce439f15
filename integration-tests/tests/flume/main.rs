//! Agents of Flume 1.9 and 1.11, and gateways that take their events or poll them.

#[cfg(test)]
mod flow;
#[cfg(test)]
mod letters;
#[cfg(test)]
mod pull;
#[cfg(test)]
mod push;
