//! Service accounts: the tokens in secrets that ask for them.

use serde_json::{Value, json};

use super::{
    Context,
    object::{SECRET, SERVICE_ACCOUNT, annotation, is_going, name, namespace, text, uid},
};
use crate::kube::TokenRequest;

const TOKEN: &str = "kubernetes.io/service-account-token";
const ACCOUNT: &str = "kubernetes.io/service-account.name";
const ACCOUNT_UID: &str = "kubernetes.io/service-account.uid";

/// One step of every secret that asks for a token.
pub fn step(context: &Context<'_>) {
    for secret in context.list(SECRET, None) {
        if text(&secret, "/type") == TOKEN && !is_going(&secret) {
            fill(context, &secret);
        }
    }
}

fn fill(context: &Context<'_>, secret: &Value) {
    let Some(account) = annotation(secret, ACCOUNT) else { return };
    let Some(account) = context.get(SERVICE_ACCOUNT, namespace(secret), account) else {
        if secret.pointer("/data/token").is_some() {
            context.delete(SECRET, secret);
        }
        return;
    };
    if secret.pointer("/data/token").is_some() && annotation(secret, ACCOUNT_UID) == Some(uid(&account)) {
        return;
    }
    let request = TokenRequest {
        bound_to: Some(("Secret".to_owned(), name(secret).to_owned(), uid(secret).to_owned())),
        ..TokenRequest::default()
    };
    // The account was there a moment ago; when it is gone the next step deletes the secret.
    let Ok(token) = context.cluster.issue_token(namespace(secret), name(&account), &request) else { return };
    let encode = super::istiod::encode;
    let (authority, account_uid) = (encode(context.cluster.root_pem().as_bytes()), uid(&account).to_owned());
    context.modify(SECRET, secret, |one| {
        one["metadata"]["annotations"][ACCOUNT_UID] = json!(account_uid);
        one["data"] = json!({
            "ca.crt": authority, "namespace": encode(namespace(secret).as_bytes()), "token": encode(token.as_bytes()),
        });
    });
}
