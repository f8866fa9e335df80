//! Each node's part of the pod subnet, given out as the controller manager would.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// How large a node's part is, in the length of its prefix: the controller manager's own numbers.
const NODE_PREFIX: (u8, u8) = (24, 64);

/// For each of `nodes` nodes its subnets, one of each family in the order of `pods`. None when the subnets are too small, or of a
/// size for which the controller manager computes parts of another size: then it must do it.
pub fn node_subnets(pods: &str, nodes: usize) -> Option<Vec<Vec<String>>> {
    let pods: Vec<IpNet> = pods.split(',').map(|part| part.trim().parse().ok()).collect::<Option<_>>()?;
    (0..nodes).map(|index| pods.iter().map(|pod| part(pod, index)).collect::<Option<Vec<String>>>()).collect()
}

/// Part number `index` of a subnet.
fn part(pod: &IpNet, index: usize) -> Option<String> {
    match pod {
        IpNet::V4(net) => {
            let room = NODE_PREFIX.0.checked_sub(net.prefix_len())?;
            let index = u32::try_from(index).ok().filter(|index| u64::from(*index) < 1 << room)?;
            let address = u32::from(net.network()).checked_add(index << (32 - NODE_PREFIX.0))?;
            Some(Ipv4Net::new_assert(Ipv4Addr::from(address), NODE_PREFIX.0).to_string())
        }
        IpNet::V6(net) => {
            // kubeadm asks for parts of other sizes outside of these.
            let room = NODE_PREFIX.1.checked_sub(net.prefix_len()).filter(|room| (8..=16).contains(room))?;
            let index = u128::try_from(index).ok().filter(|index| *index < 1 << room)?;
            let address = u128::from(net.network()).checked_add(index << (128 - NODE_PREFIX.1))?;
            Some(Ipv6Net::new_assert(Ipv6Addr::from(address), NODE_PREFIX.1).to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_get_one_part_after_the_other() {
        let parts = node_subnets("10.244.0.0/16,fd00:10:244::/56", 3).unwrap();
        assert_eq!(parts[0], ["10.244.0.0/24", "fd00:10:244::/64"]);
        assert_eq!(parts[2], ["10.244.2.0/24", "fd00:10:244:2::/64"]);
        assert_eq!(node_subnets("10.1.4.0/22", 4).unwrap()[3], ["10.1.7.0/24"]);
    }

    #[test]
    fn where_it_does_not_fit_the_controller_decides() {
        assert_eq!(node_subnets("10.1.4.0/22", 5), None);
        assert_eq!(node_subnets("10.1.4.0/25", 1), None);
        assert_eq!(node_subnets("fd00::/96", 1), None);
        assert_eq!(node_subnets("10.1.0.0/16,fd00::/96", 1), None);
    }
}
