//! All operations, in the order of the documentation.

use std::sync::Arc;

use meshrun_host::function::Declared;
use meshrun_host::{Function, arguments};
use serde_json::to_value;

use crate::{Cx, Operation, World};

/// The operations that act on a world.
pub fn catalogue(world: &Arc<World>) -> Vec<Function> {
    let mut catalogue = Catalogue { world: Arc::clone(world), functions: Vec::new() };
    crate::docker::register(&mut catalogue);
    crate::kind::register(&mut catalogue);
    crate::kube::register(&mut catalogue);
    crate::metallb::register(&mut catalogue);
    crate::istio::register(&mut catalogue);
    crate::helm::register(&mut catalogue);
    crate::pki::register(&mut catalogue);
    crate::release::register(&mut catalogue);
    crate::net::register(&mut catalogue);
    crate::file::register(&mut catalogue);
    crate::yaml::register(&mut catalogue);
    crate::json::register(&mut catalogue);
    crate::env::register(&mut catalogue);
    crate::time::register(&mut catalogue);
    crate::text::register(&mut catalogue);
    crate::table::register(&mut catalogue);
    crate::log::register(&mut catalogue);
    crate::hash::register(&mut catalogue);
    crate::base64::register(&mut catalogue);
    crate::random::register(&mut catalogue);
    crate::sim::register(&mut catalogue);
    crate::http::register(&mut catalogue);
    crate::process::register(&mut catalogue);
    catalogue.functions
}

/// A list of operations in the making.
pub struct Catalogue {
    world: Arc<World>,
    functions: Vec<Function>,
}

impl Catalogue {
    /// Add the operation.
    pub(crate) fn add<O: Operation>(&mut self) {
        let world = Arc::clone(&self.world);
        let declared = Declared {
            name: O::NAME,
            positional: O::POSITIONAL,
            returns: O::RETURNS,
            effect: O::EFFECT,
            permissions: O::PERMISSIONS,
            failures: O::FAILURES,
            example: O::EXAMPLE,
            grace: O::GRACE,
        };
        self.functions.push(Function::new::<O>(declared, move |spec, call, named| {
            let request: O = arguments::parse(spec, named)?;
            let subject = request.subject();
            let cx = Cx { world: Arc::clone(&world), call };
            let work = async move {
                let output = request.run(&cx).await?;
                to_value(output).map_err(|error| meshrun_host::Failure::bug(format!("its result is not data: {error}")))
            };
            Ok((subject, Box::pin(work)))
        }));
    }
}
