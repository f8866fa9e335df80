//! What a host call is, whoever scripts it: spec, permission, effect, failure, event, dispatch.
