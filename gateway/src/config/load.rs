//! From files to a configuration, or to all that is wrong with it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use forebay_core::component::Claim;

use super::claims::{self, Claimant};
use super::document::Document;
use super::exactly_once;
use super::files;
use super::finding::{Finding, Findings};
use super::gateway::{GatewaySettings, Listen};
use super::model::{Config, PipelineConfig, SinkConfig, SourceConfig};
use super::pipeline::PipelineSettings;
use super::place::Place;
use super::references;
use super::sections::{Checker, Shared};
use super::tree::Planter;
use super::variables::Environment;
use crate::registry::Registry;

/// What loading came to.
#[derive(Debug)]
pub struct Loaded {
    /// What is wrong.
    pub findings: Findings,
    /// The configuration; `None` if there are errors.
    pub config: Option<Config>,
}

/// Loads files, and folders of `*.toml`, as one configuration. Everything that is wrong is found
/// in one run, without opening a socket or writing a file.
#[must_use]
pub fn load(paths: &[PathBuf], registry: &Registry, environment: &Environment<'_>) -> Loaded {
    let mut findings = Findings::default();
    files::read(paths, &mut findings);
    let all_read = findings.errors() == 0;
    let (document, damaged) = parse(environment, &mut findings);
    let parts = check(&document, registry, &damaged, &mut findings);
    // With files missing or broken, a name may be unknown only because of that.
    if all_read && !damaged.contains(&true) {
        references::check(&document, registry, &mut findings);
        claims(&document, &parts, &mut findings);
        exactly_once::check(&document, &mut findings);
        if document.pipelines.is_empty() {
            findings.add(
                Finding::outside("nothing", "there is no pipeline, so there is nothing to run")
                    .help("add a [pipelines.NAME] with `from` and `to`; `forebay new` shows one"),
            );
        }
    }
    findings.sort();
    let config = (findings.errors() == 0).then(|| assemble(&document, parts, &findings)).flatten();
    Loaded { findings, config }
}

fn parse(environment: &Environment<'_>, findings: &mut Findings) -> (Document, Vec<bool>) {
    let mut document = Document::default();
    let mut damaged = Vec::new();
    for file in 0..findings.files.len() {
        let text = findings.files[file].text.clone();
        let is_syntax = |finding: &&Finding| {
            finding.code == "syntax" && finding.place.is_some_and(|place| place.file == file)
        };
        let table = Planter { file, environment, findings }.document(&text);
        damaged.push(findings.list.iter().any(|finding| is_syntax(&finding)));
        document.add(table, findings);
    }
    (document, damaged)
}

/// The sections that fit their types.
struct Parts {
    gateway: Option<GatewaySettings>,
    sources: Shared<SourceConfig>,
    sinks: Shared<SinkConfig>,
    pipelines: BTreeMap<String, PipelineSettings>,
}

fn check(
    document: &Document,
    registry: &Registry,
    damaged: &[bool],
    findings: &mut Findings,
) -> Parts {
    let broken_lines = lines_of_syntax_errors(findings);
    let before = findings.list.len();
    let mut checker = Checker { registry, damaged, findings };
    let gateway = match &document.gateway {
        Some(section) => checker.gateway(section),
        None => Some(GatewaySettings::default()),
    };
    let mut parts = Parts {
        gateway,
        sources: BTreeMap::new(),
        sinks: BTreeMap::new(),
        pipelines: BTreeMap::new(),
    };
    for (name, section) in &document.sources {
        if let Some(source) = checker.source(section) {
            parts.sources.insert(name.clone(), Arc::new(source));
        }
    }
    for (name, section) in &document.sinks {
        if let Some(sink) = checker.sink(section) {
            parts.sinks.insert(name.clone(), Arc::new(sink));
        }
    }
    for (name, section) in &document.pipelines {
        if let Some(pipeline) = checker.pipeline(section) {
            parts.pipelines.insert(name.clone(), pipeline);
        }
    }
    // What the parser made of a broken line is not held against it a second time.
    let mut found = findings.list.split_off(before);
    found.retain(|finding| {
        !finding.place.is_some_and(|place| broken_lines.contains(&line(findings, place)))
    });
    findings.list.extend(found);
    parts
}

fn line(findings: &Findings, place: Place) -> (usize, usize) {
    let file = findings.files.get(place.file);
    (place.file, file.map_or(0, |file| file.line_column(place.start).0))
}

fn lines_of_syntax_errors(findings: &Findings) -> Vec<(usize, usize)> {
    let places = findings.list.iter().filter(|finding| finding.code == "syntax");
    places.filter_map(|finding| Some(line(findings, finding.place?))).collect()
}

/// Every instance that would run, with what it wants for itself.
fn claims(document: &Document, parts: &Parts, findings: &mut Findings) {
    let mut claimants = Vec::new();
    let admin = parts.gateway.as_ref().and_then(|gateway| gateway.listen_address().ok());
    if let Some(Listen::On(address)) = admin {
        let place = document.gateway.as_ref().map(|section| section.place);
        claimants.push(Claimant {
            who: "gateway.listen".to_owned(),
            pipeline: String::new(),
            place: place.unwrap_or(Place { file: 0, start: 0, end: 0 }),
            base: PathBuf::new(),
            claims: vec![Claim::Address(format!("tcp://{address}"))],
        });
        if let Some(place) = place.filter(|_| !address.ip().is_loopback()) {
            let place = document
                .gateway
                .as_ref()
                .and_then(|section| section.node.table()?.get("listen"))
                .map_or(place, |entry| entry.node.place);
            let message =
                "the admin address can be reached from other machines, and asks for no password";
            findings.add(Finding::warning("open-admin", place, message).path("gateway.listen"));
        }
    }
    let mut receivers = Vec::new();
    for (pipeline, section) in &document.pipelines {
        for (name, _) in references::names(section, "from") {
            let Some(source) = parts.sources.get(&name) else { continue };
            // That a receiver runs twice was found already.
            if source.settings.entry().kind() == crate::registry::Kind::Receiver {
                if receivers.contains(&name) {
                    continue;
                }
                receivers.push(name.clone());
            }
            claimants.push(Claimant {
                who: format!("sources.{name}"),
                pipeline: pipeline.clone(),
                place: document.sources[&name].place,
                base: source.base.clone(),
                claims: source.settings.claims(),
            });
        }
        for (name, _) in references::names(section, "to") {
            let Some(sink) = parts.sinks.get(&name) else { continue };
            claimants.push(Claimant {
                who: format!("sinks.{name}"),
                pipeline: pipeline.clone(),
                place: document.sinks[&name].place,
                base: sink.base.clone(),
                claims: sink.settings.claims(),
            });
        }
    }
    claims::check(&claimants, findings);
}

/// Puts the parts together. Without findings, nothing can be missing.
fn assemble(document: &Document, parts: Parts, findings: &Findings) -> Option<Config> {
    let gateway = parts.gateway?;
    let file = document.gateway.as_ref().map_or(0, |section| section.place.file);
    let base = findings.files.get(file)?.folder();
    let mut pipelines = Vec::new();
    for (name, settings) in parts.pipelines {
        let find = |names: &[String]| -> Option<Vec<_>> {
            names.iter().map(|name| parts.sources.get(name).cloned()).collect()
        };
        let sinks: Option<Vec<_>> =
            settings.to.iter().map(|name| parts.sinks.get(name).cloned()).collect();
        let dead_letters = match &settings.dead_letters {
            Some(name) => Some(parts.sinks.get(name).cloned()?),
            None => None,
        };
        pipelines.push(PipelineConfig {
            name: name.into(),
            sources: find(&settings.from)?,
            sinks: sinks?,
            dead_letters,
            settings,
        });
    }
    Some(Config {
        checkpoints: gateway.checkpoint_folder(base).ok()?,
        listen: gateway.listen_address().ok()?,
        gateway,
        pipelines,
    })
}
