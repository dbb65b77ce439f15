//! Every page, and the largest.

use anyhow::{Context, Result, ensure};

use crate::stage::{NARROW, PIPELINES, WIDE, play};

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
