//! The remote clusters of a control plane, and whether it has read them.

use std::{collections::BTreeSet, time::Duration};

use futures::future::try_join_all;
use meshrun_kube::Client;
use meshrun_terms::{Steps, Timeout};
use serde::Serialize;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::page::{Page, istiods};
use crate::Error;

/// How often istiod is asked while it reads.
const PAUSE: Duration = Duration::from_millis(300);

/// What one istiod says about one remote cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remote {
    /// The remote cluster's name.
    pub name: String,
    /// `synced`, `syncing`, `timeout` or `closed`.
    pub status: String,
    /// Whether it is synced: istiod knows the cluster's services and endpoints.
    pub synced: bool,
    /// The secret that tells of it, as `istio-system/istio-remote-secret-cluster2`.
    pub secret: String,
    /// The pod that says so.
    pub istiod: String,
}

/// The remote clusters of all istiods of a cluster, by name.
///
/// # Errors
/// When there is no istiod, or one does not answer.
pub async fn remotes(client: &Client, namespace: &str) -> Result<Vec<Remote>, Error> {
    ask(&istiods(client, namespace).await?).await
}

async fn ask(pages: &[Page]) -> Result<Vec<Remote>, Error> {
    let told =
        pages.iter().map(|page| async { Ok::<_, Error>(read(&page.json("/debug/clusterz").await?, page.pod())) });
    let mut remotes: Vec<Remote> = try_join_all(told).await?.into_iter().flatten().collect();
    remotes.sort_by(|one, other| (&one.name, &one.istiod).cmp(&(&other.name, &other.istiod)));
    Ok(remotes)
}

fn read(page: &Value, istiod: &str) -> Vec<Remote> {
    let clusters = page.as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let remote = |cluster: &Value| Remote {
        name: text(&cluster["id"]),
        status: text(&cluster["syncStatus"]),
        synced: cluster["syncStatus"] == "synced",
        secret: text(&cluster["secretName"]),
        istiod: istiod.to_owned(),
    };
    // The cluster of istiod itself comes without a secret.
    clusters.map(remote).filter(|remote| !remote.secret.is_empty()).collect()
}

/// Wait until every istiod has read these remote clusters.
///
/// # Errors
/// [`Error::NotSynced`] with what each said last; [`Error::NoIstiod`] when there is none by then.
pub async fn wait_for_remotes(
    client: &Client,
    namespace: &str,
    names: &[String],
    timeout: Timeout,
    steps: &Steps,
) -> Result<Vec<Remote>, Error> {
    let deadline = Instant::now() + timeout.duration();
    let mut told = String::new();
    loop {
        // Anew each time: istiod may have been replaced in between.
        let seen = look(client, namespace, names, deadline, steps, &mut told).await;
        match seen {
            Ok(Look::Synced(remotes)) => return Ok(remotes),
            Ok(Look::TimeIsOver(seen)) => {
                return Err(Error::NotSynced { context: client.context().to_owned(), timeout, seen });
            }
            Err(error) if may_pass(&error) && Instant::now() + PAUSE < deadline => sleep(PAUSE).await,
            Err(error) => return Err(error),
        }
    }
}

/// Whether it is only that istiod is being started or replaced.
fn may_pass(error: &Error) -> bool {
    use meshrun_kube::Error::{NoPod, NotFound};
    matches!(error, Error::NoIstiod { .. } | Error::NoAnswer { .. } | Error::Kube(NoPod { .. } | NotFound { .. }))
}

enum Look {
    Synced(Vec<Remote>),
    TimeIsOver(Vec<String>),
}

/// Ask the istiods that there are now until all is read or the time is over.
async fn look(
    client: &Client,
    namespace: &str,
    names: &[String],
    deadline: Instant,
    steps: &Steps,
    told: &mut String,
) -> Result<Look, Error> {
    let pages = istiods(client, namespace).await?;
    loop {
        let remotes = ask(&pages).await?;
        let missing = missing(&remotes, names, pages.iter().map(Page::pod));
        if missing.is_empty() {
            return Ok(Look::Synced(remotes));
        }
        if Instant::now() + PAUSE > deadline {
            return Ok(Look::TimeIsOver(missing));
        }
        let seen = missing.join("; ");
        if seen != *told {
            steps.waiting(format!("remote clusters of {}", client.context()), &seen);
            *told = seen;
        }
        sleep(PAUSE).await;
    }
}

/// What is still missing, in words.
fn missing<'p>(remotes: &[Remote], names: &[String], istiods: impl Iterator<Item = &'p str>) -> Vec<String> {
    let names: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    let mut missing = Vec::new();
    for istiod in istiods {
        for name in &names {
            match remotes.iter().find(|remote| remote.name == **name && remote.istiod == istiod) {
                Some(remote) if remote.synced => {}
                Some(remote) => missing.push(format!("{istiod} says `{}` of {name}", remote.status)),
                None => missing.push(format!("{istiod} knows no cluster {name}")),
            }
        }
    }
    missing
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_istiod_must_have_read_every_cluster() {
        let page = |status: &str| {
            json!([
                { "id": "east", "secretName": "istio-system/istio-remote-secret-east", "syncStatus": status },
                { "id": "own", "secretName": "", "syncStatus": "synced" },
            ])
        };
        let mut remotes = read(&page("synced"), "istiod-a");
        assert_eq!(remotes.len(), 1, "the own cluster is no remote one");
        remotes.extend(read(&page("timeout"), "istiod-b"));
        let names = ["east".to_owned(), "west".to_owned()];
        assert_eq!(
            missing(&remotes, &names, ["istiod-a", "istiod-b"].into_iter()),
            ["istiod-a knows no cluster west", "istiod-b says `timeout` of east", "istiod-b knows no cluster west"]
        );
        assert!(missing(&remotes, &names[..1], ["istiod-a"].into_iter()).is_empty());
        assert!(read(&Value::Null, "x").is_empty(), "istiod without remote clusters answers null");
    }
}
