//! How work with clusters fails.

use std::{io, path::PathBuf};

use meshrun_terms::Timeout;

/// Why a cluster could not be made, found or used.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[non_exhaustive]
pub enum Error {
    /// The engine refused or does not answer.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Engine(#[from] meshrun_docker::Error),

    /// The text of a kind configuration cannot be read: no YAML, an unknown field, a value of another type.
    #[error("cannot read the kind configuration{}", if help.is_empty() { String::new() } else { format!(": {help}") })]
    #[diagnostic(code("kind::config_syntax"))]
    Document {
        help: String,
        #[source]
        #[diagnostic_source]
        source: meshrun_yaml::Error,
    },

    /// A kind configuration of another version or kind.
    #[error("expected `apiVersion: kind.x-k8s.io/v1alpha4` and `kind: Cluster`, found {found}")]
    #[diagnostic(code("kind::config_version"), help("v1alpha4 is the only version that kind itself reads"))]
    DocumentVersion { found: String },

    /// A configuration that breaks rules; all of them are told.
    #[error("the configuration is not valid{}", lines_below(problems))]
    #[diagnostic(code("kind::config_invalid"), help("nothing was changed"))]
    Invalid { problems: Vec<String> },

    /// A patch that cannot be applied.
    #[error("cannot apply {which}: {reason}")]
    #[diagnostic(code("kind::bad_patch"))]
    Patch { which: String, reason: String },

    /// The engine cannot run nodes.
    #[error("this engine cannot run nodes: {reason}")]
    #[diagnostic(code("kind::unfit_engine"), help("{help}"))]
    UnfitEngine { reason: String, help: &'static str },

    /// A cluster of this name exists and is another one.
    #[error("cluster `{cluster}` exists and is different{}", lines_below(differences))]
    #[diagnostic(
        code("kind::other_shape"),
        help("nothing was changed; delete the cluster first, ask for what it has, or choose another name")
    )]
    OtherShape { cluster: String, differences: Vec<String> },

    /// A container has the name of a node but does not belong to the cluster.
    #[error("the name `{container}` is taken by a container that does not belong to cluster `{cluster}`")]
    #[diagnostic(code("kind::name_taken"), help("remove that container, or choose another name for the cluster"))]
    NameTaken { cluster: String, container: String },

    /// A cluster that was complete does not run.
    #[error("cluster `{cluster}` exists and does not run: {state}")]
    #[diagnostic(code("kind::not_running"), help("start it with kind::start, or delete it"))]
    NotRunning { cluster: String, state: String },

    /// No such cluster.
    #[error("no cluster `{cluster}`{}", known.as_ref().map(|known| format!("; there is {known}")).unwrap_or_default())]
    #[diagnostic(code("kind::no_cluster"), help("kind::clusters() lists them"))]
    NoCluster { cluster: String, known: Option<String> },

    /// No such node.
    #[error("cluster `{cluster}` has no node `{node}`; it has {known}")]
    #[diagnostic(code("kind::no_node"))]
    NoNode { cluster: String, node: String, known: String },

    /// The cluster has no control plane or publishes no port for it.
    #[error("the API server of cluster `{cluster}` cannot be found: {reason}")]
    #[diagnostic(code("kind::no_api_server"))]
    NoApiServer { cluster: String, reason: String },

    /// Every subnet that was tried collides with another network.
    #[error("no free subnet for network `{network}`; tried {}", tried.join(", "))]
    #[diagnostic(
        code("kind::no_subnet"),
        help(
            "remove networks that nobody uses (`docker network prune`), or widen default-address-pools in the engine's daemon.json"
        )
    )]
    NoSubnet {
        network: String,
        tried: Vec<String>,
        #[source]
        source: meshrun_docker::Error,
    },

    /// The image is no node image.
    #[error("image `{image}` is no node image of kind: {reason}")]
    #[diagnostic(
        code("kind::no_node_image"),
        help("use an image `kindest/node:<version>`, or one that was made by `kind build node-image`")
    )]
    NoNodeImage { image: String, reason: String },

    /// A node's container did not come up.
    #[error("node `{node}` did not boot: {reason}{}", lines_below(last))]
    #[diagnostic(code("kind::boot"), help("{help}"))]
    Boot { node: String, reason: String, help: String, last: Vec<String> },

    /// kubeadm failed, with the lines that tell why.
    #[error("kubeadm {act} failed on node `{node}`{}", lines_below(lines))]
    #[diagnostic(code("kind::kubeadm"), help("{help}"))]
    Kubeadm { node: String, act: &'static str, lines: Vec<String>, help: String },

    /// A command in a node failed.
    #[error("cannot {act} on node `{node}`{}", lines_below(lines))]
    #[diagnostic(code("kind::node_command"))]
    NodeCommand { node: String, act: String, lines: Vec<String> },

    /// The disk of the engine's machine is full.
    #[error("no space is left on the disk of the engine's machine, while {act}{}", lines_below(lines))]
    #[diagnostic(code("kind::no_space"), help("free some: `docker system df` shows what the engine keeps"))]
    NoSpace { act: String, lines: Vec<String> },

    /// The cluster did not become ready in time, with what was seen last.
    #[error("cluster `{cluster}` was not ready after {timeout}{}", lines_below(evidence))]
    #[diagnostic(code("kind::not_ready"), help("give it more time, or look at what was last seen"))]
    NotReady { cluster: String, timeout: Timeout, evidence: Vec<String> },

    /// Something else took too long.
    #[error("{what} took longer than {timeout}{}", lines_below(last))]
    #[diagnostic(code("kind::timeout"), help("give it more time, or look at what was last seen"))]
    Timeout { what: String, timeout: Timeout, last: Vec<String> },

    /// An image could not be brought to nodes.
    #[error("cannot load {what} into node `{node}`{}", lines_below(lines))]
    #[diagnostic(code("kind::load"))]
    Load { what: String, node: String, lines: Vec<String> },

    /// A file of this machine cannot be read or written.
    #[error("cannot use `{}`", path.display())]
    #[diagnostic(code("kind::file"))]
    File {
        path: PathBuf,
        #[source]
        source: io::Error,
    },

    /// What a node said could not be understood.
    #[error("cannot understand {what} of node `{node}`: {reason}")]
    #[diagnostic(code("kind::malformed"))]
    Malformed { node: String, what: &'static str, reason: String },
}

/// Evidence on lines of its own, below the sentence.
pub(crate) fn lines_below(lines: &[String]) -> String {
    lines.iter().fold(String::new(), |text, line| format!("{text}\n  {line}"))
}
