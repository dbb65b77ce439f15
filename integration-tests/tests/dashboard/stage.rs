//! A gateway with pipelines, and a browser that looks at its dashboard.

use std::env;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use forebay_integration_tests::{Browser, Gateway, Look, Scene};
use serde_json::Value;

/// As most look at it.
pub(crate) const WIDE: Look = Look { size: (1280, 800), is_dark: false };
/// So that all time lines are seen.
pub(crate) const TALL: Look = Look { size: (1280, 1240), is_dark: false };
/// A telephone.
pub(crate) const NARROW: Look = Look { size: (390, 844), is_dark: true };

/// Four pipelines: one that is well, one whose sink is slow, one with dead letters, one that ended.
pub(crate) const PIPELINES: &str = r#"
[sources.shop]
type = "generator"
rows_per_second = 2000
splits = 6

[sinks.lake]
type = "files"
path = "lake"
format = "json"
roll_interval = "1s"

[sinks.last]
type = "memory"
rows = 50

[pipelines.orders]
from = ["shop"]
to = ["lake", "last"]
interval = "250ms"
backpressure = { estimator = "adaptive", initial = 5000 }

[sources.clickstream]
type = "generator"
rows_per_second = 50000
splits = 24
skew = 0.3

[sinks.warehouse]
type = "blackhole"
latency = "230ms"

[pipelines.clicks]
from = ["clickstream"]
to = ["warehouse"]
interval = "250ms"
backpressure = { initial = 8000 }

[sources.bank]
type = "generator"
as = "json"
format = "json"
schema = { id = "bigint" }
broken_ratio = 0.05
count = 1000
unlimited = true

[sinks.ledger]
type = "memory"

[pipelines.payments]
from = ["bank"]
to = ["ledger"]
interval = "250ms"

[sources.door]
type = "http"
listen = "127.0.0.1:0"

[sinks.hall]
type = "memory"

[pipelines.visits]
from = ["door"]
to = ["hall"]
"#;

/// A gateway with pipelines, and a browser that looks at its dashboard.
pub(crate) struct Stage {
    pub(crate) scene: Scene,
    pub(crate) gateway: Gateway,
    pub(crate) url: String,
    pub(crate) browser: Browser,
}

impl Stage {
    async fn set(config: &str) -> Result<Self> {
        let scene = Scene::new(config)?;
        let gateway = scene.start()?;
        let told = "the admin address is ";
        gateway.wait_for_words(told, Duration::from_secs(30))?;
        let words = gateway.words();
        let url = words.split(told).nth(1).and_then(|rest| rest.split_whitespace().next());
        let url = url.context("the address is a word")?.to_owned();
        let browser = Browser::open().await?;
        browser.look(WIDE).await?;
        Ok(Self { scene, gateway, url, browser })
    }

    /// Opens a page and waits until it is live.
    pub(crate) async fn go(&self, page: &str) -> Result<()> {
        // Away first: another hash alone would load nothing.
        self.browser.go("about:blank").await?;
        self.browser.go(&format!("{}/{page}", self.url)).await?;
        self.browser.until("document.getElementById('link').dataset.status === 'live'").await
    }

    /// What the API says, asked from the page.
    pub(crate) async fn api(&self, path: &str) -> Result<Value> {
        let asked = format!(
            "(() => {{ const it = new XMLHttpRequest(); it.open('GET', '/api/{path}', false); \
             it.send(); return JSON.parse(it.responseText); }})()"
        );
        self.browser.eval(&asked).await
    }

    /// What the API says of a pipeline whose sources have ended, when it has stopped.
    pub(crate) async fn stopped(&self, pipeline: &str) -> Result<Value> {
        let pill = format!(".title .pill, tr[data-pipeline={pipeline}] .pill");
        self.shows(&pill, "stopped").await?;
        self.api(&format!("pipelines/{pipeline}")).await
    }

    /// Waits until the header has a colour.
    pub(crate) async fn mood(&self, mood: &str) -> Result<()> {
        self.browser.until(&format!("document.documentElement.dataset.mood === '{mood}'")).await
    }

    /// Waits until something says these words.
    pub(crate) async fn shows(&self, selector: &str, words: &str) -> Result<()> {
        let words = serde_json::to_string(words)?;
        self.browser
            .until(&format!("!!document.querySelector('{selector}')?.innerText.includes({words})"))
            .await
    }

    /// Nothing sticks out of the screen.
    pub(crate) async fn fits(&self) -> Result<()> {
        self.browser.until("document.documentElement.scrollWidth <= innerWidth").await
    }

    /// Writes a picture if `FOREBAY_SCREENSHOTS` names a folder, when the page was there for so many
    /// seconds, so that there is something to see.
    pub(crate) async fn picture(&self, name: &str, seconds: u32) -> Result<()> {
        let Some(folder) = env::var_os("FOREBAY_SCREENSHOTS").map(PathBuf::from) else {
            return Ok(());
        };
        self.browser.until(&format!("performance.now() > {seconds}e3")).await?;
        self.browser.screenshot(&folder.join(format!("{name}.png"))).await
    }

    async fn strike(self) -> Result<()> {
        self.browser.close().await?;
        self.gateway.stop(Scene::DRAIN)
    }
}

/// Plays, and closes the browser in any case.
pub(crate) async fn play(config: &str, scenario: impl AsyncFn(&Stage) -> Result<()>) -> Result<()> {
    let stage = Stage::set(config).await?;
    let played = scenario(&stage).await;
    let struck = stage.strike().await;
    played.and(struck)
}
