//! Releases of Istio.

use std::{fs, sync::Arc};

use meshrun_release::{Error, Sources, istio};
use meshrun_terms::{Progress, Steps};
use tempfile::TempDir;

use crate::server::{Answer, Server, changes, files, heard, istio_answers, say};

const UNPACKED: [&str; 4] = [
    "releases/istio-1.2.3/LICENSE",
    "releases/istio-1.2.3/manifests/charts/base/Chart.yaml",
    "releases/istio-1.2.3/manifests/profiles/default.yaml",
    "releases/istio-1.2.3/samples/sleep/sleep.yaml",
];

fn sources(cache: &TempDir, server: &Server) -> Sources {
    Sources { istio_url: server.url.clone(), ..Sources::new(cache.path()) }
}

/// The error of a download that goes wrong, after a look that nothing is left of it.
async fn fails(answers: Vec<(String, Answer)>) -> (Error, Server) {
    let cache = tempfile::tempdir().unwrap();
    let server = Server::start(answers).await;
    let error = istio(&sources(&cache, &server), "1.2.3", &Steps::silent()).await.unwrap_err();
    assert_eq!(files(cache.path()), [""; 0], "{error}");
    (error, server)
}

#[tokio::test]
async fn a_release_is_downloaded_once_and_then_found() {
    let cache = tempfile::tempdir().unwrap();
    let server = Server::start(istio_answers("1.2.3", Answer::Body)).await;
    let sources = sources(&cache, &server);
    let (steps, told) = heard();
    let folder = istio(&sources, "1.2.3", &steps).await.unwrap();
    assert_eq!(folder, cache.path().join("releases/istio-1.2.3"));
    assert_eq!(files(cache.path()), UNPACKED);
    assert_eq!((server.asked().len(), changes(&told)), (2, 1));
    assert_eq!(istio(&sources, "v1.2.3", &steps).await.unwrap(), folder);
    assert_eq!((server.asked().len(), changes(&told)), (2, 1));
    let offline = Sources { istio_url: "http://127.0.0.1:1".to_owned(), ..sources };
    assert_eq!(istio(&offline, "1.2.3", &Steps::silent()).await.unwrap(), folder);
}

#[tokio::test]
async fn the_folder_of_releases_comes_first_and_the_cache_serves_as_one() {
    let (cache, empty) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(istio_answers("1.2.3", Answer::Body)).await;
    istio(&sources(&cache, &server), "1.2.3", &Steps::silent()).await.unwrap();
    let release_dir = cache.path().join("releases");
    let offline = Sources { istio_url: "http://127.0.0.1:1".to_owned(), ..Sources::new(empty.path()) };
    let offline = Sources { release_dir: Some(release_dir.clone()), ..offline };
    assert_eq!(istio(&offline, "1.2.3", &Steps::silent()).await.unwrap(), release_dir.join("istio-1.2.3"));
    fs::create_dir(release_dir.join("istio-9.9.9")).unwrap();
    let error = istio(&offline, "9.9.9", &Steps::silent()).await.unwrap_err();
    assert!(say(&error).ends_with("istio-9.9.9 is not a release: it has no `manifests/charts`"), "{error}");
    assert_eq!(files(empty.path()), [""; 0]);
}

#[tokio::test]
async fn redirects_are_followed() {
    let elsewhere = Server::start(istio_answers("1.2.3", Answer::Body)).await;
    let target = elsewhere.url.clone();
    let answers = istio_answers("1.2.3", Answer::Body)
        .into_iter()
        .map(|(path, _)| (path.clone(), Answer::Redirect(format!("{target}{path}"))));
    let server = Server::start(answers).await;
    let cache = tempfile::tempdir().unwrap();
    istio(&sources(&cache, &server), "1.2.3", &Steps::silent()).await.unwrap();
    assert_eq!(files(cache.path()), UNPACKED);
    assert_eq!((server.asked().len(), elsewhere.asked().len()), (2, 2));
}

#[tokio::test]
async fn a_wrong_digest_is_refused() {
    let (error, server) = fails(istio_answers("1.2.3", |_| Answer::Body(b"something else".to_vec()))).await;
    assert!(matches!(error, Error::Digest { .. }), "{error:?}");
    let text = say(&error);
    let begin = format!("{}/1.2.3/istio-1.2.3-linux-amd64.tar.gz: expected SHA-256 ", server.url);
    assert!(text.starts_with(&begin) && text.contains(", found "), "{text}");
}

#[tokio::test]
async fn a_page_instead_of_a_digest_is_refused() {
    let mut answers = istio_answers("1.2.3", Answer::Body);
    answers[0].1 = Answer::Body(b"<html>please log in</html>".to_vec());
    let (error, _) = fails(answers).await;
    assert!(say(&error).ends_with("expected a SHA-256 digest, found `<html>please log in</html>`"), "{}", say(&error));
}

#[tokio::test]
async fn a_truncated_body_is_tried_again_and_then_refused() {
    let (error, server) = fails(istio_answers("1.2.3", Answer::Truncated)).await;
    let text = say(&error);
    assert!(text.contains("the download ended early, expected ") && text.contains(" bytes, found "), "{text}");
    assert_eq!(server.asked().len(), 4, "the digest once, the archive three times");
    let help = miette::Diagnostic::help(&error).unwrap().to_string();
    assert!(
        help.contains("MESHRUN_RELEASES") && help.contains("`istio-1.2.3/`") && help.contains("MESHRUN_ISTIO_URL"),
        "{help}"
    );
}

#[tokio::test]
async fn a_server_that_falters_once_is_asked_again() {
    let first = |body: Vec<u8>| Answer::First(Box::new(Answer::Truncated(body.clone())), Box::new(Answer::Body(body)));
    let mut answers = istio_answers("1.2.3", first);
    let sum = answers[0].1.clone();
    answers[0].1 = Answer::First(Box::new(Answer::Status(503)), Box::new(sum));
    let server = Server::start(answers).await;
    let cache = tempfile::tempdir().unwrap();
    let (steps, told) = heard();
    istio(&sources(&cache, &server), "1.2.3", &steps).await.unwrap();
    assert_eq!(files(cache.path()), UNPACKED);
    let warnings = told.lock().unwrap().iter().filter(|one| matches!(one, Progress::Warning(_))).count();
    assert_eq!((server.asked().len(), warnings), (4, 2));
}

#[tokio::test]
async fn a_version_that_is_not_there_is_named() {
    let (error, server) = fails(Vec::new()).await;
    let url = format!("{}/1.2.3/istio-1.2.3-linux-amd64.tar.gz.sha256", server.url);
    assert_eq!(say(&error), format!("cannot get Istio 1.2.3: {url}: the server answered 404 Not Found"));
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn a_redirect_loop_ends() {
    let path = "/1.2.3/istio-1.2.3-linux-amd64.tar.gz.sha256".to_owned();
    let (error, _) = fails(vec![(path.clone(), Answer::Redirect(path))]).await;
    let text = say(&error);
    assert!(text.contains("the server's redirects lead nowhere") && text.contains("too many redirects"), "{text}");
}

#[tokio::test]
async fn no_network_is_said_so() {
    let cache = tempfile::tempdir().unwrap();
    let offline = Sources { istio_url: "http://127.0.0.1:1".to_owned(), ..Sources::new(cache.path()) };
    let error = istio(&offline, "1.2.3", &Steps::silent()).await.unwrap_err();
    let text = say(&error);
    let begin = "cannot get Istio 1.2.3: cannot reach http://127.0.0.1:1/1.2.3/istio-1.2.3-linux-amd64.tar.gz.sha256: ";
    assert!(text.starts_with(begin) && text.contains("refused"), "{text}");
    assert_eq!(files(cache.path()), [""; 0]);
}

#[tokio::test]
async fn a_silent_server_is_waited_for_no_longer_than_asked() {
    let cache = tempfile::tempdir().unwrap();
    let server = Server::start(istio_answers("1.2.3", |body| Answer::Silence(body.len()))).await;
    let sources = Sources { timeout: "300ms".parse().unwrap(), ..sources(&cache, &server) };
    let text = say(&istio(&sources, "1.2.3", &Steps::silent()).await.unwrap_err());
    assert!(text.contains("took longer than 300ms: 0 bytes had come"), "{text}");
    assert_eq!(files(cache.path()), [""; 0]);
}

#[tokio::test]
async fn an_archive_without_charts_is_no_release() {
    let body = crate::server::archive("9.9.9"); // of another version: nothing in it is wanted
    let mut answers = istio_answers("1.2.3", |_| Answer::Body(body.clone()));
    answers[0].1 = Answer::Body(meshrun_release::Sha256Digest::of(&body).to_string().into_bytes());
    let (error, _) = fails(answers).await;
    assert!(say(&error).contains("it has no `manifests/charts`"), "{}", say(&error));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_callers_at_once_download_once() {
    let cache = tempfile::tempdir().unwrap();
    let server = Server::start(istio_answers("1.2.3", Answer::Body)).await;
    let sources = Arc::new(sources(&cache, &server));
    let (steps, told) = heard();
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let (sources, steps) = (Arc::clone(&sources), steps.clone());
            tokio::spawn(async move { istio(&sources, "1.2.3", &steps).await.unwrap() })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    assert_eq!((server.asked().len(), changes(&told)), (2, 1));
    assert_eq!(files(cache.path()), UNPACKED);
}

#[tokio::test]
async fn a_call_that_is_dropped_leaves_nothing_and_the_next_one_works() {
    let cache = tempfile::tempdir().unwrap();
    let hanging = Server::start(istio_answers("1.2.3", |body| Answer::Silence(body.len()))).await;
    let (sources_of_hanging, silent) = (sources(&cache, &hanging), Steps::silent());
    let call = istio(&sources_of_hanging, "1.2.3", &silent);
    tokio::select! {
        ended = call => panic!("{ended:?}"),
        () = hanging.asked_for(2) => {}
    }
    assert_eq!(files(cache.path()), [""; 0]);
    fs::write(cache.path().join("releases/.istio-1.2.3.part-killed"), "half").unwrap(); // of a process that was killed
    let server = Server::start(istio_answers("1.2.3", Answer::Body)).await;
    istio(&sources(&cache, &server), "1.2.3", &Steps::silent()).await.unwrap();
    assert_eq!(files(cache.path()), UNPACKED);
}
