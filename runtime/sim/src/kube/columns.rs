//! The columns of `kubectl get`, kind by kind.

use serde_json::{Value, json};

use super::{kinds::Resource, object, registry::Known};

/// A column.
pub(super) struct Column {
    name: String,
    kind: String,
    wide: bool,
    of: Of,
}

enum Of {
    Function(fn(&Value) -> Value),
    Path(String),
}

impl Column {
    pub(super) fn definition(&self) -> Value {
        let format = if self.name == "Name" { "name" } else { "" };
        json!({ "name": self.name, "type": self.kind, "format": format, "description": "", "priority": i32::from(self.wide) })
    }

    pub(super) fn cell(&self, value: &Value) -> Value {
        match &self.of {
            Of::Function(function) => function(value),
            Of::Path(path) => {
                let found = at(value, path);
                match self.kind.as_str() {
                    "date" => found.as_str().map_or_else(|| "<unknown>".into(), |time| since(time).into()),
                    "string" if !found.is_string() && !found.is_null() => found.to_string().into(),
                    _ => found,
                }
            }
        }
    }
}

type Functions = &'static [(&'static str, fn(&Value) -> Value)];

const NAME: (&str, fn(&Value) -> Value) = ("Name", name);
const AGE: (&str, fn(&Value) -> Value) = ("Age", age);

/// The columns of a kind; those that only `-o wide` shows begin with a plus sign.
fn built_in(resource: &Resource) -> Functions {
    match (resource.group.as_str(), resource.kind.as_str()) {
        ("", "Pod") => &[
            NAME,
            ("Ready", pod_ready),
            ("Status", pod_status),
            ("Restarts", pod_restarts),
            AGE,
            ("+IP", |v| or_none(v, "/status/podIP")),
            ("+Node", |v| or_none(v, "/spec/nodeName")),
            ("+Nominated Node", |v| or_none(v, "/status/nominatedNodeName")),
            ("+Readiness Gates", |_| "<none>".into()),
        ],
        ("apps", "Deployment") => &[
            NAME,
            ("Ready", |v| format!("{}/{}", count(v, "/status/readyReplicas"), count(v, "/spec/replicas")).into()),
            ("Up-to-date", |v| count(v, "/status/updatedReplicas").into()),
            ("Available", |v| count(v, "/status/availableReplicas").into()),
            AGE,
            ("+Containers", containers),
            ("+Images", images),
            ("+Selector", selector),
        ],
        ("apps", "ReplicaSet") | ("", "ReplicationController") => &[
            NAME,
            ("Desired", |v| count(v, "/spec/replicas").into()),
            ("Current", |v| count(v, "/status/replicas").into()),
            ("Ready", |v| count(v, "/status/readyReplicas").into()),
            AGE,
            ("+Containers", containers),
            ("+Images", images),
            ("+Selector", selector),
        ],
        ("apps", "DaemonSet") => &[
            NAME,
            ("Desired", |v| count(v, "/status/desiredNumberScheduled").into()),
            ("Current", |v| count(v, "/status/currentNumberScheduled").into()),
            ("Ready", |v| count(v, "/status/numberReady").into()),
            ("Up-to-date", |v| count(v, "/status/updatedNumberScheduled").into()),
            ("Available", |v| count(v, "/status/numberAvailable").into()),
            ("Node Selector", |v| labels(&v["spec"]["template"]["spec"]["nodeSelector"])),
            AGE,
            ("+Containers", containers),
            ("+Images", images),
            ("+Selector", selector),
        ],
        ("apps", "StatefulSet") => &[
            NAME,
            ("Ready", |v| format!("{}/{}", count(v, "/status/readyReplicas"), count(v, "/spec/replicas")).into()),
            AGE,
            ("+Containers", containers),
            ("+Images", images),
        ],
        ("batch", "Job") => &[
            NAME,
            ("Completions", |v| {
                format!("{}/{}", count(v, "/status/succeeded"), v["spec"]["completions"].as_i64().unwrap_or(1)).into()
            }),
            ("Duration", duration),
            AGE,
            ("+Containers", containers),
            ("+Images", images),
            ("+Selector", selector),
        ],
        ("batch", "CronJob") => &[
            NAME,
            ("Schedule", |v| text(v, "/spec/schedule")),
            ("Suspend", |v| title(&v["spec"]["suspend"])),
            ("Active", |v| v["status"]["active"].as_array().map_or(0, Vec::len).into()),
            ("Last Schedule", |v| {
                v.pointer("/status/lastScheduleTime")
                    .and_then(Value::as_str)
                    .map_or_else(|| "<none>".into(), |time| since(time).into())
            }),
            AGE,
            ("+Containers", |v| containers(&v["spec"]["jobTemplate"])),
            ("+Images", |v| images(&v["spec"]["jobTemplate"])),
            ("+Selector", |v| selector(&v["spec"]["jobTemplate"])),
        ],
        ("", "Service") => &[
            NAME,
            ("Type", |v| text(v, "/spec/type")),
            ("Cluster-IP", |v| or_none(v, "/spec/clusterIP")),
            ("External-IP", external_address),
            ("Port(s)", service_ports),
            AGE,
            ("+Selector", |v| labels(&v["spec"]["selector"])),
        ],
        ("", "Endpoints") => &[NAME, ("Endpoints", endpoints), AGE],
        ("discovery.k8s.io", "EndpointSlice") => &[
            NAME,
            ("AddressType", |v| text(v, "/addressType")),
            ("Ports", slice_ports),
            ("Endpoints", slice_addresses),
            AGE,
        ],
        ("", "Node") => &[
            NAME,
            ("Status", node_status),
            ("Roles", node_roles),
            AGE,
            ("Version", |v| text(v, "/status/nodeInfo/kubeletVersion")),
            ("+Internal-IP", |v| node_address(v, "InternalIP")),
            ("+External-IP", |v| node_address(v, "ExternalIP")),
            ("+OS-Image", |v| text(v, "/status/nodeInfo/osImage")),
            ("+Kernel-Version", |v| text(v, "/status/nodeInfo/kernelVersion")),
            ("+Container-Runtime", |v| text(v, "/status/nodeInfo/containerRuntimeVersion")),
        ],
        ("", "Namespace") => &[NAME, ("Status", |v| text(v, "/status/phase")), AGE],
        ("", "Secret") => &[NAME, ("Type", |v| text(v, "/type")), ("Data", |v| size(&v["data"]).into()), AGE],
        ("", "ConfigMap") => &[NAME, ("Data", |v| (size(&v["data"]) + size(&v["binaryData"])).into()), AGE],
        ("", "ServiceAccount") => &[NAME, ("Secrets", |v| v["secrets"].as_array().map_or(0, Vec::len).into()), AGE],
        ("" | "events.k8s.io", "Event") => &[
            ("Last Seen", last_seen),
            ("Type", |v| text(v, "/type")),
            ("Reason", |v| text(v, "/reason")),
            ("Object", event_object),
            ("+Subobject", |v| event_text(v, "/involvedObject/fieldPath", "/regarding/fieldPath")),
            ("+Source", |v| event_text(v, "/source/component", "/deprecatedSource/component")),
            ("Message", |v| event_text(v, "/message", "/note")),
            ("+First Seen", first_seen),
            ("+Count", |v| v.get("count").or_else(|| v.get("deprecatedCount")).cloned().unwrap_or(json!(1))),
            ("+Name", name),
        ],
        ("autoscaling", _) => &[
            NAME,
            ("Reference", |v| {
                format!(
                    "{}/{}",
                    object::text(v, "/spec/scaleTargetRef/kind"),
                    object::text(v, "/spec/scaleTargetRef/name")
                )
                .into()
            }),
            ("Targets", targets),
            ("MinPods", |v| {
                v["spec"]["minReplicas"].as_i64().map_or_else(|| "<unset>".into(), |least| least.to_string().into())
            }),
            ("MaxPods", |v| count(v, "/spec/maxReplicas").into()),
            ("Replicas", |v| count(v, "/status/currentReplicas").into()),
            AGE,
        ],
        ("policy", "PodDisruptionBudget") => &[
            NAME,
            ("Min Available", |v| or_na(&v["spec"]["minAvailable"])),
            ("Max Unavailable", |v| or_na(&v["spec"]["maxUnavailable"])),
            ("Allowed Disruptions", |v| count(v, "/status/disruptionsAllowed").into()),
            AGE,
        ],
        ("networking.k8s.io", "Ingress") => &[
            NAME,
            ("Class", |v| or_none(v, "/spec/ingressClassName")),
            ("Hosts", hosts),
            ("Address", |v| {
                joined(v["status"]["loadBalancer"]["ingress"].as_array(), |one| object::text(one, "/ip").to_owned())
                    .into()
            }),
            ("Ports", |v| if v["spec"]["tls"].is_array() { "80, 443".into() } else { "80".into() }),
            AGE,
        ],
        ("networking.k8s.io", "IngressClass") => {
            &[NAME, ("Controller", |v| text(v, "/spec/controller")), ("Parameters", |_| "<none>".into()), AGE]
        }
        ("networking.k8s.io", "NetworkPolicy") => {
            &[NAME, ("Pod-Selector", |v| labels(&v["spec"]["podSelector"]["matchLabels"])), AGE]
        }
        ("rbac.authorization.k8s.io", "Role" | "ClusterRole") | ("apiextensions.k8s.io", _) => {
            &[NAME, ("Created At", |v| text(v, "/metadata/creationTimestamp"))]
        }
        ("rbac.authorization.k8s.io", _) => &[
            NAME,
            ("Role", |v| format!("{}/{}", object::text(v, "/roleRef/kind"), object::text(v, "/roleRef/name")).into()),
            AGE,
            ("+Users", |v| subjects(v, "User")),
            ("+Groups", |v| subjects(v, "Group")),
            ("+ServiceAccounts", |v| subjects(v, "ServiceAccount")),
        ],
        ("admissionregistration.k8s.io", _) => {
            &[NAME, ("Webhooks", |v| v["webhooks"].as_array().map_or(0, Vec::len).into()), AGE]
        }
        ("apiregistration.k8s.io", _) => {
            &[NAME, ("Service", |_| "Local".into()), ("Available", |_| "True".into()), AGE]
        }
        ("storage.k8s.io", "StorageClass") => &[
            ("Name", storage_class_name),
            ("Provisioner", |v| text(v, "/provisioner")),
            ("ReclaimPolicy", |v| text(v, "/reclaimPolicy")),
            ("VolumeBindingMode", |v| text(v, "/volumeBindingMode")),
            ("AllowVolumeExpansion", |v| (v["allowVolumeExpansion"] == true).into()),
            AGE,
        ],
        ("", "PersistentVolumeClaim") => &[
            NAME,
            ("Status", |v| text(v, "/status/phase")),
            ("Volume", |v| text(v, "/spec/volumeName")),
            ("Capacity", |v| text(v, "/status/capacity/storage")),
            ("Access Modes", access_modes),
            ("StorageClass", |v| text(v, "/spec/storageClassName")),
            AGE,
            ("+VolumeMode", |v| text(v, "/spec/volumeMode")),
        ],
        ("", "PersistentVolume") => &[
            NAME,
            ("Capacity", |v| text(v, "/spec/capacity/storage")),
            ("Access Modes", access_modes),
            ("Reclaim Policy", |v| text(v, "/spec/persistentVolumeReclaimPolicy")),
            ("Status", |v| text(v, "/status/phase")),
            ("Claim", |v| {
                format!("{}/{}", object::text(v, "/spec/claimRef/namespace"), object::text(v, "/spec/claimRef/name"))
                    .into()
            }),
            ("StorageClass", |v| text(v, "/spec/storageClassName")),
            ("Reason", |v| text(v, "/status/reason")),
            AGE,
            ("+VolumeMode", |v| text(v, "/spec/volumeMode")),
        ],
        ("scheduling.k8s.io", _) => {
            &[NAME, ("Value", |v| v["value"].clone()), ("Global-Default", |v| (v["globalDefault"] == true).into()), AGE]
        }
        ("coordination.k8s.io", _) => &[NAME, ("Holder", |v| text(v, "/spec/holderIdentity")), AGE],
        ("node.k8s.io", _) => &[NAME, ("Handler", |v| text(v, "/handler")), AGE],
        ("", "ResourceQuota" | "LimitRange") | ("storage.k8s.io" | "certificates.k8s.io", _) => &[NAME, AGE],
        _ => &[NAME, AGE],
    }
}

/// The columns of a kind.
pub(super) fn of(known: &Known, resource: &Resource) -> Vec<Column> {
    if resource.custom {
        return of_definition(known, resource);
    }
    let numeric = |name: &str| {
        matches!(
            name,
            "Up-to-date"
                | "Available"
                | "Desired"
                | "Current"
                | "MaxPods"
                | "Replicas"
                | "Webhooks"
                | "Active"
                | "Allowed Disruptions"
                | "Value"
        )
    };
    let column = |(name, function): &(&str, fn(&Value) -> Value)| Column {
        name: name.trim_start_matches('+').to_owned(),
        kind: if numeric(name) { "integer" } else { "string" }.to_owned(),
        wide: name.starts_with('+'),
        of: Of::Function(*function),
    };
    built_in(resource).iter().map(column).collect()
}

fn of_definition(known: &Known, resource: &Resource) -> Vec<Column> {
    let mut columns = vec![Column { name: "Name".into(), kind: "string".into(), wide: false, of: Of::Function(name) }];
    let more = known.definition(resource).and_then(|(_, version)| version["additionalPrinterColumns"].as_array());
    let Some(more) = more.filter(|more| !more.is_empty()) else {
        columns.push(Column {
            name: "Age".into(),
            kind: "date".into(),
            wide: false,
            of: Of::Path(".metadata.creationTimestamp".into()),
        });
        return columns;
    };
    columns.extend(more.iter().map(|one| Column {
        name: object::text(one, "/name").to_owned(),
        kind: object::text(one, "/type").to_owned(),
        wide: one["priority"].as_i64().unwrap_or(0) > 0,
        of: Of::Path(object::text(one, "/jsonPath").to_owned()),
    }));
    columns
}

/// The value at a path such as `.spec.hosts[0]` or `.status.conditions[?(@.type=="Ready")].status`.
fn at(value: &Value, path: &str) -> Value {
    let mut place = vec![value];
    let mut rest = path.trim_start_matches('$');
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('[') {
            let Some((inner, after)) = after.split_once(']') else { return Value::Null };
            rest = after;
            place = place.into_iter().flat_map(|one| elements(one, inner)).collect();
        } else {
            let after = rest.strip_prefix('.').unwrap_or(rest);
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let (key, next) = after.split_at(end);
            rest = next;
            place = place.into_iter().filter_map(|one| one.get(key)).collect();
        }
    }
    place.first().map_or(Value::Null, |one| (*one).clone())
}

fn elements<'v>(value: &'v Value, inner: &str) -> Vec<&'v Value> {
    let Some(items) = value.as_array() else {
        return value.get(inner.trim_matches(['\'', '"'])).into_iter().collect();
    };
    if inner == "*" {
        return items.iter().collect();
    }
    if let Some(condition) = inner.strip_prefix("?(@.").and_then(|inner| inner.strip_suffix(')')) {
        let (key, wanted) = condition.split_once("==").unwrap_or((condition, ""));
        let wanted = wanted.trim().trim_matches(['\'', '"']);
        return items.iter().filter(|item| item[key.trim()] == wanted).collect();
    }
    inner.parse::<usize>().ok().and_then(|index| items.get(index)).into_iter().collect() // what is no index selects nothing
}

fn name(value: &Value) -> Value {
    object::name(value).into()
}

fn age(value: &Value) -> Value {
    match object::text(value, "/metadata/creationTimestamp") {
        "" => "<unknown>".into(),
        time => since(time).into(),
    }
}

fn text(value: &Value, pointer: &str) -> Value {
    object::text(value, pointer).into()
}

fn or_none(value: &Value, pointer: &str) -> Value {
    match object::text(value, pointer) {
        "" => "<none>".into(),
        text => text.into(),
    }
}

fn or_na(value: &Value) -> Value {
    match value {
        Value::Null => "N/A".into(),
        Value::String(text) => text.as_str().into(),
        other => other.to_string().into(),
    }
}

fn count(value: &Value, pointer: &str) -> i64 {
    value.pointer(pointer).and_then(Value::as_i64).unwrap_or_default()
}

fn size(value: &Value) -> usize {
    value.as_object().map_or(0, serde_json::Map::len)
}

fn title(value: &Value) -> Value {
    if *value == true { "True".into() } else { "False".into() }
}

fn joined(all: Option<&Vec<Value>>, text: impl Fn(&Value) -> String) -> String {
    all.into_iter().flatten().map(text).filter(|text| !text.is_empty()).collect::<Vec<_>>().join(",")
}

fn labels(value: &Value) -> Value {
    let all: Vec<String> = value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    if all.is_empty() { "<none>".into() } else { all.join(",").into() }
}

fn selector(value: &Value) -> Value {
    let selector = &value["spec"]["selector"];
    labels(selector.get("matchLabels").unwrap_or(selector))
}

fn containers(value: &Value) -> Value {
    joined(value["spec"]["template"]["spec"]["containers"].as_array(), |one| object::text(one, "/name").to_owned())
        .into()
}

fn images(value: &Value) -> Value {
    joined(value["spec"]["template"]["spec"]["containers"].as_array(), |one| object::text(one, "/image").to_owned())
        .into()
}

fn pod_ready(value: &Value) -> Value {
    let ready = value["status"]["containerStatuses"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|one| one["ready"] == true)
        .count();
    format!("{ready}/{}", value["spec"]["containers"].as_array().map_or(0, Vec::len)).into()
}

fn pod_status(value: &Value) -> Value {
    let mut reason = object::text(value, "/status/phase").to_owned();
    if !object::text(value, "/status/reason").is_empty() {
        reason = object::text(value, "/status/reason").to_owned();
    }
    let statuses = |key: &str| value["status"][key].as_array().cloned().unwrap_or_default();
    let all = statuses("initContainerStatuses");
    let total = value["spec"]["initContainers"].as_array().map_or(0, Vec::len);
    let mut initializing = false;
    for (index, one) in all.iter().enumerate() {
        let state = &one["state"];
        if state["terminated"]["exitCode"] == 0 {
            continue;
        }
        let why = [object::text(state, "/terminated/reason"), object::text(state, "/waiting/reason")];
        let why = why.into_iter().find(|why| !why.is_empty() && *why != "PodInitializing");
        reason = why.map_or_else(|| format!("Init:{index}/{total}"), |why| format!("Init:{why}"));
        initializing = true;
        break;
    }
    if !initializing {
        let mut runs = false;
        for one in statuses("containerStatuses").iter().rev() {
            let state = &one["state"];
            let (waiting, ended) = (object::text(state, "/waiting/reason"), object::text(state, "/terminated/reason"));
            if !waiting.is_empty() {
                reason = waiting.to_owned();
            } else if !ended.is_empty() {
                reason = ended.to_owned();
            } else if state["terminated"].is_object() {
                reason = format!("ExitCode:{}", state["terminated"]["exitCode"]);
            } else if one["ready"] == true && state["running"].is_object() {
                runs = true;
            }
        }
        if reason == "Completed" && runs {
            reason = "Running".to_owned();
        }
    }
    if object::is_terminating(value) {
        reason = "Terminating".to_owned();
    }
    reason.into()
}

fn pod_restarts(value: &Value) -> Value {
    let all = value["status"]["containerStatuses"].as_array().cloned().unwrap_or_default();
    let restarts: i64 = all.iter().filter_map(|one| one["restartCount"].as_i64()).sum();
    let last =
        all.iter().filter_map(|one| one.pointer("/lastState/terminated/finishedAt").and_then(Value::as_str)).max();
    match last.filter(|_| restarts > 0) {
        Some(time) => format!("{restarts} ({} ago)", since(time)).into(),
        None => restarts.to_string().into(),
    }
}

fn external_address(value: &Value) -> Value {
    let given = joined(value["spec"]["externalIPs"].as_array(), |one| one.as_str().unwrap_or_default().to_owned());
    match object::text(value, "/spec/type") {
        "ExternalName" => text(value, "/spec/externalName"),
        "LoadBalancer" => {
            let all = joined(value["status"]["loadBalancer"]["ingress"].as_array(), |one| {
                let address = object::text(one, "/ip");
                if address.is_empty() { object::text(one, "/hostname") } else { address }.to_owned()
            });
            match (all.is_empty(), given.is_empty()) {
                (true, true) => "<pending>".into(),
                (false, false) => format!("{all},{given}").into(),
                _ => format!("{all}{given}").into(),
            }
        }
        _ if given.is_empty() => "<none>".into(),
        _ => given.into(),
    }
}

fn service_ports(value: &Value) -> Value {
    let ports = joined(value["spec"]["ports"].as_array(), |port| match port["nodePort"].as_i64() {
        Some(node) if node > 0 => format!("{}:{node}/{}", port["port"], object::text(port, "/protocol")),
        _ => format!("{}/{}", port["port"], object::text(port, "/protocol")),
    });
    if ports.is_empty() { "<none>".into() } else { ports.into() }
}

fn shortened(all: &[String]) -> Value {
    if all.is_empty() {
        return "<none>".into();
    }
    let shown = all.iter().take(3).cloned().collect::<Vec<_>>().join(",");
    if all.len() > 3 { format!("{shown} + {} more...", all.len() - 3).into() } else { shown.into() }
}

fn endpoints(value: &Value) -> Value {
    let mut all = Vec::new();
    for subset in value["subsets"].as_array().into_iter().flatten() {
        for port in subset["ports"].as_array().into_iter().flatten() {
            for address in subset["addresses"].as_array().into_iter().flatten() {
                all.push(format!("{}:{}", object::text(address, "/ip"), port["port"]));
            }
        }
    }
    shortened(&all)
}

fn slice_ports(value: &Value) -> Value {
    let all: Vec<String> =
        value["ports"].as_array().into_iter().flatten().map(|port| port["port"].to_string()).collect();
    if all.is_empty() { "<unset>".into() } else { shortened(&all) }
}

fn slice_addresses(value: &Value) -> Value {
    let addresses = |one: &Value| one["addresses"].as_array().cloned().unwrap_or_default();
    let all: Vec<String> = value["endpoints"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(addresses)
        .filter_map(|one| one.as_str().map(str::to_owned))
        .collect();
    if all.is_empty() { "<unset>".into() } else { shortened(&all) }
}

fn node_status(value: &Value) -> Value {
    let ready = value["status"]["conditions"].as_array().into_iter().flatten().find(|one| one["type"] == "Ready");
    let mut status = match ready.map(|one| object::text(one, "/status")) {
        Some("True") => "Ready".to_owned(),
        Some(_) => "NotReady".to_owned(),
        None => "Unknown".to_owned(),
    };
    if value["spec"]["unschedulable"] == true {
        status.push_str(",SchedulingDisabled");
    }
    status.into()
}

fn node_roles(value: &Value) -> Value {
    let labels = value["metadata"]["labels"].as_object().into_iter().flatten();
    let roles: Vec<&str> = labels.filter_map(|(key, _)| key.strip_prefix("node-role.kubernetes.io/")).collect();
    if roles.is_empty() { "<none>".into() } else { roles.join(",").into() }
}

fn node_address(value: &Value, kind: &str) -> Value {
    let found = value["status"]["addresses"].as_array().into_iter().flatten().find(|one| one["type"] == kind);
    found.map_or_else(|| "<none>".into(), |one| one["address"].clone())
}

fn event_text(value: &Value, one: &str, other: &str) -> Value {
    let first = object::text(value, one);
    if first.is_empty() { text(value, other) } else { first.trim().into() }
}

fn event_object(value: &Value) -> Value {
    let of = value.get("involvedObject").or_else(|| value.get("regarding")).cloned().unwrap_or_default();
    format!("{}/{}", object::text(&of, "/kind").to_lowercase(), object::text(&of, "/name")).into()
}

fn last_seen(value: &Value) -> Value {
    let all =
        ["/lastTimestamp", "/deprecatedLastTimestamp", "/eventTime", "/firstTimestamp", "/metadata/creationTimestamp"];
    all.iter()
        .map(|one| object::text(value, one))
        .find(|time| !time.is_empty())
        .map_or_else(|| "<unknown>".into(), |time| since(time).into())
}

fn first_seen(value: &Value) -> Value {
    let all = ["/firstTimestamp", "/deprecatedFirstTimestamp", "/eventTime", "/metadata/creationTimestamp"];
    all.iter()
        .map(|one| object::text(value, one))
        .find(|time| !time.is_empty())
        .map_or_else(|| "<unknown>".into(), |time| since(time).into())
}

fn duration(value: &Value) -> Value {
    let start = object::text(value, "/status/startTime");
    if start.is_empty() {
        return "".into();
    }
    let end = object::text(value, "/status/completionTime")
        .parse::<jiff::Timestamp>()
        .unwrap_or_else(|_| jiff::Timestamp::now());
    start
        .parse::<jiff::Timestamp>()
        .map_or_else(|_| "".into(), |start| human(end.as_second() - start.as_second()).into())
}

fn targets(value: &Value) -> Value {
    let metrics = value["spec"]["metrics"].as_array().cloned().unwrap_or_default();
    let of_v1 = value["spec"]["targetCPUUtilizationPercentage"].as_i64().map(|target| format!("<unknown>/{target}%"));
    let all: Vec<String> = metrics
        .iter()
        .map(|metric| {
            let target = &metric["resource"]["target"];
            match target["averageUtilization"].as_i64() {
                Some(target) => format!("<unknown>/{target}%"),
                None => format!("<unknown>/{}", target["averageValue"].as_str().unwrap_or("<auto>")),
            }
        })
        .chain(of_v1)
        .collect();
    if all.is_empty() { "<none>".into() } else { all.join(", ").into() }
}

fn hosts(value: &Value) -> Value {
    let hosts = joined(value["spec"]["rules"].as_array(), |one| object::text(one, "/host").to_owned());
    if hosts.is_empty() { "*".into() } else { hosts.into() }
}

fn subjects(value: &Value, kind: &str) -> Value {
    let all = value["subjects"].as_array().into_iter().flatten().filter(|one| one["kind"] == kind);
    let text = |one: &Value| match object::text(one, "/namespace") {
        "" => object::text(one, "/name").to_owned(),
        namespace => format!("{namespace}/{}", object::text(one, "/name")),
    };
    all.map(text).collect::<Vec<_>>().join(", ").into()
}

fn storage_class_name(value: &Value) -> Value {
    let is_default = value["metadata"]["annotations"]["storageclass.kubernetes.io/is-default-class"] == "true";
    if is_default { format!("{} (default)", object::name(value)).into() } else { name(value) }
}

fn access_modes(value: &Value) -> Value {
    joined(value["spec"]["accessModes"].as_array(), |one| {
        match one.as_str().unwrap_or_default() {
            "ReadWriteOnce" => "RWO",
            "ReadOnlyMany" => "ROX",
            "ReadWriteMany" => "RWX",
            _ => "RWOP",
        }
        .to_owned()
    })
    .into()
}

/// How long ago a time was, as people read it.
fn since(time: &str) -> String {
    let Ok(time) = time.parse::<jiff::Timestamp>() else { return "<unknown>".to_owned() };
    human(jiff::Timestamp::now().as_second() - time.as_second())
}

/// A duration in the two units that matter: `5m10s`, `3d4h`.
fn human(seconds: i64) -> String {
    if seconds < 0 {
        return "0s".to_owned();
    }
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let two = |whole: i64, unit: &str, rest: i64, small: &str| {
        if rest == 0 { format!("{whole}{unit}") } else { format!("{whole}{unit}{rest}{small}") }
    };
    match seconds {
        0..120 => format!("{seconds}s"),
        120..600 => two(minutes, "m", seconds % 60, "s"),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => two(hours, "h", minutes % 60, "m"),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => two(days, "d", hours % 24, "h"),
        691_200..63_072_000 => format!("{days}d"),
        63_072_000..252_288_000 => two(days / 365, "y", days % 365, "d"),
        _ => format!("{}y", days / 365),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_two_units() {
        let texts: Vec<String> = [5, 119, 150, 700, 11_000, 30_000, 200_000, 900_000].map(human).to_vec();
        assert_eq!(texts, ["5s", "119s", "2m30s", "11m", "3h3m", "8h", "2d7h", "10d"]);
    }

    #[test]
    fn columns_of_definitions_have_paths() {
        let value = json!({ "spec": { "hosts": ["a", "b"] }, "status": { "conditions": [{ "type": "Ready", "status": "True" }] } });
        assert_eq!(at(&value, ".spec.hosts[1]"), "b");
        assert_eq!(at(&value, ".status.conditions[?(@.type==\"Ready\")].status"), "True");
        assert_eq!(at(&value, ".spec.none"), Value::Null);
    }

    #[test]
    fn a_pods_status_is_its_containers_reason() {
        let pod = json!({ "status": { "phase": "Pending", "containerStatuses": [{ "state": { "waiting": { "reason": "ImagePullBackOff" } } }] } });
        assert_eq!(pod_status(&pod), "ImagePullBackOff");
    }
}
