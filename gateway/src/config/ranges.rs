//! What a schema cannot say of the gateway's own settings. Pure.

use forebay_core::component::Problem;
use forebay_core::flow::Backpressure;
use forebay_core::retry::RetryPolicy;
use forebay_core::units::ByteSize;

use super::gateway::GatewaySettings;
use super::keys::{ReceiverKeys, SinkKeys};
use super::pipeline::PipelineSettings;

/// The least memory with which batches can flow.
const LEAST_MEMORY: ByteSize = ByteSize::mib(1);

pub(super) fn gateway(settings: &GatewaySettings) -> Vec<Problem> {
    let mut problems = Vec::new();
    // Whether the folder can be made is seen at the start; here only its form is looked at.
    problems.extend(settings.checkpoint_folder(std::path::Path::new("")).err());
    problems.extend(settings.listen_address().err());
    if settings.memory < LEAST_MEMORY {
        let message =
            format!("{} is too little: it must be at least {LEAST_MEMORY}", settings.memory);
        problems.push(Problem::at("memory", message));
    }
    problems
}

pub(super) fn pipeline(settings: &PipelineSettings) -> Vec<Problem> {
    let mut problems = Vec::new();
    if let Some(backpressure) = &settings.backpressure {
        problems.extend(controller(backpressure));
    }
    if settings.max_batch_bytes.0 == 0 {
        problems.push(Problem::at("max_batch_bytes", "a batch must be allowed to hold something"));
    }
    problems
}

fn controller(settings: &Backpressure) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut must = |holds: bool, key: &str, what: &str| {
        if !holds {
            problems.push(Problem::at(&format!("backpressure.{key}"), format!("must be {what}")));
        }
    };
    must(settings.proportional >= 0.0, "proportional", "at least 0");
    must(settings.integral >= 0.0, "integral", "at least 0");
    must(settings.derivative >= 0.0, "derivative", "at least 0");
    must(settings.minimum > 0.0, "minimum", "above 0");
    must(settings.headroom > 0.0 && settings.headroom <= 1.0, "headroom", "above 0 and at most 1");
    must(settings.initial.is_none_or(|rate| rate > 0.0), "initial", "above 0");
    must(
        settings.maximum.is_none_or(|rate| rate >= settings.minimum),
        "maximum",
        "at least `minimum`",
    );
    problems
}

pub(super) fn source(keys: &ReceiverKeys) -> Vec<Problem> {
    let journal = keys.journal.check().into_iter().map(|mut problem| {
        problem.path.insert(0, "journal".to_owned());
        problem
    });
    keys.limits.check().into_iter().chain(journal).collect()
}

pub(super) fn sink(keys: &SinkKeys) -> Vec<Problem> {
    let RetryPolicy { initial, max, jitter, .. } = keys.retry;
    let mut problems = Vec::new();
    if !(0.0..=1.0).contains(&jitter) {
        problems.push(Problem::at("retry.jitter", "must be from 0 to 1"));
    }
    if initial > max {
        let message = format!("the first pause, {initial}, is above the longest, {max}");
        problems.push(Problem::at("retry.initial", message));
    }
    problems
}
