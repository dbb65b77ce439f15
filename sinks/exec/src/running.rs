//! A program that takes batches.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use forebay_clients::process::{Child, Pipes, Program, log_complaints};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// The longest answer, in bytes.
const MAX_ANSWER: u64 = 4 << 20;

/// How long what a program said last may take to arrive when it has ended.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A program that takes batches; killed at the latest when this is dropped.
pub(crate) struct Running {
    child: Child,
    input: ChildStdin,
    /// Its answers, if it gives some.
    answers: Option<BufReader<ChildStdout>>,
    /// What takes all else that it writes.
    complaining: Vec<JoinHandle<Vec<String>>>,
}

impl Running {
    /// Starts a program. Lines of its standard error are counted, and those of its standard output
    /// too if it does not `answer` there.
    pub(crate) fn start(
        program: &Program,
        answers: bool,
        source: &Arc<str>,
        lines: &Arc<AtomicU64>,
    ) -> Result<Self, String> {
        let (child, Pipes { input, output, complaints }) = Child::start(program, true)?;
        let input = input.ok_or("the system gave no pipe")?;
        let log = |it| tokio::spawn(it);
        let mut complaining =
            vec![log(log_complaints(complaints, Arc::clone(source), Arc::clone(lines)))];
        let answers = match answers {
            true => Some(BufReader::new(output)),
            false => {
                let said = log_complaints(output, Arc::clone(source), Arc::clone(lines));
                complaining.push(tokio::spawn(said));
                None
            }
        };
        Ok(Self { child, input, answers, complaining })
    }

    pub(crate) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Writes a batch, and reads what is answered to it; empty if nothing is.
    pub(crate) async fn exchange(&mut self, rows: &[u8]) -> io::Result<Vec<u8>> {
        let Self { input, answers, .. } = self;
        let writing = async {
            input.write_all(rows).await?;
            input.flush().await
        };
        let Some(answers) = answers else {
            writing.await?;
            return Ok(Vec::new());
        };
        // At the same time: a program may answer before it has read all.
        let reading = async {
            let mut line = Vec::new();
            answers.take(MAX_ANSWER).read_until(b'\n', &mut line).await?;
            match line.pop() {
                Some(b'\n') => Ok(line),
                Some(_) if line.len() as u64 >= MAX_ANSWER - 1 => {
                    Err(io::Error::other("its answer is longer than 4 MiB"))
                }
                _ => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it gave no answer")),
            }
        };
        let ((), line) = tokio::try_join!(writing, reading)?;
        Ok(line)
    }

    /// Lets it end by itself, as its standard input ends, so long at most. Says how it ended, and
    /// its last words.
    pub(crate) async fn end(self, within: Duration) -> String {
        let Self { mut child, input, answers, complaining } = self;
        drop(input);
        // What it still writes there must not stop it.
        let draining = answers.map(|mut answers| {
            tokio::spawn(async move {
                let _ = tokio::io::copy(&mut answers, &mut tokio::io::sink()).await;
            })
        });
        let status = match child.end(within).await {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        };
        if let Some(draining) = draining {
            draining.abort();
        }
        let mut said = Vec::new();
        for mut task in complaining {
            match timeout(LAST_WORDS, &mut task).await {
                Ok(lines) => said.extend(lines.unwrap_or_default()),
                Err(_) => task.abort(),
            }
        }
        match said.is_empty() {
            true => status,
            false => format!("{status}, and last said: {}", said.join(" / ")),
        }
    }
}
