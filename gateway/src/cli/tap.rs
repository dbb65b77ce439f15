//! `forebay tap`: a sample of the records that pass a stage of a pipeline.

use std::io;

use clap::{Args, ValueEnum};
use forebay_core::engine::window::TapStage;
use serde_json::{Value, json};

use super::admin::{Admin, At, Unanswered, encoded};
use super::exit::Exit;
use super::output::Output;
use super::words::shortened;

/// Show some of the records that pass a stage of a pipeline that runs, with their origin.
///
/// Records are sampled: a few of each batch, never all, and the pipeline does not wait for anyone
/// who looks. Ctrl-C ends it.
#[derive(Debug, Args)]
pub(super) struct Tap {
    /// The pipeline.
    pipeline: String,
    /// Where on their way to look at them.
    #[arg(long, value_enum, default_value = "decoded")]
    stage: Stage,
    /// How many to show.
    #[arg(long, default_value_t = 10, value_name = "N")]
    limit: u64,
    /// One JSON object per line.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    at: At,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Stage {
    /// As they were read: bytes.
    Read,
    /// As the format understood them: columns.
    Decoded,
    /// As the sinks are given them.
    Transformed,
    /// Refused, and why.
    DeadLetter,
}

impl From<Stage> for TapStage {
    fn from(stage: Stage) -> Self {
        match stage {
            Stage::Read => Self::Read,
            Stage::Decoded => Self::Decoded,
            Stage::Transformed => Self::Transformed,
            Stage::DeadLetter => Self::DeadLetter,
        }
    }
}

/// The longest text of a record that a person is shown, in characters.
const MAX_SHOWN: usize = 2_000;

impl Tap {
    pub(super) fn run(&self, output: &mut Output<'_>) -> io::Result<Exit> {
        let gateway = match self.at.gateway() {
            Ok(gateway) => gateway,
            Err(error) => {
                output.refuse(&error.to_string(), error.help())?;
                return Ok(Exit::Wrong);
            }
        };
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let shown = runtime.enable_all().build()?.block_on(self.show(&gateway, output));
        match shown? {
            Ok(()) => Ok(Exit::Done),
            Err(error) => {
                output.refuse(&error.to_string(), error.help())?;
                Ok(Exit::Failed)
            }
        }
    }

    async fn show(
        &self,
        gateway: &Admin,
        output: &mut Output<'_>,
    ) -> io::Result<Result<(), Unanswered>> {
        let path = format!("/api/pipelines/{}/tap", encoded(&self.pipeline));
        let mut left = self.limit;
        // An answer ends by itself after some minutes.
        while left > 0 {
            let wanted = json!({ "stage": TapStage::from(self.stage), "limit": left });
            let mut answer = match gateway.lines(&path, &wanted).await {
                Ok(answer) => answer,
                Err(error) => return Ok(Err(error)),
            };
            loop {
                let line = match answer.line().await {
                    Ok(Some(line)) => line,
                    Ok(None) => break,
                    Err(error) => return Ok(Err(error)),
                };
                if line.is_empty() {
                    // Nothing passes.
                    continue;
                }
                left = left.saturating_sub(1);
                if self.json {
                    output.out.write_all(&line)?;
                    output.out.write_all(b"\n")?;
                } else {
                    output.out.write_all(readable(&line).as_bytes())?;
                }
                output.out.flush()?;
            }
        }
        Ok(Ok(()))
    }
}

/// A sample for people: its origin, and what it was.
fn readable(line: &[u8]) -> String {
    let Ok(sample) = serde_json::from_slice::<Value>(line) else {
        return format!("{}\n", shortened(&String::from_utf8_lossy(line), MAX_SHOWN));
    };
    let text = |key: &str| sample[key].as_str().unwrap_or("?").to_owned();
    let mut head = format!(
        "{} {} at {}, batch {}",
        text("source"),
        text("split"),
        text("position"),
        sample["batch"]
    );
    if let Some(class) = sample["class"].as_str() {
        head.push_str(&format!(", {class}: {}", shortened(&text("reason"), MAX_SHOWN)));
    }
    let body = if let Some(row) = sample["row"].as_object() {
        let cells = row.iter().map(|(name, value)| format!("{name}={value}"));
        cells.collect::<Vec<_>>().join("  ")
    } else if let Some(text) = sample["text"].as_str() {
        text.to_owned()
    } else if let Some(hex) = sample["hex"].as_str() {
        format!("0x{hex}")
    } else if let Some(bytes) = sample["oversize_bytes"].as_u64() {
        format!("({bytes} bytes, too large to be shown)")
    } else {
        sample["unreadable"].as_str().unwrap_or_default().to_owned()
    };
    format!("{}\n    {}\n", shortened(&head, MAX_SHOWN), shortened(&body, MAX_SHOWN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_for_people() {
        let row = br#"{"batch":7,"source":"shop","split":"a-0","position":"12","row":{"id":1,"name":"x"}}"#;
        assert_eq!(readable(row), "shop a-0 at 12, batch 7\n    id=1  name=\"x\"\n");
        let letter =
            br#"{"batch":7,"source":null,"class":"syntax","reason":"no json","text":"{\n"}"#;
        let shown = readable(letter);
        assert!(shown.starts_with("? ? at ?, batch 7, syntax: no json\n    { "), "{shown}");
        assert_eq!(readable(b"\x1b[31mno"), " [31mno\n");
    }
}
