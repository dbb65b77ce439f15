//! What becomes of rows by what the server answers.

use std::time::Duration;

use axum::http::StatusCode;
use axum::response::IntoResponse;
use forebay_core::sink::{SinkError, Verdict, Written};
use serde_json::json;
use tokio::time::Instant;

use crate::server::{Server, batch, build, ids, no_options, taken};

#[tokio::test]
async fn requests_have_so_many_rows_and_the_headers_that_were_asked_for() {
    let server = Server::start(taken).await;
    let mut sink = server.sink(json!({
        "max_rows": 3, "headers": { "X-Tenant": "blue" }, "token": "secret", "form": "array",
    }));
    sink.connect().await.unwrap();
    assert_eq!(sink.write(&batch(&[0..2, 2..7])).await.unwrap(), Written::all());
    let requests = server.requests();
    let rows: Vec<_> = requests.iter().map(|request| ids(&request.rows)).collect();
    assert_eq!(rows, [vec![0, 1, 2], vec![3, 4, 5], vec![6]]);
    let headers = &requests[0].headers;
    assert_eq!(headers["x-tenant"], "blue");
    assert_eq!(headers["authorization"], "Bearer secret");
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(sink.observe().unwrap().observe()["rows"], 7);
}

#[tokio::test]
async fn a_refused_row_is_found_and_takes_no_other_with_it() {
    for status in [StatusCode::BAD_REQUEST, StatusCode::UNPROCESSABLE_ENTITY] {
        let server = Server::start(move |request, _| match ids(&request.rows).contains(&13) {
            true => (status, "13 is unlucky").into_response(),
            false => StatusCode::OK.into_response(),
        })
        .await;
        let mut sink = server.sink(no_options());
        let written = sink.write(&batch(&[0..10, 10..40])).await.unwrap();
        assert_eq!(written.rejected.len(), 1);
        let rejected = &written.rejected[0];
        assert_eq!((rejected.chunk, rejected.row), (1, 3));
        assert_eq!(rejected.verdict, Verdict::DeadLetter);
        assert!(rejected.reason.text.contains("13 is unlucky"), "{}", rejected.reason.text);
        let good = server.requests().into_iter().map(|request| ids(&request.rows));
        let mut good: Vec<_> = good.filter(|rows| !rows.contains(&13)).flatten().collect();
        let in_order = good.is_sorted();
        good.dedup();
        assert!(in_order && good.len() == 39, "each once, in order: {good:?}");
    }
}

#[tokio::test]
async fn what_is_too_large_is_sent_in_smaller_parts() {
    let server = Server::start(|request, _| match request.rows.len() > 4 {
        true => StatusCode::PAYLOAD_TOO_LARGE.into_response(),
        false => StatusCode::OK.into_response(),
    })
    .await;
    let mut sink = server.sink(no_options());
    assert_eq!(sink.write(&batch(&[0..30; 1])).await.unwrap(), Written::all());
}

#[tokio::test]
async fn a_server_that_asks_to_come_later_is_not_asked_before() {
    let server = Server::start(|_, before| match before {
        0 => (StatusCode::TOO_MANY_REQUESTS, [("Retry-After", "1")], "slowly").into_response(),
        _ => StatusCode::OK.into_response(),
    })
    .await;
    let mut sink = server.sink(no_options());
    let error = sink.write(&batch(&[0..5; 1])).await.unwrap_err();
    assert!(matches!(&error, SinkError::Transient(text) if text.contains("slowly")), "{error}");
    let begun = Instant::now();
    assert_eq!(sink.write(&batch(&[0..5; 1])).await.unwrap(), Written::all());
    assert!(begun.elapsed() >= Duration::from_millis(900), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn what_was_taken_before_a_failure_is_not_sent_again() {
    let server = Server::start(|_, before| match before {
        0 => StatusCode::OK.into_response(),
        _ => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    })
    .await;
    let mut sink = server.sink(json!({ "max_rows": 4 }));
    let written = sink.write(&batch(&[0..3, 3..10])).await.unwrap();
    let again: Vec<_> = written.rejected.iter().map(|it| (it.chunk, it.row, it.verdict)).collect();
    assert_eq!(again[0], (1, 1, Verdict::Retry));
    assert_eq!((again.len(), server.requests().len()), (6, 2));
}

#[tokio::test]
async fn a_server_may_say_row_by_row_what_became_of_them() {
    let server = Server::start(|_, before| match before {
        0 => {
            r#"{"errors": [{"row": 1, "reason": "no"}, {"row": 3, "retry": true}]}"#.into_response()
        }
        1 => "{}".into_response(),
        _ => "all is well".into_response(),
    })
    .await;
    let mut sink = server.sink(json!({ "row_outcomes": true }));
    let written = sink.write(&batch(&[0..2, 2..5])).await.unwrap();
    let found: Vec<_> = written.rejected.iter().map(|it| (it.chunk, it.row, it.verdict)).collect();
    assert_eq!(found, [(0, 1, Verdict::DeadLetter), (1, 1, Verdict::Retry)]);
    assert_eq!(sink.write(&batch(&[3..4; 1])).await.unwrap(), Written::all());
    let error = sink.write(&batch(&[3..4; 1])).await.unwrap_err();
    assert!(matches!(&error, SinkError::Fatal(text) if text.contains("row_outcomes")), "{error}");
}

#[tokio::test]
async fn what_no_row_can_mend_ends_the_pipeline_with_a_sentence() {
    for status in [StatusCode::UNAUTHORIZED, StatusCode::NOT_FOUND, StatusCode::FOUND] {
        let server = Server::start(move |_, _| status.into_response()).await;
        let error = server.sink(no_options()).write(&batch(&[0..5; 1])).await.unwrap_err();
        let code = status.as_u16().to_string();
        assert!(matches!(&error, SinkError::Fatal(text) if text.contains(&code)), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_is_down_or_does_not_answer_is_asked_again() {
    let server = Server::start(taken).await;
    let url = server.url.clone();
    drop(server);
    let error = build(json!({ "url": url })).write(&batch(&[0..5; 1])).await.unwrap_err();
    assert!(matches!(&error, SinkError::Transient(text) if text.contains(&url)), "{error}");

    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let mut sink = build(json!({ "url": url, "timeout": "200ms" }));
    let error = sink.write(&batch(&[0..5; 1])).await.unwrap_err();
    assert!(matches!(&error, SinkError::Transient(_)), "{error}");
}
