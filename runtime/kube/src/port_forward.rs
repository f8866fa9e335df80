//! Forwarding a local port to a pod, for as long as a handle lives.

use std::net::SocketAddr;

use futures::future::join_all;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use meshrun_terms::Steps;
use serde_json::Value;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

use crate::{
    Client, Error,
    error::Result,
    exec::ready_pod,
    get::find,
    object::{kind_of, name_of, namespace_of},
    request::failure,
    wait::Subject,
};

/// A forwarded port. Dropping it closes the port and all connections through it.
#[derive(Debug)]
pub struct PortForward {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl PortForward {
    /// The local address that leads there.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Close it, and wait until it is closed.
    pub async fn close(mut self) {
        self.task.abort();
        // It was ended on purpose; that is all its result can tell.
        let _ = join_all([&mut self.task]).await;
    }
}

impl Drop for PortForward {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Forward a local port, 0 for any free one, to a port of a pod, or of a ready pod behind a workload, service or selection; for a
/// service it is the service's port, by number or name. Each connection looks for a ready pod anew, so that it outlives the
/// pod; what fails with a connection is a warning.
///
/// # Errors
/// When there is no such object, no ready pod, no such port, or the local port is taken.
pub async fn port_forward(
    client: &Client,
    subject: &Subject,
    port: &str,
    local: SocketAddr,
    steps: &Steps,
) -> Result<PortForward> {
    let way = Way { client: client.clone(), subject: subject.clone(), port: port.to_owned() };
    way.destination().await?;
    let cannot_listen = |source| Error::Listen { address: local.to_string(), source };
    let listener = TcpListener::bind(local).await.map_err(cannot_listen)?;
    let address = listener.local_addr().map_err(cannot_listen)?;
    let task = tokio::spawn(serve(listener, way, steps.clone()));
    Ok(PortForward { address, task })
}

async fn serve(listener: TcpListener, way: Way, steps: Steps) {
    // The connections end with this set, which ends with the task.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let (way, steps) = (way.clone(), steps.clone());
                    connections.spawn(async move {
                        if let Err(error) = carry(stream, &way).await {
                            steps.warning(format!("port-forward to {}: {error}", way.subject));
                        }
                    });
                }
                Err(error) => steps.warning(format!("port-forward to {}: {error}", way.subject)),
            },
            // Only to forget connections that have ended.
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn carry(mut local: TcpStream, way: &Way) -> Result<()> {
    let (pod, port) = way.destination().await?;
    let pods: Api<Pod> = Api::namespaced(way.client.kube().clone(), namespace_of(&pod).unwrap_or("default"));
    let failed = |source| failure(&way.client, &format!("port {port} of pod {}", name_of(&pod)), source);
    let mut forwarder = pods.portforward(name_of(&pod), &[port]).await.map_err(failed)?;
    let refused = forwarder.take_error(port);
    let Some(mut remote) = forwarder.take_stream(port) else { return Ok(()) };
    // Either side may hang up at any time; that is how connections end.
    let _ = copy_bidirectional(&mut local, &mut remote).await;
    drop(remote);
    let refusal = async {
        match refused {
            Some(refused) => refused.await,
            None => None,
        }
    };
    let refusal = tokio::time::timeout(std::time::Duration::from_millis(100), refusal).await.ok().flatten();
    forwarder.abort();
    match refusal {
        Some(message) => Err(Error::Exec {
            context: way.client.context().to_owned(),
            pod: name_of(&pod).to_owned(),
            message: message.trim().to_owned(),
        }),
        None => Ok(()),
    }
}

/// Where connections go.
#[derive(Clone)]
struct Way {
    client: Client,
    subject: Subject,
    port: String,
}

impl Way {
    /// A pod that is ready now, and its port.
    async fn destination(&self) -> Result<(Value, u16)> {
        let pod = ready_pod(&self.client, &self.subject).await?;
        let service = match &self.subject {
            Subject::Object(reference) if names_service(&reference.kind) => find(&self.client, reference).await?,
            _ => None,
        };
        let port = match service.filter(|object| kind_of(object) == "Service") {
            Some(service) => port_of_service(&service, &pod, &self.port),
            None => port_of_pod(&pod, &self.port),
        };
        let object = self.subject.to_string();
        let no_port = || Error::NoPort { context: self.client.context().to_owned(), object, port: self.port.clone() };
        port.map(|port| (pod, port)).ok_or_else(no_port)
    }
}

fn names_service(kind: &str) -> bool {
    let kind = kind.to_lowercase();
    kind == "svc" || kind.contains("service")
}

/// A port by number, or by the name that a container gives it.
fn port_of_pod(pod: &Value, wanted: &str) -> Option<u16> {
    if let Ok(number) = wanted.parse() {
        return Some(number);
    }
    let containers = pod["spec"]["containers"].as_array().into_iter().flatten();
    let mut ports = containers.flat_map(|container| container["ports"].as_array().into_iter().flatten());
    let port = ports.find(|port| port["name"] == wanted)?;
    u16::try_from(port["containerPort"].as_u64()?).ok()
}

/// The pod's port behind a service's, by number or name.
fn port_of_service(service: &Value, pod: &Value, wanted: &str) -> Option<u16> {
    let number: Option<u64> = wanted.parse().ok();
    let mut ports = service["spec"]["ports"].as_array().into_iter().flatten();
    let port = ports.find(|port| port["name"] == wanted || number.is_some_and(|number| port["port"] == number))?;
    match &port["targetPort"] {
        Value::String(name) => port_of_pod(pod, name),
        Value::Number(number) => u16::try_from(number.as_u64()?).ok(),
        _ => u16::try_from(port["port"].as_u64()?).ok(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_services_port_leads_to_the_pods() {
        let pod = json!({ "spec": { "containers": [{}, { "ports": [{ "name": "web", "containerPort": 5000 }] }] } });
        let service = json!({ "spec": { "ports": [
            { "name": "http", "port": 80, "targetPort": "web" }, { "name": "plain", "port": 81 }, { "port": 82, "targetPort": 6000 },
        ] } });
        let port = |wanted: &str| port_of_service(&service, &pod, wanted);
        assert_eq!(
            (port("80"), port("http"), port("81"), port("82"), port("83")),
            (Some(5000), Some(5000), Some(81), Some(6000), None)
        );
        assert_eq!(
            (port_of_pod(&pod, "web"), port_of_pod(&pod, "7"), port_of_pod(&pod, "x")),
            (Some(5000), Some(7), None)
        );
    }
}
