//! Whether a chain of certificates leads to a trusted root.

use std::iter;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use x509_parser::{certificate::X509Certificate, extensions::ParsedExtension};

use crate::{Error, inspect, inspect::parse, pem};

/// A chain that leads to a trusted root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Verified {
    /// The subjects from the first certificate to the root.
    pub path: Vec<String>,
    /// When the first of them ends, RFC 3339: until then the chain is good.
    pub valid_until: String,
}

/// Check that the first certificate of `chain` is trusted by one of `roots`: every signature, everybody's validity now, and that whoever
/// issued may do so. The chain may, but need not, have the root in it.
///
/// # Errors
/// Names the certificate at which the chain breaks, and how.
pub fn verify(chain: &str, roots: &str) -> Result<Verified, Error> {
    verify_at(chain, roots, OffsetDateTime::now_utc())
}

fn verify_at(chain: &str, roots: &str, now: OffsetDateTime) -> Result<Verified, Error> {
    let (chain, roots) = (pem::certificates(chain)?, pem::certificates(roots)?);
    let chain: Vec<_> = chain.iter().map(|block| parse(&block.der)).collect::<Result<_, _>>()?;
    let roots: Vec<_> = roots.iter().map(|block| parse(&block.der)).collect::<Result<_, _>>()?;
    let path = path(&chain, &roots)?;
    for certificate in &path {
        check_time(certificate, now)?;
        check_extensions(certificate)?;
    }
    for (beneath, pair) in path.windows(2).enumerate() {
        check_issued(pair[0], pair[1], beneath)?;
    }
    let end = path.iter().map(|certificate| certificate.validity().not_after.to_datetime()).min();
    Ok(Verified {
        path: path.iter().map(|certificate| certificate.subject().to_string()).collect(),
        valid_until: end.map(inspect::rfc3339).unwrap_or_default(),
    })
}

/// From the first certificate through its issuers, as the chain has them, to the first that is a root or has a root above it.
fn path<'a, 'b>(
    chain: &'b [X509Certificate<'a>],
    roots: &'b [X509Certificate<'a>],
) -> Result<Vec<&'b X509Certificate<'a>>, Error> {
    let mut path = Vec::new();
    for (at, certificate) in chain.iter().enumerate() {
        path.push(certificate);
        if roots.iter().any(|root| root.as_raw() == certificate.as_raw()) {
            return Ok(path);
        }
        let is_issuer = |root: &&X509Certificate<'_>| {
            issued(certificate, root) && certificate.verify_signature(Some(root.public_key())).is_ok()
        };
        if let Some(root) = roots.iter().find(is_issuer) {
            return Ok(path.into_iter().chain(iter::once(root)).collect());
        }
        if chain.get(at + 1).is_none_or(|next| !issued(certificate, next)) {
            return Err(broken(certificate, roots));
        }
    }
    Err(Error::Missing { expected: "a certificate", found: "no PEM block".to_owned() })
}

/// Whether `upper` is named as the issuer of `lower`.
fn issued(lower: &X509Certificate<'_>, upper: &X509Certificate<'_>) -> bool {
    lower.issuer().as_raw() == upper.subject().as_raw()
}

/// Why the chain ends here: what was expected above, and what there is.
fn broken(certificate: &X509Certificate<'_>, roots: &[X509Certificate<'_>]) -> Error {
    let issuer = certificate.issuer();
    let reason = if roots.iter().any(|root| issued(certificate, root)) {
        format!("the root has the right name, `{issuer}`, but another key")
    } else {
        let known: Vec<_> = roots.iter().map(|root| format!("`{}`", root.subject())).collect();
        format!("its issuer `{issuer}` is neither next in the chain nor a root; roots are {}", known.join(", "))
    };
    Error::Untrusted { subject: certificate.subject().to_string(), reason }
}

/// Check that `upper` issued `lower` and may do so with so many authorities between itself and the chain's first certificate.
fn check_issued(lower: &X509Certificate<'_>, upper: &X509Certificate<'_>, beneath: usize) -> Result<(), Error> {
    check_authority(upper)?;
    lower.verify_signature(Some(upper.public_key())).map_err(|_| Error::Untrusted {
        subject: lower.subject().to_string(),
        reason: format!("its signature was not made with the key of `{}`", upper.subject()),
    })?; // the parser's error says no more than that
    let subject = || upper.subject().to_string();
    let wanted = u32::try_from(beneath).unwrap_or(u32::MAX);
    match inspect::describe(upper).path_length {
        Some(allowed) if allowed < wanted => Err(Error::PathLength { subject: subject(), allowed, wanted }),
        _ => Ok(()),
    }
}

/// Check that the certificate may issue others.
pub(crate) fn check_authority(certificate: &X509Certificate<'_>) -> Result<(), Error> {
    let not = |reason: &str| {
        Err(Error::NotAuthority { subject: certificate.subject().to_string(), reason: reason.to_owned() })
    };
    let constraints = certificate.basic_constraints().map_err(Error::Certificate)?;
    if constraints.is_none_or(|constraints| !constraints.value.ca) {
        return not("its basic constraints do not say `CA:TRUE`");
    }
    let usage = certificate.key_usage().map_err(Error::Certificate)?;
    if usage.is_some_and(|usage| !usage.value.key_cert_sign()) {
        return not("its key usage has no `Certificate Sign`");
    }
    Ok(())
}

/// Check that the certificate is valid at this time.
pub(crate) fn check_time(certificate: &X509Certificate<'_>, now: OffsetDateTime) -> Result<(), Error> {
    let subject = || certificate.subject().to_string();
    let (begin, end) =
        (certificate.validity().not_before.to_datetime(), certificate.validity().not_after.to_datetime());
    if now < begin {
        return Err(Error::NotYetValid { subject: subject(), at: inspect::rfc3339(begin) });
    }
    if now > end { Err(Error::Expired { subject: subject(), at: inspect::rfc3339(end) }) } else { Ok(()) }
}

/// Refuse what is marked critical and not understood here, as RFC 5280 asks.
fn check_extensions(certificate: &X509Certificate<'_>) -> Result<(), Error> {
    let known = |extension: &ParsedExtension<'_>| {
        matches!(
            extension,
            ParsedExtension::BasicConstraints(_)
                | ParsedExtension::KeyUsage(_)
                | ParsedExtension::ExtendedKeyUsage(_)
                | ParsedExtension::SubjectAlternativeName(_)
                | ParsedExtension::SubjectKeyIdentifier(_)
                | ParsedExtension::AuthorityKeyIdentifier(_)
        )
    };
    let strange =
        certificate.extensions().iter().find(|extension| extension.critical && !known(extension.parsed_extension()));
    strange.map_or(Ok(()), |extension| {
        Err(Error::Extension { subject: certificate.subject().to_string(), oid: extension.oid.to_string() })
    })
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;
    use crate::{AuthorityOptions, CertificateOptions, certificate, intermediate, root};

    fn default() -> AuthorityOptions {
        AuthorityOptions::default()
    }

    fn error(chain: &str, roots: &str, now: OffsetDateTime) -> String {
        verify_at(chain, roots, now).unwrap_err().to_string()
    }

    #[test]
    fn a_chain_leads_to_its_root_and_to_no_other() {
        let (ours, theirs) = (root(&default()).unwrap(), root(&default()).unwrap());
        let other = root(&AuthorityOptions { common_name: Some("Other".into()), ..default() }).unwrap();
        let cluster = intermediate(&ours, "cluster1", &default()).unwrap();
        let options = CertificateOptions { names: vec!["a.example".into()], ..CertificateOptions::default() };
        let leaf = certificate(&cluster, &options).unwrap();
        let path = ["O=Istio, CN=a.example", "O=Istio, CN=Intermediate CA, L=cluster1", "O=Istio, CN=Root CA"];
        assert_eq!(verify(&leaf.chain_pem, &leaf.root_pem).unwrap().path, path);
        assert_eq!(verify(&cluster.chain_pem, &ours.cert_pem).unwrap().path, path[1..]);
        assert_eq!(verify(&ours.cert_pem, &ours.cert_pem).unwrap().path, path[2..]);
        let both = format!("{}{}", theirs.cert_pem, ours.cert_pem);
        assert_eq!(verify(&leaf.chain_pem, &both).unwrap().path, path);
        let now = OffsetDateTime::now_utc();
        assert_eq!(
            error(&leaf.chain_pem, &theirs.cert_pem, now),
            "the certificate `O=Istio, CN=Intermediate CA, L=cluster1` is not trusted: the root has the right name, `O=Istio, CN=Root CA`, but another key"
        );
        assert_eq!(
            error(&leaf.cert_pem, &other.cert_pem, now),
            "the certificate `O=Istio, CN=a.example` is not trusted: its issuer `O=Istio, CN=Intermediate CA, L=cluster1` is neither next in the chain nor a root; roots are `O=Istio, CN=Other`"
        );
    }

    #[test]
    fn a_certificate_of_the_right_name_but_of_another_key_breaks_the_chain() {
        let ours = root(&default()).unwrap();
        let (real, twin) =
            (intermediate(&ours, "a", &default()).unwrap(), intermediate(&ours, "a", &default()).unwrap());
        let leaf = certificate(&real, &CertificateOptions::default()).unwrap();
        let forged = format!("{}{}", leaf.cert_pem, twin.cert_pem);
        assert_eq!(
            error(&forged, &ours.cert_pem, OffsetDateTime::now_utc()),
            "the certificate `O=Istio` is not trusted: its signature was not made with the key of `O=Istio, CN=Intermediate CA, L=a`"
        );
    }

    #[test]
    fn time_and_the_right_to_issue_are_checked() {
        let ours = root(&default()).unwrap();
        let now = OffsetDateTime::now_utc();
        assert!(error(&ours.cert_pem, &ours.cert_pem, now + Duration::days(3651)).contains("expired at 20"));
        assert!(error(&ours.cert_pem, &ours.cert_pem, now - Duration::hours(1)).contains("is not valid before"));
        let cluster = intermediate(&ours, "a", &default()).unwrap();
        assert!(matches!(
            intermediate(&cluster, "b", &default()),
            Err(Error::PathLength { allowed: 0, wanted: 1, .. })
        ));
        let wide = intermediate(&ours, "a", &AuthorityOptions { path_length: Some(1), ..default() }).unwrap();
        let beneath = intermediate(&wide, "b", &default()).unwrap();
        assert_eq!(verify(&beneath.chain_pem, &ours.cert_pem).unwrap().path.len(), 3);
    }
}
