//! A browser without a window, driven over [WebDriver](https://www.w3.org/TR/webdriver2/).

mod command;
mod driver;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use command::Command;
use driver::Driver;

/// The longest wait for anything in a page.
const PATIENCE: Duration = Duration::from_secs(40);

/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// A browser without a window, driven over WebDriver.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    driver: Driver,
}

/// What a page takes.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// Memory of its scripts, in bytes.
    pub heap_bytes: f64,
    /// Nodes of its documents.
    pub nodes: f64,
}

/// How a page is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Width and height, in pixels.
    pub size: (u32, u32),
    /// Whether the person likes it dark.
    pub is_dark: bool,
}

impl Browser {
    /// Opens Chromium.
    ///
    /// # Errors
    /// If it is not there, or does not start.
    pub async fn open() -> Result<Self> {
        let driver = Driver::start()?;
        let options = json!({
            "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                "--hide-scrollbars", "--force-color-profile=srgb", "--no-first-run",
                "--disable-background-networking", "--disable-component-update",
                format!("--user-data-dir={}", driver.profile().display()),
            ],
        });
        let Value::Object(wanted) = json!({
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": { "browser": "ALL" },
        }) else {
            bail!("capabilities are a JSON object")
        };
        let connector = HttpConnector::new();
        let client = ClientBuilder::new(connector).capabilities(wanted).connect(driver.url()).await;
        Ok(Self { client: client.context("Chromium does not start")?, driver })
    }

    /// Looks at pages this way from now on.
    ///
    /// # Errors
    /// If the browser refuses.
    pub async fn look(&self, look: Look) -> Result<()> {
        let (width, height) = look.size;
        let size = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await?;
        let scheme = if look.is_dark { "dark" } else { "light" };
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.devtools("Emulation.setEmulatedMedia", media).await.map(drop)
    }

    /// Opens a page.
    ///
    /// # Errors
    /// If it cannot be loaded.
    pub async fn go(&self, url: &str) -> Result<()> {
        self.client.goto(url).await.with_context(|| url.to_owned())
    }

    /// What a JavaScript expression is in the page.
    ///
    /// # Errors
    /// If it throws.
    pub async fn eval(&self, expression: &str) -> Result<Value> {
        let script = format!("return ({expression});");
        let value = self.client.execute(&script, Vec::new()).await;
        value.with_context(|| expression.to_owned())
    }

    /// Waits until a JavaScript expression is true in the page.
    ///
    /// # Errors
    /// If it does not become so in time; the error shows the text of the page.
    pub async fn until(&self, expression: &str) -> Result<()> {
        let begun = Instant::now();
        while self.eval(expression).await? != Value::Bool(true) {
            if begun.elapsed() >= PATIENCE {
                let text = self.eval("document.body.innerText").await?;
                let text = text.as_str().unwrap_or_default().to_owned();
                bail!("waited {PATIENCE:?} for {expression}; the page says:\n{text}");
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }

    /// Clicks what a CSS selector finds, as soon as it is there.
    ///
    /// # Errors
    /// If it does not come, or cannot be clicked.
    pub async fn click(&self, selector: &str) -> Result<()> {
        let found = self.find(selector).await?;
        found.click().await.with_context(|| format!("{selector} cannot be clicked"))
    }

    /// Types into what a CSS selector finds, as soon as it is there, in place of what stood there.
    ///
    /// # Errors
    /// If it does not come, or takes no text.
    pub async fn fill(&self, selector: &str, text: &str) -> Result<()> {
        let found = self.find(selector).await?;
        found.clear().await?;
        Ok(found.send_keys(text).await?)
    }

    async fn find(&self, selector: &str) -> Result<Element> {
        let wait = self.client.wait().at_most(PATIENCE);
        let found = wait.for_element(Locator::Css(selector)).await;
        found.with_context(|| format!("there is no {selector}"))
    }

    /// Presses keys, wherever the focus is.
    ///
    /// # Errors
    /// If nothing has the focus.
    pub async fn press(&self, keys: &str) -> Result<()> {
        Ok(self.client.active_element().await?.send_keys(keys).await?)
    }

    /// What the page complained about in the console since this was last asked.
    ///
    /// # Errors
    /// If the browser does not say.
    pub async fn complaints(&self) -> Result<Vec<String>> {
        let log =
            self.client.issue_cmd(Command::new("se/log", json!({ "type": "browser" }))).await?;
        let entries = log.as_array().cloned().unwrap_or_default();
        let text = |entry: &Value| format!("{} {}", entry["level"], entry["message"]);
        Ok(entries.iter().map(text).collect())
    }

    /// Fails if the page complained about anything in the console.
    ///
    /// # Errors
    /// What it complained about.
    pub async fn expect_no_complaints(&self) -> Result<()> {
        let complaints = self.complaints().await?;
        ensure!(complaints.is_empty(), "the console says: {}", complaints.join("; "));
        Ok(())
    }

    /// Writes what is seen as a PNG file.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn screenshot(&self, path: &Path) -> Result<()> {
        let png = self.client.screenshot().await?;
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, png).with_context(|| path.display().to_string())
    }

    /// Runs a script on each page that is opened from now on, before its own.
    ///
    /// # Errors
    /// If the browser refuses.
    pub async fn run_on_every_page(&self, script: &str) -> Result<()> {
        let source = json!({ "source": script });
        self.devtools("Page.addScriptToEvaluateOnNewDocument", source).await.map(drop)
    }

    /// What the page takes when all is thrown away that it needs no more.
    ///
    /// # Errors
    /// If the browser does not say.
    pub async fn usage(&self) -> Result<Usage> {
        for what in ["HeapProfiler.collectGarbage", "HeapProfiler.collectGarbage"] {
            self.devtools(what, json!({})).await?;
        }
        self.devtools("Performance.enable", json!({})).await?;
        let told = self.devtools("Performance.getMetrics", json!({})).await?;
        let metrics = told["metrics"].as_array().cloned().unwrap_or_default();
        let one = |name: &str| {
            let found = metrics.iter().find(|metric| metric["name"] == name);
            let found = found.and_then(|metric| metric["value"].as_f64());
            found.with_context(|| format!("the browser does not tell {name}: {told}"))
        };
        Ok(Usage { heap_bytes: one("JSHeapUsedSize")?, nodes: one("Nodes")? })
    }

    async fn devtools(&self, method: &str, parameters: Value) -> Result<Value> {
        let body = json!({ "cmd": method, "params": parameters });
        let done = self.client.issue_cmd(Command::new("goog/cdp/execute", body)).await;
        done.with_context(|| method.to_owned())
    }

    /// Closes it.
    ///
    /// # Errors
    /// If it does not close by itself; it is ended nevertheless.
    pub async fn close(self) -> Result<()> {
        let closed = self.client.close().await;
        drop(self.driver);
        closed.context("Chromium does not close")
    }
}
