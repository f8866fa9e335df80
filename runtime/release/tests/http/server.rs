//! A server on this machine that answers as a test tells it to and counts what it is asked; and releases of our own making.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use flate2::{Compression, write::GzEncoder};
use meshrun_release::Sha256Digest;
use meshrun_terms::{Progress, Steps};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// How a path is answered.
#[derive(Clone)]
pub enum Answer {
    /// 200 with this body.
    Body(Vec<u8>),
    /// 200 that announces the whole body and sends half of it.
    Truncated(Vec<u8>),
    /// 302 to this place.
    Redirect(String),
    /// This status with nothing.
    Status(u16),
    /// 200 that announces this many bytes and sends none, forever.
    Silence(usize),
    /// The first answers one time, the second from then on.
    First(Box<Answer>, Box<Answer>),
}

/// The server.
pub struct Server {
    pub url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Serve these paths; all others are 404.
    pub async fn start(answers: impl IntoIterator<Item = (String, Answer)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answers = Arc::new(Mutex::new(answers.into_iter().collect::<BTreeMap<_, _>>()));
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let seen = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, Arc::clone(&answers), Arc::clone(&seen)));
            }
        });
        Self { url, asked }
    }

    /// The paths that were asked for so far.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// Wait until so many paths were asked for.
    pub async fn asked_for(&self, count: usize) {
        while self.asked().len() < count {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

async fn answer(mut stream: TcpStream, answers: Arc<Mutex<BTreeMap<String, Answer>>>, asked: Arc<Mutex<Vec<String>>>) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        request.push(byte);
    }
    let path = String::from_utf8(request).unwrap().split(' ').nth(1).unwrap().to_owned();
    asked.lock().unwrap().push(path.clone());
    let answer = next(&mut answers.lock().unwrap(), &path);
    let head = |status: u16, length: usize, more: &str| {
        format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n{more}\r\n").into_bytes()
    };
    let bytes = match &answer {
        Answer::Body(body) => [head(200, body.len(), ""), body.clone()].concat(),
        Answer::Truncated(body) => [head(200, body.len(), ""), body[..body.len() / 2].to_vec()].concat(),
        Answer::Redirect(to) => head(302, 0, &format!("location: {to}\r\n")),
        Answer::Status(status) => head(*status, 0, ""),
        Answer::Silence(length) => head(200, *length, ""),
        Answer::First(..) => unreachable!("taken apart before"),
    };
    if stream.write_all(&bytes).await.is_ok() && matches!(answer, Answer::Silence(_)) {
        tokio::time::sleep(Duration::from_secs(600)).await;
    }
}

fn next(answers: &mut BTreeMap<String, Answer>, path: &str) -> Answer {
    let found = answers.get(path).cloned().unwrap_or(Answer::Status(404));
    let Answer::First(first, later) = found else { return found };
    answers.insert(path.to_owned(), *later);
    *first
}

/// An archive as Istio's are laid out.
pub fn archive(version: &str) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let files = [
        ("bin/istioctl", "not to be unpacked"),
        ("LICENSE", "a licence"),
        ("manifests/charts/base/Chart.yaml", "name: base\n"),
        ("manifests/profiles/default.yaml", "kind: IstioOperator\n"),
        ("samples/sleep/sleep.yaml", "kind: Service\n"),
    ];
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        builder.append_data(&mut header, format!("istio-{version}/{path}"), content.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

/// The two files of a release of Istio, the archive answered by `answer`.
pub fn istio_answers(version: &str, answer: impl Fn(Vec<u8>) -> Answer) -> Vec<(String, Answer)> {
    let (path, body) = (format!("/{version}/istio-{version}-linux-amd64.tar.gz"), archive(version));
    let sum = format!("{} istio-{version}-linux-amd64.tar.gz\n", Sha256Digest::of(&body));
    vec![(format!("{path}.sha256"), Answer::Body(sum.into_bytes())), (path, answer(body))]
}

/// Steps that are kept.
pub fn heard() -> (Steps, Arc<Mutex<Vec<Progress>>>) {
    let all = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&all);
    (Steps::new(move |progress| kept.lock().unwrap().push(progress)), all)
}

/// How many changes were told.
pub fn changes(told: &Mutex<Vec<Progress>>) -> usize {
    told.lock().unwrap().iter().filter(|progress| matches!(progress, Progress::Changed(_))).count()
}

/// Every file beneath the folder but locks, relative to it.
pub fn files(folder: &Path) -> Vec<String> {
    fn walk(folder: &Path, into: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() { walk(&path, into) } else { into.push(path.display().to_string()) }
        }
    }
    let mut found = Vec::new();
    walk(folder, &mut found);
    let prefix = format!("{}/", folder.display());
    let mut found: Vec<_> = found.iter().map(|path| path.trim_start_matches(&prefix).to_owned()).collect();
    found.retain(|path| !path.ends_with(".lock"));
    found.sort();
    found
}

/// An error with everything beneath it.
pub fn say(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(&format!(": {source}"));
        next = source.source();
    }
    text
}
