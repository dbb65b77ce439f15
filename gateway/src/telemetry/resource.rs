//! What all telemetry of this process says of itself.

use opentelemetry::{Key, KeyValue};
use opentelemetry_sdk::Resource;

use super::wanted::Wanted;

/// The process, in the words of the
/// [conventions for services](https://opentelemetry.io/docs/specs/semconv/resource/#service), with
/// what `OTEL_RESOURCE_ATTRIBUTES` adds.
pub(super) fn resource(wanted: &Wanted) -> Resource {
    let detected = Resource::builder().build();
    let mut own = Vec::new();
    let mut add = |name: &'static str, value: String| {
        if detected.get(&Key::from_static_str(name)).is_none() {
            own.push(KeyValue::new(name, value));
        }
    };
    add("service.version", env!("CARGO_PKG_VERSION").to_owned());
    add("service.instance.id", format!("{:016x}", fastrand::u64(..)));
    let resource = Resource::builder().with_attributes(own);
    let resource = match (&wanted.settings.service_name, wanted.is_named) {
        (Some(name), _) => resource.with_service_name(name.clone()),
        (None, true) => resource,
        (None, false) => resource.with_service_name("forebay"),
    };
    resource.build()
}
