//! The manual, from the declarations of the functions.

use std::{collections::BTreeMap, fmt::Write, path::Path};

use meshrun_host::{Parameter, Spec, arguments};
use meshrun_script::{Runtime, Source, Topic};

use crate::{embedded, exit::Exit, view};

/// All topics: host functions, control functions, the standard library.
pub fn topics(runtime: &Runtime) -> Vec<Topic> {
    let mut topics = runtime.topics().to_vec();
    let modules: BTreeMap<_, _> = embedded::modules().into_iter().collect();
    for (name, text) in modules {
        let source = Source { name: format!("stdlib:{name}"), text: text.to_owned() };
        // A module of our own that does not compile is found by the tests; the rest of the manual is still worth showing.
        topics.extend(runtime.module_topics(&name, &source).unwrap_or_default());
    }
    topics
}

/// Show one topic, a module, or the list.
pub fn show(runtime: &Runtime, name: Option<&str>, markdown: bool, json: bool) -> Exit {
    let topics = topics(runtime);
    let chosen: Vec<&Topic> = match name {
        None => topics.iter().collect(),
        Some(name) => topics.iter().filter(|topic| topic.name == name || module(topic) == Some(name)).collect(),
    };
    if chosen.is_empty() {
        let name = name.unwrap_or_default();
        let near = arguments::nearest(name, topics.iter().map(|topic| topic.name.as_str()));
        let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        eprintln!("error: there is no function or module `{name}`{hint}");
        return Exit::Usage;
    }
    let text = match (&chosen[..], name) {
        _ if json => serde_json::to_string_pretty(&chosen).unwrap_or_default() + "\n",
        _ if markdown => page(&topics),
        ([one], Some(_)) => entry(one),
        (many, _) => list(many),
    };
    view::print_out(&text);
    Exit::Done
}

fn module(topic: &Topic) -> Option<&str> {
    topic.name.rsplit_once("::").map(|(module, _)| module)
}

fn list(topics: &[&Topic]) -> String {
    let width = topics.iter().map(|topic| topic.name.len()).max().unwrap_or(0);
    topics.iter().map(|topic| format!("{:width$}  {}\n", topic.name, topic.summary())).collect()
}

/// One entry for the terminal.
pub fn entry(topic: &Topic) -> String {
    let mut text = format!("{}\n\n{}\n", topic.signature, topic.doc);
    if let Some(spec) = &topic.spec {
        for (title, parameters) in
            [("Arguments", spec.positionals().collect::<Vec<_>>()), ("Options", spec.options().collect())]
        {
            if !parameters.is_empty() {
                let _ = writeln!(text, "\n{title}"); // writing to a string cannot fail
                parameters.iter().for_each(|parameter| text += &line(parameter));
            }
        }
        let _ = write!(text, "\nReturns {}. {}\n", spec.returns, needs(spec));
    }
    if !topic.example.is_empty() {
        let example = topic.example.lines().map(|line| format!("    {line}\n")).collect::<String>();
        let _ = write!(text, "\nExample\n{example}");
    }
    text
}

fn line(parameter: &Parameter) -> String {
    let default = match &parameter.default {
        Some(value) => format!(", default {value}"),
        None if parameter.required => ", required".to_owned(),
        None => String::new(),
    };
    format!("  {} ({}{default}): {}\n", parameter.name, parameter.kind, parameter.doc.replace('\n', " "))
}

fn needs(spec: &Spec) -> String {
    let effect = match spec.effect {
        meshrun_host::Effect::Pure => "Looks at nothing outside and changes nothing.",
        meshrun_host::Effect::Reads => "Changes nothing.",
        meshrun_host::Effect::Changes => "Safe to repeat.",
        meshrun_host::Effect::Runs => "Runs what it is given.",
    };
    let classes: Vec<String> = spec.permissions.iter().map(ToString::to_string).collect();
    let permissions =
        if classes.is_empty() { String::new() } else { format!(" Needs permission: {}.", classes.join(", ")) };
    let failures =
        if spec.failures.is_empty() { String::new() } else { format!(" Fails with: {}.", spec.failures.join(", ")) };
    format!("{effect}{permissions}{failures}")
}

/// Everything as one page.
pub fn page(topics: &[Topic]) -> String {
    let mut modules: BTreeMap<&str, Vec<&Topic>> = BTreeMap::new();
    topics.iter().for_each(|topic| modules.entry(module(topic).unwrap_or("")).or_default().push(topic));
    let mut text =
        "# Reference\n\nMade by `meshrun docs --markdown` from the declarations of the functions; do not edit.\n"
            .to_owned();
    for (module, topics) in modules {
        let title = if module.is_empty() { "Control functions" } else { module };
        let _ = write!(text, "\n## {title}\n"); // writing to a string cannot fail
        topics.iter().for_each(|topic| text += &markdown(topic));
    }
    text
}

fn markdown(topic: &Topic) -> String {
    let mut text = format!("\n### `{}`\n\n{}\n", topic.signature, topic.doc);
    if let Some(spec) = &topic.spec {
        if !spec.parameters.is_empty() {
            text += "\n| parameter | type | default | |\n|---|---|---|---|\n";
            for parameter in &spec.parameters {
                let default = parameter.default.as_ref().map(|value| format!("`{value}`")).unwrap_or_default();
                let required = if parameter.required { "required" } else { default.as_str() };
                let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
                let _ = writeln!(
                    text,
                    "| `{}` | {} | {required} | {} |",
                    parameter.name,
                    cell(&parameter.kind),
                    cell(&parameter.doc)
                );
            }
        }
        let _ = write!(text, "\nReturns {}. {}\n", spec.returns, needs(spec));
    }
    if !topic.example.is_empty() {
        let _ = write!(text, "\n```rhai\n{}\n```\n", topic.example);
    }
    text
}

/// Write the definitions for editors.
pub fn definitions(runtime: &Runtime, folder: &Path) -> Exit {
    let write = || -> std::io::Result<()> {
        std::fs::create_dir_all(folder)?;
        for (name, text) in runtime.definitions() {
            let path = folder.join(name);
            std::fs::write(&path, text)?;
            println!("{}", path.display());
        }
        Ok(())
    };
    match write() {
        Ok(()) => Exit::Done,
        Err(error) => {
            eprintln!("error: cannot write to {}: {error}", folder.display());
            Exit::Failed
        }
    }
}
