//! The sink keeps the contract of all sinks.

use std::cell::RefCell;
use std::sync::Arc;

use forebay_core::Sink;
use forebay_core::component::{BuildContext, Observe, SinkComponent};
use forebay_core::testing::sink::{Promise, check};
use forebay_memory_sink::Memory;

#[tokio::test]
async fn the_sink_conforms() {
    let table: RefCell<Option<Arc<dyn Observe>>> = RefCell::new(None);
    let context = BuildContext {
        name: "m".into(),
        pipeline: "p".into(),
        base: ".".into(),
        instance: "a".into(),
    };
    let build = || -> Box<dyn Sink> {
        let options = serde_json::from_value(serde_json::json!({ "rows": 5000 })).unwrap();
        let sink = Memory::build(options, &context).unwrap();
        *table.borrow_mut() = sink.observe();
        sink
    };
    let visible = || {
        let seen = table.borrow().as_ref().unwrap().observe();
        seen["rows"].as_array().unwrap().iter().map(ToString::to_string).collect()
    };
    let summary = check(Promise::Volatile, build, visible).await.unwrap();
    assert!(summary.mixed_schemas);
}
