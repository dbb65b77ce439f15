//! How the sink introduces itself.

use forebay_core::Sink;
use forebay_core::component::{BuildContext, Component, Problem, SinkComponent};

use crate::settings::{Settings, TableName};
use crate::sink::CassandraSink;

/// The sink `cassandra`.
#[derive(Debug)]
pub struct Cassandra;

impl Component for Cassandra {
    type Config = Settings;

    const TYPE: &'static str = "cassandra";

    fn check(config: &Settings) -> Vec<Problem> {
        config.check()
    }
}

impl SinkComponent for Cassandra {
    fn build(config: Settings, context: &BuildContext) -> Result<Box<dyn Sink>, Problem> {
        if let Some(problem) = config.check().into_iter().next() {
            return Err(problem);
        }
        let name: TableName =
            config.table.parse().map_err(|error: String| Problem::at("table", error))?;
        Ok(Box::new(CassandraSink::new(config, name, context.base.clone())))
    }
}
