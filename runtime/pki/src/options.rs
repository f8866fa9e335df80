//! What an authority or a certificate is asked to be. What is left out is as Istio's guide has it.

use std::{fmt, str::FromStr};

use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The kind of a key, and with it of the signatures made with it (SHA-256; SHA-384 for P-384).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum KeyType {
    /// ECDSA on P-256: made in less than a millisecond.
    #[default]
    #[serde(rename = "ecdsa-p256")]
    EcdsaP256,
    /// ECDSA on P-384.
    #[serde(rename = "ecdsa-p384")]
    EcdsaP384,
    /// RSA with 2048 bits.
    #[serde(rename = "rsa-2048")]
    Rsa2048,
    /// RSA with 4096 bits, as in Istio's guide; takes a second or several to make.
    #[serde(rename = "rsa-4096")]
    Rsa4096,
}

impl KeyType {
    const ALL: [Self; 4] = [Self::EcdsaP256, Self::EcdsaP384, Self::Rsa2048, Self::Rsa4096];

    /// Whether it is one of the RSA types.
    pub fn is_rsa(self) -> bool {
        matches!(self, Self::Rsa2048 | Self::Rsa4096)
    }
}

impl fmt::Display for KeyType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::EcdsaP256 => "ecdsa-p256",
            Self::EcdsaP384 => "ecdsa-p384",
            Self::Rsa2048 => "rsa-2048",
            Self::Rsa4096 => "rsa-4096",
        })
    }
}

impl FromStr for KeyType {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|key| key.to_string() == text)
            .ok_or_else(|| format!("expected one of ecdsa-p256, ecdsa-p384, rsa-2048, rsa-4096, found `{text}`"))
    }
}

/// How an authority is to be. An authority that is kept in a folder is compared with what is given here, not with the
/// defaults.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AuthorityOptions {
    /// The subject's common name; by default `Root CA` or `Intermediate CA`.
    pub common_name: Option<String>,
    /// The subject's organization; by default `Istio`.
    pub organization: Option<String>,
    /// The kind of key; by default `ecdsa-p256`.
    pub key_type: Option<KeyType>,
    /// How long it is valid; by default `3650d`.
    pub validity: Option<Timeout>,
    /// How many authorities may follow beneath it in a chain; by default any number for a root, 0 for an intermediate.
    pub path_length: Option<u8>,
    /// Subject alternative names: DNS names, addresses or URIs; by default `istiod.istio-system.svc` for an
    /// intermediate, none for a root.
    pub names: Option<Vec<String>>,
}

/// What a certificate may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Usage {
    /// To be a TLS server.
    Server,
    /// To be a TLS client.
    Client,
}

/// How a certificate that is no authority is to be.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CertificateOptions {
    /// The subject's common name; by default the first DNS name, when it is at most 64 characters long.
    pub common_name: Option<String>,
    /// The subject's organization; by default `Istio`.
    pub organization: Option<String>,
    /// Subject alternative names: DNS names, also with a leading `*.`, IP addresses, or URIs such as
    /// `spiffe://cluster.local/ns/default/sa/sleep`.
    pub names: Vec<String>,
    /// What it may be used for: `server`, `client`; by default both.
    pub usages: Option<Vec<Usage>>,
    /// The kind of key; by default `ecdsa-p256`.
    pub key_type: Option<KeyType>,
    /// How long it is valid; by default `365d`.
    pub validity: Option<Timeout>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_types_are_written_the_same_everywhere() {
        for key in KeyType::ALL {
            assert_eq!(serde_json::to_value(key).unwrap(), key.to_string());
            assert_eq!(key.to_string().parse(), Ok(key));
        }
        assert!("rsa".parse::<KeyType>().unwrap_err().contains("rsa-4096"));
    }
}
