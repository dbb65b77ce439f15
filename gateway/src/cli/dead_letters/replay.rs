//! `forebay dead-letters replay`.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use forebay_core::clock::SystemClock;
use forebay_core::engine::{Ended, PipelineError};
use forebay_core::progress::Listener;
use tokio_util::sync::CancellationToken;

use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::cli::pipelines::choose;
use crate::cli::run::stop_on_signal;
use crate::config::{self, Loaded};
use crate::logs::{self, LogError};
use crate::registry::Registry;
use crate::run::Board;
use crate::run::replay::{Replay as Sending, ReplayError, Selection};

/// Send dead letters through their pipeline again, with the configuration as it is now.
///
/// Mend the configuration first (the schema, say), then replay: the bytes of each letter go to the
/// decoder of its source, and from there to all sinks of the pipeline, within its limits. The
/// gateway may run meanwhile. Letters that are delivered are moved to `replayed/` within their
/// folder; those that fail again are dead letters again, with one more attempt.
///
/// Each letter is delivered at least once: after a crash, start it again, and it goes on where it
/// stood. A letter that one sink of several refused goes to all of them again. What a source tells
/// of a record beside its bytes (a key, a path, a time of arrival) is not in a dead letter, and
/// comes empty.
#[derive(Debug, Args)]
pub(super) struct Replay {
    /// TOML files, or folders of them; together they are one configuration.
    #[arg(required = true, value_name = "CONFIG")]
    files: Vec<PathBuf>,
    /// The pipeline, if there are several.
    #[arg(long, value_name = "NAME")]
    pipeline: Option<String>,
    /// Only letters of this class, as `forebay dead-letters show` tells it.
    #[arg(long, value_name = "CLASS")]
    class: Option<String>,
    /// At most so many, the oldest first.
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// The folder of the letters, if they went to a sink of their own that writes JSON lines; by
    /// default they stand beside the checkpoint.
    #[arg(long, value_name = "DIR")]
    letters: Option<PathBuf>,
    /// Say what would be replayed, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

impl Replay {
    pub(super) fn run(&self, registry: &Registry, output: &mut Output<'_>) -> io::Result<Exit> {
        let environment = |name: &str| std::env::var(name).ok();
        let Loaded { findings, config } = config::load(&self.files, registry, &environment);
        let Some(config) = config else {
            output.findings(&findings, false)?;
            return Ok(Exit::Wrong);
        };
        let pipelines = config.pipelines.clone();
        let Some(pipeline) = choose(pipelines, self.pipeline.as_deref(), output)? else {
            return Ok(Exit::Wrong);
        };
        if let (Some(sink), None) = (&pipeline.dead_letters, &self.letters) {
            let message =
                format!("the dead letters of `{}` go to the sink `{}`", pipeline.name, sink.name);
            output.refuse(&message, "name its folder of JSON lines with --letters DIR")?;
            return Ok(Exit::Wrong);
        }
        let name = pipeline.name.clone();
        match logs::start(&config.gateway.log, environment(logs::VARIABLE).as_deref()) {
            // Another command of this process started them.
            Ok(()) | Err(LogError::Twice(_)) => {}
            Err(error) => {
                output.refuse(&error.to_string(), "mend the variable, or unset it")?;
                return Ok(Exit::Wrong);
            }
        }
        let sending = match Sending::new(&config, pipeline, self.letters.clone()) {
            Ok(sending) => sending,
            Err(error) => return failed(&error, output),
        };
        match self.send(&sending, &name, registry, output)? {
            Ok(exit) => Ok(exit),
            Err(error) => failed(&error, output),
        }
    }

    fn send(
        &self,
        sending: &Sending,
        name: &Arc<str>,
        registry: &Registry,
        output: &mut Output<'_>,
    ) -> io::Result<Result<Exit, ReplayError>> {
        if self.dry_run {
            let counted = sending
                .look(self.class.clone(), self.limit)
                .and_then(|selection| Ok((selection, sending.left_behind()?)));
            return match counted {
                Ok((selection, behind)) => {
                    tell(&selection, "would be replayed", output)?;
                    if behind > 0 {
                        writeln!(output.out, "and {behind} files that an earlier replay left")?;
                    }
                    Ok(Ok(Exit::Done))
                }
                Err(error) => Ok(Err(error)),
            };
        }
        let run = format!("{}-{:08x}", SystemClock::shared().now_ms(), fastrand::u32(..));
        let taken = sending.lock().and_then(|lock| {
            sending.left_behind()?;
            let selection = sending.choose(self.class.clone(), self.limit, &run)?;
            Ok((lock, selection, sending.left_behind()?))
        });
        let (lock, selection, files) = match taken {
            Ok(taken) => taken,
            Err(error) => return Ok(Err(error)),
        };
        tell(&selection, "are replayed", output)?;
        if selection.bare > 0 {
            for (source, columns) in sending.kept_columns() {
                let (bare, columns) = (selection.bare, columns.join("`, `"));
                writeln!(
                    output.err,
                    "note: `{columns}` of `{source}` come empty where a letter has kept the bytes of its record alone, as {bare} of these have"
                )?;
            }
        }
        if files == 0 && !sending.was_begun() {
            return Ok(Ok(Exit::Done));
        }
        let board = Arc::new(Board::new([name]));
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let ended = runtime.block_on(async {
            let listener: Arc<dyn Listener> = board.clone();
            let stop = CancellationToken::new();
            let signals = tokio::spawn(stop_on_signal(stop.clone()));
            let ended = sending.run(registry, &SystemClock::shared(), &listener, stop).await;
            signals.abort();
            ended
        });
        drop(lock);
        match ended {
            Ok(ended) => report(sending, name, &board, ended, output),
            Err(error) => Ok(Err(error)),
        }
    }
}

fn tell(selection: &Selection, what: &str, output: &mut Output<'_>) -> io::Result<()> {
    writeln!(output.out, "{} letters {what}", selection.count())?;
    for (class, count) in &selection.chosen {
        writeln!(output.out, "  {count} of class {class}")?;
    }
    for (why, count) in &selection.left {
        writeln!(output.out, "{count} stay where they are: {}", why.as_str())?;
    }
    Ok(())
}

fn report(
    sending: &Sending,
    name: &Arc<str>,
    board: &Board,
    ended: Result<Ended, PipelineError>,
    output: &mut Output<'_>,
) -> io::Result<Result<Exit, ReplayError>> {
    let (records, letters) = board.look(|pipelines| {
        pipelines.get(name).map_or((0, 0), |view| (view.records, view.dead_letters))
    });
    let left = match sending.left_behind() {
        Ok(left) => left,
        Err(error) => return Ok(Err(error)),
    };
    writeln!(output.out, "{records} sent, {letters} dead letters again")?;
    if let Err(error) = &ended {
        output
            .refuse(&format!("{name}: {error}"), "mend it, and replay again: it goes on there")?;
        return Ok(Ok(Exit::Failed));
    }
    if left > 0 || ended == Ok(Ended::TimedOut) {
        let help = "replay again: it goes on where it stood";
        output.refuse("the replay was stopped before all letters were sent", help)?;
        return Ok(Ok(Exit::Failed));
    }
    Ok(Ok(Exit::Done))
}

fn failed(error: &ReplayError, output: &mut Output<'_>) -> io::Result<Exit> {
    let help = match error {
        ReplayError::Line { .. } => "mend the line, or take it out; nothing was replayed",
        ReplayError::File { .. } => "look at the permissions and the room on the disk",
        ReplayError::Assembly(_) => "mend the configuration; letters that were taken stay",
        _ => "no letter is lost",
    };
    output.refuse(&error.to_string(), help)?;
    Ok(Exit::Failed)
}
