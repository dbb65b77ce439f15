//! What is wrong with a configuration.

use serde::Serialize;

use super::place::{Place, SourceFile};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It cannot run like this.
    Error,
    /// It can run, but was hardly meant.
    Warning,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// A stable word to filter by, such as `unknown-key`.
    pub code: &'static str,
    /// Where; `None` if no file could be read there.
    pub place: Option<Place>,
    /// The keys that lead there, dotted.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Finding {
    /// Something that must be mended.
    pub(crate) fn error(code: &'static str, place: Place, message: impl Into<String>) -> Self {
        let (place, message) = (Some(place), message.into());
        Self { severity: Severity::Error, code, place, path: String::new(), message, help: None }
    }

    /// Something that was hardly meant.
    pub(crate) fn warning(code: &'static str, place: Place, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, place, message) }
    }

    /// An error that is not in the text of a file.
    pub(crate) fn outside(code: &'static str, message: impl Into<String>) -> Self {
        let nowhere = Place { file: 0, start: 0, end: 0 };
        Self { place: None, ..Self::error(code, nowhere, message) }
    }

    /// Adds what to do about it.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds what to do about it, if there is something to say.
    pub(crate) fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }

    /// Adds the keys that lead there.
    pub(crate) fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }
}

/// All that is wrong, and the files in which it stands.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    pub(super) files: Vec<SourceFile>,
    pub(super) list: Vec<Finding>,
    pub(super) hidden: Vec<Place>,
}

impl Findings {
    /// The files.
    #[must_use]
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }

    /// The findings by place: file, then line.
    #[must_use]
    pub fn list(&self) -> &[Finding] {
        &self.list
    }

    /// How many are errors.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.list.iter().filter(|finding| finding.severity == Severity::Error).count()
    }

    /// How many are warnings.
    #[must_use]
    pub fn warnings(&self) -> usize {
        self.list.len() - self.errors()
    }

    pub(super) fn add(&mut self, finding: Finding) {
        self.list.push(finding);
    }

    /// Notes text that must never be shown.
    pub(super) fn hide(&mut self, place: Place) {
        self.hidden.push(place);
    }

    /// A place as `path:line:column`.
    pub(super) fn locate(&self, place: Place) -> String {
        self.files.get(place.file).map(|file| file.locate(place)).unwrap_or_default()
    }

    /// By place; what is said twice of one place is said once.
    pub(super) fn sort(&mut self) {
        self.list.sort_by(|a, b| {
            (a.place, a.severity, a.code, &a.message)
                .cmp(&(b.place, b.severity, b.code, &b.message))
        });
        self.list.dedup();
    }
}
