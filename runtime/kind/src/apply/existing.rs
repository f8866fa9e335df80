//! What is there of a cluster before it is made.

use std::collections::BTreeMap;

use meshrun_docker::{Container, Docker, Error as Engine, archive, images};
use meshrun_terms::Timeout;
use serde_json::Value;

use super::{exec, join::JOINED, ready};
use crate::{
    Config, Error,
    cluster::{containers_of, role_of},
    config::Role,
    plan::{
        names::{self, SHAPE_LABEL},
        shape,
    },
};

/// What is there of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// The cluster as it shall be, ready.
    Ready,
    /// The cluster as it shall be; it runs but is not ready.
    Unready,
    /// The cluster as it shall be, made by this program; it does not run.
    Stopped,
    /// All nodes have joined, but the creation did not come to its end.
    Unfinished,
    /// A part of a cluster, of no use.
    Debris,
}

/// Look what is there, and compare it with what is wanted. Nothing is changed.
///
/// # Errors
/// `kind::other_shape`; `kind::not_running` for a cluster of kind that does not run.
pub async fn look(docker: &Docker, config: &Config) -> Result<Found, Error> {
    let all = containers_of(docker, &config.name).await?;
    if all.is_empty() {
        return Ok(Found::Nothing);
    }
    match all.iter().find_map(|one| one.labels.get(SHAPE_LABEL)) {
        Some(label) => own(docker, config, &all, label).await,
        None if all.iter().all(|one| role_of(one).is_none()) => Ok(Found::Debris),
        None => of_kind(docker, config, &all).await,
    }
}

/// A cluster that this program has made, or has begun to make.
async fn own(docker: &Docker, config: &Config, all: &[Container], label: &str) -> Result<Found, Error> {
    let bootstrap = names::node_name(&config.name, Role::ControlPlane, 1);
    let wanted = shape::of_config(config);
    let has: Value = serde_json::from_str(label).unwrap_or(Value::Null); // an unreadable one is another one
    let running = all.iter().filter(|one| role_of(one).is_some()).all(|one| one.state == "running");
    let is_there = all.iter().any(|one| one.name == bootstrap);
    if !is_there || !has_file(docker, &bootstrap, ready::COMPLETE).await? {
        let usable =
            running && wanted == has && missing(&has, &config.name, all).is_empty() && joined(docker, config).await?;
        return Ok(if usable { Found::Unfinished } else { Found::Debris });
    }
    let mut differences = differences(docker, &wanted, &has).await?;
    differences.extend(missing(&has, &config.name, all));
    refuse(config, differences)?;
    if !running {
        return Ok(Found::Stopped);
    }
    state(docker, config, &bootstrap).await
}

/// A cluster that the `kind` command has made, or is making.
async fn of_kind(docker: &Docker, config: &Config, all: &[Container]) -> Result<Found, Error> {
    let roles: BTreeMap<String, Role> = all.iter().filter_map(|one| Some((one.name.clone(), role_of(one)?))).collect();
    let seen = shape::of_containers(&config.name, all, &roles);
    let wanted = shape::visible(&shape::of_config(config), &seen);
    let seen = shape::visible(&seen, &wanted);
    refuse(config, differences(docker, &wanted, &seen).await?)?;
    if let Some(stopped) = all.iter().find(|one| one.state != "running") {
        let state = format!("container `{}` is {}", stopped.name, stopped.state);
        return Err(Error::NotRunning { cluster: config.name.to_string(), state });
    }
    state(docker, config, &names::node_name(&config.name, Role::ControlPlane, 1)).await
}

fn refuse(config: &Config, differences: Vec<String>) -> Result<(), Error> {
    if differences.is_empty() {
        return Ok(());
    }
    Err(Error::OtherShape { cluster: config.name.to_string(), differences })
}

/// Where the shapes differ. The same image by another name is the same.
async fn differences(docker: &Docker, wanted: &Value, has: &Value) -> Result<Vec<String>, Error> {
    let mut has = has.clone();
    let nodes = has.get_mut("nodes").and_then(Value::as_object_mut).into_iter().flatten();
    for (name, node) in nodes {
        let (Some(one), Some(other)) = (wanted["nodes"][name]["image"].as_str(), node["image"].as_str()) else {
            continue;
        };
        if one == other {
            continue;
        }
        let (found, there) = futures::try_join!(images::find(docker, one), images::find(docker, other))?;
        if found.is_some_and(|found| there.is_some_and(|there| there.id == found.id)) {
            node["image"] = one.into();
        }
    }
    Ok(shape::differences(wanted, &has))
}

/// Containers that the cluster was made of and that are gone.
fn missing(has: &Value, cluster: &str, all: &[Container]) -> Vec<String> {
    let nodes = has["nodes"].as_object().into_iter().flatten().map(|(name, _)| format!("{cluster}-{name}"));
    let balancer = (has["control planes"].as_u64() > Some(1)).then(|| names::load_balancer(cluster));
    nodes
        .chain(balancer)
        .filter(|name| !all.iter().any(|one| one.name == *name))
        .map(|name| format!("its container `{name}` is gone"))
        .collect()
}

/// Whether kubeadm has ended well on every node.
async fn joined(docker: &Docker, config: &Config) -> Result<bool, Error> {
    let nodes = names::nodes(config);
    let found = nodes.iter().map(|name| has_file(docker, name, JOINED));
    Ok(futures::future::try_join_all(found).await?.into_iter().all(|found| found))
}

pub async fn has_file(docker: &Docker, container: &str, path: &str) -> Result<bool, Error> {
    match archive::read_file(docker, container, path).await {
        Ok(_) => Ok(true),
        Err(Engine::NoPath { .. } | Engine::NoContainer { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Whether all nodes are ready, by one question.
async fn state(docker: &Docker, config: &Config, bootstrap: &str) -> Result<Found, Error> {
    let output = exec::shell(docker, bootstrap, ready::STATES, &[], None, Timeout::seconds(30)).await;
    let output = match output {
        Ok(output) if output.code == 0 => output,
        // It says nothing yet, or not any more: the wait tells why.
        Ok(_) | Err(Error::Engine(Engine::Timeout { .. })) => return Ok(Found::Unready),
        Err(error) => return Err(error),
    };
    let lines = output.lines();
    let is_ready = |name: &String| {
        let state = lines.iter().find_map(|line| line.strip_prefix(name.as_str())?.strip_prefix(' '));
        state == Some("True") || (state.is_some() && config.networking.disable_default_cni)
    };
    let ready = names::nodes(config).iter().all(is_ready);
    Ok(if ready { Found::Ready } else { Found::Unready })
}
