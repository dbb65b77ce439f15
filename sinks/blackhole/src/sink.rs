//! The sink.

use std::sync::Arc;

use async_trait::async_trait;
use forebay_core::batch::Batch;
use forebay_core::component::{BuildContext, Component, Observe, Problem, SinkComponent};
use forebay_core::sink::{Sink, SinkError, Written};

use crate::count::Count;
use crate::settings::Settings;

/// Takes everything and keeps nothing.
#[derive(Debug)]
pub struct Blackhole {
    settings: Settings,
    count: Arc<Count>,
}

impl Blackhole {
    /// A sink that has taken nothing yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings, count: Arc::default() }
    }

    /// What it has taken, also while it is at work.
    #[must_use]
    pub fn count(&self) -> Arc<Count> {
        Arc::clone(&self.count)
    }
}

impl Component for Blackhole {
    type Config = Settings;
    const TYPE: &'static str = "blackhole";
}

impl SinkComponent for Blackhole {
    fn build(config: Settings, _: &BuildContext) -> Result<Box<dyn Sink>, Problem> {
        Ok(Box::new(Self::new(config)))
    }
}

#[async_trait]
impl Sink for Blackhole {
    async fn connect(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    async fn write(&mut self, batch: &Batch) -> Result<Written, SinkError> {
        if !self.settings.latency.0.is_zero() {
            tokio::time::sleep(self.settings.latency.0).await;
        }
        self.count.add(batch.num_rows());
        Ok(Written::all())
    }

    fn observe(&self) -> Option<Arc<dyn Observe>> {
        Some(self.count())
    }
}
