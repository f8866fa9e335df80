//! Releases and files over HTTP, from a server that does well and that does not.
#![allow(clippy::unwrap_used)] // helpers of tests fail as tests do

mod istio;
mod metallb;
mod server;
