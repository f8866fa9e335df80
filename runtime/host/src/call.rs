//! The surroundings of a call: the branch it runs in, how it may be ended, whom it tells.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use meshrun_terms::{Progress, Steps};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{Events, Happening, Permissions};

/// The path of a branch of the script: `["cluster1"]` inside `each_parallel`, empty at the root.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct Branch(pub Arc<[String]>);

impl Branch {
    /// The branch of this name beneath.
    pub fn child(&self, name: impl Into<String>) -> Self {
        Self(self.0.iter().cloned().chain([name.into()]).collect())
    }

    /// Whether it is the root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the other one is this one, or beneath it.
    pub fn holds(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }
}

impl fmt::Display for Branch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.join("/"))
    }
}

/// Where the script stands: what every call made from there shares.
#[derive(Debug, Clone)]
pub struct Context {
    /// The branch.
    pub branch: Branch,
    /// Ends every call made from here.
    pub cancel: CancellationToken,
    /// When the calls made from here must have ended, by a surrounding `timeout`.
    pub deadline: Option<Instant>,
    /// Whom to tell.
    pub events: Events,
    /// What the run may do.
    pub permissions: Arc<Permissions>,
    ids: Arc<AtomicU64>,
}

impl Context {
    /// The root of a run.
    pub fn new(events: Events, permissions: Permissions) -> Self {
        Self {
            branch: Branch::default(),
            cancel: CancellationToken::new(),
            deadline: None,
            events,
            permissions: Arc::new(permissions),
            ids: Arc::new(AtomicU64::new(1)),
        }
    }

    /// A branch beneath, ended with this one or on its own.
    #[must_use]
    pub fn branch(&self, name: impl Into<String>, cancel: &CancellationToken) -> Self {
        Self { branch: self.branch.child(name), cancel: cancel.clone(), ..self.clone() }
    }

    /// The same place with an earlier end: the nearer of the two deadlines holds.
    #[must_use]
    pub fn with_deadline(&self, deadline: Instant) -> Self {
        let deadline = self.deadline.map_or(deadline, |outer| outer.min(deadline));
        Self { deadline: Some(deadline), cancel: self.cancel.child_token(), ..self.clone() }
    }

    /// The root of the same run with nothing cancelled and no deadline, for what is done at its end.
    #[must_use]
    pub fn afterwards(&self) -> Self {
        Self { branch: Branch::default(), cancel: CancellationToken::new(), deadline: None, ..self.clone() }
    }

    /// A number that no other call, step or branch of the run has.
    pub fn next_id(&self) -> u64 {
        self.ids.fetch_add(1, Ordering::Relaxed)
    }

    /// Tell that this happened here.
    pub fn tell(&self, happening: Happening) {
        self.events.tell(&self.branch, happening);
    }
}

/// One call under way.
#[derive(Debug, Clone)]
pub struct Call {
    /// Its number.
    pub id: u64,
    /// Where it was made.
    pub context: Context,
    /// Where it tells its progress.
    pub steps: Steps,
    changes: Arc<Mutex<Vec<String>>>,
}

impl Call {
    /// A call made from this place.
    pub fn new(context: &Context) -> Self {
        let (id, changes) = (context.next_id(), Arc::<Mutex<Vec<String>>>::default());
        let (place, seen) = (context.clone(), Arc::clone(&changes));
        let steps = Steps::new(move |progress| {
            if let Progress::Changed(what) = &progress {
                seen.lock().unwrap_or_else(PoisonError::into_inner).push(what.clone());
            }
            place.tell(Happening::Progress { call: id, progress });
        });
        Self { id, context: context.clone(), steps, changes }
    }

    /// What it has changed so far, in the past tense.
    pub fn changes(&self) -> Vec<String> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
