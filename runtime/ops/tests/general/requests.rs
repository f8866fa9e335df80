//! `http::*` and `release::*` against a server on this machine.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::Bench;

/// A server that answers these paths and keeps what it was sent.
async fn serve<const N: usize>(answers: [(&str, String); N]) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answers: BTreeMap<String, String> = answers.map(|(path, answer)| (path.to_owned(), answer)).into();
    let requests = Arc::<Mutex<Vec<String>>>::default();
    let kept = Arc::clone(&requests);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = vec![0; 64 << 10];
            let length = stream.read(&mut bytes).await.unwrap();
            let request = String::from_utf8_lossy(&bytes[..length]).into_owned();
            let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
            kept.lock().unwrap().push(request);
            let missing = answer("404 Not Found", "", "no such thing");
            let answer = answers.get(&path).unwrap_or(&missing);
            if path == "/silent" {
                std::mem::forget(stream); // keeps the connection open
            } else if let Err(error) = stream.write_all(answer.as_bytes()).await {
                println!("the client has left: {error}");
            }
        }
    });
    (url, requests)
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n{body}", body.len())
}

#[tokio::test]
async fn an_answer_is_data_and_another_status_an_error_with_the_body() {
    let bench = Bench::new();
    let (url, _) = serve([("/a", answer("200 OK", "x-a: 1\r\nx-a: 2\r\n", "hello"))]).await;
    let got = bench.ok("http::get", json!([format!("{url}/a")])).await;
    assert_eq!((&got["status"], &got["headers"]["x-a"], &got["body"]), (&json!(200), &json!("1, 2"), &json!("hello")));
    let text = bench.fails("http::get", json!([format!("{url}/none")])).await;
    assert_eq!(text, format!("http::status: {url}/none: expected status 200 to 299, found 404\nno such thing"));
    let got = bench.ok("http::get", json!([format!("{url}/none"), { "expected": [200, 404] }])).await;
    assert_eq!(got["status"], 404);
    let got = bench.ok("http::get", json!([format!("{url}/a"), { "base64": true }])).await;
    assert_eq!(got["body"], "aGVsbG8=");
}

#[tokio::test]
async fn a_request_carries_headers_and_data() {
    let bench = Bench::new();
    let (url, requests) = serve([("/a", answer("201 Created", "", ""))]).await;
    let options = json!({ "body": { "n": 1 }, "headers": { "Authorization": "Bearer t" } });
    bench.ok("http::request", json!(["post", format!("{url}/a"), options])).await;
    let request = requests.lock().unwrap()[0].clone();
    for part in ["POST /a HTTP/1.1\r\n", "authorization: Bearer t\r\n", "application/json\r\n", "\r\n\r\n{\"n\":1}"] {
        assert!(request.contains(part), "{part:?} in {request}");
    }
    assert!(!format!("{:?}", bench.told.lock().unwrap()).contains("Bearer"));
    let wrong = bench.fails("http::get", json!([url, { "headers": { "a b": "hunter2" } }])).await;
    assert_eq!(wrong, "http::option: expected a header's name and value, found `a b`");
}

#[tokio::test]
async fn another_address_can_stand_in_for_that_of_the_host() {
    let bench = Bench::new();
    let (url, requests) = serve([("/a", answer("200 OK", "", "here"))]).await;
    let address = url.trim_start_matches("http://");
    let got = bench.ok("http::get", json!(["http://helloworld.example/a", { "address": address }])).await;
    assert_eq!(got["body"], "here");
    assert!(requests.lock().unwrap()[0].contains("host: helloworld.example\r\n"));
}

#[tokio::test]
async fn redirects_are_followed_unless_asked_otherwise() {
    let bench = Bench::new();
    let to = answer("302 Found", "location: /b\r\n", "");
    let round = answer("302 Found", "location: /round\r\n", "");
    let (url, _) = serve([("/a", to), ("/b", answer("200 OK", "", "there")), ("/round", round)]).await;
    assert_eq!(bench.ok("http::get", json!([format!("{url}/a")])).await["body"], "there");
    let got = bench.ok("http::get", json!([format!("{url}/a"), { "follow": false, "expected": [302] }])).await;
    assert_eq!(got["headers"]["location"], "/b");
    let text = bench.fails("http::get", json!([format!("{url}/round")])).await;
    assert!(text.starts_with("http::unreachable: ") && text.contains("redirect"), "{text}");
}

#[tokio::test]
async fn silence_absence_and_nonsense_are_named() {
    let bench = Bench::new();
    let cut = "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nhalf".to_owned();
    let (url, _) = serve([("/cut", cut)]).await;
    let text = bench.fails("http::get", json!([format!("{url}/silent"), { "timeout": "300ms" }])).await;
    let expected = format!("http::timeout: {url}/silent: no whole answer within 300ms; the server has not answered");
    assert_eq!(text, expected);
    let text = bench.fails("http::get", json!([format!("{url}/cut")])).await;
    assert!(text.contains("/cut: the answer with status 200 ended early, after "), "{text}");
    let text = bench.fails("http::get", json!(["http://127.0.0.1:1/"])).await;
    assert!(
        text.starts_with("http::unreachable: cannot reach http://127.0.0.1:1/: ") && text.contains("refused"),
        "{text}"
    );
    for bad in ["a/b", "ftp://a/", ""] {
        assert!(bench.fails("http::get", json!([bad])).await.starts_with("http::url"), "{bad}");
    }
    let text = bench.fails("http::get", json!(["http://me:hunter2@127.0.0.1:1/"])).await;
    assert!(text.contains("http://me:secret@127.0.0.1:1/") && !text.contains("hunter2"), "{text}");
}

#[tokio::test]
async fn releases_come_from_the_worlds_mirror_and_cache() {
    let manifest = "kind: Namespace\n";
    let path = "/v0.99.0/config/manifests/metallb-native.yaml";
    let (url, requests) = serve([(path, answer("200 OK", "", manifest)), ("/f", answer("200 OK", "", "file"))]).await;
    let cache = tempfile::tempdir().unwrap();
    let bench = Bench::with_variables([
        ("MESHRUN_METALLB_URL", url.clone()),
        ("MESHRUN_ISTIO_URL", url.clone()),
        ("MESHRUN_CACHE", cache.path().display().to_string()),
    ]);
    assert_eq!(bench.ok("release::metallb", json!(["v0.99.0"])).await["text"], manifest);
    assert_eq!(bench.ok("release::metallb", json!(["v0.99.0"])).await["text"], manifest);
    assert_eq!((requests.lock().unwrap().len(), bench.changes()), (1, 1));
    let text = bench.fails("release::istio", json!(["1.2.3"])).await;
    assert!(text.contains("cannot get Istio 1.2.3: ") && text.contains("the server answered 404"), "{text}");
    let got = bench.ok("release::fetch", json!([format!("{url}/f"), "deep/f"])).await;
    assert_eq!((&got["size"], &got["changed"]), (&json!(4), &json!(true)));
    assert!(bench.path().join("deep/f").is_file());
    let options = json!({ "sha256": got["sha256"] });
    let got = bench.ok("release::fetch", json!([format!("{url}/f"), "deep/f", options])).await;
    assert_eq!(got["changed"], false);
}
