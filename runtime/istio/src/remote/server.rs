//! Whether an API server's address leads other clusters to it.

use std::net::IpAddr;

use crate::Error;

/// The host of a URL, without port and brackets.
fn host(server: &str) -> Option<&str> {
    let rest = server.strip_prefix("https://").or_else(|| server.strip_prefix("http://"))?;
    let rest = rest.split(['/', '?']).next().unwrap_or_default();
    match rest.strip_prefix('[') {
        Some(address) => address.split_once(']').map(|(address, _)| address),
        None => Some(rest.rsplit_once(':').map_or(rest, |(host, _)| host)),
    }
    .filter(|host| !host.is_empty())
}

/// Whether the server is on the machine of whoever asks it, so that a pod that asks finds only itself.
pub fn is_loopback(server: &str) -> bool {
    let Some(host) = host(server) else { return false };
    let address: Option<IpAddr> = host.parse().ok();
    host.eq_ignore_ascii_case("localhost")
        || address.is_some_and(|address| address.is_loopback() || address.is_unspecified())
}

/// Refuse a server that is no URL or, unless it is forced, only its own machine reaches.
///
/// # Errors
/// [`Error::BadServer`], [`Error::LoopbackServer`].
pub fn check_server(name: &str, server: &str, force: bool) -> Result<(), Error> {
    if host(server).is_none() {
        return Err(Error::BadServer { server: server.to_owned() });
    }
    if is_loopback(server) && !force {
        return Err(Error::LoopbackServer { name: name.to_owned(), server: server.to_owned() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_the_own_machine_is_told_from_others() {
        for server in ["https://127.0.0.1:6443", "https://localhost:1", "http://[::1]:6443/x", "https://0.0.0.0:6443"] {
            assert!(is_loopback(server), "{server}");
            assert!(check_server("a", server, false).is_err() && check_server("a", server, true).is_ok(), "{server}");
        }
        for server in
            ["https://172.18.0.2:6443", "https://a-control-plane:6443", "https://[fc00::1]:6443", "https://api.example"]
        {
            assert!(!is_loopback(server), "{server}");
            assert!(check_server("a", server, false).is_ok(), "{server}");
        }
    }

    #[test]
    fn what_is_no_url_is_refused_even_when_forced() {
        for server in ["172.18.0.2:6443", "", "https://", "https://:6443"] {
            assert!(matches!(check_server("a", server, true), Err(Error::BadServer { .. })), "{server}");
        }
    }
}
