//! Certificates of servers and clients.

use meshrun_terms::{Secret, Timeout};
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Authority, CertificateOptions, Error, KeyType, Usage, inspect,
    issue::{Subject, parameters},
    key, pem,
};

const VALIDITY: Timeout = Timeout::seconds(365 * 24 * 60 * 60);

/// A certificate of a server or client with its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Leaf {
    /// Its certificate, PEM.
    pub cert_pem: String,
    /// Its private key, PEM, PKCS#8.
    pub key_pem: Secret,
    /// Its certificate, then those of the authorities above it without the root, PEM: what a server presents.
    pub chain_pem: String,
    /// The root's certificate, PEM: what the other side must trust.
    pub root_pem: String,
}

/// Issue a certificate for a server or client.
///
/// # Errors
/// When the authority has expired or does not belong to its key; when a name or the validity cannot be.
pub fn certificate(authority: &Authority, options: &CertificateOptions) -> Result<Leaf, Error> {
    let wanted = leaf_parameters(options)?;
    let issuer = authority.issuer()?;
    let key = key::generate(options.key_type.unwrap_or_default())?;
    let certificate = wanted
        .signed_by(&key, &issuer)
        .map_err(|source| Error::Generate { what: "the certificate".to_owned(), source })?;
    let cert_pem = certificate.pem();
    Ok(Leaf {
        chain_pem: format!("{cert_pem}{}", without_root(authority)?),
        root_pem: authority.root_pem.clone(),
        key_pem: Secret::new(key.serialize_pem()),
        cert_pem,
    })
}

fn leaf_parameters(options: &CertificateOptions) -> Result<CertificateParams, Error> {
    let usages = options.usages.clone().unwrap_or_else(|| vec![Usage::Server, Usage::Client]);
    let subject = Subject {
        organization: Some(options.organization.as_deref().unwrap_or("Istio")),
        common_name: options.common_name.as_deref().or_else(|| first_dns_name(&options.names)),
        locality: None,
    };
    let mut wanted = parameters(&subject, &options.names, options.validity.unwrap_or(VALIDITY))?;
    wanted.is_ca = IsCa::ExplicitNoCa;
    wanted.use_authority_key_identifier_extension = true;
    wanted.key_usages = key_usages(options.key_type.unwrap_or_default());
    wanted.extended_key_usages = usages
        .iter()
        .map(|usage| match usage {
            Usage::Server => ExtendedKeyUsagePurpose::ServerAuth,
            Usage::Client => ExtendedKeyUsagePurpose::ClientAuth,
        })
        .collect();
    Ok(wanted)
}

/// An RSA key may also encipher keys; RFC 8813 forbids to say so of an ECDSA key.
fn key_usages(kind: KeyType) -> Vec<KeyUsagePurpose> {
    let enciphers = kind.is_rsa().then_some(KeyUsagePurpose::KeyEncipherment);
    [KeyUsagePurpose::DigitalSignature].into_iter().chain(enciphers).collect()
}

/// A common name has at most 64 characters (RFC 5280).
fn first_dns_name(names: &[String]) -> Option<&str> {
    let is_dns = |name: &&String| name.parse::<std::net::IpAddr>().is_err() && !name.contains("://");
    names.iter().find(is_dns).map(String::as_str).filter(|name| name.len() <= 64)
}

/// The authority's chain without what signs itself.
fn without_root(authority: &Authority) -> Result<String, Error> {
    let mut chain = String::new();
    for block in pem::certificates(&authority.chain_pem)? {
        if !inspect::describe(&inspect::parse(&block.der)?).self_signed {
            chain.push_str(&block.text);
        }
    }
    Ok(chain)
}
