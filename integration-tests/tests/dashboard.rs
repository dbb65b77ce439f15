//! Guarantees: the dashboard loads in a real browser without a complaint, shows what the API says,
//! is the right colour and says why when a sink is slow, goes away or comes back, and pauses,
//! limits and replays when it is told to, also by keyboard and on a narrow screen.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use forebay_integration_tests::{Browser, Gateway, Look, Scene, wait};
use serde_json::Value;

const WIDE: Look = Look { size: (1280, 800), is_dark: false };
const TALL: Look = Look { size: (1280, 1240), is_dark: false };
const NARROW: Look = Look { size: (390, 844), is_dark: true };

/// Four pipelines: one that is well, one whose sink is slow, one with dead letters, one that ended.
const PIPELINES: &str = r#"
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

/// That a sink holds rows.
const HOLDS_ROWS: &str = "[...document.querySelectorAll('.fact')].some((fact) => \
                          /in flight[^0-9]*[1-9]/.test(fact.innerText))";

/// A gateway with pipelines, and a browser that looks at its dashboard.
struct Stage {
    scene: Scene,
    gateway: Gateway,
    url: String,
    browser: Browser,
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

    async fn go(&self, page: &str) -> Result<()> {
        // Away first: another hash alone would load nothing.
        self.browser.go("about:blank").await?;
        self.browser.go(&format!("{}/{page}", self.url)).await?;
        self.browser.until("document.getElementById('link').dataset.status === 'live'").await
    }

    /// What the API says, asked from the page.
    async fn api(&self, path: &str) -> Result<Value> {
        let asked = format!(
            "(() => {{ const it = new XMLHttpRequest(); it.open('GET', '/api/{path}', false); \
             it.send(); return JSON.parse(it.responseText); }})()"
        );
        self.browser.eval(&asked).await
    }

    /// What the API says of a pipeline whose sources have ended, when it has stopped.
    async fn stopped(&self, pipeline: &str) -> Result<Value> {
        let pill = format!(".title .pill, tr[data-pipeline={pipeline}] .pill");
        self.shows(&pill, "stopped").await?;
        self.api(&format!("pipelines/{pipeline}")).await
    }

    /// Waits until the header has a colour.
    async fn mood(&self, mood: &str) -> Result<()> {
        self.browser.until(&format!("document.documentElement.dataset.mood === '{mood}'")).await
    }

    async fn shows(&self, selector: &str, words: &str) -> Result<()> {
        let words = serde_json::to_string(words)?;
        self.browser
            .until(&format!("!!document.querySelector('{selector}')?.innerText.includes({words})"))
            .await
    }

    /// Nothing sticks out of the screen.
    async fn fits(&self) -> Result<()> {
        self.browser.until("document.documentElement.scrollWidth <= innerWidth").await
    }

    /// Writes a picture if `FOREBAY_SCREENSHOTS` names a folder, when the page was there for so many
    /// seconds, so that there is something to see.
    async fn picture(&self, name: &str, seconds: u32) -> Result<()> {
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
async fn play(config: &str, scenario: impl AsyncFn(&Stage) -> Result<()>) -> Result<()> {
    let stage = Stage::set(config).await?;
    let played = scenario(&stage).await;
    let struck = stage.strike().await;
    played.and(struck)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_loads_without_a_complaint_and_agrees_with_the_api() -> Result<()> {
    play(PIPELINES, async |stage| {
        let browser = &stage.browser;
        stage.go("").await?;
        let rows = "document.querySelectorAll('tr[data-pipeline]').length";
        browser.until(&format!("{rows} === 4")).await?;
        stage.mood("good").await?;

        // A pipeline that moves no more has numbers that stay.
        stage.shows("tr[data-pipeline=payments] .c4", "rows").await?;
        let told = stage.stopped("payments").await?;
        let rows = format!("{} rows", told["rows"]);
        stage.shows("tr[data-pipeline=payments] .c4", &rows).await?;
        let letters = told["dead_letters"].to_string();
        stage.shows("tr[data-pipeline=payments] .c8", &letters).await?;

        let pages = [
            ("#/p/orders", ".uplot canvas"),
            ("#/p/orders/why", ".stack"),
            ("#/p/orders/batches", "tr[data-batch]"),
            ("#/p/orders/splits", ".rows .split"),
            ("#/p/orders/parts", ".card .fact"),
            ("#/p/visits/parts", ".pill[data-state=running]"),
            ("#/p/payments/letters", "#replay"),
            ("#/p/orders/rows", ".live td"),
            ("#/config", ".keys"),
        ];
        for look in [WIDE, NARROW] {
            browser.look(look).await?;
            for (page, sign) in pages {
                stage.go(page).await?;
                browser.until(&format!("!!document.querySelector('{sign}')")).await?;
                stage.fits().await.with_context(|| format!("{page} {look:?}"))?;
                browser.expect_no_complaints().await.with_context(|| page.to_owned())?;
            }
        }
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_has_the_colour_and_the_words_of_what_happens() -> Result<()> {
    play(PIPELINES, async |stage| {
        let browser = &stage.browser;
        // Normal.
        stage.go("").await?;
        stage.mood("good").await?;
        stage.shows("tr[data-pipeline=orders] .pill", "running").await?;

        // A slow sink: the controller holds the rate, and the backlog grows.
        stage.shows("tr[data-pipeline=clicks] .c1", "controller allows").await?;
        stage.shows("tr[data-pipeline=clicks] .c7", "grows by").await?;
        stage.go("#/p/clicks").await?;
        browser.look(TALL).await?;
        browser.until("!!document.querySelector('.histogram rect')").await?;
        stage.picture("overload", 25).await?;
        stage.go("#/p/clicks/why").await?;
        stage.shows(".card:nth-of-type(1)", "controller").await?;
        stage.picture("why", 4).await?;
        browser.look(WIDE).await?;
        stage.go("").await?;
        stage.picture("front", 4).await?;

        // The batch that is written now, and what the sink holds.
        stage.go("#/p/clicks/batches").await?;
        stage.shows("#under-way", "is being written for").await?;
        stage.go("#/p/clicks/parts").await?;
        stage.shows(".columns", "in flight").await?;
        browser.until(HOLDS_ROWS).await?;

        // Dead letters: counted on the front page, and shown with their reason.
        stage.go("").await?;
        let letters = stage.stopped("payments").await?["dead_letters"].to_string();
        stage.shows("tr[data-pipeline=payments] .c8", &letters).await?;
        stage.go("#/p/payments/letters").await?;
        stage.shows(".letter", "syntax").await?;
        stage.go("").await?;

        // A sink that goes away.
        let lake = stage.scene.path("lake");
        wait::until("files in the lake", Duration::from_secs(30), || {
            Ok(lake.exists().then_some(()))
        })?;
        fs::rename(&lake, stage.scene.path("aside"))?;
        fs::write(&lake, "in the way")?;
        stage.mood("warn").await?;
        stage.shows("#banner", "orders waits for lake").await?;
        stage.shows("tr[data-pipeline=orders] .pill", "waiting for lake").await?;
        let api = stage.api("pipelines/orders").await?;
        ensure!(api["why"]["set_by"] == "sink_down", "{api}");
        let reason = api["reason"].as_str().context("a reason")?.replace('`', "");
        stage.shows("#banner", &reason).await?;
        stage.picture("down", 0).await?;
        browser.look(NARROW).await?;
        stage.fits().await?;
        stage.picture("narrow", 0).await?;
        browser.look(WIDE).await?;

        // It comes back.
        fs::remove_file(&lake)?;
        fs::rename(stage.scene.path("aside"), &lake)?;
        stage.mood("good").await?;
        browser.until("document.getElementById('banner').hidden").await?;
        stage.shows("tr[data-pipeline=orders] .c1", "ago: lake: cannot use").await?;
        browser.expect_no_complaints().await
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_pauses_limits_and_replays() -> Result<()> {
    play(PIPELINES, async |stage| {
        let browser = &stage.browser;
        stage.go("#/p/orders").await?;
        stage.shows("#state", "running").await?;
        browser.click("#pause").await?;
        stage.shows("#state", "paused").await?;
        stage.mood("still").await?;
        stage.shows("#why", "paused by a person").await?;
        ensure!(stage.api("pipelines/orders").await?["state"] == "paused");
        // By keyboard, the focus is still on the button.
        browser.press(" ").await?;
        stage.shows("#state", "running").await?;

        browser.click(".actions button:last-child").await?;
        browser.fill("#limit-value", "77").await?;
        browser.click("dialog .main").await?;
        stage.shows("#why", "77 records/s").await?;
        let limits = stage.api("pipelines/orders/limits").await?;
        ensure!(limits["max_rate"].as_f64() == Some(77.0), "{limits}");

        stage.go("#/p/payments/letters").await?;
        let letters = stage.stopped("payments").await?["dead_letters"].clone();
        browser.until("document.querySelectorAll('.letter').length > 0").await?;
        browser.click(".letter summary").await?;
        browser.until("!!document.querySelector('.letter[open] pre')?.innerText").await?;
        browser.click("#replay").await?;
        browser.click("dialog .main").await?;
        // They are as broken as they were.
        let told = format!("took {letters} letters: {letters} sent, {letters} dead letters again");
        stage.shows("#replay-status", &told).await?;
        browser.expect_no_complaints().await
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_is_gone_is_told_at_once_and_found_again() -> Result<()> {
    play(PIPELINES, async |stage| {
        stage.go("").await?;
        stage.mood("good").await?;
        stage.gateway.signal(rustix::process::Signal::STOP)?;
        stage.mood("lost").await?;
        stage.shows("#banner", "does not answer").await?;
        stage.gateway.signal(rustix::process::Signal::CONT)?;
        stage.mood("good").await
    })
    .await
}

/// 10 000 splits, of which the browser holds those alone that are seen.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_splits_stay_usable() -> Result<()> {
    let names: Vec<String> = (0..10).map(|number| format!("\"s{number}\"")).collect();
    let mut config = format!(
        "[pipelines.p]\nfrom = [{}]\nto = [\"out\"]\n[sinks.out]\ntype = \"blackhole\"\n",
        names.join(", ")
    );
    for number in 0..10 {
        config.push_str(&format!(
            "[sources.s{number}]\ntype = \"generator\"\nsplits = 1000\nrows_per_second = 20000\n"
        ));
    }
    play(&config, async |stage| {
        let browser = &stage.browser;
        stage.go("#/p/p/splits").await?;
        browser.until("document.querySelector('.window')?.ariaRowCount === '10001'").await?;
        browser.eval("document.querySelector('.window').scrollTo(0, 1e9)").await?;
        browser.until("!!document.querySelector('.split[aria-rowindex=\"10001\"]')").await?;
        let drawn = browser.eval("document.querySelectorAll('.rows .split').length").await?;
        ensure!(drawn.as_u64().is_some_and(|rows| rows < 80), "{drawn} rows are drawn");
        browser.fill("input[type=search]", "s7").await?;
        browser.until("document.querySelector('.window').ariaRowCount === '1001'").await?;
        stage.picture("splits", 0).await?;
        browser.expect_no_complaints().await
    })
    .await
}
