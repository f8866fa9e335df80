//! Operations `log::*`: messages of the script to the user; for whoever looks for a fault there is Rhai's own `debug`.
//!
//! As calls they have no events of their own: the message is the event.

mod info;
mod warn;

use meshrun_host::{Happening, Level, Value};

use crate::Cx;
use crate::catalogue::Catalogue;

pub(crate) fn register(catalogue: &mut Catalogue) {
    catalogue.add::<info::Info>();
    catalogue.add::<warn::Warn>();
}

/// Tell the message where the call was made.
fn tell(cx: &Cx, level: Level, message: &Value) {
    let message = match message {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    cx.call.context.tell(Happening::Log { level, message });
}
