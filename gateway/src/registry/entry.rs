//! One type of component, without its type.

use std::fmt;
use std::sync::Arc;

use forebay_core::component::{
    BuildContext, Claim, Component, Input, Problem, SinkComponent, SourceComponent,
};
use forebay_core::sink::Sink;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::kind::Kind;
use super::settings::Settings;
use crate::config::{ReceiverKeys, SinkKeys, SourceKeys};
use crate::schema::{Document, Shape, first_sentence};

/// One type of component: what it is called, what its options are, and how it is made.
#[derive(Clone)]
pub struct Entry {
    kind: Kind,
    name: &'static str,
    own: Arc<Document>,
    table: Arc<Document>,
    pub(super) functions: Functions,
}

/// A component's functions with the type of its options left out.
#[derive(Clone, Copy)]
pub(super) struct Functions {
    read: fn(&Value) -> Result<(), Problem>,
    pub(super) check: fn(&Value) -> Vec<Problem>,
    /// The options with their defaults, and with secrets that hide themselves.
    pub(super) complete: fn(&Value) -> Option<Value>,
    pub(super) claims: fn(&Value) -> Vec<Claim>,
    pub(super) input: Option<BuildInput>,
    pub(super) sink: Option<BuildSink>,
}

pub(super) type BuildInput = fn(&Value, &BuildContext) -> Result<Input, Problem>;
pub(super) type BuildSink = fn(&Value, &BuildContext) -> Result<Box<dyn Sink>, Problem>;

impl Entry {
    /// A source that can be read again.
    pub(super) fn source<C: SourceComponent>() -> Self {
        let functions = Functions { input: Some(build_source::<C>), ..functions::<C>() };
        Self::new::<C>(Kind::Source, SourceKeys::json_schema, functions)
    }

    /// A receiver.
    pub(super) fn receiver<C: SourceComponent>() -> Self {
        let functions = Functions { input: Some(build_receiver::<C>), ..functions::<C>() };
        Self::new::<C>(Kind::Receiver, ReceiverKeys::json_schema, functions)
    }

    /// A sink.
    pub(super) fn sink<C: SinkComponent>() -> Self {
        let functions = Functions { sink: Some(build_sink::<C>), ..functions::<C>() };
        Self::new::<C>(Kind::Sink, SinkKeys::json_schema, functions)
    }

    fn new<C: Component>(
        kind: Kind,
        common: fn(&mut SchemaGenerator) -> Schema,
        functions: Functions,
    ) -> Self {
        Self {
            kind,
            name: C::TYPE,
            own: Arc::new(Document::merged(&[C::Config::json_schema])),
            table: Arc::new(Document::merged(&[C::Config::json_schema, common])),
            functions,
        }
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The word for `type = "..."`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What it does, in one sentence.
    #[must_use]
    pub fn summary(&self) -> String {
        first_sentence(&self.description())
    }

    /// What it does.
    #[must_use]
    pub fn description(&self) -> String {
        let shape = Shape::of(&self.own, self.own.root());
        shape.text("description").unwrap_or_default().to_owned()
    }

    /// The schema of its own options.
    pub(crate) fn own(&self) -> &Document {
        &self.own
    }

    /// The schema of its table: its own options and those that all of its kind have, without
    /// `type`.
    pub(crate) fn table(&self) -> &Document {
        &self.table
    }

    /// Takes up options that fit the schema.
    ///
    /// # Errors
    /// What the type does not take although the schema does.
    pub fn settings(&self, options: Value) -> Result<Settings, Problem> {
        (self.functions.read)(&options)?;
        Ok(Settings { entry: self.clone(), options })
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("kind", &self.kind)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

fn functions<C: Component>() -> Functions {
    Functions {
        read: |options| read::<C::Config>(options).map(|_| ()),
        check: |options| match read::<C::Config>(options) {
            Ok(config) => C::check(&config),
            Err(problem) => vec![problem],
        },
        complete: |options| serde_json::to_value(read::<C::Config>(options).ok()?).ok(),
        claims: |options| read::<C::Config>(options).map_or_else(|_| Vec::new(), |c| C::claims(&c)),
        input: None,
        sink: None,
    }
}

/// The options as their type.
pub(crate) fn read<T: DeserializeOwned>(options: &Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(options).map_err(|error| {
        let path = error.path().to_string();
        let path =
            if path == "." { String::new() } else { path.replace('[', ".").replace(']', "") };
        Problem::at(&path, error.inner().to_string())
    })
}

fn build_source<C: SourceComponent>(
    options: &Value,
    context: &BuildContext,
) -> Result<Input, Problem> {
    match C::build(read(options)?, context)? {
        input @ Input::Source(_) => Ok(input),
        Input::Receiver(_) => Err(wrong_kind(C::TYPE, "source", "receiver")),
    }
}

fn build_receiver<C: SourceComponent>(
    options: &Value,
    context: &BuildContext,
) -> Result<Input, Problem> {
    match C::build(read(options)?, context)? {
        input @ Input::Receiver(_) => Ok(input),
        Input::Source(_) => Err(wrong_kind(C::TYPE, "receiver", "source")),
    }
}

fn build_sink<C: SinkComponent>(
    options: &Value,
    context: &BuildContext,
) -> Result<Box<dyn Sink>, Problem> {
    C::build(read(options)?, context)
}

fn wrong_kind(name: &str, registered: &str, is: &str) -> Problem {
    Problem::at("type", format!("`{name}` is registered as a {registered}, but is a {is}"))
        .help(format!("register it with `.{is}::<...>()`"))
}
