//! Ctrl-C: the first one cancels what runs, the second one leaves at once.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use meshrun_host::Context;
use tokio_util::sync::CancellationToken;

/// What Ctrl-C ends.
#[derive(Debug, Clone)]
pub struct Interrupt {
    happened: Arc<AtomicBool>,
    target: Arc<Mutex<CancellationToken>>,
}

impl Interrupt {
    /// Whether it came.
    pub fn happened(&self) -> bool {
        self.happened.load(Ordering::SeqCst)
    }

    /// Wait until it comes.
    pub fn wait(&self, handle: &tokio::runtime::Handle) {
        let target = self.target.lock().unwrap_or_else(PoisonError::into_inner).clone();
        handle.block_on(target.cancelled());
    }

    /// From now on it ends this instead, as when a session runs its next line; and it has not come yet.
    pub fn aim_at(&self, target: CancellationToken) {
        *self.target.lock().unwrap_or_else(PoisonError::into_inner) = target;
        self.happened.store(false, Ordering::SeqCst);
    }

    fn hit(&self) {
        if self.happened.swap(true, Ordering::SeqCst) {
            eprintln!("interrupted again: leaving at once");
            std::process::exit(130);
        }
        self.target.lock().unwrap_or_else(PoisonError::into_inner).cancel();
    }
}

/// Watch for Ctrl-C and for a request to terminate.
pub fn watch(tokio: &tokio::runtime::Runtime, context: &Context) -> Interrupt {
    let interrupt = Interrupt { happened: Arc::default(), target: Arc::new(Mutex::new(context.cancel.clone())) };
    let watching = interrupt.clone();
    tokio.spawn(async move {
        while signalled().await {
            watching.hit();
        }
    });
    interrupt
}

#[cfg(unix)]
async fn signalled() -> bool {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return tokio::signal::ctrl_c().await.is_ok() };
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed.is_ok(),
        asked = terminate.recv() => asked.is_some(),
    }
}

#[cfg(not(unix))]
async fn signalled() -> bool {
    tokio::signal::ctrl_c().await.is_ok()
}
