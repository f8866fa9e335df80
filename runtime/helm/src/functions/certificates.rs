//! Private keys and certificates, made anew with every rendering, as in Helm.

use rand::Rng;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PKCS_RSA_SHA256, RsaKeySize, SanType, SerialNumber,
};
use time::{Duration, OffsetDateTime};

use super::{
    ANY, INT, TEXT,
    arguments::{elements, int, text},
    encoding::{decode64, encode64},
    fixed,
};
use crate::template::{
    function::Function,
    object::{Field, Object, Struct},
    print,
    value::Value,
};

const CERTIFICATE: &str = "sprig.certificate";

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("genPrivateKey", &[TEXT], |_, a| Ok(Value::text(private_key(&text(&a[0])).unwrap_or_else(|error| error)))),
    fixed("genCA", &[TEXT, INT], |_, a| authority(a, rsa_key(RsaKeySize::_2048)?)),
    fixed("genCAWithKey", &[TEXT, INT, TEXT], |_, a| authority(a, given_key(&a[2])?)),
    fixed("genSelfSignedCert", &[TEXT, ANY, ANY, INT], |_, a| self_signed(a, rsa_key(RsaKeySize::_2048)?)),
    fixed("genSelfSignedCertWithKey", &[TEXT, ANY, ANY, INT, TEXT], |_, a| self_signed(a, given_key(&a[4])?)),
    fixed("genSignedCert", &[TEXT, ANY, ANY, INT, ANY], |_, a| signed(a, rsa_key(RsaKeySize::_2048)?)),
    fixed("genSignedCertWithKey", &[TEXT, ANY, ANY, INT, ANY, TEXT], |_, a| signed(a, given_key(&a[5])?)),
    fixed("buildCustomCert", &[TEXT, TEXT], |_, a| custom(&text(&a[0]), &text(&a[1]))),
];

/// What comes before the key in an Ed25519 key's PKCS#8 structure.
const ED25519_HEAD: &[u8] = &[0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22];

/// A key and its PEM text.
struct Key {
    pair: KeyPair,
    pem: String,
}

fn certificate(cert: String, key: String) -> Value {
    let field = |name, text: String| Field::new(name, name, false, Value::text(text));
    let fields = vec![field("Cert", cert), field("Key", key)];
    Value::Object(
        Object::Struct(Struct { go_type: CERTIFICATE, pointer: false, fields, embedded: 0, text: None }).into(),
    )
}

fn rsa_key(size: RsaKeySize) -> Result<Key, String> {
    let pair = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, size)
        .map_err(|error| format!("error generating rsa key: {error}"))?;
    let pem = key_pem(&pair)?;
    Ok(Key { pair, pem })
}

fn private_key(kind: &str) -> Result<String, String> {
    let failed = |error: rcgen::Error| format!("failed to generate private key: {error}");
    let pair = match kind {
        "" | "rsa" => return rsa_key(RsaKeySize::_4096).map(|key| key.pem),
        "ecdsa" => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(failed)?,
        "ed25519" => KeyPair::generate_for(&PKCS_ED25519).map_err(failed)?,
        "dsa" => return Err("failed to generate private key: keys of type dsa are not supported".into()),
        other => return Err(format!("Unknown type {other}")),
    };
    key_pem(&pair)
}

/// A key in the form that Go writes: RSA in PKCS#1, ECDSA in SEC1, the rest in PKCS#8.
fn key_pem(pair: &KeyPair) -> Result<String, String> {
    let der = pair.serialize_der();
    let inner = inner_key(&der).ok_or("the private key has an unknown form")?;
    Ok(match pair.is_compatible(&PKCS_RSA_SHA256) {
        true => pem("RSA PRIVATE KEY", inner),
        false if pair.is_compatible(&PKCS_ECDSA_P256_SHA256) => pem("EC PRIVATE KEY", &sec1(inner, pair)),
        // Without the public key, which newer forms add.
        false if pair.is_compatible(&PKCS_ED25519) => pem("PRIVATE KEY", &[ED25519_HEAD, inner].concat()),
        false => pem("PRIVATE KEY", &der),
    })
}

/// An element of DER: its tag, its contents, and what follows it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (contents, rest) = rest.split_at_checked(length)?;
    Some((tag, contents, rest))
}

/// The key inside a PKCS#8 structure.
fn inner_key(der: &[u8]) -> Option<&[u8]> {
    let (_, body, _) = element(der)?;
    let (_, _version, rest) = element(body)?;
    let (_, _algorithm, rest) = element(rest)?;
    let (tag, key, _) = element(rest)?;
    (tag == 4).then_some(key)
}

/// An ECDSA key on P-256 with its curve and public key, as Go writes it.
fn sec1(inner: &[u8], pair: &KeyPair) -> Vec<u8> {
    const CURVE: [u8; 12] = [0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
    let secret = element(inner)
        .and_then(|(_, body, _)| element(body))
        .and_then(|(_, _version, rest)| element(rest))
        .map_or(&[][..], |(_, secret, _)| secret);
    let public = rcgen::PublicKeyData::der_bytes(pair);
    let mut body = vec![0x02, 0x01, 0x01, 0x04, secret.len() as u8];
    body.extend_from_slice(secret);
    body.extend_from_slice(&CURVE);
    body.extend_from_slice(&[0xa1, public.len() as u8 + 3, 0x03, public.len() as u8 + 1, 0x00]);
    body.extend_from_slice(public);
    [&[0x30, body.len() as u8], body.as_slice()].concat()
}

fn pem(label: &str, der: &[u8]) -> String {
    let encoded = encode64(der);
    let mut out = format!("-----BEGIN {label}-----\n");
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        out.push_str(line);
        out.push('\n');
        rest = after;
    }
    out + &format!("-----END {label}-----\n")
}

/// The first block of a PEM text: its label and contents.
fn block(text: &str) -> Option<(String, Vec<u8>)> {
    let (_, rest) = text.split_once("-----BEGIN ")?;
    let (label, rest) = rest.split_once("-----")?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let body: String = body.split_whitespace().collect();
    Some((label.to_owned(), decode64(body.as_bytes()).ok()?))
}

fn read_key(text: &str) -> Result<Key, String> {
    let (label, der) = block(text).ok_or("no PEM data in input")?;
    if !label.ends_with("PRIVATE KEY") {
        return Err(format!("no private key data in PEM block of type {label}"));
    }
    let pair = KeyPair::try_from(der.clone()).map_err(|error| error.to_string())?;
    let pem = if label == "PRIVATE KEY" { key_pem(&pair)? } else { pem(&label, &der) };
    Ok(Key { pair, pem })
}

fn given_key(value: &Value) -> Result<Key, String> {
    read_key(&text(value)).map_err(|error| format!("parsing private key: {error}"))
}

/// Subject, validity, serial number, addresses and names that all certificates here have.
fn base(name: &str, days: i64) -> Result<CertificateParams, String> {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    let now = OffsetDateTime::now_utc();
    let end = now.checked_add(Duration::days(days)).filter(|end| end.year() < 9999);
    params.not_before = now;
    params.not_after = end.ok_or_else(|| format!("a certificate cannot be valid for {days} days"))?;
    let mut serial: [u8; 16] = rand::rng().random();
    serial[0] = serial[0] & 0x7f | 0x40;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params.is_ca = IsCa::ExplicitNoCa;
    Ok(params)
}

fn with_names(arguments: &[Value]) -> Result<CertificateParams, String> {
    let mut params = base(&text(&arguments[0]), int(&arguments[3]))?;
    for item in items(&arguments[1])? {
        let address = string(&item).map_err(|shown| format!("error parsing ip: {shown} is not a string"))?;
        let address = address.parse().map_err(|_| format!("error parsing ip: {address}"))?;
        params.subject_alt_names.push(SanType::IpAddress(address));
    }
    for item in items(&arguments[2])? {
        let name =
            string(&item).map_err(|shown| format!("error processing alternate dns name: {shown} is not a string"))?;
        let name = name.as_str().try_into().map_err(|error: rcgen::Error| error.to_string())?;
        params.subject_alt_names.push(SanType::DnsName(name));
    }
    Ok(params)
}

fn items(value: &Value) -> Result<Vec<Value>, String> {
    match value {
        Value::Nil => Ok(Vec::new()),
        Value::List(list) if list.is_boxed() => Ok(elements(value).unwrap_or_default()),
        other => Err(format!("wrong type for value; expected []interface {{}}; got {}", other.type_name())),
    }
}

fn string(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.to_string()),
        other => Err(String::from_utf8_lossy(&print::text(other)).into_owned()),
    }
}

fn authority(arguments: &[Value], key: Key) -> Result<Value, String> {
    let mut params = base(&text(&arguments[0]), int(&arguments[1]))?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages.push(KeyUsagePurpose::KeyCertSign);
    finish(&params, key)
}

fn self_signed(arguments: &[Value], key: Key) -> Result<Value, String> {
    finish(&with_names(arguments)?, key)
}

fn finish(params: &CertificateParams, key: Key) -> Result<Value, String> {
    let made = params.self_signed(&key.pair).map_err(|error| format!("error creating certificate: {error}"))?;
    Ok(certificate(pem("CERTIFICATE", made.der()), key.pem))
}

fn signed(arguments: &[Value], key: Key) -> Result<Value, String> {
    let wrong = |value: &Value| format!("wrong type for value; expected {CERTIFICATE}; got {}", value.type_name());
    let Value::Object(object) = &arguments[4] else {
        return Err(wrong(&arguments[4]));
    };
    let Object::Struct(Struct { go_type: CERTIFICATE, fields, .. }) = &**object else {
        return Err(wrong(&arguments[4]));
    };
    let (_, authority) = block(&text(&fields[0].value)).ok_or("unable to decode certificate")?;
    let authority_key =
        read_key(&text(&fields[1].value)).map_err(|error| format!("error parsing private key: {error}"))?;
    let issuer = Issuer::from_ca_cert_der(&authority.into(), authority_key.pair)
        .map_err(|error| format!("error parsing certificate: decodedSignerCert.Bytes: {error}"))?;
    let mut params = with_names(arguments)?;
    params.use_authority_key_identifier_extension = true;
    let made = params.signed_by(&key.pair, &issuer).map_err(|error| format!("error creating certificate: {error}"))?;
    Ok(certificate(pem("CERTIFICATE", made.der()), key.pem))
}

fn custom(cert: &str, key: &str) -> Result<Value, String> {
    let decoded = |text: &str, what: &str| {
        let bytes = decode64(text.as_bytes()).map_err(|_| format!("unable to decode base64 {what}"))?;
        Ok::<_, String>(String::from_utf8_lossy(&bytes).into_owned())
    };
    let (cert, key) = (decoded(cert, "certificate")?, decoded(key, "private key")?);
    if block(&cert).is_none() {
        return Err("unable to decode certificate".into());
    }
    read_key(&key).map_err(|error| format!("error parsing private key: {error}"))?;
    Ok(certificate(cert, key))
}
