//! The list of types.

use forebay_core::component::{SinkComponent, SourceComponent};

use super::built_in;
use super::entry::Entry;
use super::kind::Kind;

/// Which types of sources and sinks there are.
#[derive(Clone, Debug)]
pub struct Registry {
    entries: Vec<Entry>,
    left_out: Vec<LeftOut>,
}

/// A type that exists, but was not compiled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Its kind.
    pub kind: Kind,
    /// The word for `type = "..."`.
    pub name: &'static str,
    /// The Cargo feature that brings it.
    pub feature: &'static str,
}

impl Default for Registry {
    /// All that was compiled in.
    fn default() -> Self {
        built_in::add_to(Self::empty())
    }
}

impl Registry {
    /// No types at all.
    #[must_use]
    pub fn empty() -> Self {
        Self { entries: Vec::new(), left_out: Vec::new() }
    }

    /// Adds a source that can be read again from a position.
    #[must_use]
    pub fn source<C: SourceComponent>(self) -> Self {
        self.with(Entry::source::<C>())
    }

    /// Adds a receiver: a source whose `build` returns
    /// [`Input::Receiver`](forebay_core::component::Input::Receiver).
    #[must_use]
    pub fn receiver<C: SourceComponent>(self) -> Self {
        self.with(Entry::receiver::<C>())
    }

    /// Adds a sink.
    #[must_use]
    pub fn sink<C: SinkComponent>(self) -> Self {
        self.with(Entry::sink::<C>())
    }

    /// Notes a type that was not compiled in, so that whoever uses it is told how to get it.
    #[must_use]
    pub fn left_out(mut self, kind: Kind, name: &'static str, feature: &'static str) -> Self {
        self.left_out.push(LeftOut { kind, name, feature });
        self
    }

    /// All types: inputs first, then sinks, each by name.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The types of one section of the configuration, `sources` or `sinks`.
    pub fn of_section(&self, section: &str) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.kind().section() == section)
    }

    /// The type with this name in a section.
    #[must_use]
    pub fn find(&self, section: &str, name: &str) -> Option<&Entry> {
        self.of_section(section).find(|entry| entry.name() == name)
    }

    /// The type with this name in a section, if it was not compiled in.
    #[must_use]
    pub fn find_left_out(&self, section: &str, name: &str) -> Option<&LeftOut> {
        self.left_out.iter().find(|out| out.kind.section() == section && out.name == name)
    }

    /// A later type takes the place of an earlier one with its name: one's own `kafka` wins.
    fn with(mut self, entry: Entry) -> Self {
        let section = entry.kind().section();
        self.entries
            .retain(|known| known.kind().section() != section || known.name() != entry.name());
        self.entries.push(entry);
        self.entries.sort_by_key(|entry| (!entry.kind().is_input(), entry.name()));
        self
    }
}
