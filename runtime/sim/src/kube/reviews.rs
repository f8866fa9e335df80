//! Questions to the server that are objects: may I, whose token is this, give me one.

use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};

use super::{
    answer::{self, Answer},
    authorize::Act,
    call::{Call, Target},
    cluster::Cluster,
    object, objects,
    status::Status,
    token::{self, TokenRequest},
    user::User,
};

/// Answer, if it is one.
pub(super) fn answer(cluster: &Arc<Cluster>, call: &Call, target: &Target) -> Result<Option<Answer>, Status> {
    let is_review = matches!(target.group.as_str(), "authentication.k8s.io" | "authorization.k8s.io");
    let is_token = target.group.is_empty() && target.plural == "serviceaccounts" && target.subresource == "token";
    if !is_review && !is_token || call.method != Method::POST || target.version != "v1" {
        return Ok(None);
    }
    let mut review = objects::read(call)?;
    if !review.is_object() {
        return Err(Status::bad_request("the object provided is unrecognized: expected a map"));
    }
    match (target.plural.as_str(), is_token) {
        (_, true) => token_request(cluster, &mut review, target)?,
        ("tokenreviews", _) => token_review(cluster, &mut review),
        ("selfsubjectaccessreviews", _) => decide(cluster, &mut review, &call.user, None),
        ("subjectaccessreviews", _) => {
            let user = user_of(&review["spec"]);
            decide(cluster, &mut review, &user, None);
        }
        ("localsubjectaccessreviews", _) => {
            let user = user_of(&review["spec"]);
            decide(cluster, &mut review, &user, target.namespace.as_deref());
        }
        ("selfsubjectrulesreviews", _) => rules(cluster, &mut review, &call.user),
        _ => return Ok(None),
    }
    Ok(Some(answer::json(201, &review)))
}

fn user_of(spec: &Value) -> User {
    let groups: Vec<&str> = spec["groups"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    User::new(object::text(spec, "/user"), &groups)
}

fn decide(cluster: &Cluster, review: &mut Value, user: &User, namespace: Option<&str>) {
    let attributes = &review["spec"]["resourceAttributes"];
    let text = |key: &str| object::text(attributes, &format!("/{key}")).to_owned();
    let mut act = Act {
        verb: text("verb"),
        group: text("group"),
        resource: text("resource"),
        subresource: text("subresource"),
        namespace: namespace.map_or_else(|| text("namespace"), str::to_owned),
        name: text("name"),
        path: String::new(),
    };
    if let Some(other) = review["spec"].get("nonResourceAttributes").filter(|other| other.is_object()) {
        act = Act {
            verb: object::text(other, "/verb").into(),
            path: object::text(other, "/path").into(),
            ..Act::default()
        };
    }
    let allowed = cluster.allows(user, &act);
    object::map_mut(review).insert("status".to_owned(), json!({ "allowed": allowed }));
    if allowed {
        review["status"]["reason"] = "".into();
    }
}

fn rules(cluster: &Cluster, review: &mut Value, user: &User) {
    let namespace = object::text(review, "/spec/namespace").to_owned();
    let mut rules = cluster.rules(user, &namespace);
    if user.groups.iter().any(|group| group == "system:masters") {
        rules.push(json!({ "apiGroups": ["*"], "resources": ["*"], "verbs": ["*"] }));
        rules.push(json!({ "nonResourceURLs": ["*"], "verbs": ["*"] }));
    }
    let (of_paths, of_resources): (Vec<Value>, Vec<Value>) =
        rules.into_iter().partition(|rule| rule["nonResourceURLs"].is_array());
    let status = json!({ "resourceRules": of_resources, "nonResourceRules": of_paths, "incomplete": false });
    object::map_mut(review).insert("status".to_owned(), status);
}

fn token_review(cluster: &Cluster, review: &mut Value) {
    let audiences: Vec<String> = review["spec"]["audiences"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    let token = object::text(review, "/spec/token").to_owned();
    let status = match cluster.token_user(&token, &audiences) {
        None => {
            json!({ "user": {}, "error": "[invalid bearer token, square/go-jose: error in cryptographic primitive]" })
        }
        Some(user) => {
            let audiences = if audiences.is_empty() { vec![token::ISSUER.to_owned()] } else { audiences };
            let mut of = json!({ "username": user.name, "uid": user.uid, "groups": user.groups });
            if !user.extra.is_empty() {
                of["extra"] = json!(user.extra);
            }
            json!({ "authenticated": true, "audiences": audiences, "user": of })
        }
    };
    object::map_mut(review).insert("status".to_owned(), status);
}

fn token_request(cluster: &Cluster, review: &mut Value, target: &Target) -> Result<(), Status> {
    let (namespace, name) =
        (target.namespace.as_deref().unwrap_or_default(), target.name.as_deref().unwrap_or_default());
    let spec = &mut object::map_mut(review).entry("spec").or_insert_with(|| json!({}));
    let seconds = spec["expirationSeconds"].as_i64().unwrap_or(3600);
    if seconds < 600 {
        let cause = super::status::Cause {
            reason: "FieldValueInvalid",
            message: format!("Invalid value: {seconds}: may not specify a duration less than 10 minutes"),
            field: "spec.expirationSeconds".to_owned(),
        };
        return Err(Status::invalid("TokenRequest.authentication.k8s.io", name, &[cause]));
    }
    let audiences: Vec<String> =
        spec["audiences"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    let audiences = if audiences.is_empty() { vec![token::ISSUER.to_owned()] } else { audiences };
    let bound = spec.get("boundObjectRef").filter(|bound| bound.is_object()).map(|bound| {
        let text = |key: &str| object::text(bound, &format!("/{key}")).to_owned();
        (text("kind"), text("name"), text("uid"))
    });
    let request = TokenRequest { audiences: audiences.clone(), expiration: Some(seconds), bound_to: bound };
    let token = cluster.issue_token(namespace, name, &request)?;
    **spec = json!({ "audiences": audiences, "expirationSeconds": seconds, "boundObjectRef": spec["boundObjectRef"] });
    let end = jiff::Timestamp::now().checked_add(jiff::SignedDuration::from_secs(seconds));
    let end = end.map(object::at).unwrap_or_default();
    let map = object::map_mut(review);
    map.entry("kind").or_insert_with(|| "TokenRequest".into());
    map.entry("apiVersion").or_insert_with(|| "authentication.k8s.io/v1".into());
    map.insert(
        "metadata".to_owned(),
        json!({ "name": name, "namespace": namespace, "creationTimestamp": object::now() }),
    );
    map.insert("status".to_owned(), json!({ "token": token, "expirationTimestamp": end }));
    Ok(())
}
