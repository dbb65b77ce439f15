//! All pages.

use std::io;
use std::path::{Path, PathBuf};

use super::markdown::table;
use super::metrics::metrics;
use super::readme::with_table;
use crate::config::{GatewaySettings, PipelineSettings, ReceiverKeys, SinkKeys, SourceKeys};
use crate::registry::{Entry, Kind, Registry};
use crate::schema::{Document, Shape, rows};

/// A page.
#[derive(Debug)]
pub(crate) struct Page {
    /// Where it is kept, from the root of the repository.
    pub(crate) path: PathBuf,
    /// Its text.
    pub(crate) text: String,
}

const REFERENCE: &str = "docs/reference";
const NOTE: &str = "<!-- made by `forebay docs`; the text stands in the doc comments of the configuration types -->\n";

const METRICS_NOTE: &str =
    "<!-- made by `forebay docs`; the text stands in the list of the metrics -->\n";

/// All pages as they should be.
///
/// # Errors
/// If a README cannot be read, or has no place for its table.
pub(crate) fn pages(registry: &Registry, root: &Path) -> io::Result<Vec<Page>> {
    let mut pages = vec![
        index(registry),
        section("gateway", "`[gateway]`", &Document::of::<GatewaySettings>()),
        section("pipelines", "`[pipelines.NAME]`", &Document::of::<PipelineSettings>()),
        common(),
        page("metrics", format!("{METRICS_NOTE}\n{}", metrics())),
    ];
    for entry in registry.entries() {
        pages.push(component(entry));
        let folder = PathBuf::from(entry.kind().folder()).join(entry.name());
        if root.join(&folder).is_dir() {
            pages.push(readme(entry, root, &folder.join("README.md"))?);
        }
    }
    Ok(pages)
}

fn page(name: &str, text: String) -> Page {
    Page { path: Path::new(REFERENCE).join(format!("{name}.md")), text }
}

fn file_name(entry: &Entry) -> String {
    let noun = entry.kind().section().trim_end_matches('s');
    format!("{noun}-{}", entry.name())
}

fn index(registry: &Registry) -> Page {
    let mut text = format!("{NOTE}\n# Reference\n\nEvery option of the configuration file.\n\n");
    text.push_str("- [`[gateway]`](gateway.md): what concerns the whole process\n");
    text.push_str("- [`[pipelines.NAME]`](pipelines.md): what flows from where to where\n");
    text.push_str("- [Keys that all sources and sinks have](common.md)\n");
    text.push_str("- [Metrics](metrics.md)\n\n");
    text.push_str("| kind | type | what it does |\n|---|---|---|\n");
    for entry in registry.entries() {
        text.push_str(&format!(
            "| {} | [`{}`]({}.md) | {} |\n",
            entry.kind(),
            entry.name(),
            file_name(entry),
            entry.summary()
        ));
    }
    page("README", text)
}

fn section(name: &str, title: &str, document: &Document) -> Page {
    let shape = Shape::of(document, document.root());
    let about = shape.text("description").unwrap_or_default();
    page(name, format!("{NOTE}\n# {title}\n\n{about}\n\n{}", table(&rows(document))))
}

fn common() -> Page {
    let text = format!(
        "{NOTE}\n# Keys that all sources and sinks have\n\n## Every source\n\n{}\n## Every receiver\n\n{}\n## Every sink\n\n{}",
        table(&rows(&Document::of::<SourceKeys>())),
        table(&rows(&Document::of::<ReceiverKeys>())),
        table(&rows(&Document::of::<SinkKeys>())),
    );
    page("common", text)
}

fn component(entry: &Entry) -> Page {
    let also = match entry.kind() {
        Kind::Source => "every source",
        Kind::Receiver => "every receiver",
        Kind::Sink => "every sink",
    };
    let text = format!(
        "{NOTE}\n# The `{}` {}\n\n{}\n\n```toml\n[{}.NAME]\ntype = \"{}\"\n```\n\n{}\nBesides these it takes the keys that [{also}](common.md) has.\n",
        entry.name(),
        entry.kind(),
        entry.description(),
        entry.kind().section(),
        entry.name(),
        table(&rows(entry.own())),
    );
    page(&file_name(entry), text)
}

fn readme(entry: &Entry, root: &Path, path: &Path) -> io::Result<Page> {
    let told =
        |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    let present = std::fs::read_to_string(root.join(path)).map_err(told)?;
    let text = with_table(&present, &table(&rows(entry.own()))).ok_or_else(|| {
        io::Error::other(format!("{} has no line `<!-- options -->`", path.display()))
    })?;
    Ok(Page { path: path.to_owned(), text })
}
