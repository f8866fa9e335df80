//! Kubernetes, through kube: apply, wait, exec, logs, port-forward, kubeconfig files.
//!
//! Functions take a [`Client`] first, the object next, options last. Objects are JSON values, named by a [`Reference`].
//! Everything may be repeated: an apply or delete that finds its work done changes nothing and tells no change.

mod apply;
mod client;
mod condition;
mod delete;
mod discovery;
mod error;
mod events;
mod evidence;
mod exec;
mod get;
pub mod kubeconfig;
mod label;
mod logs;
mod manifest;
mod namespace;
mod nearest;
mod object;
mod order;
mod patch;
mod path;
mod pods;
mod port_forward;
mod prune;
mod request;
mod retry;
mod rollout;
mod secret;
mod selector;
mod server;
mod wait;

pub use apply::{Action, Applied, Options as ApplyOptions, Validation, apply};
pub use client::{Client, connect, connect_through, connect_with};
pub use condition::{Condition, Verdict};
pub use delete::{Options as DeleteOptions, Propagation, delete, delete_objects, delete_selected};
pub use discovery::{Resource, resource, resource_of, resources};
pub use error::Error;
pub use events::{Event, events_in, events_of};
pub use evidence::{Evidence, PodEvidence, evidence, evidence_of};
pub use exec::{ExecOptions, Output, exec};
pub use get::{Query, find, get, list};
pub use label::{Changes, annotate, label};
pub use logs::{Log, LogOptions, follow_logs, logs};
pub use manifest::{Manifest, Object, Origin, load, parse};
pub use namespace::create_namespace;
pub use object::{Reference, kind_of, label_of, name_of, namespace_of};
pub use patch::{Patch, PatchOptions, patch};
pub use path::Path;
pub use pods::{Trouble, is_ready, pods_of, trouble};
pub use port_forward::{PortForward, port_forward};
pub use request::Status;
pub use rollout::{Rollout, rollout_of, rollout_restart, rollout_status};
pub use secret::{Details, SecretData, create_config_map, create_secret, secret};
pub use selector::Selector;
pub use server::{Act, Version, can_i, raw, version};
pub use wait::{Options as WaitOptions, Subject, wait};
