//! Where the running script stands: the context of its thread. Each branch of `parallel` is a thread with its own.

use std::cell::RefCell;

use meshrun_host::Context;

thread_local! {
    /// The contexts entered on this thread, innermost last. Holds no connection; it goes with the thread.
    static PLACES: RefCell<Vec<Context>> = const { RefCell::new(Vec::new()) };
}

/// Run this with that context as the current one.
pub fn within<T>(context: Context, work: impl FnOnce() -> T) -> T {
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            PLACES.with_borrow_mut(Vec::pop);
        }
    }
    PLACES.with_borrow_mut(|places| places.push(context));
    let _leave = Leave; // leaves also when the work panics
    work()
}

/// The current context, if a script runs on this thread.
pub fn current() -> Option<Context> {
    PLACES.with_borrow(|places| places.last().cloned())
}

/// Whether the script on this thread has been told to stop: cancelled, or past a surrounding deadline.
pub fn must_stop() -> bool {
    PLACES.with_borrow(|places| {
        places.last().is_some_and(|context| {
            context.cancel.is_cancelled() || context.deadline.is_some_and(|at| tokio::time::Instant::now() >= at)
        })
    })
}
