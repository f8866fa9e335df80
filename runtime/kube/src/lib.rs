//! Kubernetes, through kube: apply, wait, exec, logs, port-forward, kubeconfig files.
//!
//! Functions take a [`Client`] first, the object next, options last. Objects are JSON values, named by a [`Reference`].
//! Everything may be repeated: an apply or delete that finds its work done changes nothing and tells no change.

#![allow(dead_code, clippy::redundant_closure, clippy::unit_arg)] // labels, patches and secrets, which use the rest, are on their way

mod apply;
mod client;
mod condition;
mod discovery;
mod error;
mod events;
mod evidence;
mod get;
pub mod kubeconfig;
mod logs;
mod manifest;
mod nearest;
mod object;
mod order;
mod path;
mod pods;
mod request;
mod retry;
mod rollout;
mod selector;
mod wait;

pub use apply::{Action, Applied, Options as ApplyOptions, Validation, apply};
pub use client::{Client, connect, connect_with};
pub use condition::{Condition, Verdict};
pub use discovery::{Resource, resource, resource_of, resources};
pub use error::Error;
pub use events::{Event, events_in, events_of};
pub use evidence::{Evidence, PodEvidence, evidence, evidence_of};
pub use get::{Query, find, get, list};
pub use logs::{Log, LogOptions, follow_logs, logs};
pub use manifest::{Manifest, Object, Origin, load, parse};
pub use object::{Reference, kind_of, label_of, name_of, namespace_of};
pub use path::Path;
pub use pods::{Trouble, is_ready, pods_of, trouble};
pub use request::Status;
pub use rollout::{Rollout, rollout_of, rollout_restart, rollout_status};
pub use selector::Selector;
pub use wait::{Options as WaitOptions, Subject, wait};
