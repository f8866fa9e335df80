//! The configuration of the load balancer before several control planes.

use super::API_PORT;
use crate::config::IpFamily;

/// The image of the load balancer in kind v0.19.0.
pub const IMAGE: &str = "docker.io/kindest/haproxy:v20230510-486859a6";
/// Where the image expects its configuration.
pub const PATH: &str = "/usr/local/etc/haproxy/haproxy.cfg";

/// Connections to the API server are passed on, unopened, to the control planes whose `/healthz` answers. Their names are
/// asked from Docker again and again, for addresses change with restarts.
pub fn config(control_planes: &[String], family: IpFamily) -> String {
    let mut names = control_planes.to_vec();
    names.sort();
    let prefer = if family == IpFamily::Ipv6 { "ipv6" } else { "ipv4" };
    let second_bind = if family == IpFamily::Ipv6 { format!("\n  bind :::{API_PORT}") } else { String::new() };
    let servers: String = names
        .iter()
        .map(|name| {
            format!("\n  server {name} {name}:{API_PORT} check check-ssl verify none resolvers docker resolve-prefer {prefer}")
        })
        .collect();
    format!(
        "global
  log /dev/log local0
  daemon
  maxconn 100000

resolvers docker
  nameserver dns 127.0.0.11:53

defaults
  mode tcp
  log global
  option dontlognull
  timeout connect 5000
  timeout client 50000
  timeout server 50000
  default-server init-addr none

frontend control-plane
  bind *:{API_PORT}{second_bind}
  default_backend kube-apiservers

backend kube-apiservers
  option httpchk GET /healthz{servers}
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_control_plane_is_a_server_in_order_of_name() {
        let names = ["a-control-plane2".to_owned(), "a-control-plane".to_owned()];
        let text = config(&names, IpFamily::Ipv6);
        let servers: Vec<&str> = text.lines().filter(|line| line.starts_with("  server")).collect();
        assert_eq!(
            servers,
            [
                "  server a-control-plane a-control-plane:6443 check check-ssl verify none resolvers docker resolve-prefer ipv6",
                "  server a-control-plane2 a-control-plane2:6443 check check-ssl verify none resolvers docker resolve-prefer ipv6",
            ]
        );
        assert!(text.contains("  bind *:6443\n  bind :::6443\n"), "{text}");
        assert!(config(&names, IpFamily::Dual).contains("  bind *:6443\n  default_backend"), "one bind is enough");
    }
}
