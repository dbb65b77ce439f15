//! Findings as people and programs read them.

use std::fmt;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError,
    MietteSpanContents, SourceCode, SourceSpan, SpanContents,
};
use serde_json::json;

use super::finding::{Finding, Findings, Severity};
use super::place::SourceFile;

/// What the output can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Letters only.
    Plain,
    /// Lines and colours.
    Graphical,
}

impl Findings {
    /// The findings as a compiler shows them, with a count at the end; nothing if there are none.
    #[must_use]
    pub fn render(&self, style: Style) -> String {
        let theme = match style {
            Style::Plain => GraphicalTheme::none(),
            Style::Graphical => GraphicalTheme::unicode(),
        };
        let handler =
            GraphicalReportHandler::new_themed(theme).with_wrap_lines(style == Style::Graphical);
        let mut text = String::new();
        let shown: Vec<Lines> = self
            .files
            .iter()
            .enumerate()
            .map(|(index, file)| Lines {
                name: file.path.display().to_string(),
                file: SourceFile {
                    path: file.path.clone(),
                    text: self.without_secrets(index, file),
                },
            })
            .collect();
        for finding in &self.list {
            let source = finding.place.and_then(|place| shown.get(place.file));
            // Writing to a text cannot fail.
            let _ = handler.render_report(&mut text, &Shown { finding, source });
            text.push('\n');
        }
        if !self.list.is_empty() {
            text.push_str(&self.tally());
            text.push('\n');
        }
        text
    }

    /// How many errors and warnings there are, in words.
    #[must_use]
    pub fn tally(&self) -> String {
        let count = |n: usize, noun: &str| match n {
            1 => format!("1 {noun}"),
            n => format!("{n} {noun}s"),
        };
        match (self.errors(), self.warnings()) {
            (errors, 0) => count(errors, "error"),
            (0, warnings) => count(warnings, "warning"),
            (errors, warnings) => {
                format!("{}, {}", count(errors, "error"), count(warnings, "warning"))
            }
        }
    }

    /// The findings as JSON, one per line.
    #[must_use]
    pub fn json_lines(&self) -> String {
        let line = |finding: &Finding| {
            let file = finding.place.and_then(|place| self.files.get(place.file));
            let at = |byte: usize| file.map(|file| file.line_column(byte));
            let from = finding.place.and_then(|place| at(place.start));
            let until = finding.place.and_then(|place| at(place.end));
            let value = json!({
                "severity": finding.severity,
                "code": finding.code,
                "file": file.map(|file| file.path.display().to_string()),
                "line": from.map(|(line, _)| line),
                "column": from.map(|(_, column)| column),
                "end_line": until.map(|(line, _)| line),
                "end_column": until.map(|(_, column)| column),
                "path": finding.path,
                "message": finding.message,
                "help": finding.help,
            });
            format!("{value}\n")
        };
        self.list.iter().map(line).collect()
    }

    /// The text of a file with asterisks for what must not be shown. Each byte becomes one, so
    /// that all places stay where they are.
    fn without_secrets(&self, index: usize, file: &SourceFile) -> String {
        let mut bytes = file.text.clone().into_bytes();
        for place in self.hidden.iter().filter(|place| place.file == index) {
            let hidden = bytes.get_mut(place.start..place.end).unwrap_or_default();
            hidden.iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b'*');
        }
        String::from_utf8(bytes).unwrap_or_default()
    }
}

/// A file that shows the lines of a span and none around them: what stands beside a mistake is
/// nobody's business.
#[derive(Debug)]
struct Lines {
    name: String,
    file: SourceFile,
}

impl SourceCode for Lines {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let text = &self.file.text;
        let out_of_bounds = || MietteError::OutOfBounds;
        let end = span.offset() + span.len();
        let head = text.get(..span.offset()).ok_or_else(out_of_bounds)?;
        let tail = text.get(end..).ok_or_else(out_of_bounds)?;
        // Without context it is asked where exactly the span is, and for its lines otherwise.
        let whole = before + after > 0;
        let from = if whole { head.rfind('\n').map_or(0, |at| at + 1) } else { span.offset() };
        let until = if whole { end + tail.find('\n').unwrap_or(tail.len()) } else { end };
        let data = text.get(from..until).ok_or_else(out_of_bounds)?;
        let (line, column) = self.file.line_column(from);
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            data.as_bytes(),
            (from, until - from).into(),
            line - 1,
            column - 1,
            data.matches('\n').count() + 1,
        )))
    }
}

/// A finding with the text in which it stands.
#[derive(Debug)]
struct Shown<'a> {
    finding: &'a Finding,
    source: Option<&'a Lines>,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{severity}: {}", self.finding.message)
    }
}

impl std::error::Error for Shown<'_> {}

impl Diagnostic for Shown<'_> {
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.finding.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.finding.help.as_ref().map(|help| Box::new(help) as _)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.map(|source| source as _)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let place = self.finding.place?;
        let label = LabeledSpan::new(None, place.start, place.end.saturating_sub(place.start));
        Some(Box::new(std::iter::once(label)))
    }
}
