//! The miniature release of `sim/release` renders with the project's own renderer, and marks every object as simulated.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests are outside of test functions

use std::path::{Path, PathBuf};

use meshrun_istio::{
    gateway::{EAST_WEST_GATEWAY, EastWest, east_west},
    operator::{Charts, Kind, Request, Template, generate, render_template},
};
use serde_json::{Value, json};

fn release(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../sim/release").join(name)
}

fn charts() -> Charts {
    Charts::load(release("istio-1.20.1")).unwrap()
}

fn rendered(operator: &Value, set: &[&str]) -> Vec<Value> {
    let request = Request {
        files: vec![("operator.yaml".to_owned(), meshrun_yaml::to_string(operator))],
        set: set.iter().map(|&set| set.to_owned()).collect(),
        ..Request::default()
    };
    let manifest = generate(&request, &charts()).unwrap();
    let objects: Vec<Value> = manifest.objects().into_iter().cloned().collect();
    marked(&objects);
    objects
}

fn profile(name: &str) -> Value {
    json!({ "apiVersion": "install.istio.io/v1alpha1", "kind": "IstioOperator", "spec": { "profile": name } })
}

fn marked(objects: &[Value]) {
    for object in objects {
        assert_eq!(object["metadata"]["annotations"]["meshrun.io/simulated"], "true", "{}", title(object));
    }
}

fn title(object: &Value) -> String {
    format!("{}/{}", object["kind"].as_str().unwrap(), object["metadata"]["name"].as_str().unwrap())
}

fn titles(objects: &[Value]) -> Vec<String> {
    objects.iter().map(title).collect()
}

fn find<'o>(objects: &'o [Value], wanted: &str) -> &'o Value {
    objects.iter().find(|object| title(object) == wanted).unwrap_or_else(|| panic!("no {wanted}"))
}

#[test]
fn the_default_profile_is_control_plane_and_ingress_gateway() {
    let set = ["values.global.meshID=mesh1", "values.global.multiCluster.clusterName=east", "values.global.network=n1"];
    let objects = rendered(&profile("default"), &set);
    let definitions = objects.iter().filter(|object| object["kind"] == "CustomResourceDefinition").count();
    assert_eq!(definitions, 15);
    let rest: Vec<String> =
        titles(&objects).into_iter().filter(|title| !title.starts_with("CustomResourceDefinition")).collect();
    let expected = [
        "ServiceAccount/istio-ingressgateway-service-account",
        "ServiceAccount/istio-reader-service-account",
        "ServiceAccount/istiod",
        "ClusterRole/istio-reader-clusterrole-istio-system",
        "ClusterRole/istiod-clusterrole-istio-system",
        "ClusterRole/istiod-gateway-controller-istio-system",
        "ClusterRoleBinding/istio-reader-clusterrole-istio-system",
        "ClusterRoleBinding/istiod-clusterrole-istio-system",
        "ClusterRoleBinding/istiod-gateway-controller-istio-system",
        "ValidatingWebhookConfiguration/istio-validator-istio-system",
        "ConfigMap/istio",
        "ConfigMap/istio-sidecar-injector",
        "MutatingWebhookConfiguration/istio-sidecar-injector",
        "Deployment/istio-ingressgateway",
        "Deployment/istiod",
        "PodDisruptionBudget/istio-ingressgateway",
        "PodDisruptionBudget/istiod",
        "Role/istio-ingressgateway-sds",
        "Role/istiod",
        "RoleBinding/istio-ingressgateway-sds",
        "RoleBinding/istiod",
        "HorizontalPodAutoscaler/istio-ingressgateway",
        "HorizontalPodAutoscaler/istiod",
        "Service/istio-ingressgateway",
        "Service/istiod",
    ];
    assert_eq!(rest, expected);
    let istiod = &find(&objects, "Deployment/istiod")["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(istiod["image"], "docker.io/istio/pilot:1.20.1");
    assert!(istiod["env"].as_array().unwrap().contains(&json!({ "name": "CLUSTER_ID", "value": "east" })));
    let mesh = find(&objects, "ConfigMap/istio")["data"]["mesh"].as_str().unwrap();
    assert_eq!(meshrun_yaml::parse(mesh).unwrap()["defaultConfig"]["meshId"], "mesh1");
    let injector = &find(&objects, "ConfigMap/istio-sidecar-injector")["data"];
    let values: Value = serde_json::from_str(injector["values"].as_str().unwrap()).unwrap();
    assert_eq!(values["global"]["network"], "n1");
    let config = meshrun_yaml::parse(injector["config"].as_str().unwrap()).unwrap();
    assert!(config["templates"]["sidecar"].is_string() && config["templates"]["gateway"].is_string(), "{config}");
}

#[test]
fn revisions_name_what_is_theirs() {
    let objects = rendered(&profile("minimal"), &["revision=canary"]);
    let istiod = find(&objects, "Deployment/istiod-canary");
    assert_eq!(istiod["spec"]["selector"]["matchLabels"], json!({ "app": "istiod", "istio.io/rev": "canary" }));
    let hooks = &find(&objects, "MutatingWebhookConfiguration/istio-sidecar-injector-canary")["webhooks"];
    assert_eq!(hooks.as_array().unwrap().len(), 2);
    assert_eq!(hooks[0]["clientConfig"]["service"]["name"], "istiod-canary");
}

#[test]
fn an_east_west_gateway_has_the_view_and_the_label_of_its_network() {
    let options = EastWest {
        network: Some("network1".into()),
        mesh: Some("mesh1".into()),
        cluster: Some("east".into()),
        ..EastWest::default()
    };
    let objects = rendered(&east_west(&options), &[]);
    let deployment = find(&objects, &format!("Deployment/{EAST_WEST_GATEWAY}"));
    let pod = &deployment["spec"]["template"];
    assert_eq!(pod["metadata"]["labels"]["topology.istio.io/network"], "network1");
    assert_eq!(pod["metadata"]["annotations"]["inject.istio.io/templates"], "gateway");
    let env = pod["spec"]["containers"][0]["env"].as_array().unwrap();
    assert!(env.contains(&json!({ "name": "ISTIO_META_REQUESTED_NETWORK_VIEW", "value": "network1" })), "{env:?}");
    let service = find(&objects, &format!("Service/{EAST_WEST_GATEWAY}"));
    assert_eq!(service["spec"]["type"], "LoadBalancer");
    let ports: Vec<&Value> = service["spec"]["ports"].as_array().unwrap().iter().map(|port| &port["port"]).collect();
    assert_eq!(ports, [15021, 15443, 15012, 15017]);
    assert!(titles(&objects).iter().all(|title| title.contains(EAST_WEST_GATEWAY)), "{:?}", titles(&objects));
}

#[test]
fn a_remote_cluster_is_led_to_the_control_plane_elsewhere() {
    let objects = rendered(&profile("remote"), &["values.global.remotePilotAddress=172.18.0.9"]);
    assert!(objects.iter().all(|object| object["kind"] != "Deployment"));
    assert_eq!(find(&objects, "Endpoints/istiod")["subsets"][0]["addresses"][0]["ip"], "172.18.0.9");
    find(&objects, "Service/istiod");
    find(&objects, "MutatingWebhookConfiguration/istio-sidecar-injector");
    find(&objects, "ServiceAccount/istio-reader-service-account");
}

#[test]
fn demo_has_both_gateways_and_empty_has_nothing() {
    let objects = rendered(&profile("demo"), &[]);
    find(&objects, "Deployment/istio-egressgateway");
    let ports = find(&objects, "Service/istio-ingressgateway")["spec"]["ports"].as_array().unwrap().len();
    assert_eq!(ports, 5);
    assert_eq!(rendered(&profile("empty"), &[]), [] as [Value; 0]);
    find(&rendered(&profile("external"), &["values.global.remotePilotAddress=a.example"]), "Service/istiod");
}

#[test]
fn single_templates_stand_by_themselves() {
    let values = json!({ "revisionTags": ["default"], "revision": "", "global": { "istioNamespace": "istio-system" } });
    let charts = charts();
    for (chart, ending, wanted) in [
        (
            Kind::Pilot.chart(),
            "templates/revision-tags.yaml",
            "MutatingWebhookConfiguration/istio-revision-tag-default",
        ),
        (Kind::Pilot.chart(), "templates/reader-clusterrole.yaml", "ClusterRole/istio-reader-clusterrole-istio-system"),
        (
            Kind::Pilot.chart(),
            "templates/reader-clusterrolebinding.yaml",
            "ClusterRoleBinding/istio-reader-clusterrole-istio-system",
        ),
        ("base", "templates/reader-serviceaccount.yaml", "ServiceAccount/istio-reader-service-account"),
        ("default", "templates/validatingwebhook.yaml", "ValidatingWebhookConfiguration/istiod-default-validator"),
        ("default", "templates/mutatingwebhook.yaml", "MutatingWebhookConfiguration/istio-revision-tag-default"),
    ] {
        let template = Template { chart, endings: &[ending], namespace: "istio-system", component: Kind::Pilot };
        let objects = render_template(&charts, template, &values).unwrap();
        assert_eq!(titles(&objects), [wanted], "{chart} {ending}");
        marked(&objects);
    }
}

#[test]
fn metallb_has_what_an_install_waits_for() {
    let path = release("metallb-v0.13.10/config/manifests/metallb-native.yaml");
    let objects = meshrun_yaml::parse_all(&std::fs::read_to_string(path).unwrap()).unwrap();
    marked(&objects);
    for wanted in [
        "Namespace/metallb-system",
        "CustomResourceDefinition/ipaddresspools.metallb.io",
        "CustomResourceDefinition/l2advertisements.metallb.io",
        "Deployment/controller",
        "DaemonSet/speaker",
        "Secret/webhook-server-cert",
        "Service/webhook-service",
        "ValidatingWebhookConfiguration/metallb-webhook-configuration",
    ] {
        find(&objects, wanted);
    }
}
