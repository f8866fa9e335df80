//! The certificates of a cluster: its authority, its server's, its administrator's.

use std::{net::IpAddr, sync::Arc};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, SanType,
};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    server::WebPkiClientVerifier,
};

use crate::Error;

/// The authority of a cluster.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate with its key, PEM.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The certificate.
    pub certificate: String,
    /// The private key.
    pub key: String,
}

impl Authority {
    /// Make one, as kubeadm does.
    ///
    /// # Errors
    /// When a key cannot be made.
    pub fn create() -> Result<Self, Error> {
        let mut wanted = CertificateParams::default();
        wanted.distinguished_name.push(DnType::CommonName, "kubernetes");
        wanted.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        wanted.key_usages =
            vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment, KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().map_err(failed)?;
        Ok(Self { issuer: CertifiedIssuer::self_signed(wanted, key).map_err(failed)? })
    }

    /// Its certificate, PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A certificate for a user: its name, and the groups that it is in.
    ///
    /// # Errors
    /// When a key cannot be made.
    pub fn user(&self, name: &str, groups: &[&str]) -> Result<Identity, Error> {
        let mut wanted = CertificateParams::default();
        wanted.distinguished_name.push(DnType::CommonName, name);
        for group in groups {
            wanted.distinguished_name.push(DnType::OrganizationName, *group);
        }
        wanted.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().map_err(failed)?;
        let certificate = wanted.signed_by(&key, &self.issuer).map_err(failed)?;
        Ok(Identity { certificate: certificate.pem(), key: key.serialize_pem() })
    }

    /// How the server speaks TLS under these names and addresses: it asks clients for a certificate and takes them without one too.
    ///
    /// # Errors
    /// When a key cannot be made, or a name is none.
    pub fn server(&self, hosts: &[String]) -> Result<Arc<ServerConfig>, Error> {
        let mut wanted = CertificateParams::default();
        wanted.distinguished_name.push(DnType::CommonName, "kube-apiserver");
        wanted.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        for host in hosts {
            wanted.subject_alt_names.push(match host.parse::<IpAddr>() {
                Ok(address) => SanType::IpAddress(address),
                Err(_) => SanType::DnsName(host.as_str().try_into().map_err(failed)?),
            });
        }
        let key = KeyPair::generate().map_err(failed)?;
        let certificate = wanted.signed_by(&key, &self.issuer).map_err(failed)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        self.config(certificate.der().clone(), key)
    }

    fn config(
        &self,
        certificate: CertificateDer<'static>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Arc<ServerConfig>, Error> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.issuer.der().clone()).map_err(failed)?;
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
        let clients = clients.allow_unauthenticated().build().map_err(failed)?;
        let config =
            ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(failed)?;
        let mut config =
            config.with_client_cert_verifier(clients).with_single_cert(vec![certificate], key).map_err(failed)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

fn failed(source: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Certificate { source: Box::new(source) }
}
