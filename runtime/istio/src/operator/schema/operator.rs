//! The spec of an IstioOperator.

use super::{BOOL, Field, KUBERNETES_RESOURCES, Message, STRING_MAP, Type, field};
use Type::{Any, Bool, List, Map, String, Struct};

const fn of(message: &'static Message) -> Type {
    Type::Message(message)
}

const fn message(fields: &'static [Field]) -> Message {
    Message { fields }
}

/// `spec`.
pub static OPERATOR_SPEC: Message = message(&[
    field("profile", String),
    field("installPackagePath", String),
    field("hub", String),
    field("tag", Any),
    field("resourceSuffix", String),
    field("namespace", String),
    field("revision", String),
    field("defaultRevision", Bool),
    field("meshConfig", Struct),
    field("components", of(&COMPONENTS)),
    field("addonComponents", Map(&of(&EXTERNAL_COMPONENT))),
    field("values", Struct),
    field("unvalidatedValues", Struct),
]);

static COMPONENTS: Message = message(&[
    field("base", of(&BASE_COMPONENT)),
    field("pilot", of(&COMPONENT)),
    field("cni", of(&COMPONENT)),
    field("ztunnel", of(&COMPONENT)),
    field("istiodRemote", of(&COMPONENT)),
    field("ingressGateways", List(&of(&GATEWAY))),
    field("egressGateways", List(&of(&GATEWAY))),
]);

static BASE_COMPONENT: Message = message(&[field("enabled", BOOL), field("k8s", of(&KUBERNETES_RESOURCES))]);

static COMPONENT: Message = message(&[
    field("enabled", BOOL),
    field("namespace", String),
    field("hub", String),
    field("tag", Any),
    field("spec", Struct),
    field("k8s", of(&KUBERNETES_RESOURCES)),
]);

static GATEWAY: Message = message(&[
    field("enabled", BOOL),
    field("namespace", String),
    field("name", String),
    field("label", STRING_MAP),
    field("hub", String),
    field("tag", Any),
    field("k8s", of(&KUBERNETES_RESOURCES)),
]);

static EXTERNAL_COMPONENT: Message = message(&[
    field("enabled", BOOL),
    field("namespace", String),
    field("spec", Struct),
    field("chartPath", String),
    field("schema", Struct),
    field("k8s", of(&KUBERNETES_RESOURCES)),
]);
