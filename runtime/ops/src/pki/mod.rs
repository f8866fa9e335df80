//! Operations `pki::*`: certificate authorities and certificates.

mod cacerts;
mod certificate;
mod ensure_cacerts;
mod ensure_root;
mod inspect;
mod intermediate;
mod load;
mod root;
mod verify;

use meshrun_host::Failure;

use crate::catalogue::Catalogue;

pub(crate) fn register(catalogue: &mut Catalogue) {
    catalogue.add::<root::Root>();
    catalogue.add::<intermediate::Intermediate>();
    catalogue.add::<cacerts::Cacerts>();
    catalogue.add::<certificate::Certificate>();
    catalogue.add::<inspect::Inspect>();
    catalogue.add::<verify::Verify>();
    catalogue.add::<ensure_root::EnsureRoot>();
    catalogue.add::<ensure_cacerts::EnsureCacerts>();
    catalogue.add::<load::Load>();
}

/// Run what keeps a processor busy, or waits for a file's lock, where it holds up nobody.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, meshrun_pki::Error> + Send + 'static,
) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|error| Failure::bug(format!("making certificates ended without a result: {error}")))??)
}
