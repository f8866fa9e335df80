//! Address pools for all clusters of a network at once, so that none overlaps another.

use serde::{Deserialize, Serialize};

use crate::{
    error::Error,
    network::{Area, Network},
    range::Range,
};

/// What one cluster wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Claim {
    /// The name of the cluster.
    pub cluster: String,
    /// The name of its pool: `first-pool`.
    pub pool: String,
    /// How many addresses it wants at least.
    pub size: u32,
    /// The addresses to take, instead of having some chosen.
    #[serde(default)]
    pub range: Option<Range>,
    /// The pools that the cluster has already.
    #[serde(default)]
    pub existing: Vec<Pool>,
}

/// An address pool of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Pool {
    /// Its name: `first-pool`.
    pub name: String,
    /// Its IPv4 addresses.
    pub ranges: Vec<Range>,
}

/// What one cluster gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Assignment {
    /// The name of the cluster.
    pub cluster: String,
    /// The name of its pool; that of the existing pool when one is kept.
    pub pool: String,
    /// Its addresses.
    pub range: Range,
    /// Whether the cluster has this pool already.
    pub kept: bool,
}

/// Choose the addresses of every cluster's pool, in the order of the claims: those that were asked for; else those of a pool that
/// the cluster has and that is still good; else new ones from the top of the network, away from what the engine gives to
/// containers. Planning again with the pools that came of it gives the same result.
///
/// # Errors
/// When addresses that were asked for lie outside the network, are too few, or belong to something else; when the network
/// has no room left.
pub fn plan(network: &Network, claims: &[Claim]) -> Result<Vec<Assignment>, Error> {
    let areas = network.areas()?;
    assign(network, &areas, claims).map_err(|refused| match refused {
        Refused::Asked(error) => *error,
        Refused::NoRoom { at, left } => no_room(network, &areas, claims, &claims[at], left),
    })
}

enum Refused {
    /// Addresses that were asked for cannot be had.
    Asked(Box<Error>),
    /// There is no room for the claim at this place; so many addresses are left.
    NoRoom { at: usize, left: u64 },
}

fn assign(network: &Network, areas: &[Area], claims: &[Claim]) -> Result<Vec<Assignment>, Refused> {
    let mut chosen: Vec<Option<Assignment>> = vec![None; claims.len()];
    for (at, claim) in claims.iter().enumerate() {
        if let Some(range) = claim.range {
            let asked = as_asked(network, areas, claims, &chosen, claim, range);
            chosen[at] = Some(asked.map_err(|error| Refused::Asked(Box::new(error)))?);
        }
    }
    for (at, claim) in claims.iter().enumerate() {
        if chosen[at].is_none() {
            chosen[at] = kept(areas, &chosen, claim);
        }
    }
    let mut free = free(areas, claims, &chosen);
    for (at, claim) in claims.iter().enumerate() {
        if chosen[at].is_none() {
            let left = free.iter().flatten().map(Range::size).sum();
            let range = carve(&mut free, claim.size.max(1)).ok_or(Refused::NoRoom { at, left })?;
            let (cluster, pool) = (claim.cluster.clone(), claim.pool.clone());
            chosen[at] = Some(Assignment { cluster, pool, range, kept: false });
        }
    }
    Ok(chosen.into_iter().flatten().collect())
}

/// The addresses that were asked for, if they can be had.
fn as_asked(
    network: &Network,
    areas: &[Area],
    claims: &[Claim],
    chosen: &[Option<Assignment>],
    claim: &Claim,
    range: Range,
) -> Result<Assignment, Error> {
    let cluster = claim.cluster.clone();
    let Some(area) = areas.iter().find(|area| range.is_inside(&area.whole)) else {
        let subnets = areas.iter().map(|area| area.subnet).collect();
        return Err(Error::OutsideNetwork { cluster, range, network: network.name.clone(), subnets });
    };
    if range.size() < u64::from(claim.size) {
        return Err(Error::TooFewAddresses { cluster, range, wanted: claim.size });
    }
    if let Some((address, by)) = area.taken.iter().find(|(address, _)| range.contains(*address)) {
        return Err(Error::AddressTaken { cluster, range, address: *address, by: by.clone() });
    }
    let asked = chosen.iter().flatten().map(|other| (other.cluster.clone(), other.range));
    if let Some((other_cluster, other)) =
        asked.chain(in_the_way(claims, claim, range)).find(|(_, other)| other.overlaps(&range))
    {
        return Err(Error::Overlap { cluster, range, other_cluster, other });
    }
    let same = claim.existing.iter().find(|pool| pool.ranges == [range]);
    let pool = same.map_or(&claim.pool, |pool| &pool.name).clone();
    Ok(Assignment { cluster, pool, range, kept: same.is_some() })
}

/// The ranges that clusters have and keep, whatever is planned: all but those of pools that are replaced, and that of the
/// claim itself.
fn in_the_way(claims: &[Claim], claim: &Claim, range: Range) -> Vec<(String, Range)> {
    let stays = |other: &Claim, pool: &Pool| {
        let replaced = other.range.is_some() && pool.name == other.pool;
        let itself = other.cluster == claim.cluster && pool.ranges == [range];
        !replaced && !itself
    };
    let ranges = claims.iter().flat_map(|other| {
        let pools = other.existing.iter().filter(move |pool| stays(other, pool));
        pools.flat_map(|pool| pool.ranges.iter().map(|range| (other.cluster.clone(), *range)))
    });
    ranges.collect()
}

/// The pool that the cluster has, if it is still good: the one of the wanted name first, for that one would be overwritten.
fn kept(areas: &[Area], chosen: &[Option<Assignment>], claim: &Claim) -> Option<Assignment> {
    let by_name = claim.existing.iter().filter(|pool| pool.name == claim.pool);
    let others = claim.existing.iter().filter(|pool| pool.name != claim.pool);
    by_name.chain(others).find_map(|pool| {
        let [range] = pool.ranges[..] else { return None };
        let area = areas.iter().find(|area| range.is_inside(&area.whole))?;
        let clear = !area.taken.iter().any(|(address, _)| range.contains(*address))
            && !chosen.iter().flatten().any(|other| other.range.overlaps(&range));
        let good = clear && range.size() >= u64::from(claim.size);
        good.then(|| Assignment { cluster: claim.cluster.clone(), pool: pool.name.clone(), range, kept: true })
    })
}

/// The ranges out of which new pools may be carved, subnet by subnet.
fn free(areas: &[Area], claims: &[Claim], chosen: &[Option<Assignment>]) -> Vec<Vec<Range>> {
    let replaced = |claim: &Claim, pool: &Pool| {
        pool.name == claim.pool && !chosen.iter().flatten().any(|kept| kept.cluster == claim.cluster)
    };
    let pools = claims.iter().flat_map(|claim| {
        claim.existing.iter().filter(|pool| !replaced(claim, pool)).flat_map(|pool| pool.ranges.iter().copied())
    });
    let blocked: Vec<Range> = pools.chain(chosen.iter().flatten().map(|pool| pool.range)).collect();
    let in_area = |area: &Area| {
        let taken = area.taken.iter().map(|(address, _)| Range::from(*address));
        taken
            .chain(blocked.iter().copied())
            .fold(area.open.clone(), |free, blocked| free.iter().flat_map(|range| range.without(&blocked)).collect())
    };
    areas.iter().map(in_area).collect()
}

/// Take the `size` highest addresses in a row out of the first subnet that has them.
fn carve(free: &mut [Vec<Range>], size: u32) -> Option<Range> {
    for ranges in free {
        let mut highest: Vec<Range> = ranges.clone();
        highest.sort_unstable();
        if let Some(range) = highest.iter().rev().find_map(|range| range.top(size)) {
            *ranges = ranges.iter().flat_map(|rest| rest.without(&range)).collect();
            return Some(range);
        }
    }
    None
}

fn no_room(network: &Network, areas: &[Area], claims: &[Claim], claim: &Claim, left: u64) -> Error {
    let help = match fitting_size(network, areas, claims, claim.size) {
        Some(size) => format!("ask for at most {size} per cluster"),
        None => format!("remove containers or pools from network `{}`, or give it a larger subnet", network.name),
    };
    Error::NoRoom {
        cluster: claim.cluster.clone(),
        wanted: claim.size,
        network: network.name.clone(),
        subnets: areas.iter().map(|area| area.subnet).collect(),
        left,
        help,
    }
}

/// The largest size below `size` with which every claim fits, found by halving.
fn fitting_size(network: &Network, areas: &[Area], claims: &[Claim], size: u32) -> Option<u32> {
    let fits = |size: u32| {
        let smaller: Vec<Claim> =
            claims.iter().map(|claim| Claim { size: claim.size.min(size), ..claim.clone() }).collect();
        assign(network, areas, &smaller).is_ok()
    };
    let (mut good, mut bad) = (0, size);
    while bad - good > 1 {
        let middle = good + (bad - good) / 2;
        if fits(middle) { good = middle } else { bad = middle }
    }
    (good > 0).then_some(good)
}

#[cfg(test)]
mod tests;
