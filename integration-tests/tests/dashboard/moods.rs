//! What happens, in colours and words.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use forebay_integration_tests::wait;

use crate::stage::{NARROW, PIPELINES, TALL, WIDE, play};

/// That a sink holds rows.
const HOLDS_ROWS: &str = "[...document.querySelectorAll('.fact')].some((fact) => \
                          /in flight[^0-9]*[1-9]/.test(fact.innerText))";

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
