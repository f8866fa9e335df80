//! Ports of pods, forwarded over WebSocket or SPDY.

use std::sync::Arc;

use http::{Request, header};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{
    super::{
        answer::Answer,
        call::{Call, Target},
        cluster::Cluster,
        serve::switching,
        status::Status,
        store::Object,
    },
    pod, runs_somewhere, spdy,
    websocket::{self, Message},
};
use crate::{pods, stream::Stream};

/// Answer by changing the protocol.
pub(super) fn answer(
    cluster: Arc<Cluster>,
    call: &Call,
    target: &Target,
    mut request: Request<Incoming>,
) -> Result<Answer, Status> {
    let pod = pod(&cluster, target)?;
    runs_somewhere(&pod)?;
    let upgrade = call.header(header::UPGRADE.as_str()).to_lowercase();
    if upgrade == "websocket" {
        let ports: Vec<u16> =
            call.queries("ports").iter().flat_map(|one| one.split(',')).filter_map(|one| one.parse().ok()).collect();
        if ports.is_empty() {
            return Err(Status::bad_request("query parameter \"ports\" is required"));
        }
        let headers = websocket::accept(call, &["v4.channel.k8s.io", "portforward.k8s.io"])?;
        let upgraded = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            // A client that breaks off is gone.
            let Ok(stream) = upgraded.await else { return };
            over_websocket(cluster, pod, &ports, TokioIo::new(stream)).await;
        });
        return Ok(switching(&headers));
    }
    if upgrade == "spdy/3.1" {
        let headers = spdy::accept(call, &["portforward.k8s.io"])?;
        let upgraded = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            // A client that breaks off is gone.
            let Ok(stream) = upgraded.await else { return };
            spdy::port_forward(cluster, pod, TokioIo::new(stream)).await;
        });
        return Ok(switching(&headers));
    }
    Err(Status::bad_request("Upgrade request required"))
}

/// What the runtime says when nobody listens at a port.
pub(super) fn refused(pod: &Object, port: u16, why: &Status) -> String {
    let uid = super::super::object::text(pod, "/metadata/uid");
    format!("error forwarding port {port} to pod {uid}, uid : {}", why.message)
}

async fn over_websocket(cluster: Arc<Cluster>, pod: Object, ports: &[u16], stream: impl Stream) {
    let (mut receive, send) = websocket::split(stream);
    let mut inputs = Vec::new();
    let mut tasks = tokio::task::JoinSet::new();
    for (index, port) in ports.iter().enumerate() {
        let channel = u8::try_from(index * 2).unwrap_or(u8::MAX);
        for channel in [channel, channel.saturating_add(1)] {
            let [low, high] = port.to_le_bytes();
            send.data(&[channel, low, high]).await;
        }
        match pods::connect(&cluster, &pod, *port) {
            Ok(stream) => {
                let (mut from, to) = tokio::io::split(stream);
                inputs.push(Some(to));
                let send = send.clone();
                tasks.spawn(async move {
                    let mut buffer = vec![0; 16 * 1024];
                    buffer[0] = channel;
                    while let Ok(count) = from.read(&mut buffer[1..]).await {
                        if count == 0 || !send.data(&buffer[..=count]).await {
                            break;
                        }
                    }
                });
            }
            Err(why) => {
                inputs.push(None);
                let mut frame = vec![channel.saturating_add(1)];
                frame.extend(refused(&pod, *port, &why).into_bytes());
                send.data(&frame).await;
            }
        }
    }
    loop {
        tokio::select! {
            message = receive.next() => match message {
                Some(Message::Data(bytes)) => {
                    let Some((channel, bytes)) = bytes.split_first() else { continue };
                    if let Some(Some(to)) = inputs.get_mut(usize::from(channel / 2)).filter(|_| channel % 2 == 0) {
                        // What the pod's side no longer reads is lost, as in life.
                        drop(to.write_all(bytes).await);
                    }
                }
                Some(Message::Close) | None => break,
            },
            ended = tasks.join_next() => if ended.is_none() || tasks.is_empty() { break },
        }
    }
    send.close().await;
}
