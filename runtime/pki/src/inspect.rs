//! What certificates say.

use std::net::{Ipv4Addr, Ipv6Addr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use x509_parser::{
    certificate::X509Certificate,
    error::X509Error,
    extensions::{GeneralName, KeyUsage},
    prelude::FromDer,
    x509::X509Name,
};

use crate::{Error, key, pem};

/// A certificate as data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Inspection {
    /// The whole subject: `O=Istio, CN=Intermediate CA, L=cluster1`.
    pub subject: String,
    /// The whole subject of who issued it.
    pub issuer: String,
    /// The subject's common name, empty when it has none.
    pub common_name: String,
    /// The subject's organization, empty when it has none.
    pub organization: String,
    /// The subject's locality, which Istio's guide uses for the cluster; empty when it has none.
    pub locality: String,
    /// The serial number, hexadecimal.
    pub serial: String,
    /// The begin of its validity, RFC 3339.
    pub not_before: String,
    /// The end of its validity, RFC 3339.
    pub not_after: String,
    /// Whether the end of its validity has passed.
    pub expired: bool,
    /// Subject alternative names: DNS names, addresses and URIs as they are, others with their kind before them.
    pub names: Vec<String>,
    /// Whether it may issue certificates.
    pub is_authority: bool,
    /// How many authorities may follow beneath it, when that is limited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_length: Option<u32>,
    /// What its key may do, in openssl's words: `Digital Signature`, `Certificate Sign`, `TLS Web Server Authentication`.
    pub usages: Vec<String>,
    /// The kind of its key: `ecdsa-p256`, `rsa-4096`.
    pub key_type: String,
    /// Whether it is its own issuer.
    pub self_signed: bool,
    /// SHA-256 of the certificate, hexadecimal: the same for the same certificate, and for no other.
    pub sha256: String,
}

/// Read all certificates of a PEM text, in order.
///
/// # Errors
/// When the text has no certificate, or one that cannot be understood.
pub fn inspect(text: &str) -> Result<Vec<Inspection>, Error> {
    pem::certificates(text)?.iter().map(|block| Ok(describe(&parse(&block.der)?))).collect()
}

/// A certificate out of its DER form.
pub(crate) fn parse(der: &[u8]) -> Result<X509Certificate<'_>, Error> {
    X509Certificate::from_der(der).map(|(_, certificate)| certificate).map_err(|error| Error::Certificate(x509(error)))
}

/// The parser's error without its wrapping.
pub(crate) fn x509(error: x509_parser::nom::Err<X509Error>) -> X509Error {
    match error {
        x509_parser::nom::Err::Error(error) | x509_parser::nom::Err::Failure(error) => error,
        x509_parser::nom::Err::Incomplete(_) => X509Error::InvalidCertificate,
    }
}

/// What the certificate says.
pub(crate) fn describe(certificate: &X509Certificate<'_>) -> Inspection {
    let validity = certificate.validity();
    let constraints = certificate.basic_constraints().ok().flatten(); // written twice: says nothing that could be relied on
    Inspection {
        subject: certificate.subject().to_string(),
        issuer: certificate.issuer().to_string(),
        common_name: part(certificate.subject(), "CN"),
        organization: part(certificate.subject(), "O"),
        locality: part(certificate.subject(), "L"),
        serial: hex(certificate.raw_serial()),
        not_before: rfc3339(validity.not_before.to_datetime()),
        not_after: rfc3339(validity.not_after.to_datetime()),
        expired: validity.not_after.to_datetime() < OffsetDateTime::now_utc(),
        names: names(certificate),
        is_authority: constraints.as_ref().is_some_and(|constraints| constraints.value.ca),
        path_length: constraints.and_then(|constraints| constraints.value.path_len_constraint),
        usages: usages(certificate),
        key_type: key::describe_public(certificate.public_key()),
        self_signed: certificate.subject().as_raw() == certificate.issuer().as_raw()
            && certificate.verify_signature(None).is_ok(),
        sha256: hex(&Sha256::digest(certificate.as_raw())),
    }
}

/// A time as text.
pub(crate) fn rfc3339(time: OffsetDateTime) -> String {
    time.format(&Rfc3339).unwrap_or_else(|_| time.to_string()) // years of five digits: then in the crate's own form
}

fn part(name: &X509Name<'_>, which: &str) -> String {
    let mut values = match which {
        "CN" => name.iter_common_name().collect::<Vec<_>>(),
        "O" => name.iter_organization().collect(),
        _ => name.iter_locality().collect(),
    }
    .into_iter();
    values.next().map(|value| String::from_utf8_lossy(value.as_slice()).into_owned()).unwrap_or_default()
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let extension = certificate.subject_alternative_name().ok().flatten(); // written twice: as above
    extension.map(|extension| extension.value.general_names.iter().map(name).collect()).unwrap_or_default()
}

fn name(name: &GeneralName<'_>) -> String {
    match name {
        GeneralName::DNSName(text) | GeneralName::URI(text) | GeneralName::RFC822Name(text) => (*text).to_owned(),
        GeneralName::IPAddress(bytes) => address(bytes),
        other => other.to_string(),
    }
}

fn address(bytes: &[u8]) -> String {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Ipv4Addr::from(four).to_string();
    }
    <[u8; 16]>::try_from(bytes).map_or_else(|_| hex(bytes), |sixteen| Ipv6Addr::from(sixteen).to_string())
}

fn usages(certificate: &X509Certificate<'_>) -> Vec<String> {
    let plain = certificate.key_usage().ok().flatten(); // written twice: as above
    let mut found = plain.map(|usage| key_usages(usage.value)).unwrap_or_default();
    if let Some(extended) = certificate.extended_key_usage().ok().flatten() {
        let known = [
            (extended.value.server_auth, "TLS Web Server Authentication"),
            (extended.value.client_auth, "TLS Web Client Authentication"),
        ];
        found.extend(known.into_iter().filter(|(set, _)| *set).map(|(_, word)| word.to_owned()));
        found.extend(extended.value.other.iter().map(ToString::to_string));
    }
    found
}

fn key_usages(usage: &KeyUsage) -> Vec<String> {
    let all = [
        (usage.digital_signature(), "Digital Signature"),
        (usage.non_repudiation(), "Non Repudiation"),
        (usage.key_encipherment(), "Key Encipherment"),
        (usage.data_encipherment(), "Data Encipherment"),
        (usage.key_agreement(), "Key Agreement"),
        (usage.key_cert_sign(), "Certificate Sign"),
        (usage.crl_sign(), "CRL Sign"),
    ];
    all.into_iter().filter(|(set, _)| *set).map(|(_, word)| word.to_owned()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
