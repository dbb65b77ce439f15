//! `forebay probe`: whether every system of a configuration can be used.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::SchemaRef;
use clap::Args;
use forebay_clients::address::HostPort;
use forebay_clients::probe::may_listen;
use forebay_core::component::{BuildContext, Input, Problem};
use forebay_core::dead_letter;
use forebay_core::decode::Decode;
use forebay_core::probe::{Obstacle, Outcome, Probed};
use futures::future::{BoxFuture, join_all};
use serde_json::json;
use tokio::time::timeout;

use super::exit::Exit;
use super::output::Output;
use super::table::aligned;
use super::words::shortened;
use crate::config::{self, Config, Listen, Loaded, PipelineConfig, SinkConfig, SourceConfig};
use crate::registry::Registry;

/// Look step by step whether every source and sink can be reached and used.
///
/// It says what to do about the first step that fails. Nothing is changed anywhere: no positions, no groups, no records; a write is tried only where it
/// leaves no trace. It may run beside a gateway. Ends with 1 if something stands in the way.
#[derive(Debug, Args)]
pub(super) struct Probe {
    /// TOML files, or folders of them; together they are one configuration.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// One JSON object per step, one per line.
    #[arg(long)]
    json: bool,
    /// How long each system may take, in seconds.
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    timeout: u64,
}

/// One thing to look at.
struct Subject {
    /// As it stands in the configuration: `sources.orders`.
    name: String,
    type_name: &'static str,
    probe: BoxFuture<'static, Probed>,
}

impl Probe {
    pub(super) fn run(&self, registry: &Registry, output: &mut Output<'_>) -> io::Result<Exit> {
        let environment = |name: &str| std::env::var(name).ok();
        let Loaded { findings, config } = config::load(&self.files, registry, &environment);
        let Some(config) = config else {
            output.findings(&findings, self.json)?;
            return Ok(Exit::Wrong);
        };
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(2).enable_all().build()?;
        let patience = Duration::from_secs(self.timeout.max(1));
        let found = runtime.block_on(async {
            let probes = subjects(&config).into_iter().map(|subject| async move {
                let probed = timeout(patience, subject.probe).await;
                let probed = probed.unwrap_or_else(|_| out_of_time(patience));
                (subject.name, subject.type_name, probed)
            });
            join_all(probes).await
        });
        // What a client leaves behind that does not let go is not waited for.
        runtime.shutdown_background();
        self.tell(&found, output)
    }

    fn tell(
        &self,
        found: &[(String, &'static str, Probed)],
        output: &mut Output<'_>,
    ) -> io::Result<Exit> {
        for (name, type_name, probed) in found {
            if self.json {
                for step in probed.steps() {
                    let mut line = json!({ "component": name, "type": type_name });
                    if let (Some(line), Ok(serde_json::Value::Object(step))) =
                        (line.as_object_mut(), serde_json::to_value(step))
                    {
                        line.extend(step);
                    }
                    writeln!(output.out, "{line}")?;
                }
            } else {
                output.out.write_all(shown(name, type_name, probed).as_bytes())?;
            }
        }
        let failed = found.iter().filter(|(.., probed)| !probed.is_well()).count();
        if !self.json {
            let all = found.len();
            match failed {
                0 => writeln!(output.out, "all {all} are well")?,
                _ => writeln!(output.out, "{failed} of {all} cannot be used")?,
            }
        }
        Ok(if failed == 0 { Exit::Done } else { Exit::Failed })
    }
}

fn out_of_time(patience: Duration) -> Probed {
    let mut probed = Probed::default();
    let reason = format!("no answer within {} s", patience.as_secs());
    let help = "look whether it hangs; --timeout gives it more time";
    // It is the only step.
    let _ = probed.step("answer", Err(Obstacle::new(reason, help)));
    probed
}

/// The steps for people.
fn shown(name: &str, type_name: &str, probed: &Probed) -> String {
    let mut rows = Vec::new();
    let mut advice = String::new();
    for step in probed.steps() {
        let (word, text) = match &step.outcome {
            Outcome::Well { found } => ("ok", found),
            Outcome::Failed { reason, help } => {
                advice = format!("    help: {help}\n");
                ("FAILED", reason)
            }
        };
        let cells = [format!("  {}", step.name), word.to_owned(), shortened(text, 2_000)];
        rows.push(cells.to_vec());
    }
    format!("{name} ({type_name})\n{}{advice}\n", aligned(&rows))
}

/// Everything that a configuration uses, each once.
fn subjects(config: &Config) -> Vec<Subject> {
    let mut subjects = vec![checkpoints(config.checkpoints.clone())];
    if let Listen::On(address) = config.listen {
        let host = address.ip().to_string();
        let at = HostPort { host, port: address.port() };
        let probe = Box::pin(async move {
            let mut probed = Probed::default();
            // It is the only step.
            let _ = may_listen(&mut probed, &at).await;
            probed
        });
        subjects.push(Subject { name: "gateway.listen".into(), type_name: "http", probe });
    }
    let mut sources: Vec<&Arc<str>> = Vec::new();
    let mut sinks: Vec<(&Arc<str>, Option<SchemaRef>)> = Vec::new();
    for pipeline in &config.pipelines {
        let mut columns: Vec<(&Arc<str>, Option<SchemaRef>)> = Vec::new();
        for source in &pipeline.sources {
            let (subject, schema) = source_subject(source, pipeline);
            if schema.is_some() && !columns.iter().any(|(_, known)| *known == schema) {
                columns.push((&source.name, schema));
            }
            if !sources.contains(&&source.name) {
                sources.push(&source.name);
                subjects.push(subject);
            }
        }
        let unknown: Arc<str> = "".into();
        if columns.is_empty() {
            columns.push((&unknown, None));
        }
        let own = pipeline.sinks.iter().flat_map(|sink| columns.iter().map(move |it| (sink, it)));
        let of_letters: Arc<str> = "dead letters".into();
        let letters = (&of_letters, Some(dead_letter::schema()));
        let letters = pipeline.dead_letters.iter().map(|sink| (sink, &letters));
        for (sink, (source, columns)) in own.chain(letters) {
            let key = (&sink.name, columns.clone());
            if sinks.contains(&key) {
                continue;
            }
            let mut subject = sink_subject(sink, pipeline, columns.clone());
            if sinks.iter().any(|(name, _)| *name == &sink.name) {
                // The same sink, given other columns.
                subject.name = format!("{}, rows of {source}", subject.name);
            }
            subjects.push(subject);
            sinks.push(key);
        }
    }
    subjects
}

/// An instance for a probe alone: nothing that it names collides with what a gateway has.
fn context(name: &Arc<str>, base: &Path, pipeline: &PipelineConfig) -> BuildContext {
    BuildContext {
        name: name.clone(),
        pipeline: pipeline.name.clone(),
        base: base.to_owned(),
        instance: format!("probe-{:016x}", fastrand::u64(..)).into(),
    }
}

fn source_subject(
    source: &SourceConfig,
    pipeline: &PipelineConfig,
) -> (Subject, Option<SchemaRef>) {
    let input = source.settings.build_input(&context(&source.name, &source.base, pipeline));
    let (probe, columns): (BoxFuture<'static, Probed>, _) = match input {
        Ok(Input::Source(mut source)) => {
            let decoder = source.decoder();
            let columns = decoder.schema();
            let probe = async move { with_decoder(source.probe().await, &*decoder).await };
            (Box::pin(probe), columns)
        }
        Ok(Input::Receiver(mut receiver)) => {
            let decoder = receiver.decoder();
            let columns = decoder.schema();
            let probe = async move { with_decoder(receiver.probe().await, &*decoder).await };
            (Box::pin(probe), columns)
        }
        Err(problem) => (Box::pin(async move { unbuilt(&problem) }), None),
    };
    let (name, type_name) = (format!("sources.{}", source.name), source.settings.entry().name());
    (Subject { name, type_name, probe }, columns)
}

/// Adds what the decoder has to fetch from elsewhere.
async fn with_decoder(mut probed: Probed, decoder: &dyn Decode) -> Probed {
    if probed.is_well()
        && let Some(fetched) = decoder.prepare()
    {
        // Where it ended is its last step.
        let _ = fetched.probe(&mut probed).await;
    }
    probed
}

fn sink_subject(
    sink: &SinkConfig,
    pipeline: &PipelineConfig,
    columns: Option<SchemaRef>,
) -> Subject {
    let built = sink.settings.build_sink(&context(&sink.name, &sink.base, pipeline));
    let probe: BoxFuture<'static, Probed> = match built {
        Ok(mut sink) => Box::pin(async move { sink.probe(columns.as_ref()).await }),
        Err(problem) => Box::pin(async move { unbuilt(&problem) }),
    };
    let (name, type_name) = (format!("sinks.{}", sink.name), sink.settings.entry().name());
    Subject { name, type_name, probe }
}

fn unbuilt(problem: &Problem) -> Probed {
    let mut probed = Probed::default();
    let help = problem.help.clone().unwrap_or_else(|| "mend the option".to_owned());
    let path = problem.path.join(".");
    let reason = if path.is_empty() {
        problem.message.clone()
    } else {
        format!("`{path}`: {}", problem.message)
    };
    // It is the only step.
    let _ = probed.step("options", Err(Obstacle::new(reason, help)));
    probed
}

/// Whether checkpoints can be kept. A folder that is not there is not made.
fn checkpoints(folder: PathBuf) -> Subject {
    let probe = Box::pin(async move {
        let looked = tokio::task::spawn_blocking(move || writable(&folder)).await;
        let mut probed = Probed::default();
        let looked = looked.unwrap_or_else(|error| Err(error.to_string()));
        let help = "give the user of the gateway the right to write there, or mend `checkpoints`";
        // It is the only step.
        let _ = probed.step("write", looked.map_err(|why| Obstacle::new(why, help)));
        probed
    });
    Subject { name: "gateway.checkpoints".into(), type_name: "folder", probe }
}

fn writable(folder: &Path) -> Result<String, String> {
    use rustix::fs::{Access, access};
    let there = folder.ancestors().find(|folder| folder.exists());
    let there = there.filter(|there| !there.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !there.is_dir() {
        return Err(format!("{} is no folder", there.display()));
    }
    access(there, Access::WRITE_OK | Access::EXEC_OK)
        .map_err(|error| format!("{}: {error}", there.display()))?;
    Ok(match there == folder {
        true => format!("{} can be written", folder.display()),
        false => format!("{} is not there yet, and can be made", folder.display()),
    })
}
