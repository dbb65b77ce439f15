//! A binary that cannot send telemetry.

use std::convert::Infallible;
use std::sync::Arc;

use super::wanted::Wanted;
use crate::admin::Facts;

/// Sends nothing: it was left out of this binary.
#[derive(Debug)]
pub(crate) struct Telemetry(());

impl Telemetry {
    /// Whether this binary can send telemetry.
    pub(crate) const IS_BUILT_IN: bool = false;

    /// Says that it cannot. Only variables get here: a configuration that asks for it was refused.
    #[expect(clippy::unused_async, reason = "as in a binary that can")]
    pub(crate) async fn start(_: Wanted, _: &Arc<Facts>) -> Result<Self, Infallible> {
        tracing::warn!(
            "OTEL_EXPORTER_OTLP_ENDPOINT asks for telemetry, and this binary was built without it; \
             build forebay with `--features otel`, or unset the variable"
        );
        Ok(Self(()))
    }

    /// Does nothing.
    #[expect(clippy::unused_async, reason = "as in a binary that can")]
    pub(crate) async fn end(self) {}
}
