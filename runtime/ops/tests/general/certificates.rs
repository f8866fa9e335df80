//! `pki::*`.

use serde_json::json;

use crate::Bench;

#[tokio::test]
async fn authorities_are_made_composed_inspected_and_verified() {
    let bench = Bench::new();
    let root = bench.ok("pki::root", json!([{ "organization": "Example", "validity": "30d" }])).await;
    let lower = bench.ok("pki::intermediate", json!([root, "cluster1", { "key_type": "ecdsa-p384" }])).await;
    let files = bench.ok("pki::cacerts", json!([lower, root])).await;
    assert_eq!(files["ca-cert.pem"], lower["cert_pem"]);
    let found = bench.ok("pki::inspect", json!([files["cert-chain.pem"]])).await;
    assert_eq!(found[0]["subject"], "O=Istio, CN=Intermediate CA, L=cluster1");
    assert_eq!((&found[0]["key_type"], &found[1]["subject"]), (&json!("ecdsa-p384"), &json!("O=Example, CN=Root CA")));
    let leaf = bench.ok("pki::certificate", json!([lower, ["a.example"], { "usages": ["server"] }])).await;
    let verified = bench.ok("pki::verify", json!([leaf["chain_pem"], root["cert_pem"]])).await;
    assert_eq!(verified["path"].as_array().unwrap().len(), 3);
    let other = bench.ok("pki::root", json!([])).await;
    let text = bench.fails("pki::verify", json!([leaf["chain_pem"], other["cert_pem"]])).await;
    assert!(text.starts_with("pki::untrusted: "), "{text}");
    let text = bench.fails("pki::root", json!([{ "key_type": "rsa" }])).await;
    assert!(
        text.starts_with("script::arguments: ") && text.contains("`key_type`") && text.contains("rsa-4096"),
        "{text}"
    );
    let told = format!("{:?}", bench.told.lock().unwrap());
    assert!(!told.contains("PRIVATE") && !told.contains("BEGIN"), "no key in events");
}

#[tokio::test]
async fn kept_authorities_are_found_again() {
    let bench = Bench::new();
    let root = bench.ok("pki::ensure_root", json!(["certs"])).await;
    let files = bench.ok("pki::ensure_cacerts", json!(["certs", root, "cluster1"])).await;
    assert_eq!(bench.changes(), 2);
    assert_eq!(bench.ok("pki::ensure_root", json!(["certs"])).await, root);
    assert_eq!(bench.ok("pki::ensure_cacerts", json!(["certs", root, "cluster1"])).await, files);
    assert_eq!(bench.changes(), 2);
    assert_eq!(bench.ok("pki::load", json!(["certs/root-cert.pem", "certs/root-key.pem"])).await, root);
    let text = bench.fails("pki::ensure_root", json!(["certs", { "key_type": "ecdsa-p384" }])).await;
    assert!(text.starts_with("pki::different: ") && text.contains("expected key type `ecdsa-p384`"), "{text}");
    let text = bench.fails("pki::load", json!(["certs/root-cert.pem", "certs/cluster1/ca-key.pem"])).await;
    assert!(text.starts_with("pki::key_mismatch: cannot use ") && text.contains("does not belong"), "{text}");
}
