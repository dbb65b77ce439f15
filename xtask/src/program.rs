//! Running a program as a step.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, ErrorKind};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use crate::place;

/// A program to run in the root of the repository, without standard input.
pub(crate) struct Program {
    command: Command,
    shown: String,
}

impl Program {
    /// Cargo, the very one that started this program.
    pub(crate) fn cargo<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Self {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        Self::new("cargo", &cargo, arguments)
    }

    /// A program by its path or name; `name` is how it is called in messages.
    pub(crate) fn new<S: AsRef<OsStr>>(
        name: &str,
        path: impl AsRef<OsStr>,
        arguments: impl IntoIterator<Item = S>,
    ) -> Self {
        let mut command = Command::new(path);
        let mut shown = name.to_owned();
        for argument in arguments {
            shown.push(' ');
            shown.push_str(&argument.as_ref().to_string_lossy());
            command.arg(argument);
        }
        command.current_dir(place::root()).stdin(Stdio::null());
        Self { command, shown }
    }

    /// Sets a variable of its environment.
    pub(crate) fn env(mut self, key: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(key, value);
        self
    }

    /// Becomes the program, so that Ctrl-C reaches it alone. Returns only if it cannot run.
    pub(crate) fn become_it(mut self) -> Result<(), String> {
        let error = self.command.stdin(Stdio::inherit()).exec();
        Err(self.not_started(&error))
    }

    /// Runs it. An error is a plain sentence.
    pub(crate) fn run(mut self) -> Result<(), String> {
        let status = self.command.status().map_err(|error| self.not_started(&error))?;
        if status.success() { Ok(()) } else { Err(format!("`{}` failed: {status}", self.shown)) }
    }

    /// Runs it and hands each line of its standard output to `see`, which also passes it on.
    /// Answers whether it ended well.
    pub(crate) fn watch(mut self, mut see: impl FnMut(&str)) -> Result<bool, String> {
        let mut child = self
            .command
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| self.not_started(&error))?;
        if let Some(output) = child.stdout.take() {
            let mut output = BufReader::new(output);
            let mut line = Vec::new();
            // Bytes, not text: a test may print anything.
            while output.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                see(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']));
                line.clear();
            }
        }
        let status = child.wait().map_err(|error| format!("`{}` is lost: {error}", self.shown))?;
        Ok(status.success())
    }

    fn not_started(&self, error: &std::io::Error) -> String {
        match error.kind() {
            ErrorKind::NotFound => format!("`{}` cannot run: the program is not there", self.shown),
            _ => format!("`{}` cannot run: {error}", self.shown),
        }
    }
}
