//! Laying values over each other: the user's over the parent's, the parent's over those of the charts inside.

use serde_json::{Map, Value as Json};

use super::GLOBAL;
use crate::{
    Chart, Error,
    template::{
        json::{Integers, from_json},
        print,
    },
};

type Table = Map<String, Json>;

/// What was noticed on the way, in Helm's words.
pub(crate) type Warnings = Vec<String>;

/// The values that a chart is rendered with: the given ones over the chart's own, for every chart inside under its name and
/// with the globals handed down. A null in the given values takes the chart's value away.
///
/// # Errors
/// When the values of a chart inside are no table.
pub fn coalesce(chart: &Chart, values: &Map<String, Json>) -> Result<Map<String, Json>, Error> {
    coalesce_with(chart, values, false, &mut Warnings::new())
}

/// [`coalesce`]; with `merge` nulls stay.
pub(crate) fn coalesce_with(
    chart: &Chart,
    values: &Table,
    merge: bool,
    warnings: &mut Warnings,
) -> Result<Table, Error> {
    let mut copy = values.clone();
    Coalescing { merge, warnings }.chart(chart, &mut copy, "")?;
    Ok(copy)
}

/// Lay `target` over `source`, keeping nulls.
pub(crate) fn merge_tables(target: &mut Table, source: &Table, warnings: &mut Warnings) {
    Coalescing { merge: true, warnings }.tables(target, source, "");
}

struct Coalescing<'w> {
    merge: bool,
    warnings: &'w mut Warnings,
}

fn joined(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}

fn shown(value: &Json) -> String {
    String::from_utf8_lossy(&print::text(&from_json(value, Integers::Keep))).into_owned()
}

impl Coalescing<'_> {
    fn chart(&mut self, chart: &Chart, target: &mut Table, prefix: &str) -> Result<(), Error> {
        let path = joined(prefix, &chart.metadata.name);
        self.defaults(chart, target, &path);
        for inside in &chart.dependencies {
            let name = &inside.metadata.name;
            let globals = target.get(GLOBAL).cloned();
            let table = match target.entry(name.clone()).or_insert_with(|| Json::Object(Table::new())) {
                Json::Object(table) => table,
                other => {
                    let message = format!("type mismatch on {name}: %!t({}={})", go_type(other), shown(other));
                    return Err(Error::Values { message });
                }
            };
            self.globals(table, globals.as_ref(), &path);
            self.chart(inside, table, &path)?;
        }
        Ok(())
    }

    fn defaults(&mut self, chart: &Chart, target: &mut Table, path: &str) {
        for (key, default) in chart.values.iter() {
            match (target.get_mut(key), default) {
                (None, _) => {
                    target.insert(key.clone(), default.clone());
                }
                (Some(Json::Null), _) if !self.merge => {
                    target.remove(key);
                }
                (Some(Json::Object(given)), Json::Object(default)) => self.tables(given, default, &joined(path, key)),
                (Some(Json::Object(_)), Json::Null) => {}
                (Some(Json::Object(_)), _) => {
                    self.warnings.push(format!("warning: skipped value for {path}.{key}: Not a table."));
                }
                _ => {}
            }
        }
    }

    fn globals(&mut self, table: &mut Table, globals: Option<&Json>, path: &str) {
        let none = Table::new();
        let source = match globals {
            None => &none,
            Some(Json::Object(globals)) => globals,
            Some(_) if table.get(GLOBAL).is_some_and(|own| !own.is_object()) => {
                return self.warnings.push(skipped("destination"));
            }
            Some(_) => return self.warnings.push(skipped("source")),
        };
        let Json::Object(own) = table.entry(GLOBAL).or_insert_with(|| Json::Object(Table::new())) else {
            return self.warnings.push(skipped("destination"));
        };
        for (key, value) in source {
            match (value, own.get(key)) {
                (Json::Object(from_above), Some(Json::Object(below))) => {
                    // From above wins; nulls stay until the chart's own pass.
                    let mut merged = from_above.clone();
                    Coalescing { merge: true, warnings: self.warnings }.tables(&mut merged, below, &joined(path, key));
                    own.insert(key.clone(), Json::Object(merged));
                }
                (Json::Object(_), Some(_)) => self.warnings.push(format!(
                    "Conflict: cannot merge map onto non-map for {}. Skipping.",
                    crate::text::quote(key.as_bytes())
                )),
                (Json::Object(_), None) => {
                    own.insert(key.clone(), value.clone());
                }
                (_, Some(Json::Object(_))) => self.warnings.push(format!("key {key} is table. Skipping")),
                _ => {
                    own.insert(key.clone(), value.clone());
                }
            }
        }
    }

    fn tables(&mut self, target: &mut Table, source: &Table, prefix: &str) {
        for (key, value) in source {
            let path = joined(prefix, key);
            match (target.get_mut(key), value) {
                (Some(Json::Null), _) if !self.merge => {
                    target.remove(key);
                }
                (None, _) => {
                    target.insert(key.clone(), value.clone());
                }
                (Some(Json::Object(below)), Json::Object(value)) => self.tables(below, value, &path),
                (Some(_), Json::Object(_)) => self
                    .warnings
                    .push(format!("warning: cannot overwrite table with non table for {path} ({})", shown(value))),
                (Some(Json::Object(_)), Json::Null) => {}
                (Some(Json::Object(_)), _) => self.warnings.push(format!(
                    "warning: destination for {path} is a table. Ignoring non-table value ({})",
                    shown(value)
                )),
                _ => {}
            }
        }
    }
}

fn skipped(side: &str) -> String {
    format!("warning: skipping globals because {side} {GLOBAL} is not a table.")
}

fn go_type(value: &Json) -> &'static str {
    from_json(value, Integers::Keep).type_name()
}
