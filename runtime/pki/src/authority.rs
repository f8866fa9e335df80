//! Certificate authorities: made as Istio's guide makes them, or loaded.

use std::{fs, path::Path};

use meshrun_terms::{Secret, Timeout};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    AuthorityOptions, Error, Inspection,
    inspect::{self, parse},
    issue::{Subject, parameters},
    key, pem,
    verify::{self, verify},
};

/// `ROOTCA_DAYS` and `INTERMEDIATE_DAYS` of the guide.
const VALIDITY: Timeout = Timeout::seconds(3650 * 24 * 60 * 60);
/// Under this name istiod answers inside the cluster; the guide writes it into every intermediate authority.
const ISTIOD: &str = "istiod.istio-system.svc";
/// The guide's, for RSA and, although it has no use there, for ECDSA: whoever compares sees the same extensions.
const KEY_USAGES: [KeyUsagePurpose; 4] = [
    KeyUsagePurpose::DigitalSignature,
    KeyUsagePurpose::ContentCommitment,
    KeyUsagePurpose::KeyEncipherment,
    KeyUsagePurpose::KeyCertSign,
];

/// A certificate authority with its key. It prints, saves and loads as data; whoever has it can issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Authority {
    /// Its certificate, PEM.
    pub cert_pem: String,
    /// Its private key, PEM.
    pub key_pem: Secret,
    /// Its certificate, then those of the authorities above it up to the root, PEM. For a root its certificate alone.
    pub chain_pem: String,
    /// The root's certificate, PEM.
    pub root_pem: String,
}

impl Authority {
    /// The authority as rcgen issues from it, when its key belongs to it and its time has come and is not over.
    pub(crate) fn issuer(&self) -> Result<Issuer<'static, KeyPair>, Error> {
        let key = check(self)?;
        let certificate = pem::certificates(&self.cert_pem)?.remove(0);
        let subject = parse(&certificate.der)?.subject().to_string();
        Issuer::from_ca_cert_der(&certificate.der.into(), key).map_err(|source| Error::Issuer { subject, source })
    }
}

/// Make a root authority.
///
/// # Errors
/// When a name or the validity cannot be, or the key cannot be made.
pub fn root(options: &AuthorityOptions) -> Result<Authority, Error> {
    self_signed(options, &key::generate(options.key_type.unwrap_or_default())?)
}

/// A root authority with this key.
pub(crate) fn self_signed(options: &AuthorityOptions, key: &KeyPair) -> Result<Authority, Error> {
    let wanted = authority_parameters(options, "Root CA", None, options.path_length, &[])?;
    let certificate =
        wanted.self_signed(key).map_err(|source| Error::Generate { what: "the root certificate".into(), source })?;
    let cert_pem = certificate.pem();
    Ok(Authority {
        key_pem: Secret::new(key.serialize_pem()),
        chain_pem: cert_pem.clone(),
        root_pem: cert_pem.clone(),
        cert_pem,
    })
}

/// Make an authority beneath another one, for the cluster of this name: its subject's locality, as in the guide.
///
/// # Errors
/// When the upper authority has expired, does not belong to its key or may not have an authority beneath it; when a name
/// or the validity cannot be.
pub fn intermediate(upper: &Authority, cluster: &str, options: &AuthorityOptions) -> Result<Authority, Error> {
    let path_length = options.path_length.unwrap_or(0);
    check_path_length(upper, u32::from(path_length) + 1)?;
    let issuer = upper.issuer()?;
    let names = [ISTIOD.to_owned()];
    let mut wanted = authority_parameters(options, "Intermediate CA", Some(cluster), Some(path_length), &names)?;
    wanted.use_authority_key_identifier_extension = true;
    let key = key::generate(options.key_type.unwrap_or_default())?;
    let certificate = wanted
        .signed_by(&key, &issuer)
        .map_err(|source| Error::Generate { what: format!("the intermediate certificate of `{cluster}`"), source })?;
    let cert_pem = certificate.pem();
    Ok(Authority {
        chain_pem: format!("{cert_pem}{}", upper.chain_pem),
        root_pem: upper.root_pem.clone(),
        key_pem: Secret::new(key.serialize_pem()),
        cert_pem,
    })
}

fn authority_parameters(
    options: &AuthorityOptions,
    common_name: &str,
    locality: Option<&str>,
    path_length: Option<u8>,
    names: &[String],
) -> Result<CertificateParams, Error> {
    let subject = Subject {
        organization: Some(options.organization.as_deref().unwrap_or("Istio")),
        common_name: Some(options.common_name.as_deref().unwrap_or(common_name)),
        locality,
    };
    let names = options.names.as_deref().unwrap_or(names);
    let mut wanted = parameters(&subject, names, options.validity.unwrap_or(VALIDITY))?;
    wanted.is_ca = IsCa::Ca(path_length.map_or(BasicConstraints::Unconstrained, BasicConstraints::Constrained));
    wanted.key_usages = KEY_USAGES.to_vec();
    Ok(wanted)
}

/// Load an authority: its certificate and those above it up to the root, in this order, and its key; PKCS#8, PKCS#1 or
/// SEC1.
///
/// # Errors
/// When a text is no PEM, the key is encrypted or not the certificate's, the certificate is no authority's, has expired,
/// or its chain does not end at a self-signed root.
pub fn load(certificates: &str, key: &str) -> Result<Authority, Error> {
    let blocks = pem::certificates(certificates)?;
    let mut chain = blocks.iter().map(|block| block.text.as_str());
    let cert_pem = chain.next().unwrap_or_default().to_owned();
    let root_pem = chain.next_back().unwrap_or(&cert_pem).to_owned();
    let chain_pem: String = blocks.iter().map(|block| block.text.as_str()).collect();
    let key_pem = Secret::new(pem::private_key(key)?.text);
    let authority = Authority { cert_pem, key_pem, chain_pem, root_pem };
    check(&authority)?;
    check_root(&authority)?;
    verify(&authority.chain_pem, &authority.root_pem)?;
    Ok(authority)
}

/// Load an authority from its files, as [`load`].
///
/// # Errors
/// As [`load`], naming the file; when a file cannot be read.
pub fn load_files(certificates: &Path, key: &Path) -> Result<Authority, Error> {
    let certificates_text = read(certificates)?;
    let key_text = read(key)?;
    load(&certificates_text, &key_text).map_err(|error| {
        let about_key =
            matches!(error, Error::Key(_) | Error::EncryptedKey | Error::Missing { expected: "a private key", .. });
        error.in_file(if about_key { key } else { certificates })
    })
}

/// The text of a file.
pub(crate) fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|source| Error::Read { path: path.to_owned(), source })
}

/// Its key, when certificate and key are a pair, the certificate is an authority's and is valid now.
pub(crate) fn check(authority: &Authority) -> Result<KeyPair, Error> {
    let key = key::read(authority.key_pem.expose())?;
    let block = pem::certificates(&authority.cert_pem)?.remove(0);
    let certificate = parse(&block.der)?;
    if certificate.public_key().subject_public_key.data.as_ref() != key.der_bytes() {
        return Err(Error::KeyMismatch { subject: certificate.subject().to_string() });
    }
    verify::check_authority(&certificate)?;
    verify::check_time(&certificate, time::OffsetDateTime::now_utc())?;
    Ok(key)
}

fn check_root(authority: &Authority) -> Result<(), Error> {
    let block = pem::certificates(&authority.root_pem)?.remove(0);
    let root = inspect::describe(&parse(&block.der)?);
    if root.self_signed {
        return Ok(());
    }
    let reason =
        format!("the chain ends with it, but it is issued by `{}`; append that and what is above it", root.issuer);
    Err(Error::Untrusted { subject: root.subject, reason })
}

/// Whether so many authorities may follow beneath this one.
fn check_path_length(upper: &Authority, wanted: u32) -> Result<(), Error> {
    let block = pem::certificates(&upper.cert_pem)?.remove(0);
    let Inspection { subject, path_length, .. } = inspect::describe(&parse(&block.der)?);
    match path_length {
        Some(allowed) if allowed < wanted => Err(Error::PathLength { subject, allowed, wanted }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CertificateOptions, KeyType, Usage, certificate, inspect::Inspection};

    const GUIDE: [&str; 4] = ["Digital Signature", "Non Repudiation", "Key Encipherment", "Certificate Sign"];

    fn look(pem: &str) -> Inspection {
        crate::inspect(pem).unwrap().remove(0)
    }

    fn days(inspection: &Inspection) -> i64 {
        let time =
            |text: &str| time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).unwrap();
        (time(&inspection.not_after) - time(&inspection.not_before)).whole_days()
    }

    #[test]
    fn authorities_are_as_the_guide_makes_them() {
        let root = root(&AuthorityOptions::default()).unwrap();
        let upper = look(&root.cert_pem);
        assert_eq!(
            (&*upper.subject, &*upper.issuer, days(&upper)),
            ("O=Istio, CN=Root CA", "O=Istio, CN=Root CA", 3650)
        );
        assert_eq!((upper.is_authority, upper.path_length, upper.self_signed), (true, None, true));
        assert_eq!(
            (upper.usages, upper.names, &*upper.key_type),
            (GUIDE.map(str::to_owned).to_vec(), vec![], "ecdsa-p256")
        );
        let lower = look(&intermediate(&root, "cluster1", &AuthorityOptions::default()).unwrap().cert_pem);
        assert_eq!(
            (&*lower.subject, &*lower.issuer),
            ("O=Istio, CN=Intermediate CA, L=cluster1", "O=Istio, CN=Root CA")
        );
        assert_eq!(
            (lower.is_authority, lower.path_length, lower.self_signed, days(&lower)),
            (true, Some(0), false, 3650)
        );
        assert_eq!((lower.usages, lower.names), (GUIDE.map(str::to_owned).to_vec(), vec![ISTIOD.to_owned()]));
        assert_eq!(lower.locality, "cluster1");
        assert_ne!(upper.serial, lower.serial);
    }

    #[test]
    fn certificates_of_servers_and_clients_are_no_authorities() {
        let root = root(&AuthorityOptions::default()).unwrap();
        let options = CertificateOptions {
            names: ["a.example", "10.0.0.1", "spiffe://cluster.local/ns/a/sa/b"].map(str::to_owned).to_vec(),
            usages: Some(vec![Usage::Client]),
            validity: Some("1d".parse().unwrap()),
            key_type: Some(KeyType::EcdsaP384),
            ..CertificateOptions::default()
        };
        let leaf = certificate(&root, &options).unwrap();
        let found = look(&leaf.cert_pem);
        assert_eq!((&*found.subject, found.is_authority, days(&found)), ("O=Istio, CN=a.example", false, 1));
        assert_eq!((found.names, &*found.key_type), (options.names, "ecdsa-p384"));
        assert_eq!(found.usages, ["Digital Signature", "TLS Web Client Authentication"]);
        assert_eq!(leaf.chain_pem, leaf.cert_pem);
        let own = Authority {
            cert_pem: leaf.cert_pem,
            key_pem: leaf.key_pem,
            chain_pem: leaf.chain_pem,
            root_pem: leaf.root_pem,
        };
        assert!(matches!(certificate(&own, &CertificateOptions::default()), Err(Error::NotAuthority { .. })));
    }

    #[test]
    fn an_authority_is_loaded_from_its_texts() {
        let root = root(&AuthorityOptions::default()).unwrap();
        let lower = intermediate(&root, "a", &AuthorityOptions::default()).unwrap();
        assert_eq!(load(&lower.chain_pem, lower.key_pem.expose()).unwrap(), lower);
        assert_eq!(load(&root.cert_pem, root.key_pem.expose()).unwrap(), root);
        let error = load(&lower.cert_pem, lower.key_pem.expose()).unwrap_err().to_string();
        assert!(error.contains("but it is issued by `O=Istio, CN=Root CA`"), "{error}");
        assert!(matches!(load(&root.cert_pem, lower.key_pem.expose()), Err(Error::KeyMismatch { .. })));
        assert_eq!(format!("{root:?}").matches("PRIVATE").count(), 0);
    }
}
