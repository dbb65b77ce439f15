//! What a person does.

use anyhow::{Result, bail, ensure};
use serde_json::Value;

use crate::stage::{PIPELINES, Stage, play};

/// Keys, as [WebDriver](https://www.w3.org/TR/webdriver2/#keyboard-actions) writes them.
const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";

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

/// Presses Tab until what has the focus says these words.
async fn tab_to(stage: &Stage, words: &str) -> Result<()> {
    let words = serde_json::to_string(words)?;
    let is_there = format!("document.activeElement?.innerText?.trim() === {words}");
    for _ in 0..60 {
        stage.browser.press(TAB).await?;
        if stage.browser.eval(&is_there).await? == Value::Bool(true) {
            // Whoever has no mouse sees where they are.
            let outline = "getComputedStyle(document.activeElement).outlineStyle !== 'none'";
            return stage.browser.until(outline).await;
        }
    }
    bail!("the keyboard does not lead to {words}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_without_a_mouse_gets_everywhere() -> Result<()> {
    play(PIPELINES, async |stage| {
        let browser = &stage.browser;
        stage.go("").await?;
        stage.shows("tr[data-pipeline=orders] .pill", "running").await?;
        tab_to(stage, "orders").await?;
        browser.press(ENTER).await?;
        browser.until("location.hash === '#/p/orders'").await?;
        stage.shows("#state", "running").await?;
        tab_to(stage, "Change a limit").await?;
        browser.press(ENTER).await?;
        browser.until("document.querySelector('dialog')?.open === true").await?;
        browser.press(ESCAPE).await?;
        browser.until("!document.querySelector('dialog')?.open").await?;
        // Where one was before.
        browser.until("document.activeElement?.innerText === 'Change a limit'").await?;
        tab_to(stage, "Why this rate").await?;
        browser.press(ENTER).await?;
        browser.until("location.hash === '#/p/orders/why'").await?;
        browser.until("!!document.querySelector('.stack')").await?;
        browser.expect_no_complaints().await
    })
    .await
}

/// Whatever a page of another origin sends, by a form or a script, changes nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_another_origin_changes_nothing() -> Result<()> {
    play(PIPELINES, async |stage| {
        let browser = &stage.browser;
        stage.go("#/p/orders").await?;
        stage.shows("#state", "running").await?;
        let pause = format!("{}/api/pipelines/orders/pause", stage.url);
        // A page that came from nowhere has an origin of its own.
        browser.go("data:text/html,<title>elsewhere</title>").await?;
        for headers in ["{}", "{'X-Forebay-Action': '1'}"] {
            for mode in ["cors", "no-cors"] {
                let asked = format!(
                    "(() => {{ window.done = false; fetch('{pause}', {{ method: 'POST', mode: \
                     '{mode}', headers: {headers} }}).catch(() => {{}}).finally(() => window.done \
                     = true); return true; }})()"
                );
                browser.eval(&asked).await?;
                browser.until("window.done").await?;
            }
        }
        let form = format!(
            "(() => {{ const it = document.createElement('form'); it.method = 'post'; it.action = \
             '{pause}'; document.body.append(it); it.submit(); return true; }})()"
        );
        browser.eval(&form).await?;
        browser.until("document.body?.innerText.includes('another origin')").await?;
        stage.go("#/p/orders").await?;
        stage.shows("#state", "running").await?;
        let told = stage.api("pipelines/orders").await?;
        ensure!(told["paused"] == false && told["state"] == "running", "{told}");
        Ok(())
    })
    .await
}
