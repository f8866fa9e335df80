//! The session: history, several lines, completion of functions and option keys, help.

mod complete;

use std::path::PathBuf;

use meshrun_host::arguments;
use meshrun_script::{Ended, Session, Topic};
use rustyline::{Config, Editor, error::ReadlineError, history::FileHistory};

use crate::{
    docs,
    exit::Exit,
    scripts,
    start::{Bench, exit_of},
    view,
};
use complete::Complete;

const GREETING: &str = "meshrun: `help` lists functions, `help NAME` explains one, Ctrl-D leaves.";

/// Read lines, run them, print their values, until the end of the input.
pub fn run(bench: &Bench) -> Exit {
    let topics = docs::topics(&bench.runtime);
    let mut editor = match editor(topics.clone()) {
        Ok(editor) => editor,
        Err(error) => {
            eprintln!("error: cannot open a session: {error}");
            return Exit::Failed;
        }
    };
    let history = history_file(bench);
    if let Some(file) = &history {
        let _ = editor.load_history(file); // the first session has none
    }
    eprintln!("{GREETING}");
    let mut session = bench.runtime.session();
    let exit = loop {
        match read(&mut editor, &session) {
            Ok(text) if text.trim().is_empty() => {}
            Ok(text) => {
                let _ = editor.add_history_entry(text.trim_end()); // a history that cannot grow is no reason to stop
                if let Some(exit) = evaluate(bench, &mut session, &topics, &text) {
                    break exit;
                }
                if let Some(helper) = editor.helper_mut() {
                    helper.variables = session.variables();
                }
            }
            Err(ReadlineError::Interrupted) => {}
            Err(ReadlineError::Eof) => break Exit::Done,
            Err(error) => {
                eprintln!("error: cannot read: {error}");
                break Exit::Failed;
            }
        }
    };
    if let Some(file) = &history {
        save(&mut editor, file);
    }
    exit
}

fn editor(topics: Vec<Topic>) -> rustyline::Result<Editor<Complete, FileHistory>> {
    let config = Config::builder().max_history_size(1000)?.completion_type(rustyline::CompletionType::List).build();
    let mut editor = Editor::with_config(config)?;
    editor.set_helper(Some(Complete { topics, variables: Vec::new() }));
    Ok(editor)
}

/// A piece of code: one line, or more until brackets and strings are closed.
fn read(editor: &mut Editor<Complete, FileHistory>, session: &Session<'_>) -> rustyline::Result<String> {
    let mut text = editor.readline("> ")?;
    while !is_command(&text) && session.is_incomplete(&text) {
        text = format!("{text}\n{}", editor.readline(". ")?);
    }
    Ok(text)
}

fn is_command(text: &str) -> bool {
    matches!(text.split_whitespace().next(), Some("help" | "quit"))
}

/// Run a piece; an exit code when the session shall end.
fn evaluate(bench: &Bench, session: &mut Session<'_>, topics: &[Topic], text: &str) -> Option<Exit> {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words[..] {
        ["help"] => help(topics, None),
        ["help", name] => help(topics, Some(name)),
        ["quit"] => return Some(Exit::Done),
        _ => {
            let context = bench.context.afterwards();
            bench.interrupt.aim_at(context.cancel.clone());
            match session.eval(text, &context) {
                Ok(value) => {
                    bench.view.close();
                    view::print_out(&scripts::shown(&value));
                }
                Err(ended @ Ended::Exit(_)) => return Some(exit_of(bench, &ended)),
                Err(ended) => {
                    exit_of(bench, &ended);
                }
            }
        }
    }
    None
}

fn help(topics: &[Topic], name: Option<&str>) {
    let found: Vec<&Topic> = topics
        .iter()
        .filter(|topic| name.is_none_or(|name| topic.name == name || topic.name.starts_with(&format!("{name}::"))))
        .collect();
    match (&found[..], name) {
        ([], Some(name)) => {
            let near = arguments::nearest(name, topics.iter().map(|topic| topic.name.as_str()));
            println!(
                "nothing is called `{name}`{}",
                near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
            );
        }
        ([one], _) => view::print_out(&docs::entry(one)),
        (many, _) => many.iter().for_each(|topic| println!("{}  {}", topic.signature, topic.summary())),
    }
}

fn history_file(bench: &Bench) -> Option<PathBuf> {
    let folder = bench.home.as_ref()?.join(".local/state/meshrun");
    std::fs::create_dir_all(&folder).ok()?; // without a folder there is no history, and that is all
    Some(folder.join("history"))
}

fn save(editor: &mut Editor<Complete, FileHistory>, file: &PathBuf) {
    if let Err(error) = editor.save_history(file) {
        eprintln!("warning: cannot save the history to {}: {error}", file.display());
    }
}
