//! What an installation consists of: the objects of each component, and the configuration they came from.

use std::{panic::resume_unwind, thread};

use serde_json::Value;

use crate::operator::{component::Kind, object::order};

/// A rendered installation.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// The IstioOperator that counts: profile, files and flags merged.
    pub operator: Value,
    /// The components in the order in which they were rendered, disabled ones with no objects.
    pub components: Vec<Component>,
    /// What the author of the configuration should know.
    pub warnings: Vec<String>,
}

/// A component, or one gateway of several.
#[derive(Debug, Clone)]
pub struct Component {
    pub kind: Kind,
    /// The gateway's name; empty for other components.
    pub name: String,
    pub namespace: String,
    pub enabled: bool,
    /// Its objects in the charts' order.
    pub objects: Vec<Value>,
}

impl Manifest {
    /// All objects in the order in which they are printed.
    pub fn objects(&self) -> Vec<&Value> {
        let mut objects: Vec<&Value> = self.components.iter().flat_map(|component| &component.objects).collect();
        objects.sort_by(|one, other| order(one, other));
        objects
    }

    /// The manifest as `istioctl manifest generate` prints it.
    pub fn to_text(&self) -> String {
        let objects = self.objects();
        // Most of it are the definitions, which come first; a quarter of the objects is about half of the text.
        let (first, second) = objects.split_at(objects.len() / 4);
        thread::scope(|scope| {
            let second = scope.spawn(|| as_text(second));
            as_text(first) + &second.join().unwrap_or_else(|panic| resume_unwind(panic))
        })
    }

    /// One file for each component, as `istioctl manifest generate -o` lays them out: path and text. Components outside Istio's
    /// tree of dependencies are there only when they are enabled.
    pub fn to_files(&self) -> Vec<(String, String)> {
        const TREE: [(Kind, &str); 7] = [
            (Kind::Base, "Base"),
            (Kind::Pilot, "Base/Pilot"),
            (Kind::Cni, "Base/Pilot/Cni"),
            (Kind::IngressGateways, "Base/Pilot/IngressGateways"),
            (Kind::EgressGateways, "Base/Pilot/EgressGateways"),
            (Kind::IstiodRemote, "IstiodRemote"),
            (Kind::Ztunnel, "Ztunnel"),
        ];
        let files = TREE.into_iter().filter_map(|(kind, folder)| {
            let own = || self.components.iter().filter(move |component| component.kind == kind);
            let outside = matches!(kind, Kind::IstiodRemote | Kind::Ztunnel);
            if outside && !own().any(|component| component.enabled) {
                return None;
            }
            let text: String = own().map(component_text).collect();
            Some((format!("{folder}/{}.yaml", kind.name()), text))
        });
        files.collect()
    }
}

fn component_text(component: &Component) -> String {
    let title = format!("{} {}", component.kind.name(), component.name);
    if !component.enabled {
        return format!("# {} component is disabled.\n", title.trim_end());
    }
    let objects: Vec<&Value> = component.objects.iter().collect();
    format!("# Resources for {} component\n\n{}", component.kind.name(), as_text(&objects))
}

fn as_text(objects: &[&Value]) -> String {
    let mut text = String::new();
    for object in objects {
        text.push_str(&meshrun_yaml::to_string(object));
        text.push_str("\n---\n");
    }
    text
}
