//! What a schema cannot say of the gateway's own settings. Pure.

use forebay_core::component::Problem;
use forebay_core::retry::RetryPolicy;
use forebay_core::units::ByteSize;

use super::gateway::GatewaySettings;
use super::keys::{ReceiverKeys, SinkKeys};
use super::pipeline::PipelineSettings;
use crate::telemetry::Telemetry;

/// The shortest token that is not soon guessed, in characters.
const LEAST_TOKEN: usize = 16;

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
    if settings.admin_token.as_ref().is_some_and(|token| token.reveal().len() < LEAST_TOKEN) {
        let message = format!("the token is shorter than {LEAST_TOKEN} characters");
        problems
            .push(Problem::at("admin_token", message).help("make one with `openssl rand -hex 16`"));
    }
    if let Some(telemetry) = &settings.telemetry {
        problems.extend(within("telemetry", telemetry.check(Telemetry::IS_BUILT_IN)));
    }
    problems
}

pub(super) fn pipeline(settings: &PipelineSettings) -> Vec<Problem> {
    let mut problems = Vec::new();
    if let Some(backpressure) = &settings.backpressure {
        problems.extend(within("backpressure", backpressure.check()));
    }
    if settings.max_batch_bytes.0 == 0 {
        problems.push(Problem::at("max_batch_bytes", "a batch must be allowed to hold something"));
    }
    problems
}

pub(super) fn source(keys: &ReceiverKeys) -> Vec<Problem> {
    keys.limits.check().into_iter().chain(within("journal", keys.journal.check())).collect()
}

/// Problems of a table, as seen from the table around it.
fn within(key: &str, problems: Vec<Problem>) -> impl Iterator<Item = Problem> {
    problems.into_iter().map(move |problem| problem.within(key))
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
