//! Certificates that programs in pods make for themselves.

use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, KeyPair, KeyUsagePurpose};

/// A certificate and its key, both PEM.
pub struct Pair {
    /// The certificate.
    pub certificate: String,
    /// Its key.
    pub key: String,
}

/// A new authority that signs itself; nothing when the random source fails.
pub fn authority(organization: &str) -> Option<Pair> {
    let key = KeyPair::generate().ok()?; // fails with the system's random source only
    let mut parameters = CertificateParams::default();
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, organization);
    parameters.distinguished_name = name;
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let certificate = parameters.self_signed(&key).ok()?; // the parameters are sound
    Some(Pair { certificate: certificate.pem(), key: key.serialize_pem() })
}
