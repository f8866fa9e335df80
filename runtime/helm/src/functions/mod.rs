//! The functions of templates: Go's, Sprig's and Helm's, by name; and what they ask of their surroundings.

mod arguments;
mod case;
mod certificates;
mod crypto;
mod data;
mod dates;
mod decimal;
mod defaults;
mod dicts;
mod encoding;
mod flow;
mod lists;
mod merge;
mod numbers;
mod paths;
mod random;
mod reflection;
mod regex_syntax;
mod regexes;
mod strings;
mod toml;
mod urls;
mod versions;
mod wrap;

use std::{collections::HashMap, sync::LazyLock};

pub(crate) use flow::{Host, parse_error, strip_no_value, undo_marks};
pub(crate) use paths::clean;

use crate::template::{
    builtins,
    function::{Code, Function, Type},
};

/// The function of this name.
pub(crate) fn find(name: &str) -> Option<&'static Function> {
    static BY_NAME: LazyLock<HashMap<&'static str, &'static Function>> = LazyLock::new(|| {
        // Later ones replace earlier ones: Sprig's over Go's, Helm's over Sprig's.
        let lists = [
            builtins::FUNCTIONS,
            strings::FUNCTIONS,
            case::FUNCTIONS,
            wrap::FUNCTIONS,
            random::FUNCTIONS,
            numbers::FUNCTIONS,
            decimal::FUNCTIONS,
            lists::FUNCTIONS,
            dicts::FUNCTIONS,
            defaults::FUNCTIONS,
            reflection::FUNCTIONS,
            regexes::FUNCTIONS,
            dates::FUNCTIONS,
            versions::FUNCTIONS,
            encoding::FUNCTIONS,
            crypto::FUNCTIONS,
            certificates::FUNCTIONS,
            paths::FUNCTIONS,
            urls::FUNCTIONS,
            data::FUNCTIONS,
            flow::FUNCTIONS,
        ];
        lists.into_iter().flatten().map(|function| (function.name, function)).collect()
    });
    BY_NAME.get(name).copied()
}

const fn fixed(name: &'static str, parameters: &'static [Type], run: Code) -> Function {
    Function { name, parameters, variadic: false, run }
}

const fn variadic(name: &'static str, parameters: &'static [Type], run: Code) -> Function {
    Function { name, parameters, variadic: true, run }
}

const ANY: Type = Type::Any;
const TEXT: Type = Type::String;
const INT: Type = Type::Int;
const MAP: Type = Type::Map;
