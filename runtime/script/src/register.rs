//! Host functions into Rhai: a module for each prefix, one entry for each number of arguments.

use std::{any::TypeId, collections::BTreeMap, sync::Arc};

use meshrun_host::{Function, Spec};
use rhai::{Dynamic, Engine, FuncRegistration, Module, RhaiFunc};

use crate::{convert, failure, shared::Shared};

/// Register all functions.
pub fn register(engine: &mut Engine, shared: &Arc<Shared>, functions: Vec<Function>) {
    let mut modules: BTreeMap<&'static str, Module> = BTreeMap::new();
    for function in functions {
        let module = modules.entry(function.spec.module()).or_default();
        add(module, shared, Arc::new(function));
    }
    for (name, module) in modules {
        if name.is_empty() {
            engine.register_global_module(module.into());
        } else {
            engine.register_static_module(name, module.into());
        }
    }
}

/// One function, callable with each number of arguments from the required ones to all positionals and an options map.
fn add(module: &mut Module, shared: &Arc<Shared>, function: Arc<Function>) {
    let spec = &function.spec;
    let positionals = spec.positionals().count();
    let required = spec.positionals().filter(|parameter| parameter.required).count();
    let options = usize::from(spec.options().next().is_some());
    for number in required..=positionals + options {
        let names = parameter_names(spec, number);
        let registration = FuncRegistration::new(spec.verb())
            .with_params_info(names)
            .with_comments(spec.doc.lines().map(|line| format!("/// {line}")));
        registration.set_into_module_raw(module, vec![TypeId::of::<Dynamic>(); number], native(shared, &function));
    }
}

fn parameter_names(spec: &Spec, number: usize) -> Vec<String> {
    let mut names: Vec<String> =
        spec.positionals().map(|parameter| format!("{}: {}", parameter.name, parameter.kind)).collect();
    names.resize_with(number, || "options: map".to_owned());
    names.push(spec.returns.to_owned());
    names
}

fn native(shared: &Arc<Shared>, function: &Arc<Function>) -> RhaiFunc {
    let (shared, function) = (Arc::clone(shared), Arc::clone(function));
    let func = move |_: Option<rhai::NativeCallContext>, given: &mut [&mut Dynamic]| {
        let given = given.iter().map(|value| convert::to_value(value)).collect::<Result<Vec<_>, _>>();
        let result = given.and_then(|given| shared.call(&function, given));
        result.map(convert::to_dynamic).map_err(|failure| failure::thrown(&failure))
    };
    RhaiFunc::Pure { func: Arc::new(func), has_context: false, is_pure: true, is_volatile: true }
}
