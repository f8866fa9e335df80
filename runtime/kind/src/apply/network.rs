//! The Docker network that clusters share, made once.

use meshrun_docker::{Docker, Error as Engine, Network, networks};
use meshrun_terms::Steps;

use crate::{Error, plan::network as plan};

/// Make sure that the network exists, and that only one has the name. An existing one is used as it is.
///
/// Many may do this at the same moment, kind among them: who comes second finds the first one's network, and where the engine lets two
/// of the same name come to be, everyone decides alike which one stays. Containers join by the name, so they must not be created before this
/// has returned.
///
/// # Errors
/// `kind::no_subnet`.
pub async fn ensure(docker: &Docker, name: &str, steps: &Steps) -> Result<Network, Error> {
    if let Some(network) = the_one(docker, name).await? {
        return Ok(network);
    }
    steps.doing(format!("creating network {name}"));
    let created = create(docker, name).await?;
    // Whoever else makes one right now has asked before ours was there: both see both after their own.
    let network = match the_one(docker, name).await? {
        Some(network) => network,
        None => networks::inspect(docker, name).await?,
    };
    if created.is_some_and(|id| id == network.id) {
        steps.changed(format!("created network {name}"));
    }
    Ok(network)
}

/// The network of this name, after the surplus ones of the same name have been removed.
async fn the_one(docker: &Docker, name: &str) -> Result<Option<Network>, Error> {
    let mut all = networks::named(docker, name).await?;
    if all.len() > 1 {
        for id in plan::surplus(all.clone()) {
            match networks::remove(docker, &id).await {
                // It has just got a container: it stays, and the next one to look decides anew.
                Ok(_) | Err(Engine::InUse { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        all = networks::named(docker, name).await?;
    }
    let gone = plan::surplus(all.clone());
    Ok(all.into_iter().find(|network| !gone.contains(&network.id)))
}

/// Create the network. Returns its id, or none when somebody else was first.
async fn create(docker: &Docker, name: &str) -> Result<Option<String>, Error> {
    let mtu = networks::find(docker, "bridge").await?.and_then(|bridge| plan::mtu(&bridge));
    let mut tried = Vec::new();
    for attempt in 0..plan::ATTEMPTS {
        let subnet = plan::ipv6_subnet(name, attempt);
        tried.push(subnet.to_string());
        match networks::create(docker, &plan::spec(name, Some(subnet), mtu)).await {
            Ok(id) => return Ok(Some(id)),
            Err(Engine::NameTaken { .. }) => return Ok(None),
            Err(Engine::NoIpv6 { .. }) => return without_ipv6(docker, name, mtu).await,
            Err(source @ Engine::SubnetTaken { .. }) => {
                // The subnet follows from the name, so most likely it is the same network, made by somebody else.
                if !networks::named(docker, name).await?.is_empty() {
                    return Ok(None);
                }
                if attempt + 1 == plan::ATTEMPTS {
                    return Err(Error::NoSubnet { network: name.to_owned(), tried, source });
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

async fn without_ipv6(docker: &Docker, name: &str, mtu: Option<u32>) -> Result<Option<String>, Error> {
    match networks::create(docker, &plan::spec(name, None, mtu)).await {
        Ok(id) => Ok(Some(id)),
        Err(Engine::NameTaken { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
