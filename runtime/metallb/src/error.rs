//! How MetalLB fails to be set up, and what to do about it.

use std::net::Ipv4Addr;

use meshrun_terms::{Cidr, Timeout};

use crate::range::Range;

/// Why addresses could not be planned, or MetalLB not be set up.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[non_exhaustive]
pub enum Error {
    /// Pools are of IPv4 addresses, and the network has none.
    #[error("network `{network}` has no IPv4 subnet")]
    #[diagnostic(code("metallb::no_ipv4_subnet"), help("address pools are made of IPv4 addresses"))]
    NoIpv4Subnet { network: String },

    /// The addresses that were asked for are not of the network.
    #[error("{range} for cluster `{cluster}` lies outside network `{network}` ({})", joined(subnets))]
    #[diagnostic(
        code("metallb::outside_network"),
        help("choose addresses of the network, or none to have them chosen: others cannot be reached")
    )]
    OutsideNetwork { cluster: String, range: Range, network: String, subnets: Vec<Cidr> },

    /// The addresses that were asked for are too few.
    #[error("{range} for cluster `{cluster}` holds {} addresses, expected at least {wanted}", range.size())]
    #[diagnostic(code("metallb::too_few_addresses"))]
    TooFewAddresses { cluster: String, range: Range, wanted: u32 },

    /// An address that was asked for has an owner.
    #[error("{range} for cluster `{cluster}` holds {address}, which belongs to {by}")]
    #[diagnostic(code("metallb::address_taken"))]
    AddressTaken { cluster: String, range: Range, address: Ipv4Addr, by: String },

    /// Two clusters would have the same addresses.
    #[error("{range} for cluster `{cluster}` overlaps {other} of cluster `{other_cluster}`")]
    #[diagnostic(code("metallb::overlap"), help("clusters on one network need addresses of their own"))]
    Overlap { cluster: String, range: Range, other_cluster: String, other: Range },

    /// The network is too small, or too full.
    #[error(
        "cluster `{cluster}` wants {wanted} addresses in a row, but network `{network}` ({}) has {left} left for pools",
        joined(subnets)
    )]
    #[diagnostic(code("metallb::no_room"), help("{help}"))]
    NoRoom { cluster: String, wanted: u32, network: String, subnets: Vec<Cidr>, left: u64, help: String },

    /// A manifest of something else.
    #[error("`{manifest}` is not MetalLB's manifest: it has no {missing}")]
    #[diagnostic(
        code("metallb::not_metallb"),
        help("expected `config/manifests/metallb-native.yaml` of a MetalLB release")
    )]
    NotMetallb { manifest: String, missing: String },

    /// MetalLB runs, but its webhook does not take pools.
    #[error("the webhook of MetalLB in `{context}` does not answer after {timeout}")]
    #[diagnostic(code("metallb::webhook_silent"), help("look at the pod `controller` in namespace `metallb-system`"))]
    WebhookSilent {
        context: String,
        timeout: Timeout,
        #[source]
        source: Box<meshrun_kube::Error>,
    },

    /// There is no MetalLB to configure.
    #[error("`{context}` has no MetalLB")]
    #[diagnostic(code("metallb::not_installed"), help("install it first: `metallb::install`"))]
    NotInstalled { context: String },

    /// MetalLB does not want the pool.
    #[error("MetalLB in `{context}` refuses pool `{pool}`: {reason}")]
    #[diagnostic(code("metallb::pool_refused"), help("choose other addresses, or remove the pool that has them"))]
    PoolRefused { context: String, pool: String, reason: String },

    /// The cluster refused, or did not become what was waited for.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Kube(Box<meshrun_kube::Error>),
}

impl From<meshrun_kube::Error> for Error {
    fn from(error: meshrun_kube::Error) -> Self {
        Self::Kube(Box::new(error))
    }
}

fn joined(subnets: &[Cidr]) -> String {
    subnets.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
