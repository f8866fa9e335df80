//! The standard library and the scripts of the project, built into the binary.

use std::collections::HashMap;

use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../stdlib"]
#[include = "*.rhai"]
struct Stdlib;

#[derive(RustEmbed)]
#[folder = "../../scripts"]
#[include = "*.rhai"]
struct Scripts;

#[derive(RustEmbed)]
#[folder = "../sim/release"]
struct Miniature;

fn text(data: std::borrow::Cow<'static, [u8]>) -> &'static str {
    match data {
        std::borrow::Cow::Borrowed(bytes) => std::str::from_utf8(bytes).unwrap_or_default(),
        std::borrow::Cow::Owned(bytes) => String::from_utf8(bytes).unwrap_or_default().leak(),
    }
}

/// The modules of the standard library: name and text.
pub fn modules() -> HashMap<String, &'static str> {
    let name = |file: &str| file.trim_end_matches(".rhai").to_owned();
    Stdlib::iter().filter_map(|file| Some((name(&file), text(Stdlib::get(&file)?.data)))).collect()
}

/// The scripts of the project: file name and text.
pub fn scripts() -> Vec<(String, &'static str)> {
    Scripts::iter().filter_map(|file| Some((file.to_string(), text(Scripts::get(&file)?.data)))).collect()
}

/// The script that a path such as `scripts/multi-primary.rhai` or `multi-primary` names.
pub fn script(path: &str) -> Option<&'static str> {
    let file = path.trim_start_matches("./").trim_start_matches("scripts/").trim_end_matches(".rhai");
    Scripts::get(&format!("{file}.rhai")).map(|found| text(found.data))
}

/// The miniature releases of Istio and MetalLB for simulated peers: file name and content.
pub fn miniature() -> Vec<(String, Vec<u8>)> {
    Miniature::iter().filter_map(|file| Some((file.to_string(), Miniature::get(&file)?.data.into_owned()))).collect()
}
