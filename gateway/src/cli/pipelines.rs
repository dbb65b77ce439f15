//! Which of several pipelines is meant.

use std::io;

use super::output::Output;
use crate::config::PipelineConfig;
use crate::schema::nearest;

/// The pipeline of this name, or the only one; `None` if that was refused.
///
/// # Errors
/// If the output is closed.
pub(super) fn choose(
    pipelines: Vec<PipelineConfig>,
    name: Option<&str>,
    output: &mut Output<'_>,
) -> io::Result<Option<PipelineConfig>> {
    let known: Vec<String> = pipelines.iter().map(|pipeline| pipeline.name.to_string()).collect();
    let Some(name) = name else {
        let mut pipelines = pipelines.into_iter();
        if let (Some(only), None) = (pipelines.next(), pipelines.next()) {
            return Ok(Some(only));
        }
        let help = format!("name one with --pipeline: {}", known.join(", "));
        output.refuse("the configuration has several pipelines", &help)?;
        return Ok(None);
    };
    let found = pipelines.into_iter().find(|pipeline| &*pipeline.name == name);
    if found.is_none() {
        let help = match nearest(name, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are: {}", known.join(", ")),
        };
        output.refuse(&format!("there is no pipeline `{name}`"), &help)?;
    }
    Ok(found)
}
