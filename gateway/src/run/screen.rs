//! The part of a terminal that is drawn again and again, below what scrolls.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use tracing_subscriber::fmt::MakeWriter;

/// Lines at the end of a terminal that are drawn anew in place, while logs scroll above them.
#[derive(Clone)]
pub struct Screen {
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    terminal: Box<dyn Write + Send>,
    lines: Vec<String>,
}

impl Screen {
    /// A screen without lines.
    #[must_use]
    pub fn new(terminal: Box<dyn Write + Send>) -> Self {
        Self { inner: Arc::new(Mutex::new(Inner { terminal, lines: Vec::new() })) }
    }

    /// Draws these lines in place of the ones before.
    ///
    /// # Errors
    /// If the terminal is gone.
    pub fn draw(&self, lines: Vec<String>) -> io::Result<()> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bytes = inner.erasure();
        inner.lines = lines;
        inner.append_lines(&mut bytes);
        inner.terminal.write_all(&bytes)?;
        inner.terminal.flush()
    }

    /// Writes text that scrolls, above the lines.
    ///
    /// # Errors
    /// If the terminal is gone.
    pub fn write_above(&self, text: &[u8]) -> io::Result<()> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bytes = inner.erasure();
        bytes.extend_from_slice(text);
        inner.append_lines(&mut bytes);
        inner.terminal.write_all(&bytes)?;
        inner.terminal.flush()
    }
}

impl Inner {
    /// What takes the lines off the terminal: to their first column, then clear to the end.
    fn erasure(&self) -> Vec<u8> {
        match self.lines.len() {
            0 => Vec::new(),
            count => format!("\x1b[{count}F\x1b[J").into_bytes(),
        }
    }

    fn append_lines(&self, bytes: &mut Vec<u8>) {
        for line in &self.lines {
            bytes.extend_from_slice(line.as_bytes());
            bytes.push(b'\n');
        }
    }
}

/// Lets logs scroll above the lines.
#[derive(Clone)]
pub struct ScreenWriter(pub Screen);

impl Write for ScreenWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_above(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for ScreenWriter {
    type Writer = Self;

    fn make_writer(&'a self) -> Self::Writer {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Tape(Arc<Mutex<Vec<u8>>>);

    impl Write for Tape {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn logs_scroll_above_lines_that_are_drawn_again() {
        let tape = Tape::default();
        let screen = Screen::new(Box::new(tape.clone()));
        screen.draw(vec!["a".into(), "b".into()]).unwrap();
        screen.write_above(b"log\n").unwrap();
        screen.draw(vec![]).unwrap();
        let text = String::from_utf8(tape.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text, "a\nb\n\x1b[2F\x1b[Jlog\na\nb\n\x1b[2F\x1b[J");
    }
}
