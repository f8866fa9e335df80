//! Free ports of the host, chosen before a container is made and kept until it starts.

use std::net::{IpAddr, TcpListener};

use meshrun_docker::Docker;
use meshrun_terms::Port;

use crate::config::HostPort;

/// Ports for a container, and what keeps others from taking them until the container starts.
#[derive(Debug, Default)]
pub struct Chosen {
    /// The ports in the order they were asked for; none lets the engine choose.
    pub ports: Vec<Option<Port>>,
    /// Whether any of them was chosen here, so that others can be chosen when one turns out to be taken.
    pub is_free_choice: bool,
    held: Vec<TcpListener>,
}

impl Chosen {
    /// Let go of the ports, right before the container takes them.
    pub fn release(&mut self) {
        self.held.clear();
    }
}

/// Choose the ports that are to be free ones. On another machine nothing can be tried from here: there the engine chooses.
pub fn choose(docker: &Docker, wanted: &[(IpAddr, HostPort)]) -> Chosen {
    let mut chosen = Chosen::default();
    for (address, port) in wanted {
        let port = match port {
            HostPort::Fixed(port) => Some(*port),
            HostPort::Engine => None,
            HostPort::Free => docker.is_local().then(|| hold(*address, &mut chosen)).flatten(),
        };
        chosen.ports.push(port);
    }
    chosen
}

/// A free port of this address. None when the address is not of this machine: the engine will say so, or not.
fn hold(address: IpAddr, chosen: &mut Chosen) -> Option<Port> {
    let listener = TcpListener::bind((address, 0)).ok()?; // a failure means what the sentence above says
    let number = listener.local_addr().ok()?.port(); // a bound listener has an address
    chosen.is_free_choice = true;
    chosen.held.push(listener);
    Port::new(number.into()).ok() // the system gives no port 0
}
