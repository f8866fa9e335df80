//! What the kubelets do: pods get volumes, images, addresses and running containers, become ready, and end.

use std::{collections::BTreeSet, net::IpAddr, sync::Arc, time::Duration};

use serde_json::{Value, json};

use super::{
    Context, istiod,
    object::{
        CONFIG_MAP, Condition, NODE, POD, SECRET, condition, controller, hash, is_going, list, name, namespace,
        set_pod_condition, text, uid,
    },
    pods::is_ready,
    runtime::Process,
};
use crate::{Fault, clock::Work, registry::Refusal};

const COMPONENT: &str = "kubelet";

/// One step of every pod that has a node.
pub fn step(context: &Context<'_>) {
    let nodes = context.list(NODE, None);
    let pods = context.list(POD, None);
    let mut taken: BTreeSet<IpAddr> = pods.iter().filter_map(|pod| text(pod, "/status/podIP").parse().ok()).collect();
    for pod in &pods {
        let Some(node) = nodes.iter().find(|node| name(node) == text(pod, "/spec/nodeName")) else {
            if is_going(pod) {
                end(context, pod);
            }
            continue;
        };
        if is_going(pod) {
            end(context, pod);
        } else if !matches!(text(pod, "/status/phase"), "Succeeded" | "Failed") {
            advance(context, pod, node, &mut taken);
        }
    }
}

fn end(context: &Context<'_>, pod: &Value) {
    if !list(pod, "/metadata/finalizers").is_empty() && text(pod, "/metadata/deletionGracePeriodSeconds") == "0" {
        return;
    }
    context.runtime().forget_process(uid(pod));
    context.modify(POD, pod, |one| one["metadata"]["deletionGracePeriodSeconds"] = json!(0));
    context.delete(POD, pod);
}

/// Where a pod stands.
#[derive(PartialEq, Eq)]
enum Stage {
    /// Its kubelet has not seen it.
    New,
    /// Its containers are to be made.
    Creating,
    /// They run, and are not ready.
    Running,
    /// They are ready.
    Ready,
}

fn stage(pod: &Value) -> Stage {
    if text(pod, "/status/hostIP").is_empty() {
        return Stage::New;
    }
    match text(pod, "/status/phase") {
        "Running" if is_ready(pod) => Stage::Ready,
        "Running" => Stage::Running,
        _ => Stage::Creating,
    }
}

fn advance(context: &Context<'_>, pod: &Value, node: &Value, taken: &mut BTreeSet<IpAddr>) {
    let crashes = crash_code(context, pod).is_some();
    match stage(pod) {
        Stage::Running | Stage::Ready if crashes != context.runtime().process(uid(pod)).crashes_by_fault => {
            run(context, pod, node, taken);
        }
        Stage::New => accept(context, pod, node),
        Stage::Creating => {
            if condition(node, "Ready") != "True" && pod.pointer("/spec/hostNetwork") != Some(&Value::Bool(true)) {
                return;
            }
            if volumes_are_there(context, pod)
                && images_are_there(context, pod)
                && has_lasted(context, pod, Work::Pull, |process| &mut process.pulling_since)
            {
                run(context, pod, node, taken);
            }
        }
        Stage::Running => become_ready(context, pod),
        Stage::Ready => {}
    }
}

/// Whether something has taken its time since it began, which is now when it was not before.
fn has_lasted(
    context: &Context<'_>,
    pod: &Value,
    work: Work,
    since: fn(&mut Process) -> &mut Option<Duration>,
) -> bool {
    let clock = &context.world.clock;
    let (now, takes) = (clock.now(), clock.takes(work));
    if takes.is_zero() {
        return true;
    }
    let mut process = context.runtime().process(uid(pod));
    let begun = *since(&mut process).get_or_insert(now);
    context.runtime().change_process(uid(pod), |process| *since(process) = Some(begun));
    let left = (begun + takes).saturating_sub(now);
    if !left.is_zero() {
        context.again(left);
    }
    left.is_zero()
}

fn containers<'a>(pod: &'a Value, list_name: &str) -> &'a [Value] {
    list(pod, &format!("/spec/{list_name}"))
}

fn waiting(pod: &Value, list_name: &str, reason: &str) -> Value {
    let one = |container: &Value| {
        json!({
            "name": container["name"], "image": container["image"], "imageID": "", "ready": false, "restartCount": 0, "started": false,
            "lastState": {}, "state": {"waiting": {"reason": reason}},
        })
    };
    Value::Array(containers(pod, list_name).iter().map(one).collect())
}

fn accept(context: &Context<'_>, pod: &Value, node: &Value) {
    let host = node_address(node);
    let now = context.now.clone();
    let has_init = !containers(pod, "initContainers").is_empty();
    context.modify(POD, pod, |one| {
        let reason = if has_init { "PodInitializing" } else { "ContainerCreating" };
        let (main, init) = (waiting(one, "containers", reason), waiting(one, "initContainers", "PodInitializing"));
        one["status"]["phase"] = json!("Pending");
        one["status"]["hostIP"] = json!(host);
        one["status"]["startTime"] = json!(now);
        one["status"]["qosClass"] = json!(quality(one));
        one["status"]["containerStatuses"] = main;
        set_pod_condition(one, &Condition { kind: "PodScheduled", status: "True", reason: "", message: "" }, &now);
        if has_init {
            one["status"]["initContainerStatuses"] = init;
        }
        let names = names(one, "containers");
        let message = format!("containers with unready status: [{names}]");
        let not_ready = |kind| Condition { kind, status: "False", reason: "ContainersNotReady", message: &message };
        set_pod_condition(one, &not_ready("Ready"), &now);
        set_pod_condition(one, &not_ready("ContainersReady"), &now);
        let init_names = self::names(one, "initContainers");
        let message = format!("containers with incomplete status: [{init_names}]");
        let initialized = if has_init {
            Condition { kind: "Initialized", status: "False", reason: "ContainersNotInitialized", message: &message }
        } else {
            Condition { kind: "Initialized", status: "True", reason: "", message: "" }
        };
        set_pod_condition(one, &initialized, &now);
    });
}

fn names(pod: &Value, list_name: &str) -> String {
    containers(pod, list_name).iter().map(|one| text(one, "/name")).collect::<Vec<_>>().join(" ")
}

fn quality(pod: &Value) -> &'static str {
    let all = || containers(pod, "containers").iter().chain(containers(pod, "initContainers"));
    let has = |one: &Value, what: &str| {
        one.pointer(&format!("/resources/{what}")).and_then(Value::as_object).is_some_and(|all| !all.is_empty())
    };
    if all().all(|one| !has(one, "requests") && !has(one, "limits")) {
        return "BestEffort";
    }
    let guaranteed = |one: &Value| {
        let limits = one.pointer("/resources/limits");
        let requests = one.pointer("/resources/requests");
        ["cpu", "memory"].iter().all(|key| limits.and_then(|all| all.get(key)).is_some())
            && requests.is_none_or(|requests| Some(requests) == limits)
    };
    if all().all(guaranteed) { "Guaranteed" } else { "Burstable" }
}

/// The address of a node in its network.
pub fn node_address(node: &Value) -> String {
    let addresses = list(node, "/status/addresses");
    let internal = addresses.iter().find(|one| text(one, "/type") == "InternalIP");
    internal.map(|one| text(one, "/address").to_owned()).unwrap_or_default()
}

/// Whether all secrets and config maps that a pod mounts or reads are there; tells when not.
fn volumes_are_there(context: &Context<'_>, pod: &Value) -> bool {
    let of = namespace(pod);
    for volume in list(pod, "/spec/volumes") {
        for (kind, what, wanted) in mounted(volume) {
            if context.get(kind, of, &wanted).is_none() {
                let what = format!("{what} \"{wanted}\" not found");
                let message = format!("MountVolume.SetUp failed for volume \"{}\" : {what}", text(volume, "/name"));
                context.event(pod, "Warning", "FailedMount", &message, COMPONENT);
                return false;
            }
        }
    }
    environment_is_there(context, pod)
}

/// The secrets and config maps that a volume cannot do without.
fn mounted(volume: &Value) -> Vec<(super::object::Kind, &'static str, String)> {
    let needed = |source: Option<&Value>, key: &str| {
        let source = source.filter(|one| one.get("optional") != Some(&Value::Bool(true)))?;
        source.get(key)?.as_str().map(str::to_owned)
    };
    let mut all = Vec::new();
    all.extend(needed(volume.get("secret"), "secretName").map(|one| (SECRET, "secret", one)));
    all.extend(needed(volume.get("configMap"), "name").map(|one| (CONFIG_MAP, "configmap", one)));
    for source in list(volume, "/projected/sources") {
        all.extend(needed(source.get("secret"), "name").map(|one| (SECRET, "secret", one)));
        all.extend(needed(source.get("configMap"), "name").map(|one| (CONFIG_MAP, "configmap", one)));
    }
    all
}

fn environment_is_there(context: &Context<'_>, pod: &Value) -> bool {
    for container in containers(pod, "initContainers").iter().chain(containers(pod, "containers")) {
        let single = list(container, "/env").iter().flat_map(|one| {
            [
                (SECRET, "secret", one.pointer("/valueFrom/secretKeyRef")),
                (CONFIG_MAP, "configmap", one.pointer("/valueFrom/configMapKeyRef")),
            ]
        });
        let whole = list(container, "/envFrom").iter().flat_map(|one| {
            [(SECRET, "secret", one.get("secretRef")), (CONFIG_MAP, "configmap", one.get("configMapRef"))]
        });
        for (kind, what, source) in single.chain(whole) {
            let Some(source) = source.filter(|one| one.get("optional") != Some(&Value::Bool(true))) else { continue };
            let wanted = text(source, "/name");
            if context.get(kind, namespace(pod), wanted).is_none() {
                let message = format!("{what} \"{wanted}\" not found");
                context.event(pod, "Warning", "Failed", &format!("Error: {message}"), COMPONENT);
                wait_because(context, pod, text(container, "/name"), "CreateContainerConfigError", &message);
                return false;
            }
        }
    }
    true
}

fn wait_because(context: &Context<'_>, pod: &Value, container: &str, reason: &str, message: &str) {
    context.modify(POD, pod, |one| {
        for key in ["containerStatuses", "initContainerStatuses"] {
            let statuses = one["status"].get_mut(key).and_then(Value::as_array_mut).into_iter().flatten();
            for status in statuses.filter(|status| text(status, "/name") == container) {
                status["state"] = json!({"waiting": {"reason": reason, "message": message}});
            }
        }
    });
}

/// Whether all images can be had; tells when not.
fn images_are_there(context: &Context<'_>, pod: &Value) -> bool {
    let init = containers(pod, "initContainers");
    for container in init.iter().chain(containers(pod, "containers")) {
        let image = text(container, "/image");
        let Err(refusal) = pull(context, image) else { continue };
        let process = context.runtime().process(uid(pod));
        context.runtime().change_process(uid(pod), |process| process.failed_pulls += 1);
        let reason = if refusal == Refusal::Malformed {
            "InvalidImageName"
        } else if process.failed_pulls == 0 {
            "ErrImagePull"
        } else {
            "ImagePullBackOff"
        };
        if process.failed_pulls <= 1 {
            refuse_image(context, pod, container, reason, &why(image, refusal));
            context.again(Duration::from_millis(20));
        } else {
            context.again(context.world.clock.takes(Work::BackOff));
        }
        return false;
    }
    true
}

/// `auto` is the image that the injection replaces; nobody has it.
fn pull(context: &Context<'_>, image: &str) -> Result<(), Refusal> {
    if matches!(image, "auto" | "auto:latest" | "docker.io/library/auto:latest") {
        return Err(Refusal::NoRepository);
    }
    context.world.registry.find(image).map(|_| ())
}

fn why(image: &str, refusal: Refusal) -> String {
    let full = crate::registry::Reference::parse(image).map_or_else(
        || image.to_owned(),
        |one| match (&one.digest, &one.tag) {
            (Some(digest), _) => format!("{}/{}@{digest}", one.registry, one.repository),
            (None, tag) => format!("{}/{}:{}", one.registry, one.repository, tag.as_deref().unwrap_or("latest")),
        },
    );
    let repository = full.rsplit_once([':', '@']).map_or(full.as_str(), |(repository, _)| repository);
    match refusal {
        Refusal::Malformed => format!(
            "Failed to apply default image tag \"{image}\": couldn't parse image reference \"{image}\": invalid reference format"
        ),
        Refusal::NoRepository => format!(
            "failed to pull and unpack image \"{full}\": failed to resolve reference \"{full}\": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed ({repository})"
        ),
        Refusal::NoTag => format!(
            "rpc error: code = NotFound desc = failed to pull and unpack image \"{full}\": failed to resolve reference \"{full}\": {full}: not found"
        ),
        Refusal::Unreachable => {
            let host = full.split('/').next().unwrap_or_default();
            format!(
                "failed to pull and unpack image \"{full}\": failed to resolve reference \"{full}\": failed to do request: Head \"https://{host}/v2/\": dial tcp {host}: connect: connection refused"
            )
        }
    }
}

fn refuse_image(context: &Context<'_>, pod: &Value, container: &Value, reason: &str, why: &str) {
    let image = text(container, "/image");
    let container = text(container, "/name");
    match reason {
        "ErrImagePull" => {
            context.event(pod, "Normal", "Pulling", &format!("Pulling image \"{image}\""), COMPONENT);
            context.event(pod, "Warning", "Failed", &format!("Failed to pull image \"{image}\": {why}"), COMPONENT);
            context.event(pod, "Warning", "Failed", "Error: ErrImagePull", COMPONENT);
            wait_because(context, pod, container, reason, why);
        }
        "InvalidImageName" => {
            context.event(pod, "Warning", "InspectFailed", why, COMPONENT);
            context.event(pod, "Warning", "Failed", "Error: InvalidImageName", COMPONENT);
            wait_because(context, pod, container, reason, why);
        }
        _ => {
            context.event(pod, "Normal", "BackOff", &format!("Back-off pulling image \"{image}\""), COMPONENT);
            context.event(pod, "Warning", "Failed", "Error: ImagePullBackOff", COMPONENT);
            wait_because(context, pod, container, reason, &format!("Back-off pulling image \"{image}\""));
        }
    }
}

fn run(context: &Context<'_>, pod: &Value, node: &Value, taken: &mut BTreeSet<IpAddr>) {
    let address = if pod.pointer("/spec/hostNetwork") == Some(&Value::Bool(true)) {
        node_address(node)
    } else if let Some(present) = Some(text(pod, "/status/podIP")).filter(|address| !address.is_empty()) {
        present.to_owned() // it starts again where it is
    } else {
        let Some(address) = free_address(node, taken) else {
            context.event(
                pod,
                "Warning",
                "FailedCreatePodSandBox",
                "failed to allocate for range 0: no IP addresses available in range set",
                COMPONENT,
            );
            return;
        };
        taken.insert(address);
        address.to_string()
    };
    tell_start(context, pod);
    let now = context.now.clone();
    let crash = crash_code(context, pod);
    let outcome = crash.or_else(|| crate::pods::exit_code(pod));
    let keeps_running = text(pod, "/spec/restartPolicy") == "Always";
    let phase = match outcome {
        Some(0) if !keeps_running => "Succeeded",
        Some(_) if text(pod, "/spec/restartPolicy") == "Never" => "Failed",
        _ => "Running",
    };
    let runtime = context.runtime();
    let root = istiod::root_at_start(context, pod);
    runtime.change_process(uid(pod), |process| {
        (process.root, process.crashes_by_fault) = (root, crash.is_some());
        (process.ready_since, process.running_since) = (None, None);
    });
    context.modify(POD, pod, |one| {
        let main: Vec<Value> =
            containers(one, "containers").iter().map(|container| started(one, container, &now, outcome)).collect();
        let init: Vec<Value> =
            containers(one, "initContainers").iter().map(|container| finished(one, container, &now)).collect();
        one["status"]["phase"] = json!(phase);
        one["status"]["podIP"] = json!(address);
        one["status"]["podIPs"] = json!([{"ip": address}]);
        one["status"]["containerStatuses"] = json!(main);
        if !init.is_empty() {
            one["status"]["initContainerStatuses"] = json!(init);
        }
        let reason = if phase == "Succeeded" { "PodCompleted" } else { "" };
        set_pod_condition(one, &Condition { kind: "Initialized", status: "True", reason, message: "" }, &now);
        if phase == "Running" {
            let names: Vec<String> =
                containers(one, "containers").iter().map(|container| text(container, "/name").to_owned()).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            set_readiness(one, &names, &now);
        } else {
            for kind in ["Ready", "ContainersReady"] {
                let reason = if phase == "Succeeded" { "PodCompleted" } else { "PodFailed" };
                set_pod_condition(one, &Condition { kind, status: "False", reason, message: "" }, &now);
            }
        }
    });
    if let Some(pod) = context.get(POD, namespace(pod), name(pod)) {
        let variables = Arc::new(crate::pods::variables(context.cluster, &pod));
        runtime.change_process(uid(&pod), |process| process.variables = variables);
    }
    if outcome.is_some_and(|code| code != 0) && phase == "Running" {
        let container = containers(pod, "containers").first().map(|one| text(one, "/name")).unwrap_or_default();
        let message = format!(
            "Back-off restarting failed container {container} in pod {}_{}({})",
            name(pod),
            namespace(pod),
            uid(pod)
        );
        context.event(pod, "Warning", "BackOff", &message, COMPONENT);
    }
}

/// The exit code of a pod whose deployment shall crash.
fn crash_code(context: &Context<'_>, pod: &Value) -> Option<i32> {
    let crashes = |fault: &Fault| {
        let Fault::Crash { cluster, namespace: of, deployment } = fault else { return false };
        let set = controller(pod).map(|one| text(one, "/name")).unwrap_or_default();
        let made_by = set.rsplit_once('-').map_or(set, |(deployment, _)| deployment);
        cluster == context.cluster.name() && of == namespace(pod) && (made_by == deployment || set == deployment)
    };
    context.world.faults().iter().any(crashes).then_some(1)
}

fn tell_start(context: &Context<'_>, pod: &Value) {
    for key in ["initContainers", "containers"] {
        for container in containers(pod, key) {
            let (image, container) = (text(container, "/image"), text(container, "/name"));
            let tell = |reason: &str, message: &str| {
                context.event_of(pod, &format!("spec.{key}{{{container}}}"), "Normal", reason, message, COMPONENT);
            };
            tell("Pulling", &format!("Pulling image \"{image}\""));
            // Nothing takes time here.
            tell("Pulled", &format!("Successfully pulled image \"{image}\" in 0s (0s including waiting)"));
            tell("Created", &format!("Created container {container}"));
            tell("Started", &format!("Started container {container}"));
        }
    }
}

/// The image as a runtime names it, and its digest, made up from the name.
fn identity(container: &Value) -> (String, String) {
    let image = text(container, "/image");
    let full = crate::registry::Reference::parse(image).map_or_else(
        || image.to_owned(),
        |one| match (&one.tag, &one.digest) {
            (_, Some(digest)) => format!("{}/{}@{digest}", one.registry, one.repository),
            (tag, None) => format!("{}/{}:{}", one.registry, one.repository, tag.as_deref().unwrap_or("latest")),
        },
    );
    let name = full.rsplit_once([':', '@']).map_or(full.as_str(), |(name, _)| name).to_owned();
    (full.clone(), format!("{name}@sha256:{}", digits(&full)))
}

fn digits(text: &str) -> String {
    (0..4).map(|part| format!("{:016x}", hash(&format!("{part}{text}")))).collect()
}

fn container_id(pod: &Value, container: &Value) -> String {
    format!("containerd://{}", digits(&format!("{}/{}", uid(pod), text(container, "/name"))))
}

fn started(pod: &Value, container: &Value, now: &str, outcome: Option<i32>) -> Value {
    let (image, image_id) = identity(container);
    let id = container_id(pod, container);
    let mut status = json!({
        "name": container["name"], "image": image, "imageID": image_id, "containerID": id, "ready": false, "restartCount": 0, "started": true,
        "lastState": {}, "state": {"running": {"startedAt": now}},
    });
    if let Some(code) = outcome {
        let reason = if code == 0 { "Completed" } else { "Error" };
        let over = json!({"terminated": {"exitCode": code, "reason": reason, "startedAt": now, "finishedAt": now, "containerID": id}});
        status["started"] = json!(false);
        if text(pod, "/spec/restartPolicy") == "Never" || code == 0 && text(pod, "/spec/restartPolicy") != "Always" {
            status["state"] = over;
        } else {
            let message = format!(
                "back-off 5m0s restarting failed container={} pod={}_{}({})",
                text(container, "/name"),
                name(pod),
                namespace(pod),
                uid(pod)
            );
            status["lastState"] = over;
            status["restartCount"] = json!(5);
            status["state"] = json!({"waiting": {"reason": "CrashLoopBackOff", "message": message}});
        }
    }
    status
}

fn finished(pod: &Value, container: &Value, now: &str) -> Value {
    let (image, image_id) = identity(container);
    let id = container_id(pod, container);
    json!({
        "name": container["name"], "image": image, "imageID": image_id, "containerID": id, "ready": true, "restartCount": 0, "lastState": {},
        "state": {"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": now, "finishedAt": now, "containerID": id}},
    })
}

fn free_address(node: &Value, taken: &BTreeSet<IpAddr>) -> Option<IpAddr> {
    let subnet: ipnet::IpNet = text(node, "/spec/podCIDR").split(',').next()?.trim().parse().ok()?; // a node without a subnet has no addresses
    // The first is the node's own end of the pods' network.
    subnet.hosts().skip(1).find(|one| !taken.contains(one))
}

fn crashes(pod: &Value) -> bool {
    list(pod, "/status/containerStatuses").iter().any(|one| one.pointer("/state/running").is_none())
}

/// Which containers are not ready though they run.
fn unready<'a>(context: &Context<'_>, pod: &'a Value) -> Vec<&'a str> {
    let is_unready = |container: &&Value| {
        let image = text(container, "/image");
        image.contains("/proxyv2") && !istiod::serves_proxy(context, pod)
    };
    containers(pod, "containers").iter().filter(is_unready).map(|one| text(one, "/name")).collect()
}

fn become_ready(context: &Context<'_>, pod: &Value) {
    if crashes(pod) {
        return;
    }
    if !has_lasted(context, pod, Work::Probe, |process| &mut process.running_since) {
        return;
    }
    let unready = unready(context, pod);
    if !unready.is_empty() {
        let message = "Readiness probe failed: HTTP probe failed with statuscode: 503";
        context.event(pod, "Warning", "Unhealthy", message, COMPONENT);
        context.again(Duration::from_millis(100));
    }
    let (root, present) = (istiod::root_at_start(context, pod), context.world.clock.now());
    context.runtime().change_process(uid(pod), |process| {
        if process.root.is_none() {
            process.root = root;
        }
        if unready.is_empty() {
            process.ready_since.get_or_insert(present);
        }
    });
    let now = context.now.clone();
    context.modify(POD, pod, |one| set_readiness(one, &unready, &now));
}

fn set_readiness(pod: &mut Value, unready: &[&str], now: &str) {
    for status in pod["status"]["containerStatuses"].as_array_mut().into_iter().flatten() {
        status["ready"] = json!(!unready.contains(&text(status, "/name")));
    }
    let message = format!("containers with unready status: [{}]", unready.join(" "));
    for kind in ["Ready", "ContainersReady"] {
        let condition = if unready.is_empty() {
            Condition { kind, status: "True", reason: "", message: "" }
        } else {
            Condition { kind, status: "False", reason: "ContainersNotReady", message: &message }
        };
        set_pod_condition(pod, &condition, now);
    }
}
