//! MetalLB's manifest, and any file, over HTTP.

use std::fs;

use meshrun_release::{Error, Fetch, Sha256Digest, Sources, Variant, fetch, metallb};
use meshrun_terms::{Bytes, Progress, Steps, Timeout};
use tempfile::TempDir;

use crate::server::{Answer, Server, changes, files, heard, say};

const TEXT: &str = "kind: Namespace\n";

async fn server(version: &str, answer: Answer) -> Server {
    Server::start([(format!("/{version}/config/manifests/metallb-native.yaml"), answer)]).await
}

fn sources(cache: &TempDir, server: &Server) -> Sources {
    Sources { metallb_url: server.url.clone(), ..Sources::new(cache.path()) }
}

fn body(text: &str) -> Answer {
    Answer::Body(text.as_bytes().to_vec())
}

#[tokio::test]
async fn a_manifest_is_downloaded_once_and_then_found() {
    let cache = tempfile::tempdir().unwrap();
    let server = server("v0.99.0", body(TEXT)).await;
    let sources = sources(&cache, &server);
    let (steps, told) = heard();
    let digest = Some(Sha256Digest::of(TEXT.as_bytes()));
    let manifest = metallb(&sources, "v0.99.0", Variant::Native, digest, &steps).await.unwrap();
    assert_eq!(manifest.text, TEXT);
    assert_eq!(files(cache.path()), ["releases/metallb-v0.99.0/config/manifests/metallb-native.yaml"]);
    assert_eq!(metallb(&sources, "0.99.0", Variant::Native, digest, &steps).await.unwrap(), manifest);
    assert_eq!((server.asked().len(), changes(&told)), (1, 1));
    fs::write(&manifest.path, "damaged").unwrap();
    assert_eq!(metallb(&sources, "0.99.0", Variant::Native, digest, &steps).await.unwrap().text, TEXT);
    assert_eq!((server.asked().len(), changes(&told)), (2, 2));
}

#[tokio::test]
async fn the_pinned_manifest_is_checked_and_an_unknown_one_warned_of() {
    let cache = tempfile::tempdir().unwrap();
    let wrong = server("v0.13.10", body(TEXT)).await;
    let error =
        metallb(&sources(&cache, &wrong), "v0.13.10", Variant::Native, None, &Steps::silent()).await.unwrap_err();
    assert!(matches!(error, Error::Digest { .. }), "{error:?}");
    assert_eq!(files(cache.path()), [""; 0]);
    let unknown = server("v0.99.0", body(TEXT)).await;
    let (steps, told) = heard();
    metallb(&sources(&cache, &unknown), "v0.99.0", Variant::Native, None, &steps).await.unwrap();
    let warned = |one: &Progress| matches!(one, Progress::Warning(text) if text.contains("is not known here"));
    assert!(told.lock().unwrap().iter().any(warned));
}

#[tokio::test]
async fn upstream_is_a_folder_of_releases_and_what_it_lacks_is_looked_for_further_on() {
    let cache = tempfile::tempdir().unwrap();
    let offline = Sources { metallb_url: "http://127.0.0.1:1".to_owned(), ..Sources::new(cache.path()) };
    let releases = tempfile::tempdir().unwrap();
    let folder = releases.path().join("metallb-v0.13.10/config/manifests");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("metallb-native.yaml"), TEXT).unwrap();
    let sources = Sources { release_dir: Some(releases.path().to_owned()), ..offline };
    let found = metallb(&sources, "v0.13.10", Variant::Native, None, &Steps::silent()).await.unwrap();
    assert_eq!((found.path, &*found.text), (folder.join("metallb-native.yaml"), TEXT));
    let error = metallb(&sources, "v0.13.10", Variant::Frr, None, &Steps::silent()).await.unwrap_err();
    assert!(error.to_string().contains("it has no `config/manifests/metallb-frr.yaml`"), "{error}");
    let error = metallb(&sources, "v0.99.0", Variant::Native, None, &Steps::silent()).await.unwrap_err();
    assert!(
        say(&error).contains("cannot get MetalLB 0.99.0: cannot reach http://127.0.0.1:1/v0.99.0/"),
        "{}",
        say(&error)
    );
}

#[tokio::test]
async fn any_file_is_fetched_and_left_alone_when_it_is_right() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start([("/a".to_owned(), body("first")), ("/b".to_owned(), body("second"))]).await;
    let wanted = |path: &str, sha256: Option<Sha256Digest>, limit| Fetch {
        url: format!("{}{path}", server.url),
        path: folder.path().join("deep/file"),
        sha256,
        limit: Bytes(limit),
        timeout: Timeout::minutes(1),
    };
    let (steps, told) = heard();
    let digest = Sha256Digest::of(b"first");
    let got = fetch(&wanted("/a", Some(digest), 100), &steps).await.unwrap();
    assert_eq!((got.size, got.sha256, got.changed), (5, digest, true));
    assert!(!fetch(&wanted("/a", Some(digest), 100), &steps).await.unwrap().changed);
    assert_eq!((server.asked().len(), changes(&told)), (1, 1));
    assert!(!fetch(&wanted("/a", None, 100), &steps).await.unwrap().changed);
    assert!(fetch(&wanted("/b", None, 100), &steps).await.unwrap().changed);
    assert_eq!(changes(&told), 2);
    let error = fetch(&wanted("/a", None, 3), &steps).await.unwrap_err();
    assert_eq!(error.to_string(), format!("{}/a is larger than 3B", server.url));
    let error = fetch(&wanted("/b", Some(digest), 100), &steps).await;
    assert!(matches!(error, Err(Error::Digest { .. })));
    assert_eq!(fs::read_to_string(folder.path().join("deep/file")).unwrap(), "second");
    assert_eq!(files(folder.path()), ["deep/file"]);
}
