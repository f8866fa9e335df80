//! Failures drawn for people: the lines they came from, the causes, the help.

use std::{fmt, io::IsTerminal};

use meshrun_host::{Excerpt, Failure, Place};
use meshrun_script::Sources;
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, Severity, SourceCode};

use crate::cli::Log;

/// Print the failure on standard error, as JSON if progress is shown as JSON.
pub fn print(failure: &Failure, sources: Option<&Sources>, log: Option<Log>) {
    if log == Some(Log::Json) {
        eprintln!("{}", serde_json::json!({ "event": "failed", "failure": failure }));
        return;
    }
    eprint!("{}", draw(failure, sources));
}

fn draw(failure: &Failure, sources: Option<&Sources>) -> String {
    let terminal = std::io::stderr().is_terminal();
    let colour = terminal && std::env::var_os("NO_COLOR").is_none();
    let theme = match (terminal, colour) {
        (true, true) => GraphicalTheme::unicode(),
        (true, false) => GraphicalTheme::unicode_nocolor(),
        (false, _) => GraphicalTheme::none(),
    };
    let handler = GraphicalReportHandler::new_themed(theme).with_links(false).with_width(120).with_context_lines(1);
    let mut text = String::from("Error: ");
    match handler.render_report(&mut text, &Report::of(failure, sources)) {
        Ok(()) => text,
        Err(_) => format!("error: {}\n", failure.message), // drawing needs nothing but memory; the message is what counts
    }
}

/// A failure as miette draws it.
#[derive(Debug)]
struct Report {
    message: String,
    code: Option<String>,
    help: Option<String>,
    severity: Option<Severity>,
    source: Option<NamedSource<String>>,
    labels: Vec<LabeledSpan>,
    related: Vec<Report>,
    cause: Option<Box<Cause>>,
}

impl Report {
    fn of(failure: &Failure, sources: Option<&Sources>) -> Self {
        let mut report = Self {
            message: headline(failure),
            code: Some(failure.code.clone()),
            help: failure.help.clone(),
            severity: None,
            source: None,
            labels: Vec::new(),
            related: Vec::new(),
            cause: Cause::chain(&failure.causes),
        };
        if let Some(excerpt) = &failure.excerpt {
            report.related.push(Self::of_excerpt(excerpt));
        }
        if let Some(sources) = sources {
            report.show_trace(&failure.trace, sources);
        }
        report.related.extend(failure.related.iter().map(|related| Self::of(related, sources)));
        report
    }

    /// The innermost place with its source, other places of that source as further labels, places elsewhere beneath.
    fn show_trace(&mut self, trace: &[Place], sources: &Sources) {
        let mut first = None;
        for (at, place) in trace.iter().enumerate() {
            let Some(text) = sources.text(&place.source) else { continue };
            let label = if at == 0 { "here" } else { "called from here" };
            let span =
                LabeledSpan::new_with_span(Some(label.to_owned()), Sources::span(&text, place.line, place.column));
            if first.is_none() {
                self.source = Some(NamedSource::new(&place.source, text.to_string()));
                first = Some(&place.source);
            }
            if first == Some(&place.source) {
                self.labels.push(span);
                continue;
            }
            self.related.push(Self {
                message: format!("called from {}", place.source),
                source: Some(NamedSource::new(&place.source, text.to_string())),
                labels: vec![span],
                ..Self::advice()
            });
        }
    }

    /// A piece of another file: a manifest, a values file.
    fn of_excerpt(excerpt: &Excerpt) -> Self {
        let text = format!("{}{}", "\n".repeat(excerpt.first_line.saturating_sub(1)), excerpt.text);
        let offset = excerpt.offset + excerpt.first_line.saturating_sub(1);
        Self {
            message: format!("in {}", excerpt.name),
            source: Some(NamedSource::new(&excerpt.name, text)),
            labels: vec![LabeledSpan::new_with_span(Some(excerpt.label.clone()), (offset, excerpt.length))],
            ..Self::advice()
        }
    }

    fn advice() -> Self {
        Self {
            message: String::new(),
            code: None,
            help: None,
            severity: Some(Severity::Advice),
            source: None,
            labels: Vec::new(),
            related: Vec::new(),
            cause: None,
        }
    }
}

/// The message with the operation and the branch it happened in.
fn headline(failure: &Failure) -> String {
    let branch = failure.branch.as_ref().map(|branch| format!("[{branch}] ")).unwrap_or_default();
    match &failure.operation {
        Some(operation) if !failure.message.contains(operation) => format!("{branch}{operation}: {}", failure.message),
        _ => format!("{branch}{}", failure.message),
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Report {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

impl Diagnostic for Report {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.code.as_ref().map(|code| Box::new(code) as _)
    }
    fn severity(&self) -> Option<Severity> {
        self.severity
    }
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as _)
    }
    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as _)
    }
    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        (!self.labels.is_empty()).then(|| Box::new(self.labels.iter().cloned()) as _)
    }
    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        (!self.related.is_empty()).then(|| Box::new(self.related.iter().map(|report| report as &dyn Diagnostic)) as _)
    }
}

/// The texts of the causes as a chain of errors.
#[derive(Debug)]
struct Cause {
    text: String,
    next: Option<Box<Cause>>,
}

impl Cause {
    fn chain(texts: &[String]) -> Option<Box<Self>> {
        let (first, rest) = texts.split_first()?;
        Some(Box::new(Self { text: first.clone(), next: Self::chain(rest) }))
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl std::error::Error for Cause {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.next.as_deref().map(|next| next as _)
    }
}
