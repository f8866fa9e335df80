//! What can go wrong with Istio, said so that the reader can act.

use std::{io, path::PathBuf};

use crate::operator::{MergeError, PathError, Problem, joined};

/// Why something about Istio failed.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder that cannot be read.
    #[error("cannot read `{}`", path.display())]
    #[diagnostic(code("istio::unreadable"))]
    Unreadable { path: PathBuf, source: io::Error },

    /// A folder that is no Istio release.
    #[error("`{}`: expected an unpacked Istio release or its `manifests` folder, found no `charts` and `profiles`", path.display())]
    #[diagnostic(
        code("istio::no_charts"),
        help("a release's archive holds `manifests/charts` and `manifests/profiles`; name the folder above or below")
    )]
    NoCharts { path: PathBuf },

    /// A chart that is missing or broken.
    #[error("chart `{chart}` cannot be loaded")]
    #[diagnostic(code("istio::broken_chart"))]
    Chart { chart: String, source: Box<meshrun_helm::Error> },

    /// A chart that does not render with these values.
    #[error("component {component}: chart `{chart}` does not render")]
    #[diagnostic(code("istio::render"))]
    Render { component: String, chart: String, source: Box<meshrun_helm::Error> },

    /// A chart that renders to something that is no YAML.
    #[error("component {component}: `{file}` renders to something that is not YAML")]
    #[diagnostic(code("istio::rendered_yaml"), help("one of the values that this template prints breaks its YAML"))]
    Rendered { component: String, file: String, source: Box<meshrun_yaml::Error> },

    /// A chart that renders to something that is no Kubernetes object.
    #[error("component {component}: `{file}` renders to something that is no Kubernetes object: it has no `{missing}`")]
    #[diagnostic(code("istio::rendered_object"))]
    RenderedObject { component: String, file: String, missing: &'static str },

    /// An input file that is no YAML.
    #[error("`{file}` is not YAML")]
    #[diagnostic(code("istio::operator_yaml"))]
    Yaml { file: String, source: Box<meshrun_yaml::Error> },

    /// An input file whose document is no Kubernetes object.
    #[error("`{file}`: expected an IstioOperator, found a document without `{missing}`")]
    #[diagnostic(
        code("istio::no_operator"),
        help(
            "begin it with `apiVersion: install.istio.io/v1alpha1` and `kind: IstioOperator`; chart values go below `spec.values`"
        )
    )]
    NoObject { file: String, missing: &'static str },

    /// A file with two IstioOperators.
    #[error("`{file}` holds several IstioOperators, expected one in a file")]
    #[diagnostic(
        code("istio::several_operators"),
        help("give each a file of its own; later files overlay earlier ones")
    )]
    SeveralOperators { file: String },

    /// Two inputs that cannot be laid over each other.
    #[error("`{file}` cannot be laid over what comes before it")]
    #[diagnostic(code("istio::merge"), help("give it in one of them only"))]
    Merge { file: String, source: MergeError },

    /// An IstioOperator with mistakes.
    #[error("{place}: {}", joined(.problems))]
    #[diagnostic(code("istio::invalid_operator"))]
    Invalid { place: String, problems: Vec<Problem> },

    /// An IstioOperator with mistakes that `force` lets pass.
    #[error("{place}: {}", joined(.problems))]
    #[diagnostic(
        code("istio::invalid_operator"),
        help("`force` goes on all the same; `spec.unvalidatedValues` takes values that no check knows")
    )]
    Unchecked { place: String, problems: Vec<Problem> },

    /// A configuration that is well formed and cannot work.
    #[error("the configuration cannot work: {}", joined(.problems))]
    #[diagnostic(code("istio::unusable_operator"))]
    Semantic { problems: Vec<Problem> },

    /// A `--set` that is not `path=value`.
    #[error("`--set {flag}`: expected `path=value`, found {}", if *equals == 0 { "no `=`".to_owned() } else { format!("{equals} `=`") })]
    #[diagnostic(code("istio::set_syntax"), help("a value with `=` in it goes into a file"))]
    SetFlag { flag: String, equals: usize },

    /// A `--set` to infinity or to no number.
    #[error("`--set {flag}`: expected a finite number or a text")]
    #[diagnostic(code("istio::set_number"), help("as a text it goes into a file, in quotes"))]
    SetNumber { flag: String },

    /// A `--set` whose path leads nowhere.
    #[error("`--set {flag}` leads nowhere")]
    #[diagnostic(
        code("istio::set_path"),
        help(
            "flags are written to what the files say, not to the profile: a list element must be in a file before a flag can change it; `[0]` makes one"
        )
    )]
    SetPath { flag: String, source: PathError },

    /// A profile that nobody has.
    #[error("no profile `{name}`")]
    #[diagnostic(code("istio::no_profile"), help("known are {}; a path to a file works too", known.join(", ")))]
    NoProfile { name: String, known: Vec<String> },

    /// A component that nobody has.
    #[error("no component `{name}` to render")]
    #[diagnostic(code("istio::no_component"), help("known are {}; gateways only when the configuration names one", known.join(", ")))]
    NoComponent { name: String, known: Vec<&'static str> },

    /// Settings of a gateway that the configuration does not have.
    #[error("`{key}` enables a gateway that the configuration does not have")]
    #[diagnostic(code("istio::no_gateway"), help("name it below `spec.components`"))]
    NoGateway { key: String, source: PathError },

    /// A `k8s` setting for something that has no such object.
    #[error("`{path}` cannot be applied to component {component}{}", if name.is_empty() { String::new() } else { format!(" named `{name}`") })]
    #[diagnostic(code("istio::k8s_setting"), help("{advice}"))]
    Setting { path: String, component: &'static str, name: String, advice: &'static str },

    /// A `k8s` setting that cannot be merged into the object it is for.
    #[error("`{path}` cannot be merged into {object}")]
    #[diagnostic(code("istio::k8s_setting"))]
    SettingMerge { path: String, object: String, source: MergeError },

    /// An overlay that meets no object.
    #[error("`{path}`: overlay for {kind} `{name}` meets no object of component {component}")]
    #[diagnostic(code("istio::overlay"), help("the component has {}", known.join(", ")))]
    OverlayMisses { path: String, kind: String, name: String, component: &'static str, known: Vec<String> },

    /// An overlay that meets several objects.
    #[error("`{path}`: overlay for {kind} `{name}` meets {count} objects of component {component}, expected one")]
    #[diagnostic(code("istio::overlay"))]
    OverlayMeetsSeveral { path: String, kind: String, name: String, component: &'static str, count: usize },

    /// An overlay's patch whose path leads nowhere.
    #[error("`{path}`: the patch leads nowhere in {object}")]
    #[diagnostic(code("istio::overlay"))]
    OverlayPath { path: String, object: String, source: PathError },

    /// An overlay that leaves something that is no Kubernetes object.
    #[error("`{path}` leaves {object} without `{missing}`")]
    #[diagnostic(code("istio::overlay"))]
    OverlayBreaks { path: String, object: String, missing: &'static str },

    /// A signer that the cluster does not have.
    #[error("`values.global.pilotCertProvider=kubernetes` does not work on Kubernetes {version}")]
    #[diagnostic(
        code("istio::cert_provider"),
        help("Kubernetes 1.22 and later have no such signer; `istiod` is the default")
    )]
    CertProvider { version: String },

    /// A cluster that does not do what is asked of it, or cannot be asked.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Kube(#[from] meshrun_kube::Error),

    /// Certificates of a mesh that cannot be read.
    #[error("the certificate in {place} of `{context}` cannot be read")]
    #[diagnostic(code("istio::certificate"))]
    Certificate { context: String, place: String, source: Box<meshrun_pki::Error> },

    /// Rendering that ended by a fault of its own.
    #[error("rendering ended early")]
    #[diagnostic(code("bug::rendering"))]
    RenderingEnded { source: tokio::task::JoinError },

    /// An install that would make two injectors take the same pods.
    #[error("injector `{ours}` would take the same pods as `{theirs}` in `{context}`")]
    #[diagnostic(
        code("istio::webhook_conflict"),
        help("uninstall the other control plane, give this one a `revision`, or go on with `force: true`")
    )]
    WebhookConflict { context: String, ours: String, theirs: String },

    /// A cluster whose reader account is missing and is not to be made.
    #[error("no service account `{namespace}/{account}` in `{context}`, by which other clusters read it")]
    #[diagnostic(
        code("istio::no_reader"),
        help("install Istio's base there, or let it be made with `create_account: true`")
    )]
    NoReader { context: String, namespace: String, account: String },

    /// An account's secret that is no token of it.
    #[error("secret `{namespace}/{secret}` in `{context}` is no token of service account `{account}`")]
    #[diagnostic(
        code("istio::not_a_token"),
        help(
            "expected type `kubernetes.io/service-account-token` and the annotation `kubernetes.io/service-account.name: {account}`"
        )
    )]
    NotAToken { context: String, namespace: String, secret: String, account: String },

    /// A server that only its own machine reaches.
    #[error("the server of cluster `{name}` is {server}, which leads a pod of another cluster back to itself")]
    #[diagnostic(
        code("istio::loopback_server"),
        help(
            "give `server`, the address at which the other clusters' pods reach it, such as https://NODE-ADDRESS:6443; `force: true` takes it as it is"
        )
    )]
    LoopbackServer { name: String, server: String },

    /// A server that is no URL.
    #[error("expected the URL of an API server, such as https://172.18.0.2:6443, found `{server}`")]
    #[diagnostic(code("istio::bad_server"))]
    BadServer { server: String },

    /// A name that no cluster of a mesh can have.
    #[error("expected the name of a cluster, of small letters, digits and `-`, found `{name}`")]
    #[diagnostic(code("istio::bad_name"))]
    BadName { name: String },

    /// A cluster without a running control plane.
    #[error("no istiod runs in namespace `{namespace}` of `{context}`")]
    #[diagnostic(code("istio::no_istiod"), help("install Istio there, or wait until it is ready"))]
    NoIstiod { context: String, namespace: String },

    /// A pod that does not answer on its debug port.
    #[error("pod `{pod}` of `{context}` does not answer {path} on port {port}: {seen}")]
    #[diagnostic(code("istio::no_answer"))]
    NoAnswer { context: String, pod: String, port: u16, path: String, seen: String },

    /// Remote clusters that a control plane has not read in time.
    #[error("`{context}` has not read all of its remote clusters after {timeout}: {}", seen.join("; "))]
    #[diagnostic(
        code("istio::not_synced"),
        help(
            "`timeout` or `syncing` mostly means that the API server in the remote secret cannot be reached from istiod's pod or does not accept its token; istiod's log tells more"
        )
    )]
    NotSynced { context: String, timeout: meshrun_terms::Timeout, seen: Vec<String> },
}

/// Whether a cluster does not know a kind: it says so, or the path that its kinds had is gone since it was asked for them.
pub(crate) fn is_unknown_kind(error: &meshrun_kube::Error) -> bool {
    matches!(error, meshrun_kube::Error::NoKind { .. }) || error.status().is_some_and(|status| status.code == 404)
}
