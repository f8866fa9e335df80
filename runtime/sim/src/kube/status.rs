//! Why an API server refuses something, in the words and with the codes of a real one.

use serde_json::{Map, Value, json};

/// A refusal.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// The HTTP code.
    pub code: u16,
    /// The reason in one word: `NotFound`, `AlreadyExists`, `Conflict`, `Invalid` and so on.
    pub reason: String,
    /// The text for people.
    pub message: String,
    /// What it is about: `name`, `group`, `kind` and `causes`.
    pub details: Option<Value>,
}

/// One of several reasons why an object is invalid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// `FieldValueRequired`, `FieldValueInvalid` and so on.
    pub reason: &'static str,
    /// The text for people, without the field.
    pub message: String,
    /// `spec.ports[0].port`.
    pub field: String,
}

impl Status {
    /// Any refusal.
    pub fn new(code: u16, reason: &str, message: impl Into<String>) -> Self {
        Self { code, reason: reason.to_owned(), message: message.into(), details: None }
    }

    /// There is no such object. `resource` is the plural with its group: `deployments.apps`.
    #[must_use]
    pub fn not_found(resource: &str, name: &str) -> Self {
        Self::new(404, "NotFound", format!("{resource} \"{name}\" not found")).about(resource, name)
    }

    /// There is one of that name already.
    #[must_use]
    pub fn already_exists(resource: &str, name: &str) -> Self {
        Self::new(409, "AlreadyExists", format!("{resource} \"{name}\" already exists")).about(resource, name)
    }

    /// Somebody else has changed it meanwhile.
    #[must_use]
    pub fn conflict(resource: &str, name: &str) -> Self {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict_because(resource, name, why)
    }

    /// It cannot be done to the object as it is.
    #[must_use]
    pub fn conflict_because(resource: &str, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {resource} \"{name}\": {why}");
        Self::new(409, "Conflict", message).about(resource, name)
    }

    /// The object breaks rules. `kind` comes with its group: `Deployment.apps`.
    #[must_use]
    pub fn invalid(kind: &str, name: &str, causes: &[Cause]) -> Self {
        let texts: Vec<String> = causes.iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect();
        let text = match texts.as_slice() {
            [one] => one.clone(),
            all => format!("[{}]", all.join(", ")),
        };
        let mut status = Self::new(422, "Invalid", format!("{kind} \"{name}\" is invalid: {text}")).about(kind, name);
        status.set_causes(causes);
        status
    }

    /// The request makes no sense.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// The user may not do it.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(403, "Forbidden", message)
    }

    /// The simulator does not know how to do it.
    pub fn unknown(message: impl Into<String>) -> Self {
        Self::new(501, "NotImplemented", message)
    }

    /// The same, naming what it is about.
    #[must_use]
    pub fn about(mut self, resource: &str, name: &str) -> Self {
        let (kind, group) = resource.split_once('.').unwrap_or((resource, ""));
        let mut details = Map::new();
        for (key, value) in [("name", name), ("group", group), ("kind", kind)] {
            if !value.is_empty() {
                details.insert(key.to_owned(), value.into());
            }
        }
        self.details = Some(Value::Object(details));
        self
    }

    /// Add what is wrong in particular.
    pub fn set_causes(&mut self, causes: &[Cause]) {
        let causes: Vec<Value> = causes
            .iter()
            .map(|cause| {
                if cause.field.is_empty() {
                    return json!({ "reason": cause.reason, "message": cause.message });
                }
                json!({ "reason": cause.reason, "message": cause.message, "field": cause.field })
            })
            .collect();
        self.details.get_or_insert_with(|| json!({}))["causes"] = Value::Array(causes);
    }

    /// As the body of an answer.
    #[must_use]
    pub fn json(&self) -> Value {
        let mut body = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "reason": self.reason, "code": self.code,
        });
        if self.reason.is_empty() {
            body.as_object_mut().map(|body| body.remove("reason"));
        }
        if let Some(details) = &self.details {
            body["details"] = details.clone();
        }
        body
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Status {}
