//! What is made here, seen with openssl; and what openssl makes, taken here.
#![allow(clippy::unwrap_used)] // a helper of tests fails as tests do

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use meshrun_pki::{AuthorityOptions, CertificateOptions, KeyType, certificate, intermediate, load_files, root, verify};

/// What openssl prints, when it is there and succeeds.
fn openssl(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("openssl").args(arguments).current_dir(folder).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn is_there() -> bool {
    let there = Command::new("openssl").arg("version").output().is_ok_and(|output| output.status.success());
    if !there {
        println!("skipped: openssl is not on PATH");
    }
    there
}

fn of_type(key_type: KeyType) -> AuthorityOptions {
    AuthorityOptions { key_type: Some(key_type), ..AuthorityOptions::default() }
}

#[test]
fn openssl_verifies_the_chains_of_every_key_type() {
    if !is_there() {
        return;
    }
    for key_type in [KeyType::EcdsaP256, KeyType::EcdsaP384, KeyType::Rsa2048, KeyType::Rsa4096] {
        let folder = tempfile::tempdir().unwrap();
        let upper = root(&of_type(key_type)).unwrap();
        let lower = intermediate(&upper, "cluster1", &of_type(key_type)).unwrap();
        let names = vec!["a.example".to_owned(), "::1".to_owned()];
        let leaf = certificate(&lower, &CertificateOptions { names, ..CertificateOptions::default() }).unwrap();
        let files = [("root.pem", &upper.cert_pem), ("ca.pem", &lower.cert_pem), ("leaf.pem", &leaf.cert_pem)];
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        fs::write(folder.path().join("ca-key.pem"), lower.key_pem.expose()).unwrap();
        let strict = ["verify", "-x509_strict", "-CAfile", "root.pem"];
        assert_eq!(openssl(folder.path(), &[&strict[..], &["ca.pem"]].concat()), "ca.pem: OK\n");
        assert_eq!(
            openssl(folder.path(), &[&strict[..3], &["root.pem", "-untrusted", "ca.pem", "leaf.pem"]].concat()),
            "leaf.pem: OK\n"
        );
        let public = openssl(folder.path(), &["pkey", "-in", "ca-key.pem", "-pubout"]);
        assert_eq!(openssl(folder.path(), &["x509", "-in", "ca.pem", "-noout", "-pubkey"]), public);
    }
}

#[test]
fn openssl_sees_what_the_guide_shows() {
    if !is_there() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let upper = root(&AuthorityOptions::default()).unwrap();
    let lower = intermediate(&upper, "cluster1", &AuthorityOptions::default()).unwrap();
    fs::write(folder.path().join("root.pem"), &upper.cert_pem).unwrap();
    fs::write(folder.path().join("ca.pem"), &lower.cert_pem).unwrap();
    let show = |file: &str| {
        openssl(
            folder.path(),
            &["x509", "-in", file, "-noout", "-subject", "-issuer", "-ext", "basicConstraints,keyUsage,subjectAltName"],
        )
    };
    let usage =
        "X509v3 Key Usage: critical\n    Digital Signature, Non Repudiation, Key Encipherment, Certificate Sign\n";
    assert_eq!(
        show("root.pem"),
        format!(
            "subject=O = Istio, CN = Root CA\nissuer=O = Istio, CN = Root CA\n{usage}X509v3 Basic Constraints: critical\n    CA:TRUE\n"
        )
    );
    assert_eq!(
        show("ca.pem"),
        format!(
            "subject=O = Istio, CN = Intermediate CA, L = cluster1\nissuer=O = Istio, CN = Root CA\n\
             X509v3 Subject Alternative Name: \n    DNS:istiod.istio-system.svc\n{usage}X509v3 Basic Constraints: critical\n    CA:TRUE, pathlen:0\n"
        )
    );
}

#[test]
fn authorities_that_openssl_made_are_loaded_whatever_the_form_of_their_key() {
    if !is_there() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    openssl(path, &["ecparam", "-genkey", "-name", "prime256v1", "-out", "sec1.key"]);
    openssl(path, &["ecparam", "-genkey", "-name", "secp384r1", "-out", "p384.key"]);
    openssl(path, &["genrsa", "-out", "pkcs8.key", "2048"]);
    openssl(path, &["rsa", "-in", "pkcs8.key", "-traditional", "-out", "pkcs1.key"]);
    for (key, label) in [("sec1.key", "EC"), ("p384.key", "EC"), ("pkcs1.key", "RSA"), ("pkcs8.key", "BEGIN")] {
        assert!(fs::read_to_string(path.join(key)).unwrap().contains(&format!("{label} PRIVATE KEY")));
        openssl(
            path,
            &[
                "req",
                "-x509",
                "-new",
                "-key",
                key,
                "-subj",
                "/C=DE/O=Example/CN=Company Root",
                "-days",
                "30",
                "-out",
                "root.pem",
            ],
        );
        let upper = load_files(&path.join("root.pem"), &path.join(key)).unwrap();
        let lower = intermediate(&upper, "a", &AuthorityOptions::default()).unwrap();
        verify(&lower.chain_pem, &upper.root_pem).unwrap();
        fs::write(path.join("ca.pem"), &lower.cert_pem).unwrap();
        assert_eq!(openssl(path, &["verify", "-CAfile", "root.pem", "ca.pem"]), "ca.pem: OK\n");
    }
    openssl(path, &["rsa", "-in", "pkcs8.key", "-aes128", "-passout", "pass:secret", "-out", "locked.key"]);
    let error = load_files(&path.join("root.pem"), &path.join("locked.key")).unwrap_err();
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "the private key is encrypted");
}
