//! Which charts inside a chart are used, under which names, and which of their values the parent imports.

use serde_json::{Map, Value as Json};

use super::{
    coalesce::{Warnings, coalesce_with, merge_tables},
    path_value, table,
};
use crate::{Chart, Error, chart::Dependency, semver::is_compatible};

type Table = Map<String, Json>;

/// The chart as it is rendered with these values: without disabled charts, with aliases, with imported values.
pub(crate) fn process(chart: &Chart, values: &Table, warnings: &mut Warnings) -> Result<Chart, Error> {
    let mut chart = chart.clone();
    enable(&mut chart, values, "", warnings)?;
    import(&mut chart, warnings)?;
    Ok(chart)
}

fn enable(chart: &mut Chart, values: &Table, path: &str, warnings: &mut Warnings) -> Result<(), Error> {
    let Some(mut wanted) = chart.metadata.dependencies.take() else {
        return Ok(());
    };
    chart.dependencies = chosen(&chart.dependencies, &wanted);
    for dependency in &mut wanted {
        if !dependency.alias.is_empty() {
            dependency.name = dependency.alias.clone();
        }
        dependency.enabled = true;
    }
    let coalesced = coalesce_with(chart, values, false, warnings)?;
    for dependency in &mut wanted {
        by_tags(dependency, &coalesced, warnings);
        by_condition(dependency, &coalesced, path, warnings);
    }
    let disabled: Vec<String> = wanted.iter().filter(|one| !one.enabled).map(|one| one.name.clone()).collect();
    chart.dependencies.retain(|inside| !disabled.contains(&inside.metadata.name));
    wanted.retain(|dependency| !disabled.contains(&dependency.name));
    for inside in &mut chart.dependencies {
        let path = format!("{path}{}.", inside.metadata.name);
        enable(inside, &coalesced, &path, warnings)?;
    }
    chart.metadata.dependencies = (!wanted.is_empty()).then_some(wanted);
    Ok(())
}

/// The charts that are there but not asked for, and for each dependency a chart of its name and version under its alias.
fn chosen(there: &[Chart], wanted: &[Dependency]) -> Vec<Chart> {
    let fits = |chart: &Chart, dependency: &Dependency| {
        chart.metadata.name == dependency.name && is_compatible(&dependency.version, &chart.metadata.version)
    };
    let mut chosen: Vec<Chart> =
        there.iter().filter(|chart| !wanted.iter().any(|dependency| fits(chart, dependency))).cloned().collect();
    for dependency in wanted {
        if let Some(found) = there.iter().find(|chart| fits(chart, dependency)) {
            let mut found = found.clone();
            if !dependency.alias.is_empty() {
                found.metadata.name = dependency.alias.clone();
            }
            chosen.push(found);
        }
    }
    chosen
}

fn by_tags(dependency: &mut Dependency, values: &Table, warnings: &mut Warnings) {
    let Some(tags) = table(values, "tags") else {
        return;
    };
    let (mut any_true, mut any_false) = (false, false);
    for tag in &dependency.tags {
        match tags.get(tag) {
            Some(Json::Bool(true)) => any_true = true,
            Some(Json::Bool(false)) => any_false = true,
            Some(_) => {
                warnings.push(format!("Warning: Tag '{tag}' for chart {} returned non-bool value", dependency.name))
            }
            None => {}
        }
    }
    dependency.enabled = any_true || !any_false;
}

fn by_condition(dependency: &mut Dependency, values: &Table, path: &str, warnings: &mut Warnings) {
    for condition in dependency.condition.trim().split(',').filter(|condition| !condition.is_empty()) {
        match path_value(values, &format!("{path}{condition}")) {
            Some(Json::Bool(enabled)) => {
                dependency.enabled = *enabled;
                return;
            }
            Some(_) => warnings.push(format!(
                "Warning: Condition path '{condition}' for chart {} returned non-bool value",
                dependency.name
            )),
            None => {}
        }
    }
}

fn import(chart: &mut Chart, warnings: &mut Warnings) -> Result<(), Error> {
    for inside in &mut chart.dependencies {
        import(inside, warnings)?;
    }
    let Some(dependencies) = &chart.metadata.dependencies else {
        return Ok(());
    };
    let mut values = coalesce_with(chart, &Table::new(), true, warnings)?;
    let mut imported = Table::new();
    for dependency in dependencies {
        for import in &dependency.import_values {
            let Some((child, parent)) = child_and_parent(import, &dependency.name)? else {
                continue;
            };
            match table(&values, &format!("{}.{child}", dependency.name)) {
                Some(found) => merge_tables(&mut imported, &below(&parent, found.clone()), warnings),
                None => warnings.push(format!(
                    "Warning: ImportValues missing table from chart {}: {} is not a table",
                    dependency.name,
                    crate::text::quote(child.as_bytes())
                )),
            }
        }
    }
    merge_tables(&mut values, &imported, warnings);
    chart.values = values.into();
    Ok(())
}

/// Where an import comes from and where it goes; a plain name comes from `exports` and goes to the top.
fn child_and_parent(import: &Json, name: &str) -> Result<Option<(String, String)>, Error> {
    match import {
        Json::String(export) => Ok(Some((format!("exports.{export}"), ".".into()))),
        Json::Object(pair) => {
            let part = |key: &str| {
                let message = format!("import-values of {name}: expected a text as `{key}`");
                pair.get(key).and_then(Json::as_str).map(str::to_owned).ok_or(Error::Values { message })
            };
            Ok(Some((part("child")?, part("parent")?)))
        }
        _ => Ok(None),
    }
}

fn below(path: &str, values: Table) -> Table {
    if path == "." {
        return values;
    }
    path.split('.').rev().fold(values, |inner, name| Table::from_iter([(name.to_owned(), Json::Object(inner))]))
}
