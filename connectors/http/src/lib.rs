//! Records by HTTP POST.
//!
//! A request takes this path: the [`server`] accepts its connection, the [`service`] judges its
//! head ([`auth`]), reads its [`body`] within all limits, undoes its [`encoding`], cuts it into
//! records ([`cut`]) and puts them on the intake; only then is it [answered](answer) with 200.

mod answer;
mod attributes;
mod auth;
mod body;
mod component;
mod config;
mod cut;
mod encoding;
mod json_array;
mod pieces;
mod receiver;
mod server;
mod service;
mod stall;
mod state;
#[cfg(feature = "testing")]
pub mod testing;

pub use auth::Auth;
pub use component::Http;
pub use config::{Body, HttpConfig};
