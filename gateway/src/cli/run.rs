//! `forebay run`: moves records until it is told to stop.

use std::convert::Infallible;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use forebay_core::clock::{Clock, SystemClock};
use forebay_core::engine::Ended;
use forebay_core::progress::Listener;
use tokio::task::{JoinError, JoinHandle};
use tokio_util::sync::CancellationToken;

use super::exit::Exit;
use super::output::Output;
use crate::admin::{Bound, Facts};
use crate::config::{self, Config, Listen, Loaded};
use crate::logs;
use crate::registry::Registry;
use crate::run::{
    Board, Gateway, ProgressLines, RunMode, Screen, ScreenWriter, Summary, Tunings, live,
};
use crate::telemetry::{Telemetry, Wanted};

/// Run pipelines until Ctrl-C or SIGTERM.
///
/// Stopping reads no more, writes and commits what was read, and leaves; a second Ctrl-C does not
/// wait. SIGHUP reads the files again and takes over the limits in them. Ends with 1 if a pipeline
/// failed, with 2 if the configuration is wrong.
///
/// Meanwhile the admin address (http://127.0.0.1:8030 unless `listen` in `[gateway]` says another)
/// shows a dashboard, and `forebay top` the same in a terminal. The log goes to standard error;
/// `FOREBAY_LOG=debug` makes it longer.
#[derive(Debug, Args)]
pub(super) struct Run {
    /// TOML files, or folders of them; together they are one configuration.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Do everything that is there now, commit it, and end.
    #[arg(long)]
    available_now: bool,
    /// Write one line per batch to standard output.
    #[arg(long, value_enum, value_name = "FORMAT")]
    progress: Option<ProgressFormat>,
}

/// How the progress of batches is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ProgressFormat {
    /// One JSON object per line.
    Jsonl,
}

/// Signals within this time are one wish: a supervisor may signal the process and its group.
const TOGETHER: Duration = Duration::from_millis(300);

/// How often the live lines are drawn.
const DRAW_EVERY: Duration = Duration::from_millis(250);

impl Run {
    pub(super) fn run(&self, registry: &Registry, output: &mut Output<'_>) -> io::Result<Exit> {
        let environment = |name: &str| std::env::var(name).ok();
        let Loaded { findings, config } = config::load(&self.files, registry, &environment);
        let Some(config) = config else {
            output.findings(&findings, false)?;
            return Ok(Exit::Wrong);
        };
        let screen = io::stderr().is_terminal().then(|| Screen::new(Box::new(io::stderr())));
        let variable = environment(logs::VARIABLE);
        let logging = match &screen {
            None => logs::start(&config.gateway.log, variable.as_deref()),
            Some(screen) => {
                let writer = ScreenWriter(screen.clone());
                logs::start_on(&config.gateway.log, variable.as_deref(), writer)
            }
        };
        if let Err(error) = logging {
            output.refuse(&error.to_string(), "mend the variable, or unset it")?;
            return Ok(Exit::Wrong);
        }
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        runtime.enable_all();
        if let Some(threads) = config.gateway.threads {
            runtime.worker_threads(threads.get());
        }
        runtime.build()?.block_on(self.move_records(&config, registry, screen, output))
    }

    async fn move_records(
        &self,
        config: &Config,
        registry: &Registry,
        screen: Option<Screen>,
        output: &mut Output<'_>,
    ) -> io::Result<Exit> {
        let clock = SystemClock::shared();
        let board = Arc::new(Board::new(config.pipelines.iter().map(|pipeline| &pipeline.name)));
        let listener: Arc<dyn Listener> = match self.progress {
            None => board.clone(),
            Some(ProgressFormat::Jsonl) => {
                Arc::new(ProgressLines::new(board.clone(), Box::new(io::stdout())))
            }
        };
        let bound = match config.listen {
            Listen::Off => None,
            Listen::On(address) => match Bound::bind(address).await {
                Ok(bound) => Some(bound),
                Err(error) => {
                    output.refuse(&error.to_string(), error.help())?;
                    return Ok(Exit::Failed);
                }
            },
        };
        let mode = if self.available_now { RunMode::AvailableNow } else { RunMode::UntilStopped };
        let gateway = match Gateway::assemble(config, registry, mode, &clock, &listener) {
            Ok(gateway) => gateway,
            Err(error) => {
                output.refuse(&error.to_string(), "nothing was started")?;
                return Ok(Exit::Failed);
            }
        };
        if let Some(screen) = &screen {
            screen.write_above(header(config, bound.as_ref()).as_bytes())?;
        }
        let stop = CancellationToken::new();
        let admin_stop = CancellationToken::new();
        let facts = Facts::new(config, registry, &gateway, board.clone(), clock.clone());
        let facts = Arc::new(facts);
        let telemetry = match telemetry(config, &facts).await {
            Ok(telemetry) => telemetry,
            Err(error) => {
                output.refuse(&error, "mend `telemetry` in [gateway] or the OTEL_ variables")?;
                return Ok(Exit::Failed);
            }
        };
        let admin = bound.map(|bound| {
            tracing::info!("the admin address is http://{}", bound.address());
            tokio::spawn(bound.serve(facts, admin_stop.clone()))
        });
        let signals = tokio::spawn(stop_on_signal(stop.clone()));
        let reading_again =
            read_again_on_signal(self.files.clone(), registry, gateway.tunings().clone());
        let drawing = tokio::spawn(draw(screen.clone(), board.clone(), clock.clone()));
        let summary = tokio::select! {
            summary = gateway.run(stop) => summary,
            never = reading_again => match never {},
        };
        signals.abort();
        drawing.abort();
        admin_stop.cancel();
        if let Some(Err(error)) = join(admin).await {
            tracing::error!(%error, "the admin address broke down");
        }
        if let Some(telemetry) = telemetry {
            telemetry.end().await;
        }
        if let Some(screen) = &screen {
            screen.draw(live::lines(&board, clock.now_ms(), width()))?;
        }
        report(&summary, &board, output)
    }
}

/// Begins to send telemetry if that is wanted.
async fn telemetry(config: &Config, facts: &Arc<Facts>) -> Result<Option<Telemetry>, String> {
    let environment = |name: &str| std::env::var(name).ok();
    match Wanted::of(config.gateway.telemetry.as_ref(), &environment) {
        None => Ok(None),
        Some(wanted) => {
            let started = Telemetry::start(wanted, facts).await;
            started.map(Some).map_err(|error| error.to_string())
        }
    }
}

/// Waits for a task that may not be there.
async fn join(task: Option<JoinHandle<()>>) -> Option<Result<(), JoinError>> {
    match task {
        Some(task) => Some(task.await),
        None => None,
    }
}

/// What a person sees first.
fn header(config: &Config, bound: Option<&Bound>) -> String {
    let mut text = format!("forebay {}\n", env!("CARGO_PKG_VERSION"));
    for pipeline in &config.pipelines {
        let sources: Vec<String> = pipeline
            .sources
            .iter()
            .map(|source| format!("{} ({})", source.name, source.settings.entry().name()))
            .collect();
        let sinks: Vec<String> = pipeline
            .sinks
            .iter()
            .map(|sink| format!("{} ({})", sink.name, sink.settings.entry().name()))
            .collect();
        text.push_str(&format!(
            "  {}: {} -> {}\n",
            pipeline.name,
            sources.join(", "),
            sinks.join(", ")
        ));
    }
    if let Some(bound) = bound {
        text.push_str(&format!("  admin address: http://{}\n", bound.address()));
    }
    text.push_str("  Ctrl-C stops it, and loses nothing\n\n");
    text
}

/// The width of lines; terminals that are narrower wrap them.
fn width() -> usize {
    std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok()).unwrap_or(160)
}

async fn draw(screen: Option<Screen>, board: Arc<Board>, clock: Arc<dyn Clock>) {
    let Some(screen) = screen else { return };
    loop {
        tokio::time::sleep(DRAW_EVERY).await;
        if screen.draw(live::lines(&board, clock.now_ms(), width())).is_err() {
            return;
        }
    }
}

/// The first signal asks the pipelines to drain, the second ends the process.
pub(super) async fn stop_on_signal(stop: CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        tracing::error!("signals cannot be heard; stopping needs `kill -9`, which loses nothing");
        return;
    };
    let mut first = None;
    loop {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        let first = *first.get_or_insert_with(Instant::now);
        if stop.is_cancelled() && first.elapsed() < TOGETHER {
            continue;
        }
        if stop.is_cancelled() {
            tracing::warn!(
                "not waiting; what was not committed is read again after the next start"
            );
            std::process::exit(1);
        }
        tracing::info!("stopping: writing and committing what was read");
        stop.cancel();
    }
}

/// SIGHUP: reads the configuration again and takes over its limits.
async fn read_again_on_signal(
    files: Vec<PathBuf>,
    registry: &Registry,
    tunings: Tunings,
) -> Infallible {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut hangup) = signal(SignalKind::hangup()) else {
        tracing::error!("SIGHUP cannot be heard; a change of limits needs a restart");
        return std::future::pending().await;
    };
    let environment = |name: &str| std::env::var(name).ok();
    loop {
        if hangup.recv().await.is_none() {
            return std::future::pending().await;
        }
        let Loaded { findings, config } = config::load(&files, registry, &environment);
        let Some(config) = config else {
            tracing::error!(
                findings = findings.errors(),
                "the configuration that was read again is wrong, and the old one stays in force; \
                 `forebay check` shows what is wrong"
            );
            continue;
        };
        let changed = tunings.adopt(&config);
        let pipelines = if changed.is_empty() { "none".to_owned() } else { changed.join(", ") };
        tracing::info!(pipelines, "read the configuration again; limits changed in");
    }
}

fn report(summary: &Summary, board: &Board, output: &mut Output<'_>) -> io::Result<Exit> {
    let mut exit = Exit::Done;
    for (name, ended) in summary {
        let totals = board.look(|pipelines| {
            pipelines.get(name).map(|view| {
                format!(
                    "{} records in {} batches, {} dead letters",
                    live::grouped(view.records),
                    live::grouped(view.batches),
                    live::grouped(view.dead_letters)
                )
            })
        });
        let totals = totals.unwrap_or_default();
        match ended {
            Ok(Ended::Drained) => {
                writeln!(output.err, "{name}: done: {totals}; all committed")?;
            }
            Ok(Ended::TimedOut) => {
                let note = "what was not committed is read again after the next start";
                writeln!(output.err, "{name}: stopped before all was written: {totals}; {note}")?;
            }
            Err(error) => {
                writeln!(output.err, "{name}: failed: {error}; {totals}")?;
                exit = Exit::Failed;
            }
        }
    }
    Ok(exit)
}
