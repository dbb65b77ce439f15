//! The dashboard: a page, its style and its scripts, all of which are part of the binary.
//!
//! They are files of their own, so that the browser can be told to run no script that stands in a
//! page. `vendor/` holds [uPlot](https://github.com/leeoniya/uPlot) 1.6.32, which draws the
//! charts, as it was published, with its licence.

use axum::extract::Path;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use super::refusal::Refusal;

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// What the page needs: name, type, text.
const ASSETS: [(&str, &str, &str); 23] = [
    ("icon.svg", "image/svg+xml", include_str!("page/icon.svg")),
    ("page.css", CSS, include_str!("page/page.css")),
    ("uplot.css", CSS, include_str!("page/vendor/uplot.css")),
    ("uplot.js", JS, include_str!("page/vendor/uplot.js")),
    ("uplot-LICENSE", TEXT, include_str!("page/vendor/uplot-LICENSE")),
    ("actions.js", JS, include_str!("page/js/actions.js")),
    ("api.js", JS, include_str!("page/js/api.js")),
    ("batches.js", JS, include_str!("page/js/batches.js")),
    ("charts.js", JS, include_str!("page/js/charts.js")),
    ("config.js", JS, include_str!("page/js/config.js")),
    ("dom.js", JS, include_str!("page/js/dom.js")),
    ("format.js", JS, include_str!("page/js/format.js")),
    ("front.js", JS, include_str!("page/js/front.js")),
    ("letters.js", JS, include_str!("page/js/letters.js")),
    ("live.js", JS, include_str!("page/js/live.js")),
    ("main.js", JS, include_str!("page/js/main.js")),
    ("overview.js", JS, include_str!("page/js/overview.js")),
    ("parts.js", JS, include_str!("page/js/parts.js")),
    ("pipeline.js", JS, include_str!("page/js/pipeline.js")),
    ("rows.js", JS, include_str!("page/js/rows.js")),
    ("spark.js", JS, include_str!("page/js/spark.js")),
    ("splits.js", JS, include_str!("page/js/splits.js")),
    ("why.js", JS, include_str!("page/js/why.js")),
];

const PAGE: &str = include_str!("page/page.html");

pub(super) async fn html() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/html; charset=utf-8")], PAGE)
}

pub(super) async fn asset(Path(name): Path<String>) -> Response {
    match ASSETS.iter().find(|(known, ..)| *known == name) {
        Some((_, kind, text)) => {
            ([(CONTENT_TYPE, HeaderValue::from_static(kind))], *text).into_response()
        }
        None => {
            let error = "the dashboard has no such part";
            Refusal::not_found(error, "`/` names those that there are").into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_it_is_small_and_comes_from_here() {
        let bytes: usize = ASSETS.iter().map(|(.., text)| text.len()).sum::<usize>() + PAGE.len();
        assert!(bytes < 300 << 10, "{bytes} bytes");
        let own = ASSETS.iter().filter(|(name, ..)| !name.starts_with("uplot"));
        for (name, _, text) in own.chain([&("page.html", "", PAGE)]) {
            let elsewhere = text.replace("http://www.w3.org/2000/svg", "");
            assert!(!elsewhere.contains("http://") && !elsewhere.contains("https://"), "{name}");
        }
    }

    #[test]
    fn every_part_that_is_named_is_there() {
        for (name, _, text) in ASSETS.iter().chain([&("page.html", "", PAGE)]) {
            let imports = text.split("from \"./").skip(1);
            let links = text.split("\"/assets/").skip(1);
            for part in imports.chain(links).filter_map(|rest| rest.split('"').next()) {
                let is_there = ASSETS.iter().any(|(known, ..)| *known == part);
                assert!(is_there, "{name} needs {part}");
            }
        }
    }
}
