//! The tokens of service accounts: JSON web tokens that the cluster signs and believes.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{object, store::Store, user::User};
use crate::Error;

/// Who has issued a token.
pub(super) const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";

/// The key that signs.
pub struct TokenKey(EcdsaKeyPair);

/// What a token is for.
#[derive(Debug, Clone, Default)]
pub struct TokenRequest {
    /// Whom it is for; the API server itself when empty.
    pub audiences: Vec<String>,
    /// How many seconds it is good for; for ever when absent.
    pub expiration: Option<i64>,
    /// The secret, pod or node without which it is not good: kind, name, uid.
    pub bound_to: Option<(String, String, String)>,
}

impl TokenKey {
    pub(super) fn create() -> Result<Self, Error> {
        let made = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING);
        made.map(Self).map_err(|source| Error::Certificate { source: Box::new(source) })
    }

    /// A token for a service account.
    pub(super) fn issue(&self, account: &Value, request: &TokenRequest) -> Result<String, Error> {
        let now = jiff::Timestamp::now().as_second();
        let (namespace, name) = (object::namespace(account).unwrap_or_default(), object::name(account));
        let mut kubernetes = json!({
            "namespace": namespace,
            "serviceaccount": { "name": name, "uid": account["metadata"]["uid"] },
        });
        if let Some((kind, name, uid)) = &request.bound_to {
            kubernetes[kind.to_lowercase()] = json!({ "name": name, "uid": uid });
        }
        let audiences = if request.audiences.is_empty() { vec![ISSUER.to_owned()] } else { request.audiences.clone() };
        let mut claims = json!({
            "iss": ISSUER, "aud": audiences, "iat": now, "nbf": now,
            "sub": format!("system:serviceaccount:{namespace}:{name}"), "kubernetes.io": kubernetes,
        });
        if let Some(seconds) = request.expiration {
            claims["exp"] = json!(now + seconds);
        }
        let head = json!({ "alg": "ES256", "kid": "simulated" });
        let text = format!("{}.{}", encode(&head), encode(&claims));
        let signature = self.0.sign(&SystemRandom::new(), text.as_bytes());
        let signature = signature.map_err(|source| Error::Certificate { source: Box::new(source) })?;
        Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// Whose token it is, if it is good for one of the audiences: signed here, not expired, and account and what it is bound to are still there.
    pub(super) fn user(&self, store: &Store, token: &str, audiences: &[String]) -> Option<User> {
        let claims = self.claims(token)?;
        if claims["exp"].as_i64().is_some_and(|end| end < jiff::Timestamp::now().as_second()) {
            return None;
        }
        let allowed =
            |audience: &Value| audience.as_str().is_some_and(|one| audiences.iter().any(|other| other == one));
        if !claims["aud"].as_array().is_some_and(|all| all.iter().any(allowed)) {
            return None;
        }
        let bound = &claims["kubernetes.io"];
        let namespace = bound["namespace"].as_str()?;
        let is_there = |kind: &str, key: &str| match bound.get(key) {
            None => true,
            Some(wanted) => {
                let name = wanted["name"].as_str().unwrap_or_default();
                let namespace = (kind != "Node").then_some(namespace);
                store
                    .get(("v1", kind), namespace, name)
                    .is_some_and(|object| object["metadata"]["uid"] == wanted["uid"])
            }
        };
        let all = [("ServiceAccount", "serviceaccount"), ("Secret", "secret"), ("Pod", "pod")];
        if !all.iter().all(|(kind, key)| is_there(kind, key)) {
            return None;
        }
        let mut user = User::service_account(namespace, bound["serviceaccount"]["name"].as_str()?);
        user.uid = object::text(bound, "/serviceaccount/uid").to_owned();
        for (key, extra) in [("name", "pod-name"), ("uid", "pod-uid")] {
            if let Some(value) = bound["pod"][key].as_str() {
                user.extra.insert(format!("authentication.kubernetes.io/{extra}"), vec![value.to_owned()]);
            }
        }
        Some(user)
    }

    fn claims(&self, token: &str) -> Option<Value> {
        let (text, signature) = token.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?; // what is no base64 is no token
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.0.public_key().as_ref());
        key.verify(text.as_bytes(), &signature).ok()?; // nor is what was signed by another
        let claims = URL_SAFE_NO_PAD.decode(text.rsplit_once('.')?.1).ok()?; // signed here, so well-formed
        serde_json::from_slice(&claims).ok() // the same
    }
}

/// Whose token it is, if a secret of a service account holds it: the key that signed the tokens of a cluster that was taken over is not known, but
/// what its token controller has put into such a secret is good.
pub(super) fn kept(store: &Store, token: &str) -> Option<User> {
    let encoded = base64::engine::general_purpose::STANDARD.encode(token);
    let holds = |secret: &&super::Object| {
        secret["type"] == "kubernetes.io/service-account-token" && secret["data"]["token"] == encoded.as_str()
    };
    let secret = store.list(("v1", "Secret"), None).iter().find(holds).cloned()?;
    let namespace = object::namespace(&secret)?;
    let name = object::text(&secret, "/metadata/annotations/kubernetes.io~1service-account.name");
    let account = store.get(("v1", "ServiceAccount"), Some(namespace), name)?;
    let mut user = User::service_account(namespace, name);
    user.uid = object::text(&account, "/metadata/uid").to_owned();
    Some(user)
}

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_as_long_as_its_account_is_there() {
        let store = Store::new("1");
        let account =
            json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": "a", "namespace": "n" } });
        let account = store.create(account).unwrap();
        let key = TokenKey::create().unwrap();
        let token = key.issue(&account, &TokenRequest::default()).unwrap();
        let audiences = [ISSUER.to_owned()];
        assert_eq!(key.user(&store, &token, &audiences).unwrap().name, "system:serviceaccount:n:a");
        assert!(key.user(&store, &token, &["other".to_owned()]).is_none());
        assert!(TokenKey::create().unwrap().user(&store, &token, &audiences).is_none());
        let expired = TokenRequest { expiration: Some(-10), ..TokenRequest::default() };
        assert!(key.user(&store, &key.issue(&account, &expired).unwrap(), &audiences).is_none());
        store.delete(("v1", "ServiceAccount"), Some("n"), "a").unwrap();
        assert!(key.user(&store, &token, &audiences).is_none());
    }
}
