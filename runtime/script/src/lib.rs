//! Rhai: engine, registration, argument binding, modules, sources and spans, control functions.
