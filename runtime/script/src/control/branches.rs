//! Running closures side by side on threads of their own.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use meshrun_host::{Context, Failure, Happening, Outcome};
use rhai::{Dynamic, EvalAltResult, FnPtr, NativeCallContext};
use tokio_util::sync::CancellationToken;

use super::Thrown;
use crate::{failure, place, run, shared::Shared};

/// The stack of a branch: deep enough for the engine's call levels, reserved but not used.
const STACK: usize = 64 << 20;

/// A branch to run.
pub struct Branch {
    pub name: String,
    pub call: FnPtr,
    pub arguments: Vec<Dynamic>,
}

/// How branches run.
pub struct Manner {
    /// How many at a time.
    pub limit: usize,
    /// Whether the others are cancelled when one fails.
    pub cancel: bool,
}

type Slot = Mutex<Option<Result<Dynamic, Box<EvalAltResult>>>>;

/// Run them all, and return their results in order; when some fail, all their failures.
pub fn run_all(
    context: &NativeCallContext,
    shared: &Shared,
    mut branches: Vec<Branch>,
    manner: &Manner,
) -> Result<Vec<Dynamic>, Thrown> {
    branches.iter_mut().for_each(|branch| copy_captured(&mut branch.call));
    let here = shared.here();
    let cancel = here.cancel.child_token();
    let slots: Vec<Slot> = branches.iter().map(|_| Mutex::new(None)).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some((branch, slot)) = take(&next, &branches, &slots) {
            let result = run_one(context, &here.branch(branch.name.as_str(), &cancel), branch, shared);
            if result.is_err() && manner.cancel {
                cancel.cancel();
            }
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..manner.limit.min(branches.len()) {
            let started = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
            if started.is_err() {
                break; // no more threads to be had: those that run take the rest, and this one helps below
            }
        }
        if branches.len() > 1 && next.load(Ordering::Relaxed) == 0 {
            work();
        }
    });
    gather(context, shared, &cancel, &branches, slots)
}

fn take<'a>(next: &AtomicUsize, branches: &'a [Branch], slots: &'a [Slot]) -> Option<(&'a Branch, &'a Slot)> {
    let at = next.fetch_add(1, Ordering::Relaxed);
    Some((branches.get(at)?, slots.get(at)?))
}

fn run_one(context: &NativeCallContext, here: &Context, branch: &Branch, shared: &Shared) -> Result<Dynamic, Thrown> {
    let started = Instant::now();
    here.tell(Happening::BranchStarted);
    let call = || branch.call.call_within_context::<Dynamic>(context, branch.arguments.clone());
    let result = catch_unwind(AssertUnwindSafe(|| place::within(here.clone(), call)))
        .unwrap_or_else(|_| Err(failure::thrown(&Failure::bug("a branch of the script panicked"))));
    let outcome = match &result {
        Ok(_) => Outcome::Done,
        Err(error) => {
            Outcome::from(&Err::<(), _>(failure::failure(shared, error, context.call_source().unwrap_or_default())))
        }
    };
    here.tell(Happening::BranchEnded { outcome, elapsed: started.elapsed() });
    result
}

/// Results in order, or one failure that holds all failures. An `exit` in a branch ends the script.
fn gather(
    context: &NativeCallContext,
    shared: &Shared,
    cancel: &CancellationToken,
    branches: &[Branch],
    slots: Vec<Slot>,
) -> Result<Vec<Dynamic>, Thrown> {
    let (mut values, mut failures) = (Vec::with_capacity(slots.len()), Vec::new());
    for (slot, branch) in slots.into_iter().zip(branches) {
        match slot.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(Ok(value)) => values.push(value),
            Some(Err(error)) if is_ending(&error) => return Err(error),
            Some(Err(error)) => {
                let mut failure = failure::failure(shared, &error, context.call_source().unwrap_or_default());
                failure.branch.get_or_insert_with(|| shared.here().branch.child(branch.name.as_str()).to_string());
                failures.push(failure);
            }
            None => failures.push(Failure::bug("a branch has no result")),
        }
    }
    if failures.is_empty() {
        return Ok(values);
    }
    if shared.here().cancel.is_cancelled() {
        return Err(EvalAltResult::ErrorTerminated("cancelled".into(), rhai::Position::NONE).into());
    }
    if cancel.is_cancelled() {
        failures.retain(|failure| !failure.is_cancelled());
    }
    Err(failure::thrown(&joined(failures, branches.len())))
}

/// A request to end the script rather than a failure.
fn is_ending(error: &EvalAltResult) -> bool {
    matches!(run::innermost(error), EvalAltResult::ErrorTerminated(value, _) if value.is::<crate::Ended>())
}

fn joined(mut failures: Vec<Failure>, of: usize) -> Failure {
    if failures.len() == 1 {
        return failures.remove(0);
    }
    let names: Vec<&str> = failures.iter().filter_map(|failure| failure.branch.as_deref()).collect();
    let mut whole =
        Failure::new("script::branches", format!("{} of {of} branches failed: {}", failures.len(), names.join(", ")));
    whole.related = failures;
    whole
}

/// Give the closure copies of the variables it has captured: Rhai shares them, and two threads that touch a shared one
/// fail or wait for each other.
fn copy_captured(call: &mut FnPtr) {
    call.iter_curry_mut().for_each(|value| *value = value.flatten_clone());
}
