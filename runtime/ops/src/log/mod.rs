//! Operations `log::*`: messages of the script to the user. They have no events of their own as calls: the message is the event.

mod debug;
mod info;
mod warn;

use meshrun_host::{Happening, Level, Value};

use crate::Cx;
use crate::catalogue::Catalogue;

pub(crate) fn register(catalogue: &mut Catalogue) {
    catalogue.add::<debug::Debug>();
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
