//! kubeconfig files: reading them as kubectl does, and editing them as kubectl and kind do, under the same lock.

mod document;
mod edit;
mod file;
mod lock;
mod source;
mod view;

pub use document::Names;
pub use edit::{alias_context, mark_context, merge_entry, remove_context, rename_context, set_server, use_context};
pub use source::Source;
pub(crate) use view::configuration;
pub use view::{Context, contexts, current_context, fingerprint, is_ours, marks};
