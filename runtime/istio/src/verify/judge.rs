//! What is wrong with a mesh, given the facts of its clusters.

use super::{
    Finding, Severity,
    facts::{EastWestGateway, Facts},
};
use crate::remote::is_loopback;

/// What is not as it should be, errors first, otherwise in the order of the clusters.
pub fn judge(clusters: &[Facts]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for facts in clusters {
        let others: Vec<&Facts> = clusters.iter().filter(|other| !std::ptr::eq(*other, facts)).collect();
        let mut report = Report { facts, findings: &mut findings };
        report.control_plane();
        report.webhooks();
        report.trust();
        report.network(&others);
        report.remotes(&others);
        report.injection();
    }
    between(clusters, &mut findings);
    findings.sort_by_key(|finding| finding.severity);
    findings
}

/// What shows only when clusters are compared.
fn between(clusters: &[Facts], findings: &mut Vec<Finding>) {
    let Some((first, others)) = clusters.split_first() else { return };
    for facts in others {
        let mut report = Report { facts, findings: &mut *findings };
        if let (Some(root), Some(one)) = (&facts.root, &first.root)
            && root.sha256 != one.sha256
        {
            let message = format!(
                "its root is another one than that of {}: {} against {}",
                first.name,
                short(&root.sha256),
                short(&one.sha256)
            );
            let help = "give both intermediate authorities of one root before istiod starts, and restart istiod and all workloads";
            report.error(format!("secret {}", root.secret), message, help);
        }
        if let (Some(mesh), Some(one)) = (&facts.mesh, &first.mesh)
            && mesh != one
        {
            let message = format!("it belongs to mesh {mesh}, {} to {one}", first.name);
            report.warning("values.global.meshID", message, "give all clusters of a mesh one `meshID`");
        }
    }
    for (at, facts) in clusters.iter().enumerate() {
        let Some(name) = mesh_name(facts) else { continue };
        if let Some(other) = clusters[..at].iter().find(|other| mesh_name(other) == Some(name)) {
            let message = format!("its name in the mesh is `{name}`, as that of {}", other.name);
            let help = "give each its own `values.global.multiCluster.clusterName`";
            Report { facts, findings: &mut *findings }.error("istiod", message, help);
        }
    }
}

fn mesh_name(facts: &Facts) -> Option<&str> {
    facts.control_planes.iter().map(|istiod| istiod.cluster.as_str()).find(|name| !name.is_empty())
}

fn short(fingerprint: &str) -> &str {
    fingerprint.get(..12).unwrap_or(fingerprint)
}

struct Report<'r> {
    facts: &'r Facts,
    findings: &'r mut Vec<Finding>,
}

impl Report<'_> {
    fn tell(&mut self, severity: Severity, subject: String, message: String, help: &str) {
        let cluster = self.facts.name.clone();
        self.findings.push(Finding { severity, cluster, subject, message, help: help.to_owned() });
    }

    fn error(&mut self, subject: impl Into<String>, message: impl Into<String>, help: &str) {
        self.tell(Severity::Error, subject.into(), message.into(), help);
    }

    fn warning(&mut self, subject: impl Into<String>, message: impl Into<String>, help: &str) {
        self.tell(Severity::Warning, subject.into(), message.into(), help);
    }

    fn control_plane(&mut self) {
        if self.facts.control_planes.is_empty() {
            self.error("istiod", "there is none", "install Istio");
        }
        for istiod in &self.facts.control_planes {
            if istiod.ready == 0 {
                let message = format!("revision {} is not ready: 0 of {} pods", istiod.revision, istiod.replicas);
                self.error("istiod", message, "look at the pods and events of deployment istiod");
            }
        }
    }

    fn webhooks(&mut self) {
        for webhook in &self.facts.webhooks {
            let subject = format!("webhook {}", webhook.name);
            if webhook.without_bundle > 0 {
                let message = format!("{} of its webhooks trust no certificate", webhook.without_bundle);
                self.error(subject.clone(), message, "istiod fills them in once it runs; see its log");
            }
            let trusts = |root: &String| webhook.trusted.is_empty() || webhook.trusted.contains(root);
            if self.facts.root.as_ref().is_some_and(|root| !trusts(&root.sha256)) {
                self.error(subject, "it trusts another root than the one istiod is given", "restart istiod");
            }
        }
        if let Some((one, other)) = &self.facts.overlapping {
            let message = format!("it takes the same pods as {other}");
            self.error(format!("webhook {one}"), message, "uninstall one of them, or tell their revisions apart");
        }
    }

    fn trust(&mut self) {
        let Some(root) = &self.facts.root else { return };
        let published = &self.facts.published;
        if !published.is_empty() && !published.contains(&root.sha256) {
            let message = format!("istiod tells the namespaces another root than that of secret {}", root.secret);
            let help = "istiod was started before the secret was there: restart istiod, then all workloads";
            self.error("config map istio-ca-root-cert", message, help);
        }
    }

    fn network(&mut self, others: &[&Facts]) {
        let subject = format!("namespace {}", self.facts.namespace);
        let help = "label it `topology.istio.io/network` with the network of the installed configuration";
        match (&self.facts.network, &self.facts.namespace_network) {
            (Some(network), None) => {
                self.warning(subject, format!("it does not say that it is on {network}"), help);
            }
            (Some(network), Some(label)) if network != label => {
                let message = format!("it says that it is on {label}, Istio is installed for {network}");
                self.error(subject, message, help);
            }
            _ => {}
        }
        let on_another = others.iter().any(|other| other.network != self.facts.network);
        if self.facts.east_west.is_empty() && on_another {
            let message = "there is none, and other clusters are on other networks";
            self.error("east-west gateway", message, "install one with `istio::east_west`");
        }
        for gateway in &self.facts.east_west {
            self.east_west(gateway);
        }
    }

    fn east_west(&mut self, gateway: &EastWestGateway) {
        let subject = || format!("service {}", gateway.name);
        if gateway.address.is_none() {
            let help = "a load balancer gives it one: is MetalLB installed, and has its pool addresses left?";
            self.error(subject(), "it has no external address", help);
        }
        if !gateway.ready {
            self.error(subject(), "none of its pods is ready", "look at the pods and events of its deployment");
        }
        if let (Some(network), Some(own)) = (&gateway.network, &self.facts.network)
            && network != own
        {
            let message = format!("it is labelled for {network}, Istio is installed for {own}");
            self.error(subject(), message, "install it again with the network of the cluster");
        }
        match (&self.facts.exposed_since, &gateway.oldest_pod) {
            (None, _) => {
                let message = "no service is exposed through it: there is no Gateway of mode AUTO_PASSTHROUGH";
                self.error(subject(), message, "call `istio::expose_services`");
            }
            (Some(exposed), Some(started)) if started < exposed => {
                let message = "it was started before services were exposed; istiod 1.20 may not have told it of them";
                self.warning(subject(), message, "restart its deployment if other networks do not reach services");
            }
            _ => {}
        }
    }

    fn remotes(&mut self, others: &[&Facts]) {
        for known in &self.facts.known {
            let subject = format!("secret {}", known.secret);
            match &known.server {
                None => self.error(subject, "what it holds is no kubeconfig", "make it anew with `istio::add_remote`"),
                Some(server) if is_loopback(server) => {
                    let message = format!("its server is {server}, which istiod's pod cannot reach");
                    self.error(subject, message, "make it anew with the address at which pods reach that API server");
                }
                Some(_) => {}
            }
        }
        for other in others {
            let Some(name) = mesh_name(other) else { continue };
            if !self.facts.known.iter().any(|known| known.name == name) {
                let message = format!("there is none of {}, so its services are not known here", other.name);
                self.error(format!("remote secret of {name}"), message, "call `istio::add_remote`");
            }
        }
        if !others.is_empty() && !self.facts.reader {
            let message = "it is missing, so no other cluster can read this one";
            self.error("service account istio-reader-service-account", message, "install Istio's base");
        }
        self.synced();
    }

    /// What istiod says of the clusters that it is told of.
    fn synced(&mut self) {
        if self.facts.known.is_empty() {
            return;
        }
        match &self.facts.remotes {
            Err(reason) => {
                let help = "wait until istiod is ready";
                self.warning(
                    "remote clusters",
                    format!("istiod does not say whether it has read them: {reason}"),
                    help,
                );
            }
            Ok(remotes) => {
                let help =
                    "the API server in its secret cannot be reached, or does not accept its token; see istiod's log";
                for known in &self.facts.known {
                    let told: Vec<_> = remotes.iter().filter(|remote| remote.name == known.name).collect();
                    if told.is_empty() && mesh_name(self.facts) != Some(&known.name) {
                        let message = "istiod does not know it in spite of its secret";
                        self.error(format!("remote cluster {}", known.name), message, help);
                    }
                    for remote in told.iter().filter(|remote| !remote.synced) {
                        let message = format!("{} says `{}` of it", remote.istiod, remote.status);
                        self.error(format!("remote cluster {}", known.name), message, help);
                    }
                }
            }
        }
    }

    fn injection(&mut self) {
        for found in &self.facts.uninjected {
            let message = format!("pods without a proxy: {}", found.pods.join(", "));
            let help =
                "they were made before injection was on, or by something that injection passes over: restart them";
            self.warning(format!("namespace {}", found.namespace), message, help);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        debug::{ControlPlane, Remote},
        remote::Known,
        verify::{Root, Uninjected, Webhook},
    };

    /// A cluster of a mesh of two, in which all is well.
    fn healthy(name: &str, other: &str) -> Facts {
        let secret = format!("istio-remote-secret-{other}");
        Facts {
            name: name.to_owned(),
            namespace: "istio-system".to_owned(),
            control_planes: vec![ControlPlane {
                revision: "default".to_owned(),
                version: "1.20.1".to_owned(),
                image: "istio/pilot:1.20.1".to_owned(),
                cluster: name.to_owned(),
                ready: 1,
                replicas: 1,
            }],
            root: Some(Root { secret: "cacerts".to_owned(), sha256: "abc".to_owned() }),
            published: ["abc".to_owned()].into(),
            webhooks: vec![Webhook {
                name: "istio-sidecar-injector".to_owned(),
                without_bundle: 0,
                trusted: ["abc".to_owned()].into(),
            }],
            overlapping: None,
            network: Some(format!("network-{name}")),
            namespace_network: Some(format!("network-{name}")),
            mesh: Some("mesh1".to_owned()),
            east_west: vec![EastWestGateway {
                name: "istio-eastwestgateway".to_owned(),
                address: Some("172.18.255.200".to_owned()),
                network: Some(format!("network-{name}")),
                oldest_pod: Some("2024-01-01T00:00:10Z".to_owned()),
                ready: true,
            }],
            exposed_since: Some("2024-01-01T00:00:05Z".to_owned()),
            known: vec![Known {
                name: other.to_owned(),
                secret: secret.clone(),
                server: Some("https://172.18.0.3:6443".to_owned()),
            }],
            remotes: Ok(vec![Remote {
                name: other.to_owned(),
                status: "synced".to_owned(),
                synced: true,
                secret: format!("istio-system/{secret}"),
                istiod: "istiod-1".to_owned(),
            }]),
            reader: true,
            uninjected: Vec::new(),
        }
    }

    fn mesh() -> [Facts; 2] {
        [healthy("east", "west"), healthy("west", "east")]
    }

    /// What is found when something is done to the first cluster.
    fn found(harm: impl FnOnce(&mut Facts)) -> Vec<String> {
        let mut mesh = mesh();
        harm(&mut mesh[0]);
        let told = |finding: Finding| {
            format!("{:?} {} {}: {}", finding.severity, finding.cluster, finding.subject, finding.message)
        };
        judge(&mesh).into_iter().map(told).collect()
    }

    #[test]
    fn nothing_is_found_in_a_mesh_that_is_well() {
        assert_eq!(judge(&mesh()), []);
        assert_eq!(judge(&[]), []);
    }

    #[test]
    fn every_forgotten_step_is_found() {
        type Harm = Box<dyn FnOnce(&mut Facts)>;
        let cases: Vec<(Harm, &str)> = vec![
            (Box::new(|it| it.control_planes[0].ready = 0), "Error east istiod: revision default is not ready"),
            (Box::new(|it| it.webhooks[0].without_bundle = 2), "trust no certificate"),
            (Box::new(|it| it.webhooks[0].trusted = ["other".to_owned()].into()), "trusts another root"),
            (Box::new(|it| it.overlapping = Some(("a".into(), "b".into()))), "webhook a: it takes the same pods as b"),
            (Box::new(|it| it.published = ["old".to_owned()].into()), "another root than that of secret cacerts"),
            (Box::new(|it| it.namespace_network = None), "Warning east namespace istio-system: it does not say"),
            (Box::new(|it| it.namespace_network = Some("x".into())), "it says that it is on x"),
            (Box::new(|it| it.east_west.clear()), "east-west gateway: there is none"),
            (Box::new(|it| it.east_west[0].address = None), "no external address"),
            (Box::new(|it| it.east_west[0].ready = false), "none of its pods is ready"),
            (Box::new(|it| it.east_west[0].network = Some("x".into())), "labelled for x"),
            (Box::new(|it| it.exposed_since = None), "no service is exposed through it"),
            (
                Box::new(|it| it.exposed_since = Some("2024-01-01T00:00:11Z".into())),
                "started before services were exposed",
            ),
            (Box::new(|it| it.known.clear()), "remote secret of west: there is none of west"),
            (Box::new(|it| it.known[0].server = Some("https://127.0.0.1:4".into())), "istiod's pod cannot reach"),
            (Box::new(|it| it.known[0].server = None), "no kubeconfig"),
            (Box::new(|it| it.remotes = Ok(vec![])), "does not know it in spite of its secret"),
            (Box::new(|it| it.remotes = Err("x".into())), "does not say whether it has read them: x"),
            (Box::new(|it| it.reader = false), "no other cluster can read this one"),
            (Box::new(|it| it.mesh = Some("mesh2".into())), "it belongs to mesh mesh1, east to mesh2"),
            (
                Box::new(|it| it.uninjected = vec![Uninjected { namespace: "sample".into(), pods: vec!["a".into()] }]),
                "Warning east namespace sample: pods without a proxy: a",
            ),
        ];
        for (harm, expected) in cases {
            let found = found(harm);
            assert!(matches!(&found[..], [one] if one.contains(expected)), "expected `{expected}`, found {found:?}");
        }
    }

    #[test]
    fn clusters_with_different_roots_or_one_name_are_found() {
        let other_root = found(|it| {
            it.root = Some(Root { secret: "istio-ca-secret".to_owned(), sha256: "def".to_owned() });
            it.published = ["def".to_owned()].into();
            it.webhooks[0].trusted = ["def".to_owned()].into();
        });
        assert_eq!(
            other_root,
            ["Error west secret cacerts: its root is another one than that of east: abc against def"]
        );
        let mut mesh = mesh();
        mesh[1].control_planes[0].cluster = "east".to_owned();
        mesh[1].known.clear();
        assert!(judge(&mesh).iter().any(|finding| finding.message.contains("its name in the mesh is `east`")));
    }

    #[test]
    fn a_cluster_by_itself_needs_no_other() {
        let mut alone = healthy("east", "west");
        alone.east_west.clear();
        alone.known.clear();
        alone.reader = false;
        assert_eq!(judge(&[alone]), []);
    }
}
