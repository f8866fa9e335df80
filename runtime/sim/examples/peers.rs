//! Keeps simulated peers running for other clients, until standard input ends.

use std::io::Write;

use meshrun_sim::{Options, Simulation};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let socket = std::env::args().nth(1).map(Into::into);
    let simulation = Simulation::start(Options { socket, ..Options::default() }).await?;
    let (host, proxy) = (simulation.docker_host(), simulation.proxy());
    writeln!(std::io::stdout(), "export DOCKER_HOST={host}\nexport HTTPS_PROXY={proxy} HTTP_PROXY={proxy}")?;
    tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink())).await??;
    writeln!(std::io::stderr(), "{}", simulation.unknown().join("\n"))?;
    simulation.stop().await;
    Ok(())
}
