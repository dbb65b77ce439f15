//! Where a command writes.

use std::io::{self, Write};

use crate::config::{Findings, Style};

/// Where a command writes. A test reads what was written.
pub struct Output<'a> {
    /// What was asked for.
    pub out: &'a mut dyn Write,
    /// Everything else.
    pub err: &'a mut dyn Write,
    /// What a terminal behind `out` can show.
    pub style: Style,
}

impl Output<'_> {
    /// Writes findings: as a compiler does, or as JSON lines.
    ///
    /// # Errors
    /// If the output is closed.
    pub fn findings(&mut self, findings: &Findings, json: bool) -> io::Result<()> {
        let text = if json { findings.json_lines() } else { findings.render(self.style) };
        self.out.write_all(text.as_bytes())
    }

    /// Writes why a command cannot be done, and what to do about it.
    ///
    /// # Errors
    /// If the output is closed.
    pub fn refuse(&mut self, message: &str, help: &str) -> io::Result<()> {
        writeln!(self.err, "error: {message}\n  help: {help}")
    }
}
