//! What shall go wrong, by request.

use std::{fmt, str::FromStr};

use crate::Error;

/// Something that shall go wrong. Written as `pull=IMAGE`, `no-address=CLUSTER` and so on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Pulling an image fails, wherever it is pulled.
    Pull {
        /// The image, as it is asked for.
        image: String,
    },
    /// Load balancers of a cluster never get an address.
    NoAddress {
        /// The cluster.
        cluster: String,
    },
    /// The containers of a deployment crash.
    Crash {
        /// The cluster.
        cluster: String,
        /// The namespace of the deployment.
        namespace: String,
        /// Its name.
        deployment: String,
    },
    /// No webhook of a cluster ever answers.
    SilentWebhook {
        /// The cluster.
        cluster: String,
    },
    /// A node never becomes ready.
    SlowNode {
        /// The node.
        name: String,
    },
}

/// The forms of faults.
const FORMS: [&str; 5] = [
    "pull=IMAGE",
    "no-address=CLUSTER",
    "crash=CLUSTER/NAMESPACE/DEPLOYMENT",
    "silent-webhook=CLUSTER",
    "slow-node=NAME",
];

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pull { image } => write!(formatter, "pull={image}"),
            Self::NoAddress { cluster } => write!(formatter, "no-address={cluster}"),
            Self::Crash { cluster, namespace, deployment } => {
                write!(formatter, "crash={cluster}/{namespace}/{deployment}")
            }
            Self::SilentWebhook { cluster } => write!(formatter, "silent-webhook={cluster}"),
            Self::SlowNode { name } => write!(formatter, "slow-node={name}"),
        }
    }
}

impl FromStr for Fault {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        parse(text).ok_or_else(|| Error::Fault {
            found: text.to_owned(),
            known: FORMS.map(|form| format!("`{form}`")).join(", "),
        })
    }
}

fn parse(text: &str) -> Option<Fault> {
    let (kind, subject) = text.trim().split_once('=')?;
    if subject.is_empty() {
        return None;
    }
    let name = || subject.to_owned();
    Some(match kind {
        "pull" => Fault::Pull { image: name() },
        "no-address" => Fault::NoAddress { cluster: name() },
        "crash" => {
            let mut parts = subject.split('/').filter(|part| !part.is_empty()).map(str::to_owned);
            let (cluster, namespace, deployment) = (parts.next()?, parts.next()?, parts.next()?);
            if parts.next().is_some() {
                return None;
            }
            Fault::Crash { cluster, namespace, deployment }
        }
        "silent-webhook" => Fault::SilentWebhook { cluster: name() },
        "slow-node" => Fault::SlowNode { name: name() },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_parsed_and_unknown_ones_name_the_known() {
        assert_eq!("pull=a/b:c".parse::<Fault>().unwrap(), Fault::Pull { image: "a/b:c".into() });
        let crash =
            Fault::Crash { cluster: "west".into(), namespace: "sample".into(), deployment: "helloworld-v1".into() };
        assert_eq!("crash=west/sample/helloworld-v1".parse::<Fault>().unwrap(), crash);
        for text in ["pull=a/b:c", "no-address=a", "crash=a/b/c", "silent-webhook=a", "slow-node=a"] {
            assert_eq!(text.parse::<Fault>().unwrap().to_string(), text);
        }
        for wrong in ["", "pull", "pull=", "crash=west", "crash=a/b/c/d", "burn=west"] {
            let text = wrong.parse::<Fault>().unwrap_err().to_string();
            assert!(text.contains("`no-address=CLUSTER`") && text.ends_with(&format!("found `{wrong}`")), "{text}");
        }
    }
}
