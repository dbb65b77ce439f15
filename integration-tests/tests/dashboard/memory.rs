//! A page that stays open.

use anyhow::{Result, ensure};
use forebay_integration_tests::Browser;

use crate::stage::{PIPELINES, play};

/// Keeps what the page opens to hear events, so that the test can send it some.
const KEEP_SOURCES: &str = "window.sources = []; const Real = EventSource; \
    window.EventSource = class extends Real { \
    constructor(...given) { super(...given); window.sources.push(this); } };";

/// Sends the page what it last heard, again and again, as if seconds passed and each brought
/// something new; true if the page shows the last of it, else what it shows.
const HEAR_AGAIN: &str = "(() => { const it = window.sources.at(-1); \
    const { last } = window; const { why } = last.pipelines.find(({ name }) => name === 'orders'); \
    for (let second = 0; second < 1000; second += 1) { \
    last.now_ms += 1000; why.sentence = 'It is ' + last.now_ms; \
    it.dispatchEvent(new MessageEvent('pipelines', { data: JSON.stringify(last) })); } \
    const shown = document.body.innerText; \
    return shown.includes(why.sentence) || why.sentence + ' is not in ' + shown; })()";

/// What the page may grow by, in bytes, while it hears of an hour and more.
const ROOM: f64 = 1.5 * 1024.0 * 1024.0;

async fn hear_again(browser: &Browser) -> Result<()> {
    let heard = browser.eval(HEAR_AGAIN).await?;
    ensure!(heard == true, "{heard}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_hears_for_hours_does_not_grow() -> Result<()> {
    play(PIPELINES, async |stage| {
        let browser = &stage.browser;
        browser.run_on_every_page(KEEP_SOURCES).await?;
        for page in ["", "#/p/orders", "#/p/orders/why"] {
            stage.go(page).await?;
            let keep = "window.sources.length > 0 && (window.sources.at(-1).addEventListener(\
                        'pipelines', (event) => window.last ??= JSON.parse(event.data)), true)";
            browser.until(keep).await?;
            browser.until("!!window.last").await?;
            // What is made once is made now.
            hear_again(browser).await?;
            let before = browser.usage().await?;
            for _ in 0..5 {
                hear_again(browser).await?;
            }
            let after = browser.usage().await?;
            let grown = after.heap_bytes - before.heap_bytes;
            ensure!(grown < ROOM, "{page}: {before:?}, then {after:?}");
            ensure!(after.nodes < before.nodes + 500.0, "{page}: {before:?}, then {after:?}");
            browser.expect_no_complaints().await?;
        }
        Ok(())
    })
    .await
}
