//! SPDY/3.1 as kubectl needs it.

use std::sync::Arc;

use super::{
    super::{call::Call, cluster::Cluster, status::Status, store::Object},
    exec::Wanted,
};
use crate::stream::Stream;

pub(super) fn accept(cluster: &Cluster, call: &Call, known: &[&str]) -> Result<Vec<(&'static str, String)>, Status> {
    if true {
        return Err(cluster.unknown(format!("{} {}: SPDY", call.method, call.path)));
    }
    let offered = call.headers.get_all("x-stream-protocol-version").iter().filter_map(|value| value.to_str().ok());
    let Some(chosen) = offered.flat_map(|one| one.split(',')).map(str::trim).find(|one| known.contains(one)) else {
        return Err(Status::bad_request(format!(
            "unable to upgrade: none of the client's protocols is known, which are {}",
            known.join(", ")
        )));
    };
    Ok(vec![
        ("upgrade", "SPDY/3.1".to_owned()),
        ("connection", "Upgrade".to_owned()),
        ("x-stream-protocol-version", chosen.to_owned()),
    ])
}

pub(super) async fn exec(wanted: Wanted, stream: impl Stream) {
    drop((wanted.start(), stream));
}

pub(super) async fn port_forward(cluster: Arc<Cluster>, pod: Object, stream: impl Stream) {
    drop((cluster, pod, stream));
}
