//! The contexts of the user's kubeconfig: which lead to clusters that were read, which are read besides, and the same for simulated clusters.

use std::path::Path;

use meshrun_host::Failure;
use meshrun_kube::{
    connect_through,
    kubeconfig::{self, Context, Names, Source, merge_entry, use_context},
};
use meshrun_sim::start::Unread;
use meshrun_terms::Timeout;
use serde_json::{Value, json};

use super::{Survey, cluster, words};
use crate::World;

/// How long to wait for whoever else writes the simulated kubeconfig: nobody does.
const LOCKED: Timeout = Timeout::seconds(10);

/// A context, and where it leads in the simulation.
#[derive(Debug)]
pub struct Lead {
    context: Context,
    /// The simulated cluster; none for one that was not read.
    cluster: Option<String>,
    note: Option<Value>,
}

/// Find where the contexts of the kubeconfig lead, and read the clusters behind those that are named and not known yet.
pub async fn read(world: &World, survey: &mut Survey, is_named: impl Fn(&str) -> bool) {
    let source = world.kubeconfig(None);
    let (contexts, marks) = match kubeconfig::contexts(&source).and_then(|all| Ok((all, kubeconfig::marks(&source)?))) {
        Ok(found) => found,
        Err(error) => return survey.knows_not(format!("the contexts of the kubeconfig: {}", words(error))),
    };
    let mut strange = Vec::new();
    for context in contexts {
        let server = context.server.clone().unwrap_or_default();
        let known = |survey: &Survey| {
            let serves = |servers: &[String]| servers.contains(&server);
            let read = survey.start.clusters.iter().find(|one| serves(&one.servers)).map(|one| Some(one.name.clone()));
            read.or_else(|| survey.start.unread.iter().find(|one| serves(&one.servers)).map(|_| None))
        };
        let cluster = match known(survey) {
            Some(known) => known,
            None if is_named(&context.name) => behind(&source, &context, survey).await,
            None => {
                strange.push(context.name.clone());
                let reason = "the script does not name its context".to_owned();
                survey.start.unread.push(Unread { name: context.name.clone(), servers: vec![server], reason });
                None
            }
        };
        let note = marks.iter().find(|(name, _)| *name == context.name).map(|(_, note)| note.clone());
        survey.contexts.push(Lead { context, cluster, note });
    }
    if !strange.is_empty() {
        survey.knows_not(format!("clusters whose contexts the script does not name: {}", strange.join(", ")));
    }
}

/// Read the cluster behind a context. Returns its name in the simulation.
async fn behind(source: &Source, context: &Context, survey: &mut Survey) -> Option<String> {
    let taken = |survey: &Survey| survey.start.clusters.iter().any(|one| one.name == context.name);
    let name = if taken(survey) { format!("context-{}", context.name) } else { context.name.clone() };
    let read = match connect_through(source, Some(&context.name), None).await {
        Ok(client) => cluster::read(&client, &name).await,
        Err(error) => Err(words(error)),
    };
    let servers: Vec<String> = context.server.iter().cloned().collect();
    match read {
        Ok((mut start, notes)) => {
            start.servers = servers;
            let count = start.objects.len();
            survey.took(format!("context {}: Kubernetes {}, {count} objects", context.name, start.version));
            notes.into_iter().for_each(|note| survey.knows_not(format!("of context {}: {note}", context.name)));
            survey.start.clusters.push(start);
            Some(name)
        }
        Err(reason) => {
            survey.knows_not(format!("the cluster of context {}: {reason}", context.name));
            survey.start.unread.push(Unread { name, servers, reason });
            None
        }
    }
}

/// Write contexts of these names that lead to the simulated clusters, with the simulation's own credentials.
///
/// # Errors
/// When the file cannot be written.
pub async fn write(leads: &[Lead], simulation: &meshrun_sim::World, path: &Path) -> Result<(), Failure> {
    for lead in leads {
        let server = lead.context.server.clone().unwrap_or_default();
        let known = lead.cluster.as_ref().and_then(|name| simulation.cluster(name));
        let text = known.map_or_else(|| without_credentials(&server), |cluster| cluster.admin_kubeconfig(&server));
        let text = with_namespace(&text, lead.context.namespace.as_deref())?;
        merge_entry(path, &text, &Names::all(&lead.context.name), lead.note.as_ref(), LOCKED).await?;
    }
    if let Some(current) = leads.iter().find(|lead| lead.context.current) {
        use_context(&Source::of_file(path), &current.context.name, LOCKED).await?;
    }
    Ok(())
}

/// A kubeconfig for a cluster of which nothing is known: whoever uses it is told so.
fn without_credentials(server: &str) -> String {
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "x",
        "clusters": [{ "name": "x", "cluster": { "server": server } }], "users": [{ "name": "x", "user": {} }],
        "contexts": [{ "name": "x", "context": { "cluster": "x", "user": "x" } }],
    });
    config.to_string()
}

fn with_namespace(text: &str, namespace: Option<&str>) -> Result<String, Failure> {
    let Some(namespace) = namespace else { return Ok(text.to_owned()) };
    // The text holds a key of the simulation: nothing of it may come into an error.
    let mut config: Value =
        meshrun_yaml::parse(text).map_err(|_| Failure::bug("the kubeconfig of a simulated cluster is no YAML"))?;
    config["contexts"][0]["context"]["namespace"] = namespace.into();
    Ok(meshrun_yaml::to_string(&config))
}
