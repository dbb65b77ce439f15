//! What single requests are answered, and what is stored of them.

use std::io::Write;

use crate::client::{exchange, post, start};
use forebay_core::journal::Refused;
use forebay_core::testing::{intake, manual_intake};

const NDJSON: &str = "content-type: application/x-ndjson\r\n";
const JSON: &str = "content-type: application/json\r\n";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn records_are_stored_by_content_type() {
    let (intake, mut caught) = intake();
    let running = start("headers = [\"X-Request-Id\"]\npath = \"/in/*\"", intake).await;
    let mut stream = running.connect().await;
    type Case = (&'static str, &'static [u8], &'static [&'static [u8]]);
    let cases: [Case; 4] = [
        (NDJSON, b"{\"a\":1}\n{\"a\":2}\n", &[b"{\"a\":1}", b"{\"a\":2}"]),
        (JSON, b"[{\"a\" : 1}, 2.0]", &[b"{\"a\" : 1}", b"2.0"]),
        (JSON, b"{\"a\": [1]}", &[b"{\"a\": [1]}"]),
        ("x-request-id: r7\r\n", b"\x00\n\xff", &[b"\x00\n\xff"]),
    ];
    for (headers, body, records) in cases {
        let answer = exchange(&mut stream, &post("/in/orders", headers, body)).await;
        assert_eq!((answer.status, &answer.body["records"]), (200, &records.len().into()));
        let arrival = caught.next().await.unwrap();
        assert_eq!(arrival.values(), records);
        assert_eq!(*arrival.chunk.peer, stream.local_addr().unwrap().to_string());
        let mut attributes = vec![("path".into(), "/in/orders".into())];
        if headers.starts_with("x-") {
            attributes.push(("x-request-id".into(), "r7".into()));
        }
        assert_eq!(arrival.chunk.attributes, attributes);
    }
    let seen = running.until(|seen| seen["requests"]["in_flight"] == 0).await;
    assert_eq!((&seen["requests"]["2xx"], &seen["records"]), (&4.into(), &6.into()));
    assert_eq!(seen["connections"]["open"], 1);
    running.stop.cancel();
    running.ended().await;
}

#[tokio::test]
async fn what_cannot_be_taken_is_refused_with_its_status() {
    let (intake, mut caught) = intake();
    let running = start("max_body = \"100B\"\nmax_expanded = \"1000B\"", intake).await;
    let bomb = gzip(&[b'x'; 1001]);
    assert!(bomb.len() < 100);
    let cases = [
        (post("/elsewhere", "", "x"), 404, ""),
        (b"GET / HTTP/1.1\r\nhost: x\r\n\r\n".to_vec(), 405, "allow: post"),
        (post("/", "content-encoding: br\r\n", "x"), 415, "accept-encoding: gzip"),
        (post("/", "content-encoding: gzip\r\n", "no gzip"), 400, ""),
        (post("/", "content-encoding: gzip\r\n", &bomb), 413, ""),
        (post("/", "content-encoding: zstd\r\n", "no zstd"), 400, ""),
        (post("/", "", [b'x'; 101]), 413, ""),
        (
            [
                b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n65\r\n"
                    .as_slice(),
                &[b'x'; 101],
                b"\r\n0\r\n\r\n",
            ]
            .concat(),
            413,
            "",
        ),
        (post("/", JSON, "[1,\n2"), 400, ""),
        (post("/", "", ""), 400, ""),
    ];
    for (request, status, header) in cases {
        let answer = running.send(&request).await;
        assert_eq!(answer.status, status, "{}", String::from_utf8_lossy(&request));
        assert!(answer.head.contains(header), "{}", answer.head);
        assert!(answer.body["error"].is_string(), "{answer:?}");
    }
    let answer = running.send(post("/", JSON, "[1,\n2")).await;
    assert!(answer.body["error"].as_str().unwrap().contains("line 2 column 1"), "{answer:?}");
    assert!(caught.drain().is_empty());
    let seen = running.until(|seen| seen["requests"]["in_flight"] == 0).await;
    assert_eq!((&seen["requests"]["4xx"], &seen["records"]), (&11.into(), &0.into()));
}

#[tokio::test]
async fn bodies_are_decompressed() {
    let (intake, mut caught) = intake();
    let running = start("body = \"lines\"", intake).await;
    let text = b"one\ntwo\n".repeat(1000);
    let zstd = zstd::stream::encode_all(text.as_slice(), 3).unwrap();
    for (name, body) in [("gzip", gzip(&text)), ("zstd", zstd)] {
        let headers = format!("content-encoding: {name}\r\n");
        let answer = running.send(post("/", &headers, body)).await;
        assert_eq!((answer.status, &answer.body["records"]), (200, &2000.into()));
        assert_eq!(caught.next().await.unwrap().values().len(), 2000);
    }
}

#[tokio::test]
async fn only_the_right_credentials_are_let_in() {
    let cases = [
        (
            "auth = { type = \"bearer\", tokens = [\"one\", \"two\"] }",
            "authorization: Bearer two\r\n",
            ["", "authorization: Bearer three\r\n", "authorization: Basic two\r\n"],
            "www-authenticate: bearer",
        ),
        (
            "auth = { type = \"basic\", users = { Aladdin = \"open sesame\" } }",
            "authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n",
            ["", "authorization: Basic QWxhZGRpbjo=\r\n", "authorization: Bearer x\r\n"],
            "www-authenticate: basic",
        ),
    ];
    for (options, right, wrong, challenge) in cases {
        let (intake, mut caught) = intake();
        let running = start(options, intake).await;
        for headers in wrong {
            for path in ["/", "/elsewhere"] {
                let answer = running.send(post(path, headers, "x")).await;
                assert_eq!(answer.status, 401, "{headers}");
                assert!(answer.head.contains(challenge), "{}", answer.head);
            }
        }
        assert!(caught.drain().is_empty());
        assert_eq!(running.send(post("/", right, "x")).await.status, 200);
        let shown = running.state.observe().to_string();
        assert!(!shown.contains("two") && !shown.contains("sesame"), "{shown}");
    }
}

#[tokio::test]
async fn a_request_is_acknowledged_only_when_it_is_stored() {
    let (intake, mut caught) = manual_intake();
    let running = start("", intake).await;
    let mut stream = running.connect().await;
    let request = post("/", "", "x");
    let (answer, ()) = tokio::join!(exchange(&mut stream, &request), async {
        let arrival = caught.next().await.unwrap();
        // It waits for us: nothing has been answered.
        let seen = running.until(|seen| seen["requests"]["in_flight"] == 1).await;
        assert_eq!((&seen["requests"]["2xx"], &seen["records"]), (&0.into(), &0.into()));
        arrival.answer(Ok(()));
    });
    assert_eq!(answer.status, 200);

    let (answer, ()) = tokio::join!(exchange(&mut stream, &request), async {
        let failed = Refused::Failed("no space left on device".to_owned());
        caught.next().await.unwrap().answer(Err(failed));
    });
    assert_eq!(answer.status, 503);
    assert!(answer.head.contains("retry-after: 1"), "{}", answer.head);
    assert!(answer.body["error"].as_str().unwrap().contains("no space left"));
}

#[tokio::test]
async fn overload_is_said_and_passes() {
    let (intake, mut caught) = intake();
    let running = start("patience = \"10ms\"", intake).await;
    caught.fill();
    let answer = running.send(post("/", "", "x")).await;
    assert_eq!(answer.status, 429);
    assert!(answer.head.contains("retry-after: "), "{}", answer.head);
    caught.make_room();
    assert_eq!(running.send(post("/", "", "x")).await.status, 200);
    let seen = running.until(|seen| seen["requests"]["in_flight"] == 0).await;
    assert_eq!((&seen["requests"]["429"], &seen["requests"]["2xx"]), (&1.into(), &1.into()));
    caught.close();
    assert_eq!(running.send(post("/", "", "x")).await.status, 503);
}

#[tokio::test]
async fn a_request_waits_a_moment_for_room() {
    let (intake, mut caught) = intake();
    let running = start("patience = \"1m\"", intake).await;
    caught.fill();
    let request = post("/", "", "x");
    let (answer, ()) = tokio::join!(running.send(&request), async {
        running.until(|seen| seen["requests"]["in_flight"] == 1).await;
        caught.make_room();
    });
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn bodies_together_have_a_limit() {
    let (intake, mut caught) = manual_intake();
    let running = start("max_in_flight = \"1MiB\"", intake).await;
    let request = post("/", "", vec![b'x'; 400 << 10]);
    let mut stream = running.connect().await;
    let (first, ()) = tokio::join!(exchange(&mut stream, &request), async {
        let arrival = caught.next().await.unwrap();
        let second = running.send(&request).await;
        assert_eq!(second.status, 429, "{second:?}");
        arrival.answer(Ok(()));
    });
    assert_eq!(first.status, 200);
    let (third, values) = tokio::join!(exchange(&mut stream, &request), caught.values(1));
    assert_eq!((third.status, values.len()), (200, 1));
}

#[tokio::test]
async fn a_body_larger_than_a_piece_is_stored_in_several() {
    let (intake, mut caught) = intake();
    let max = intake.max_chunk_bytes();
    let running =
        start("body = \"lines\"\nmax_body = \"64MiB\"\nmax_in_flight = \"1GiB\"", intake).await;
    let line = [vec![b'x'; 999], b"\n".to_vec()].concat();
    let lines = max / 999 + 2;
    let answer = running.send(post("/", "", line.repeat(lines))).await;
    assert_eq!((answer.status, &answer.body["records"]), (200, &lines.into()));
    let pieces: Vec<_> = caught.drain().iter().map(|piece| piece.values().len()).collect();
    assert_eq!((pieces.len(), pieces.iter().sum::<usize>()), (2, lines));

    let answer = running.send(post("/", "", vec![b'x'; max + 1])).await;
    assert_eq!(answer.status, 413);
    assert!(caught.drain().is_empty());
}
