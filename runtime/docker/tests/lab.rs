//! The crate against a real engine: set MESHRUN_LAB=1 where one with the image `lab/base` runs.

#![allow(clippy::unwrap_used)] // helpers of tests are outside of test functions

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use futures::{TryStreamExt, stream};
use meshrun_docker::{
    Channel, Connection, ContainerSpec, Docker, Environment, Error, Exec, Filter, Input, NetworkSpec, Part, Protocol,
    Pull, Remove, Subnet, Where, archive, containers, exec, fan_out, images, load, load_file, logs, networks, pull,
    save, save_file, volumes,
};
use meshrun_terms::{Image, Progress, Steps, Timeout};
use miette::Diagnostic;
use serde_json::{Value, json};

const BASE: &str = "lab/base:latest";
const ALL: Remove = Remove { force: true, volumes: true };

/// Run this against the lab's engine, or say that there is none.
fn in_lab<F: Future<Output = ()> + Send + 'static>(act: impl FnOnce(Docker) -> F) {
    let test = std::thread::current().name().unwrap_or("docker").to_owned();
    if std::env::var("MESHRUN_LAB").as_deref() != Ok("1") {
        meshrun_tests::skip(&test, "MESHRUN_LAB is not set");
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let environment = Environment::from_vars(std::env::vars_os());
    let docker = runtime.block_on(Docker::connect(&Where { environment, ..Where::default() })).unwrap();
    // On a thread of the runtime, so that every future is shown to be `Send`.
    runtime.block_on(runtime.spawn(act(docker))).unwrap();
}

fn spec(name: &str, command: &[&str], more: Value) -> ContainerSpec {
    let mut spec = json!({ "image": BASE, "name": name, "command": command, "labels": { "meshrun.test": name } });
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(spec).unwrap()
}

fn code(error: &Error) -> String {
    error.code().unwrap().to_string()
}

/// A container that sleeps, in place of any of that name.
async fn sleeper(docker: &Docker, name: &str, more: Value) -> String {
    containers::remove(docker, name, ALL).await.unwrap();
    containers::run(docker, &spec(name, &["sleep", "600"], more)).await.unwrap()
}

#[test]
fn an_engine_tells_what_it_is() {
    in_lab(async |docker: Docker| {
        let version = meshrun_docker::version(&docker).await.unwrap();
        let info = meshrun_docker::info(&docker).await.unwrap();
        assert_eq!(version.version, info.version);
        assert!(["1", "2"].contains(&&*info.cgroup_version.to_string()), "{info:?}");
        assert!(info.cpus > 0 && info.memory > 0 && !info.storage_driver.is_empty(), "{info:?}");
        assert!(!info.backing_filesystem.is_empty(), "{info:?}");
    });
}

#[test]
fn no_engine_names_the_places_that_were_tried() {
    in_lab(async |_| {
        let wanted = Where { host: Some("unix:///nowhere/docker.sock".into()), ..Where::default() };
        let error = Docker::connect(&wanted).await.unwrap_err();
        let text = "no Docker engine answers; tried `unix:///nowhere/docker.sock` (the host that was asked for): no such socket";
        assert_eq!((code(&error), error.to_string()), ("docker::no_engine".into(), text.into()));
        let wanted = Where { host: Some("tcp://127.0.0.1:1".into()), ..Where::default() };
        let error = Docker::connect(&wanted).await.unwrap_err();
        assert!(error.to_string().to_lowercase().contains("connection refused"), "{error}");
    });
}

#[test]
fn a_container_lives_from_creation_to_removal() {
    in_lab(async |docker: Docker| {
        let name = "mrdocker-life";
        let more = json!({
            "hostname": "inside", "env": { "A": "b=c" }, "volumes": ["/data"], "tmpfs": { "/mem": "size=1m" }, "memory": "64Mi",
            "ports": [{ "container": 80, "address": "127.0.0.1" }], "stop_signal": "SIGKILL", "init": true,
        });
        let id = sleeper(&docker, name, more).await;
        let found = containers::inspect(&docker, name).await.unwrap();
        assert_eq!((found.id.as_str(), found.state.as_str(), found.image.as_str()), (id.as_str(), "running", BASE));
        assert_eq!((found.exit_code, found.env["A"].as_str()), (None, "b=c"));
        assert!(found.started_at.is_some() && found.networks["bridge"].ipv4.is_some(), "{found:?}");
        assert_eq!(found.published(80, Protocol::Tcp).unwrap().host_ip, Some("127.0.0.1".parse().unwrap()));
        assert_eq!(
            found.mounts.iter().map(|mount| (&*mount.kind, &*mount.target)).collect::<Vec<_>>(),
            [("volume", "/data")]
        );
        assert!(!containers::start(&docker, name).await.unwrap(), "started again");

        assert!(containers::pause(&docker, name).await.unwrap());
        assert!(!containers::pause(&docker, name).await.unwrap());
        assert!(containers::unpause(&docker, name).await.unwrap());
        containers::restart(&docker, name, Timeout::seconds(1)).await.unwrap();
        let error = containers::wait(&docker, name, Timeout::seconds(1)).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("waiting for the end of container `{name}` took longer than 1s:\n  the container is running")
        );
        let error = containers::remove(&docker, name, Remove::default()).await.unwrap_err();
        assert_eq!(
            (code(&error), error.to_string()),
            ("docker::running".into(), format!("container `{name}` is running"))
        );
        assert!(containers::stop(&docker, name, Timeout::seconds(5)).await.unwrap());
        assert!(!containers::stop(&docker, name, Timeout::seconds(5)).await.unwrap());
        assert_eq!(containers::wait(&docker, name, Timeout::minutes(3)).await.unwrap(), 137);
        assert_eq!(containers::inspect(&docker, name).await.unwrap().exit_code, Some(137));

        let filter = Filter { labels: BTreeMap::from([("meshrun.test".into(), name.into())]), ..Filter::default() };
        let listed = containers::list(&docker, &filter).await.unwrap();
        assert_eq!(listed.iter().map(|one| &*one.id).collect::<Vec<_>>(), [&*id]);
        assert!(containers::list(&docker, &Filter { running: true, ..filter }).await.unwrap().is_empty());
        assert!(containers::remove(&docker, name, ALL).await.unwrap());
        assert!(!containers::remove(&docker, name, ALL).await.unwrap());
        assert!(volumes::find(&docker, found.mounts[0].volume.as_ref().unwrap()).await.unwrap().is_none());
    });
}

#[test]
fn a_container_is_made_so_from_its_specification() {
    in_lab(async |docker: Docker| {
        let name = "mrdocker-ensure";
        containers::remove(&docker, name, ALL).await.unwrap();
        let wanted = spec(name, &["sleep", "600"], json!({}));
        let (id, created) = containers::ensure(&docker, &wanted).await.unwrap();
        assert!(created);
        assert_eq!(containers::ensure(&docker, &wanted).await.unwrap(), (id, false));
        let other = spec(name, &["sleep", "601"], json!({}));
        assert_eq!(code(&containers::ensure(&docker, &other).await.unwrap_err()), "docker::differs");
        containers::remove(&docker, name, ALL).await.unwrap();
        sleeper(&docker, name, json!({})).await;
        assert_eq!(code(&containers::ensure(&docker, &wanted).await.unwrap_err()), "docker::name_taken");
        containers::remove(&docker, name, ALL).await.unwrap();
    });
}

#[test]
fn what_is_in_the_way_is_named() {
    in_lab(async |docker: Docker| {
        let (first, second) = ("mrdocker-port1", "mrdocker-port2");
        let ports = json!({ "ports": [{ "container": 80, "host": 38417, "address": "127.0.0.1" }] });
        sleeper(&docker, first, ports.clone()).await;
        containers::remove(&docker, second, ALL).await.unwrap();
        let error = containers::run(&docker, &spec(second, &["sleep", "600"], ports)).await.unwrap_err();
        assert_eq!(error.to_string(), format!("port 127.0.0.1:38417 is already in use by container `{first}`"));
        assert!(containers::find(&docker, second).await.unwrap().is_none(), "the failed container is left behind");

        let error = containers::create(&docker, &spec(first, &["true"], json!({}))).await.unwrap_err();
        assert_eq!(code(&error), "docker::name_taken", "{error}");
        let error = containers::create(&docker, &spec(second, &["true"], json!({ "image": "mrdocker/none:v1" })))
            .await
            .unwrap_err();
        assert_eq!(
            (code(&error), error.to_string()),
            ("docker::no_image".into(), "no image `mrdocker/none:v1` on the engine".into())
        );
        let error = containers::run(&docker, &spec(second, &["true"], json!({ "network": "mrdocker-none" })))
            .await
            .unwrap_err();
        assert_eq!(
            (code(&error), error.to_string()),
            ("docker::no_network".into(), "no network `mrdocker-none`".into())
        );
        let error = containers::inspect(&docker, second).await.unwrap_err();
        assert_eq!(
            (code(&error), error.to_string()),
            ("docker::no_container".into(), format!("no container `{second}`"))
        );

        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let ports = json!({ "ports": [{ "container": 80, "host": port, "address": "127.0.0.1" }] });
        let error = containers::run(&docker, &spec(second, &["sleep", "600"], ports)).await.unwrap_err();
        assert_eq!(error.to_string(), format!("port 127.0.0.1:{port} is already in use"));
        containers::remove(&docker, first, ALL).await.unwrap();
    });
}

#[test]
fn commands_are_run_with_input_and_outputs_apart() {
    in_lab(async |docker: Docker| {
        let name = "mrdocker-exec";
        sleeper(&docker, name, json!({})).await;
        let script = |text: &str| Exec::new(["sh", "-c", text]);
        let output = exec::run(&docker, name, &script("echo out; echo err >&2; exit 3"), Input::None).await.unwrap();
        assert_eq!((output.code, &*output.stdout(), &*output.stderr()), (3, "out\n", "err\n"));

        // The command ends only because its input is closed.
        let bytes: Vec<u8> = (0..3_000_000_u32).map(|number| (number % 251) as u8).collect();
        let output = exec::check(&docker, name, &Exec::new(["cat"]), bytes.clone()).await.unwrap();
        assert!(output.stdout == bytes, "{} bytes came back", output.stdout.len());
        let chunks = stream::iter((0..100_u8).map(|number| Ok(Bytes::from(vec![number; 10_000]))));
        let output =
            exec::check(&docker, name, &Exec::new(["wc", "-c"]), Input::Stream(Box::pin(chunks))).await.unwrap();
        assert_eq!(output.lines(), ["1000000"]);
        // A command that does not read its input.
        let output = exec::run(&docker, name, &Exec::new(["true"]), bytes).await.unwrap();
        assert_eq!(output.code, 0);

        let exec = Exec {
            user: Some("nobody".into()),
            workdir: Some("/tmp".into()),
            ..script("id -un; pwd; echo $A").env("A", "1 2")
        };
        assert_eq!(exec::check(&docker, name, &exec, Input::None).await.unwrap().lines(), ["nobody", "/tmp", "1 2"]);

        let mut lines = Vec::new();
        let chatty = script("printf 'a\\nb'; sleep 0.2; printf 'c\\n'; echo d >&2");
        exec::lines(&docker, name, &chatty, Input::None, |channel, line| lines.push((channel, line.to_owned())))
            .await
            .unwrap();
        lines.sort_by(|a, b| a.1.cmp(&b.1));
        let expected = [(Channel::Stdout, "a"), (Channel::Stdout, "bc"), (Channel::Stderr, "d")]
            .map(|(channel, line)| (channel, line.to_owned()));
        assert_eq!(lines, expected);

        let error = exec::check(&docker, name, &script("echo why >&2; exit 4"), Input::None).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("`sh -c echo why >&2; exit 4` in container `{name}` ended with code 4:\n  why")
        );
        let error =
            exec::run(&docker, name, &script("echo begun; sleep 600").timeout(Timeout::seconds(10)), Input::None)
                .await
                .unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("`sh -c echo begun; sleep 600` in container `{name}` took longer than 10s:\n  begun")
        );
        let broken = stream::iter([Ok(Bytes::from("a")), Err(std::io::Error::other("torn"))]);
        let error = exec::run(&docker, name, &Exec::new(["cat"]), Input::Stream(Box::pin(broken))).await.unwrap_err();
        assert_eq!(code(&error), "docker::stream");
        assert_eq!(exec::run(&docker, name, &Exec::new(["/no/such/program"]), Input::None).await.unwrap().code, 126);

        containers::kill(&docker, name, "SIGKILL").await.unwrap();
        containers::wait(&docker, name, Timeout::minutes(3)).await.unwrap();
        let error = exec::run(&docker, name, &Exec::new(["true"]), Input::None).await.unwrap_err();
        assert_eq!(
            (code(&error), error.to_string()),
            ("docker::not_running".into(), format!("container `{name}` is not running"))
        );
        containers::remove(&docker, name, ALL).await.unwrap();
    });
}

#[test]
fn logs_are_lines_with_and_without_a_terminal() {
    in_lab(async |docker: Docker| {
        for (name, tty) in [("mrdocker-log", false), ("mrdocker-logtty", true)] {
            containers::remove(&docker, name, ALL).await.unwrap();
            let text = "echo one; sleep 0.3; printf 'Reached target '; sleep 0.3; echo Multi-User; sleep 0.3; echo last >&2; exit 7";
            containers::run(&docker, &spec(name, &["sh", "-c", text], json!({ "tty": tty }))).await.unwrap();
            let wanted = |line: &str| line.contains("Multi-User");
            let line = logs::wait_for(&docker, name, "the boot", wanted, Timeout::minutes(3)).await.unwrap();
            assert_eq!(line, "Reached target Multi-User");
            let error = logs::wait_for(&docker, name, "the rest", |_| false, Timeout::minutes(3)).await.unwrap_err();
            let expected = format!(
                "container `{name}` ended (exited with code 7) before the rest:\n  one\n  Reached target Multi-User\n  last"
            );
            assert_eq!(error.to_string(), expected);
            let all = logs::read(&docker, name, &Part { tail: Some(2), ..Part::default() }).await.unwrap();
            assert_eq!(all.iter().map(|line| &*line.text).collect::<Vec<_>>(), ["Reached target Multi-User", "last"]);
            assert_eq!(all[1].channel, if tty { Channel::Stdout } else { Channel::Stderr });
            containers::remove(&docker, name, ALL).await.unwrap();
        }
        let name =
            sleeper(&docker, "mrdocker-logwait", json!({ "command": ["sh", "-c", "echo alive; sleep 600"] })).await;
        let error = logs::wait_for(&docker, &name, "the boot of a", |_| false, Timeout::seconds(10)).await.unwrap_err();
        assert_eq!(error.to_string(), "the boot of a took longer than 10s:\n  alive");
        containers::remove(&docker, &name, ALL).await.unwrap();
        let error = logs::read(&docker, &name, &Part::default()).await.unwrap_err();
        assert_eq!(code(&error), "docker::no_container");
    });
}

#[test]
fn files_and_folders_are_copied_both_ways() {
    in_lab(async |docker: Docker| {
        let name = "mrdocker-copy";
        sleeper(&docker, name, json!({})).await;
        archive::write_file(&docker, name, "/made/on/the/way.txt", b"hello", 0o600).await.unwrap();
        archive::write_file(&docker, name, "/made/on/the/way.txt", b"hello again", 0o640).await.unwrap();
        assert_eq!(archive::read_file(&docker, name, "/made/on/the/way.txt").await.unwrap(), b"hello again");
        let stat =
            exec::check(&docker, name, &Exec::new(["stat", "-c", "%a %u:%g", "/made/on/the/way.txt"]), Input::None)
                .await
                .unwrap();
        assert_eq!(stat.lines(), ["640 0:0"]);
        exec::check(&docker, name, &Exec::new(["ln", "-s", "on/the/way.txt", "/made/link"]), Input::None)
            .await
            .unwrap();
        assert_eq!(archive::read_file(&docker, name, "/made/link").await.unwrap(), b"hello again");
        let error = archive::read_file(&docker, name, "/made/none").await.unwrap_err();
        assert_eq!(
            (code(&error), error.to_string()),
            ("docker::no_path".into(), format!("no `/made/none` in container `{name}`"))
        );
        assert_eq!(code(&archive::read_file(&docker, name, "/made").await.unwrap_err()), "docker::bad_spec");

        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("source");
        std::fs::create_dir(&source).unwrap();
        std::fs::write(source.join("a"), vec![7; 2_000_000]).unwrap();
        archive::copy_to(&docker, name, &source, "/tmp").await.unwrap();
        assert!(archive::copy_to(&docker, name, &source, "/renamed").await.unwrap());
        archive::copy_to(&docker, name, &source.join("a"), "/new/").await.unwrap();
        let found = exec::check(
            &docker,
            name,
            &Exec::new(["stat", "-c", "%n %s", "/tmp/source/a", "/renamed/a", "/new/a"]),
            Input::None,
        )
        .await
        .unwrap();
        assert_eq!(found.lines(), ["/tmp/source/a 2000000", "/renamed/a 2000000", "/new/a 2000000"]);
        // Now the same thing is there: nothing is copied. A changed mode is a change.
        assert!(!archive::copy_to(&docker, name, &source, "/tmp").await.unwrap());
        assert!(!archive::copy_to(&docker, name, &source.join("a"), "/new/a").await.unwrap());
        exec::check(&docker, name, &Exec::new(["chmod", "600", "/new/a"]), Input::None).await.unwrap();
        assert!(archive::copy_to(&docker, name, &source.join("a"), "/new/").await.unwrap());
        let back = folder.path().join("back");
        assert!(archive::copy_from(&docker, name, "/renamed", &back).await.unwrap());
        archive::copy_from(&docker, name, "/renamed/a", &back).await.unwrap();
        archive::copy_from(&docker, name, "/renamed/a", &back.join("b")).await.unwrap();
        assert!(!archive::copy_from(&docker, name, "/renamed/a", &back).await.unwrap());
        assert!(!archive::copy_from(&docker, name, "/renamed/a", &back.join("b")).await.unwrap());
        assert_eq!(std::fs::read(back.join("a")).unwrap(), std::fs::read(back.join("b")).unwrap());
        assert_eq!(std::fs::metadata(back.join("b")).unwrap().len(), 2_000_000);
        let error = archive::copy_from(&docker, name, "/none", &back.join("c")).await.unwrap_err();
        assert_eq!(code(&error), "docker::no_path", "{error}");
        containers::remove(&docker, name, ALL).await.unwrap();
        assert_eq!(
            code(&archive::write_file(&docker, name, "/a", b"", 0o600).await.unwrap_err()),
            "docker::no_container"
        );
        assert_eq!(code(&archive::copy_to(&docker, name, &source, "/tmp").await.unwrap_err()), "docker::no_container");
    });
}

#[test]
fn networks_are_made_found_and_left() {
    in_lab(async |docker: Docker| {
        let (name, container) = ("mrdocker-net", "mrdocker-member");
        containers::remove(&docker, container, ALL).await.unwrap();
        networks::remove(&docker, name).await.unwrap();
        let subnet = Subnet {
            subnet: "10.213.0.0/24".parse().unwrap(),
            gateway: None,
            ip_range: Some("10.213.0.128/25".parse().unwrap()),
        };
        let make = NetworkSpec {
            name: name.into(),
            subnets: vec![subnet.clone()],
            labels: BTreeMap::from([("a".into(), "b".into())]),
            ..NetworkSpec::default()
        };
        let (made, created) = networks::ensure(&docker, &make).await.unwrap();
        let id = made.id.clone();
        assert!(created);
        assert_eq!(networks::ensure(&docker, &make).await.unwrap(), (made, false));
        assert_eq!(code(&networks::create(&docker, &make).await.unwrap_err()), "docker::name_taken");
        let other = NetworkSpec { name: "mrdocker-net2".into(), ..make.clone() };
        assert_eq!(code(&networks::create(&docker, &other).await.unwrap_err()), "docker::subnet_taken");
        assert!(
            networks::named(&docker, "mrdocker-ne").await.unwrap().is_empty(),
            "a part of a name was taken for the name"
        );
        assert_eq!(networks::named(&docker, name).await.unwrap()[0].id, id);

        sleeper(&docker, container, json!({})).await;
        let how = Connection {
            ipv4: Some("10.213.0.9".parse().unwrap()),
            aliases: vec!["other".into()],
            ..Connection::default()
        };
        assert!(networks::connect(&docker, name, container, &how).await.unwrap());
        assert!(!networks::connect(&docker, name, container, &how).await.unwrap());
        let found = networks::inspect(&docker, name).await.unwrap();
        assert_eq!((found.containers[0].name.as_str(), found.containers[0].ipv4), (container, how.ipv4));
        assert_eq!(found.ipv4_subnet().unwrap().ip_range, subnet.ip_range);
        assert_eq!(containers::inspect(&docker, container).await.unwrap().networks[name].ipv4, how.ipv4);
        let error = networks::remove(&docker, name).await.unwrap_err();
        assert_eq!((code(&error), error.to_string()), ("docker::in_use".into(), format!("`{name}` is still in use")));
        assert!(networks::disconnect(&docker, name, container).await.unwrap());
        assert!(!networks::disconnect(&docker, name, container).await.unwrap());
        containers::remove(&docker, container, ALL).await.unwrap();

        sleeper(&docker, container, json!({ "network": name, "ipv4": "10.213.0.7", "aliases": ["another"] })).await;
        let found = containers::inspect(&docker, container).await.unwrap();
        // The engine takes the first address of the range, and does not tell so with the network.
        assert_eq!(found.networks[name].gateway, Some("10.213.0.128".parse().unwrap()));
        assert!(found.networks[name].aliases.contains(&"another".to_owned()), "{found:?}");
        containers::remove(&docker, container, ALL).await.unwrap();
        assert!(networks::remove(&docker, name).await.unwrap());
        assert!(!networks::remove(&docker, name).await.unwrap());
        assert_eq!(code(&networks::inspect(&docker, name).await.unwrap_err()), "docker::no_network");
    });
}

/// An archive of one small image of this name, as `docker save` writes it, from nothing but a file.
fn tiny_image(name: &str) -> Vec<u8> {
    let pack = |files: &[(&str, &[u8])]| {
        let mut archive = tar::Builder::new(Vec::new());
        for (path, bytes) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            archive.append_data(&mut header, path, *bytes).unwrap();
        }
        archive.into_inner().unwrap()
    };
    let digest = |bytes: &[u8]| {
        <sha2::Sha256 as sha2::Digest>::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let layer = pack(&[("hello.txt", name.as_bytes())]);
    let config = json!({
        "architecture": "amd64", "os": "linux", "config": { "Cmd": ["/none"], "Labels": { "meshrun.test": "tiny" } },
        "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{}", digest(&layer))] },
    })
    .to_string();
    let config_name = format!("{}.json", digest(config.as_bytes()));
    let manifest = json!([{ "Config": config_name, "RepoTags": [name], "Layers": ["layer.tar"] }]).to_string();
    pack(&[(&config_name, config.as_bytes()), ("layer.tar", &layer), ("manifest.json", manifest.as_bytes())])
}

#[test]
fn images_are_loaded_tagged_saved_and_removed() {
    in_lab(async |docker: Docker| {
        let (name, other) = ("mrdocker/tiny:v1", "mrdocker/tiny:v2");
        let bytes = tiny_image(name);
        let loaded = load(
            &docker,
            stream::iter(bytes.chunks(1000).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect::<Vec<_>>()),
        )
        .await
        .unwrap();
        assert_eq!(loaded, [name]);
        let found = images::inspect(&docker, name).await.unwrap();
        assert_eq!(
            (&*found.platform, &found.command[..], &*found.labels["meshrun.test"]),
            ("linux/amd64", &["/none".to_owned()][..], "tiny")
        );
        let new: Image = other.parse().unwrap();
        assert!(images::tag(&docker, name, &new).await.unwrap());
        assert!(!images::tag(&docker, name, &new).await.unwrap());
        assert!(images::list(&docker).await.unwrap().iter().any(|one| one.tags == [name, other]), "not listed");

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tiny.tar");
        assert!(save_file(&docker, &[name, other], &path, &Steps::silent()).await.unwrap());
        assert!(!save_file(&docker, &[name, other], &path, &Steps::silent()).await.unwrap());
        assert!(images::remove(&docker, name, false).await.unwrap());
        assert!(images::remove(&docker, other, false).await.unwrap());
        assert!(!images::remove(&docker, other, false).await.unwrap());
        let mut loaded = load_file(&docker, &path, &Steps::silent()).await.unwrap();
        loaded.sort();
        assert_eq!(loaded, [name, other]);

        let (streams, reading) = fan_out(save(&docker, &[name]).await.unwrap(), 3);
        let size =
            |chunks: meshrun_docker::Chunks| chunks.try_fold(0, |sum, chunk| async move { Ok(sum + chunk.len()) });
        let (read, sizes) = futures::join!(reading, futures::future::try_join_all(streams.into_iter().map(size)));
        read.unwrap();
        let sizes = sizes.unwrap();
        assert!(sizes[0] > 1000 && sizes.iter().all(|size| *size == sizes[0]), "{sizes:?}");

        for tag in [name, other] {
            images::remove(&docker, tag, false).await.unwrap();
        }
        let error = save(&docker, &[name]).await.err().unwrap();
        assert_eq!(
            (code(&error), error.to_string()),
            ("docker::no_image".into(), format!("no image `{name}` on the engine"))
        );
        let broken = stream::iter([Ok(Bytes::from("a")), Err(std::io::Error::other("torn"))]);
        assert_eq!(code(&load(&docker, broken).await.unwrap_err()), "docker::stream");
        let error = load(&docker, stream::iter([Ok(Bytes::from_static(&[1; 4096]))])).await.unwrap_err();
        assert_eq!(code(&error), "docker::engine", "{error:?}");
    });
}

#[test]
fn one_saved_stream_feeds_many_containers() {
    in_lab(async |docker: Docker| {
        let names = ["mrdocker-feed1", "mrdocker-feed2"];
        for name in names {
            sleeper(&docker, name, json!({})).await;
        }
        let (streams, reading) = fan_out(save(&docker, &[BASE]).await.unwrap(), names.len());
        let count = Exec::new(["sh", "-c", "tar -t | wc -l"]);
        let feeding =
            names.iter().zip(streams).map(|(name, chunks)| exec::check(&docker, name, &count, Input::Stream(chunks)));
        let (read, counts) = futures::join!(reading, futures::future::try_join_all(feeding));
        read.unwrap();
        let counts: Vec<String> = counts.unwrap().iter().map(|output| output.stdout()).collect();
        assert!(counts[0] == counts[1] && counts[0].trim().parse::<u32>().unwrap() > 3, "{counts:?}");
        for name in names {
            containers::remove(&docker, name, ALL).await.unwrap();
        }
    });
}

#[test]
fn images_are_pulled_once_and_failures_are_told_apart() {
    in_lab(async |docker: Docker| {
        let image = own_image(&docker).await;
        images::remove(&docker, image.as_str(), true).await.unwrap();
        let told = Arc::new(Mutex::new(Vec::new()));
        let steps = {
            let told = told.clone();
            Steps::new(move |progress| told.lock().unwrap().push(progress))
        };
        assert!(pull(&docker, &image, &Pull::default(), &steps).await.unwrap());
        let changed = Progress::Changed(format!("pulled image {image}"));
        assert_eq!(told.lock().unwrap().last(), Some(&changed));
        told.lock().unwrap().clear();
        assert!(!pull(&docker, &image, &Pull::default(), &steps).await.unwrap());
        assert_eq!(*told.lock().unwrap(), []);
        assert!(!pull(&docker, &image, &Pull { always: true, ..Pull::default() }, &steps).await.unwrap());
        // By digest, which engines know only after a pull.
        let digest = images::inspect(&docker, image.as_str()).await.unwrap().digests[0].clone();
        assert!(!pull(&docker, &digest.parse().unwrap(), &Pull::default(), &steps).await.unwrap());

        let unknown: Image = "127.0.0.1:5001/mrdocker/own:none".parse().unwrap();
        let error = pull(&docker, &unknown, &Pull::default(), &steps).await.unwrap_err();
        assert_eq!(
            (code(&error), error.to_string()),
            ("docker::image_unknown".into(), format!("no image `{unknown}` in its registry"))
        );
        let unreachable: Image = "127.0.0.1:9/a/b:v1".parse().unwrap();
        let error = pull(&docker, &unreachable, &Pull { retries: 1, ..Pull::default() }, &steps).await.unwrap_err();
        assert_eq!(code(&error), "docker::registry_unreachable", "{error:?}");
        assert!(
            told.lock()
                .unwrap()
                .iter()
                .any(|one| matches!(one, Progress::Warning(text) if text.ends_with("trying again")))
        );
        images::remove(&docker, image.as_str(), true).await.unwrap();
    });
}

/// An image of this test's own in the lab's registry.
async fn own_image(docker: &Docker) -> Image {
    let name = "127.0.0.1:5001/mrdocker/own:v1";
    load(docker, stream::iter([Ok(Bytes::from(tiny_image(name)))])).await.unwrap();
    let pushed = tokio::process::Command::new("docker").args(["push", name]).output().await.unwrap();
    assert!(pushed.status.success(), "{}", String::from_utf8_lossy(&pushed.stderr));
    name.parse().unwrap()
}

#[test]
fn volumes_are_made_so() {
    in_lab(async |docker: Docker| {
        let name = "mrdocker-volume";
        let labels = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
        let (made, created) = volumes::create(&docker, name, &labels).await.unwrap();
        assert!(created && made.labels == labels);
        assert!(!volumes::create(&docker, name, &labels).await.unwrap().1);
        sleeper(&docker, "mrdocker-voluser", json!({ "binds": [format!("{name}:/data")] })).await;
        assert_eq!(code(&volumes::remove(&docker, name).await.unwrap_err()), "docker::in_use");
        containers::remove(&docker, "mrdocker-voluser", ALL).await.unwrap();
        assert!(volumes::list(&docker).await.unwrap().contains(&made));
        assert!(volumes::remove(&docker, name).await.unwrap());
        assert!(!volumes::remove(&docker, name).await.unwrap());
        assert_eq!(code(&volumes::inspect(&docker, name).await.unwrap_err()), "docker::no_volume");
    });
}
