//! One debug page of a pod.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper_util::rt::TokioIo;
use meshrun_kube::{Client, PortForward, Query, Reference, Subject, is_ready, list, name_of, port_forward};
use meshrun_terms::Steps;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::Error;

/// The port of istiod's debug pages.
const ISTIOD: u16 = 8080;

/// How long a page may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A way to the pages of a pod, for as long as it is kept.
#[derive(Debug)]
pub struct Page {
    context: String,
    pod: String,
    port: u16,
    forward: PortForward,
}

/// The ready pods of istiod in a cluster, with a way to their debug pages.
///
/// # Errors
/// [`Error::NoIstiod`], and when the cluster refuses.
pub async fn istiods(client: &Client, namespace: &str) -> Result<Vec<Page>, Error> {
    let query = Query::of("v1/Pod").in_namespace(namespace).with_labels("app=istiod");
    let pods = list(client, &query).await?;
    let mut pages = Vec::new();
    for pod in pods.iter().filter(|pod| is_ready(pod)) {
        pages.push(Page::open(client, namespace, name_of(pod), ISTIOD).await?);
    }
    match pages.is_empty() {
        true => Err(Error::NoIstiod { context: client.context().to_owned(), namespace: namespace.to_owned() }),
        false => Ok(pages),
    }
}

impl Page {
    /// A way to the pages on a port of a pod.
    ///
    /// # Errors
    /// When the pod is not ready.
    pub async fn open(client: &Client, namespace: &str, pod: &str, port: u16) -> Result<Self, Error> {
        let subject = Subject::Object(Reference::new("v1/Pod", pod).in_namespace(namespace));
        let local = SocketAddr::from(([127, 0, 0, 1], 0));
        // What goes wrong with a connection shows in the page that it was for.
        let forward = port_forward(client, &subject, &port.to_string(), local, &Steps::silent()).await?;
        Ok(Self { context: client.context().to_owned(), pod: pod.to_owned(), port, forward })
    }

    /// The pod.
    pub fn pod(&self) -> &str {
        &self.pod
    }

    /// The data on a page.
    ///
    /// # Errors
    /// [`Error::NoAnswer`].
    pub async fn json(&self, path: &str) -> Result<Value, Error> {
        let text = self.text(path).await?;
        // istiod without anything to tell says nothing or null.
        if text.trim().is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&text).map_err(|error| self.no_answer(path, format!("no JSON: {error}")))
    }

    /// The text on a page.
    ///
    /// # Errors
    /// [`Error::NoAnswer`].
    pub async fn text(&self, path: &str) -> Result<String, Error> {
        match tokio::time::timeout(PATIENCE, self.exchange(path)).await {
            Ok(Ok(text)) => Ok(text),
            Ok(Err(seen)) => Err(self.no_answer(path, seen)),
            Err(_) => Err(self.no_answer(path, format!("nothing within {}s", PATIENCE.as_secs()))),
        }
    }

    async fn exchange(&self, path: &str) -> Result<String, String> {
        let told = |error: &dyn std::error::Error| error.to_string();
        let stream = TcpStream::connect(self.forward.address()).await.map_err(|error| told(&error))?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| told(&error))?;
        let request = Request::get(path)
            .header("host", format!("localhost:{}", self.port))
            .header("accept", "application/json")
            .header("connection", "close")
            .body(Empty::<Bytes>::new())
            .map_err(|error| told(&error))?;
        let answer = async {
            let response = sender.send_request(request).await.map_err(|error| told(&error))?;
            let status = response.status();
            let body = response.into_body().collect().await.map_err(|error| told(&error))?.to_bytes();
            let text = String::from_utf8_lossy(&body).into_owned();
            if status.is_success() { Ok(text) } else { Err(format!("{status} {}", text.trim())) }
        };
        // The connection carries the exchange, and has nothing to say once the answer is there.
        let carried = async {
            let _ = connection.await;
            std::future::pending::<()>().await
        };
        tokio::select! {
            answer = answer => answer,
            () = carried => Err("the connection is closed".to_owned()),
        }
    }

    fn no_answer(&self, path: &str, seen: String) -> Error {
        let (context, pod, path) = (self.context.clone(), self.pod.clone(), path.to_owned());
        Error::NoAnswer { context, pod, port: self.port, path, seen }
    }
}
