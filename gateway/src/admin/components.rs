//! What the sources and sinks of a pipeline show of themselves.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::desk::Desk;
use super::facts::Facts;
use super::pipelines::look;
use super::refusal::Refusal;
use crate::run::Observed;

/// `?name=NAME&brief=true`: one alone, or all without the rows that a sink keeps.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Wanted {
    name: Option<String>,
    #[serde(default)]
    brief: bool,
}

/// What the sources and sinks of a pipeline show of themselves, and how the sinks did.
pub(super) async fn components(
    State(desk): State<Desk>,
    Path(name): Path<String>,
    asked: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, Refusal> {
    let told = |error: QueryRejection| {
        let help = "write `?brief=true`, or `?name=` with the name of one";
        Refusal::new(StatusCode::BAD_REQUEST, error.body_text(), help)
    };
    let Query(wanted) = asked.map_err(told)?;
    let show = move |facts: &Facts| {
        let deliveries = look(facts, &name, |view| view.delivery_summaries())?;
        let in_flight = facts.windows.get(name.as_str()).map(|window| window.in_flight());
        let in_flight = in_flight.unwrap_or_default();
        let own = facts.observed.iter().filter(|one| *one.pipeline == *name);
        let own = own.filter(|one| wanted.name.as_deref().is_none_or(|name| name == &*one.name));
        let components: Vec<Value> = own
            .map(|one| {
                json!({
                    "role": one.role,
                    "name": one.name,
                    "type": one.type_name,
                    "state": state(one, wanted.brief),
                    "journal_max_bytes": facts.journals.get(&one.name),
                    "deliveries": deliveries.get(&one.name),
                    "in_flight": in_flight.get(&one.name),
                })
            })
            .collect();
        Ok(json!({ "pipeline": name, "components": components }))
    };
    desk.large(show).await
}

fn state(one: &Observed, brief: bool) -> Option<Value> {
    let mut state = one.state.as_ref()?.observe();
    if brief && let Some(state) = state.as_object_mut() {
        state.remove("rows");
    }
    Some(state)
}
