//! What may be changed while pipelines run: pause, resume, a limit, a replay of dead letters.
//! `permission` has let the request through before it comes here.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use forebay_core::engine::Tuning;
use forebay_core::flow::Limits;
use forebay_core::units::ByteSize;
use serde::Deserialize;
use serde_json::{Value, json};

use super::desk::Desk;
use super::pipelines::look;
use super::refusal::Refusal;
use crate::run::replay::Refused;

/// A limit that is to be set.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    /// The source that it is of; absent = the pipeline.
    source: Option<String>,
    limit: Limit,
    /// Records or bytes per second; null = no limit.
    value: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Limit {
    MaxRate,
    MaxRatePerSplit,
    MinRatePerSplit,
    MaxBytesPerSecond,
    MaxBytesPerSecondPerSplit,
}

/// Which dead letters are sent again.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Letters {
    class: Option<String>,
    limit: Option<u64>,
}

/// Reads no more until [`resume`]; what was read is written.
pub(super) async fn pause(
    State(desk): State<Desk>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let changed = change(&desk, &name, |tuning| tuning.paused = true)?;
    tracing::info!(pipeline = name, "paused at the admin address");
    Ok(changed)
}

/// Reads again.
pub(super) async fn resume(
    State(desk): State<Desk>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let changed = change(&desk, &name, |tuning| tuning.paused = false)?;
    tracing::info!(pipeline = name, "resumed at the admin address");
    Ok(changed)
}

/// The limits in force.
pub(super) async fn limits(
    State(desk): State<Desk>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Refusal> {
    change(&desk, &name, |_| ())
}

/// Sets a limit, from the next batch until the process ends or its configuration is read again.
pub(super) async fn set_limit(
    State(desk): State<Desk>,
    Path(name): Path<String>,
    asked: Result<Json<Change>, JsonRejection>,
) -> Result<Json<Value>, Refusal> {
    let Json(wanted) = asked.map_err(unreadable)?;
    let mut tuning = tuning(&desk, &name)?;
    set(&mut tuning, &wanted)?;
    let changed = change(&desk, &name, |now| {
        (now.max_rate, now.limits) = (tuning.max_rate, tuning.limits);
    })?;
    let source = wanted.source.as_deref().unwrap_or("");
    tracing::info!(
        pipeline = name,
        source,
        limit = ?wanted.limit,
        value = wanted.value,
        "a limit was set at the admin address"
    );
    Ok(changed)
}

/// Sends dead letters through the pipeline again.
pub(super) async fn replay(
    State(desk): State<Desk>,
    Path(name): Path<String>,
    asked: Result<Json<Letters>, JsonRejection>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let Json(letters) = asked.map_err(unreadable)?;
    look(&desk.facts, &name, |_| ())?;
    let replays = &desk.facts.replays;
    replays.start(&name, letters.class, letters.limit).map_err(|refused| match refused {
        Refused::Unknown => Refusal::broken(),
        Refused::Busy => {
            let error = "a replay of this pipeline is under way";
            Refusal::new(StatusCode::CONFLICT, error, "wait until it has ended")
        }
        Refused::ElsewhereKept => {
            let error = "the dead letters of this pipeline go to a sink of their own";
            let help = "`forebay dead-letters replay --letters DIR` replays them from its folder";
            Refusal::new(StatusCode::CONFLICT, error, help)
        }
    })?;
    tracing::info!(pipeline = name, "dead letters are replayed, asked at the admin address");
    let status = json!({ "pipeline": name, "replay": replays.of(&name) });
    Ok((StatusCode::ACCEPTED, Json(status)))
}

fn unreadable(error: JsonRejection) -> Refusal {
    let help = "send a JSON object with `Content-Type: application/json`";
    Refusal::new(StatusCode::BAD_REQUEST, error.body_text(), help)
}

fn tuning(desk: &Desk, name: &str) -> Result<Tuning, Refusal> {
    look(&desk.facts, name, |_| ())?;
    desk.facts.tunings.of(name).ok_or_else(Refusal::broken)
}

fn change(
    desk: &Desk,
    name: &str,
    change: impl FnOnce(&mut Tuning),
) -> Result<Json<Value>, Refusal> {
    tuning(desk, name)?;
    desk.facts.tunings.change(name, change);
    let now = tuning(desk, name)?;
    let facts = &desk.facts;
    let bounds = facts.bounds.get(name).map(|bounds| {
        json!({
            "max_batch_records": bounds.max_batch_records,
            "max_batch_bytes": bounds.max_batch_bytes,
            "controller": bounds.backpressure,
            "memory": bounds.memory,
            "memory_used": facts.budget.used(),
        })
    });
    Ok(Json(json!({
        "pipeline": name,
        "paused": now.paused,
        "max_rate": now.max_rate,
        "sources": now.limits,
        "bounds": bounds,
    })))
}

fn set(tuning: &mut Tuning, wanted: &Change) -> Result<(), Refusal> {
    let value = wanted.value;
    let bad = |error: String| {
        let help = "give a number above 0, or null for no limit";
        Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, error, help)
    };
    if value.is_some_and(|value| !(value.is_finite() && value > 0.0)) {
        return Err(bad(format!("{} is out of range", value.unwrap_or_default())));
    }
    let Some(source) = &wanted.source else {
        return match wanted.limit {
            Limit::MaxRate => {
                tuning.max_rate = value;
                Ok(())
            }
            _ => Err(bad("a pipeline has the limit `max_rate` alone".to_owned())),
        };
    };
    let Some(limits) = tuning.limits.get_mut(source.as_str()) else {
        let source: String = source.chars().take(200).collect();
        return Err(bad(format!("the pipeline has no source `{source}`")));
    };
    let mut new = Limits { ..*limits };
    let size = value.map(|bytes| ByteSize(bytes.max(1.0) as u64));
    match wanted.limit {
        Limit::MaxRate => new.max_rate = value,
        Limit::MaxRatePerSplit => new.max_rate_per_split = value,
        Limit::MinRatePerSplit => new.min_rate_per_split = value,
        Limit::MaxBytesPerSecond => new.max_bytes_per_second = size,
        Limit::MaxBytesPerSecondPerSplit => new.max_bytes_per_second_per_split = size,
    }
    if let Some(problem) = new.check().into_iter().next() {
        return Err(bad(problem.message));
    }
    *limits = new;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(source: Option<&str>, limit: Limit, value: Option<f64>) -> Result<Tuning, Refusal> {
        let limits = Limits { max_rate_per_split: Some(10.0), ..Limits::default() };
        let mut tuning = Tuning { limits: [("in".into(), limits)].into(), ..Tuning::default() };
        let source = source.map(str::to_owned);
        set(&mut tuning, &Change { source, limit, value }).map(|()| tuning)
    }

    #[test]
    fn a_limit_is_set_or_taken_away() {
        let set = tried(None, Limit::MaxRate, Some(5.5)).unwrap();
        assert_eq!(set.max_rate, Some(5.5));
        let set = tried(Some("in"), Limit::MaxRatePerSplit, None).unwrap();
        assert_eq!(set.limits["in"].max_rate_per_split, None);
        let set = tried(Some("in"), Limit::MaxBytesPerSecond, Some(0.5)).unwrap();
        assert_eq!(set.limits["in"].max_bytes_per_second, Some(ByteSize(1)));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for value in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(tried(None, Limit::MaxRate, Some(value)).is_err(), "{value}");
        }
        assert!(tried(None, Limit::MaxRatePerSplit, Some(1.0)).is_err());
        assert!(tried(Some("out"), Limit::MaxRate, Some(1.0)).is_err());
        assert!(tried(Some("in"), Limit::MinRatePerSplit, Some(11.0)).is_err());
    }
}
