//! Private keys: made, read, and told apart.

use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_RSA_SHA256, PublicKeyData, RsaKeySize};
use x509_parser::{
    oid_registry::{OID_EC_P256, OID_NIST_EC_P384, OID_NIST_EC_P521, OID_SIG_ED25519},
    prelude::FromDer,
    public_key::PublicKey,
    x509::SubjectPublicKeyInfo,
};

use crate::{Error, KeyType, pem};

/// Make a key.
pub(crate) fn generate(kind: KeyType) -> Result<KeyPair, Error> {
    let made = match kind {
        KeyType::EcdsaP256 => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256),
        KeyType::EcdsaP384 => KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384),
        KeyType::Rsa2048 => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048),
        KeyType::Rsa4096 => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_4096),
    };
    made.map_err(|source| Error::Generate { what: format!("a key of type {kind}"), source })
}

/// Read the first private key of a PEM text, whether PKCS#8, PKCS#1 or SEC1.
pub(crate) fn read(text: &str) -> Result<KeyPair, Error> {
    KeyPair::try_from(pem::private_key(text)?.der).map_err(Error::Key)
}

/// The type of a key in words, as [`KeyType`] writes it where it knows it: `ecdsa-p256`, `rsa-3072`.
pub(crate) fn describe(key: &KeyPair) -> Result<String, Error> {
    let der = key.subject_public_key_info();
    let (_, info) =
        SubjectPublicKeyInfo::from_der(&der).map_err(|error| Error::Certificate(crate::inspect::x509(error)))?;
    Ok(describe_public(&info))
}

/// The type of a public key in words.
pub(crate) fn describe_public(info: &SubjectPublicKeyInfo<'_>) -> String {
    let curve = info.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok()); // no curve: no EC key
    match info.parsed() {
        Ok(PublicKey::RSA(rsa)) => format!("rsa-{}", rsa.key_size()),
        Ok(PublicKey::EC(_)) => match curve {
            Some(curve) if curve == OID_EC_P256 => "ecdsa-p256".to_owned(),
            Some(curve) if curve == OID_NIST_EC_P384 => "ecdsa-p384".to_owned(),
            Some(curve) if curve == OID_NIST_EC_P521 => "ecdsa-p521".to_owned(),
            Some(curve) => format!("ecdsa-{curve}"),
            None => "ecdsa".to_owned(),
        },
        _ if info.algorithm.algorithm == OID_SIG_ED25519 => "ed25519".to_owned(),
        _ => info.algorithm.algorithm.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_made_and_read_back_as_what_they_are() {
        for kind in [KeyType::EcdsaP256, KeyType::EcdsaP384, KeyType::Rsa2048] {
            let key = generate(kind).unwrap();
            let back = read(&key.serialize_pem()).unwrap();
            assert_eq!(back.public_key_raw(), key.public_key_raw());
            assert_eq!(describe(&back).unwrap(), kind.to_string());
        }
    }
}
