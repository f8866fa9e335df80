//! What is common to everything that is issued: subject, validity, serial number, names. Decides only.

use std::net::IpAddr;

use meshrun_terms::Timeout;
use rand::Rng;
use rcgen::{CertificateParams, DistinguishedName, DnType, SanType, SerialNumber};
use time::{Duration, OffsetDateTime};

use crate::Error;

/// Certificates begin a little in the past, so that a machine whose clock is behind takes them at once.
const BEFORE: Duration = Duration::minutes(5);

/// What a certificate says of its owner, in the order of Istio's guide.
pub(crate) struct Subject<'a> {
    pub organization: Option<&'a str>,
    pub common_name: Option<&'a str>,
    pub locality: Option<&'a str>,
}

/// A certificate with this subject and these names, valid from about now on, with a serial number of its own.
pub(crate) fn parameters(
    subject: &Subject<'_>,
    names: &[String],
    validity: Timeout,
) -> Result<CertificateParams, Error> {
    let (not_before, not_after) = period(OffsetDateTime::now_utc(), validity)?;
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = distinguished_name(subject);
    parameters.subject_alt_names = names.iter().map(|name| alternative_name(name)).collect::<Result<_, _>>()?;
    parameters.serial_number = Some(serial_number());
    parameters.not_before = not_before;
    parameters.not_after = not_after;
    Ok(parameters)
}

fn distinguished_name(subject: &Subject<'_>) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    let entries = [
        (DnType::OrganizationName, subject.organization),
        (DnType::CommonName, subject.common_name),
        (DnType::LocalityName, subject.locality),
    ];
    for (kind, value) in entries {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            name.push(kind, value);
        }
    }
    name
}

/// A serial number that nothing else has: 127 random bits. Envoy and Go refuse two certificates of one issuer with the
/// same number, and istiod's users have met that (istio #39987).
fn serial_number() -> SerialNumber {
    let mut bytes: [u8; 16] = rand::rng().random();
    bytes[0] = (bytes[0] & 0x7f) | 0x40; // positive, and always of full length
    SerialNumber::from_slice(&bytes)
}

fn period(now: OffsetDateTime, validity: Timeout) -> Result<(OffsetDateTime, OffsetDateTime), Error> {
    let wrong = || Error::Validity(validity);
    let length = Duration::try_from(validity.duration()).map_err(|_| wrong())?; // it is too long: the error says so
    let begin = now.replace_nanosecond(0).unwrap_or(now) - BEFORE; // 0 is a nanosecond of every time
    let end = begin.checked_add(length).ok_or_else(wrong)?;
    if length < Duration::SECOND || end.year() >= 9999 { Err(wrong()) } else { Ok((begin, end)) }
}

/// An address, a URI or a DNS name.
fn alternative_name(name: &str) -> Result<SanType, Error> {
    let wrong = || Error::Name(name.to_owned());
    if let Ok(address) = name.parse::<IpAddr>() {
        return Ok(SanType::IpAddress(address));
    }
    if let Some((scheme, rest)) = name.split_once("://") {
        let good = !scheme.is_empty() && !rest.is_empty() && name.chars().all(|c| c.is_ascii_graphic());
        return if good { Ok(SanType::URI(name.try_into().map_err(|_| wrong())?)) } else { Err(wrong()) }; // only ASCII gets here
    }
    if is_dns_name(name) { Ok(SanType::DnsName(name.try_into().map_err(|_| wrong())?)) } else { Err(wrong()) } // only ASCII gets here
}

fn is_dns_name(name: &str) -> bool {
    let labels = name.strip_prefix("*.").unwrap_or(name);
    let known = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    name.len() <= 253 && labels.split('.').all(|label| (1..=63).contains(&label.len()) && label.chars().all(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        let kinds = ["10.0.0.1", "::1", "spiffe://cluster.local/ns/a/sa/b", "*.example.com", "localhost"]
            .map(|name| format!("{:?}", alternative_name(name).unwrap()).split('(').next().unwrap().to_owned());
        assert_eq!(kinds, ["IpAddress", "IpAddress", "URI", "DnsName", "DnsName"]);
        for bad in ["", "a b", "a..b", "ä.de", "://x", "a.*.b", "x://ä"] {
            assert!(alternative_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_period_is_as_long_as_asked_and_begins_in_the_past() {
        let now = OffsetDateTime::from_unix_timestamp(1_700_000_000).unwrap();
        let (begin, end) = period(now, "3650d".parse().unwrap()).unwrap();
        assert_eq!(begin, now - Duration::minutes(5));
        assert_eq!(end - begin, Duration::days(3650));
        for bad in ["0s", "999ms", "2920000d", "9999999999d"] {
            assert!(period(now, bad.parse().unwrap()).is_err(), "{bad}");
        }
    }

    #[test]
    fn serial_numbers_are_positive_and_differ() {
        let numbers: Vec<_> = (0..100).map(|_| serial_number().to_bytes()).collect();
        assert!(numbers.iter().all(|number| number.len() == 16 && (0x40..0x80).contains(&number[0])));
        let mut unique = numbers.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), 100);
    }
}
