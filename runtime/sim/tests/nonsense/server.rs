//! The doors of the servers: how a request gets to them, and whether something comes back.

use std::{sync::Arc, time::Duration};

use meshrun_sim::{
    World,
    kube::{Cluster, Config, Node},
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject};
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream, UnixStream},
};
use tokio_rustls::TlsConnector;

use super::generator::{End, Request};

/// How long a server may be silent before it counts as hanging; far longer than it ever is.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where requests are sent.
pub enum Door {
    Engine { socket: String },
    ApiServer { address: String, tls: TlsConnector },
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

impl Door {
    pub fn engine(socket: &str) -> Self {
        Self::Engine { socket: socket.to_owned() }
    }

    /// Send a request. Returns whether something came back, be it the end.
    pub async fn send(&self, request: &Request) -> bool {
        let mut stream = self.open(request.plain).await;
        let _refused = stream.write_all(&request.bytes).await; // a server may have heard enough
        let _refused = stream.flush().await;
        if request.end == End::Leave {
            return true;
        }
        if request.end == End::HalfClose {
            let _gone = stream.shutdown().await;
        }
        let mut buffer = vec![0; 16 * 1024];
        tokio::time::timeout(PATIENCE, stream.read(&mut buffer)).await.is_ok()
    }

    async fn open(&self, plain: bool) -> Box<dyn Stream> {
        match self {
            Self::Engine { socket } => Box::new(UnixStream::connect(socket).await.unwrap()),
            Self::ApiServer { address, tls } => {
                let stream = TcpStream::connect(address).await.unwrap();
                if plain {
                    return Box::new(stream);
                }
                let name = ServerName::try_from("localhost").unwrap();
                Box::new(tls.connect(name, stream).await.unwrap())
            }
        }
    }
}

/// A simulated API server that listens.
pub struct ApiServer {
    cluster: Arc<Cluster>,
    address: String,
    kubeconfig: String,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for ApiServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl ApiServer {
    pub async fn start(world: &Arc<World>) -> Self {
        let config = Config {
            name: "nonsense".to_owned(),
            version: "v1.27.3".to_owned(),
            pod_subnet: "10.244.0.0/16".to_owned(),
            service_subnet: "10.96.0.0/16".to_owned(),
            hosts: vec!["127.0.0.1".to_owned(), "localhost".to_owned()],
            address: "172.18.0.2".to_owned(),
        };
        let cluster = Cluster::start(world, config).unwrap();
        world.add_cluster(&cluster);
        let node =
            Node { name: "nonsense-control-plane".to_owned(), address: "172.18.0.2".to_owned(), ..Node::default() };
        cluster.join_node(&node).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let kubeconfig = cluster.admin_kubeconfig(&format!("https://{address}"));
        let serving = Arc::clone(&cluster);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(Arc::clone(&serving).serve(Box::new(stream)));
            }
        });
        Self { cluster, address, kubeconfig, task }
    }

    /// The administrator's door, so that nothing is refused for want of permission.
    pub fn door(&self) -> Door {
        let kubeconfig: Value = serde_yaml::from_str(&self.kubeconfig).unwrap();
        let part = |pointer: &str| {
            use base64::Engine;
            let text = kubeconfig.pointer(pointer).and_then(Value::as_str).unwrap();
            base64::engine::general_purpose::STANDARD.decode(text).unwrap()
        };
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.cluster.ca_pem().as_bytes()).unwrap()).unwrap();
        let certificate = CertificateDer::from_pem_slice(&part("/users/0/user/client-certificate-data")).unwrap();
        let key = PrivateKeyDer::from_pem_slice(&part("/users/0/user/client-key-data")).unwrap();
        let config =
            rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(roots)
                .with_client_auth_cert(vec![certificate], key)
                .unwrap();
        Door::ApiServer { address: self.address.clone(), tls: TlsConnector::from(Arc::new(config)) }
    }

    /// The names of all namespaces, as an ordinary client sees them.
    pub async fn namespaces(&self) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        std::fs::write(&path, &self.kubeconfig).unwrap();
        let client = meshrun_kube::connect(&meshrun_kube::kubeconfig::Source::of_file(&path), None).await.unwrap();
        let listed = meshrun_kube::list(&client, &meshrun_kube::Query::of("namespaces")).await.unwrap();
        listed.iter().map(|one| one.pointer("/metadata/name").and_then(Value::as_str).unwrap().to_owned()).collect()
    }
}
