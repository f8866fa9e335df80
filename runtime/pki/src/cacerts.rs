//! The files of the secret `cacerts`, which gives istiod its authority.

use meshrun_terms::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Authority, Error, verify};

/// The four files as Istio's guide composes them, under their names: the data of the secret `cacerts` in
/// `istio-system`. The secret must be there before istiod starts, otherwise istiod makes an authority of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CaCerts {
    /// The intermediate's certificate.
    #[serde(rename = "ca-cert.pem")]
    pub ca_cert: String,
    /// The intermediate's key.
    #[serde(rename = "ca-key.pem")]
    pub ca_key: Secret,
    /// The root's certificate.
    #[serde(rename = "root-cert.pem")]
    pub root_cert: String,
    /// The intermediate's certificate, then those above it up to the root.
    #[serde(rename = "cert-chain.pem")]
    pub cert_chain: String,
}

impl CaCerts {
    /// The files' names and texts, in the guide's order.
    pub fn files(&self) -> [(&'static str, &str); 4] {
        [
            ("ca-cert.pem", &self.ca_cert),
            ("ca-key.pem", self.ca_key.expose()),
            ("root-cert.pem", &self.root_cert),
            ("cert-chain.pem", &self.cert_chain),
        ]
    }
}

/// Compose the files of the secret `cacerts` for this intermediate authority.
///
/// # Errors
/// When the intermediate was not issued beneath this root, or has expired.
pub fn cacerts(intermediate: &Authority, root: &Authority) -> Result<CaCerts, Error> {
    verify(&intermediate.chain_pem, &root.root_pem)?;
    Ok(CaCerts {
        ca_cert: intermediate.cert_pem.clone(),
        ca_key: intermediate.key_pem.clone(),
        root_cert: root.root_pem.clone(),
        cert_chain: intermediate.chain_pem.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AuthorityOptions, intermediate, root};

    #[test]
    fn the_chain_is_the_intermediate_and_then_the_root() {
        let options = AuthorityOptions::default();
        let (root_a, root_b) = (root(&options).unwrap(), root(&options).unwrap());
        let cluster = intermediate(&root_a, "cluster1", &options).unwrap();
        let files = cacerts(&cluster, &root_a).unwrap();
        assert_eq!(files.root_cert, root_a.cert_pem);
        assert_eq!(files.cert_chain, format!("{}{}", cluster.cert_pem, root_a.cert_pem));
        assert_eq!(
            files.files().map(|(name, _)| name),
            ["ca-cert.pem", "ca-key.pem", "root-cert.pem", "cert-chain.pem"]
        );
        let keys: Vec<_> = serde_json::to_value(&files).unwrap().as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys.len(), 4);
        assert!(matches!(cacerts(&cluster, &root_b), Err(Error::Untrusted { .. })));
    }
}
