//! Authorities kept in a folder, so that a second run finds what the first one made.
//!
//! The folder has the layout of Istio's guide: `root-cert.pem` and `root-key.pem`, and a folder for each cluster with its
//! four files. Keys are readable by their owner only, in folders that nobody else can enter. A run that ended between two files is
//! taken up: the key is written first and keeps its worth without its certificate.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use meshrun_terms::{Secret, Steps, Timeout};

use crate::{
    Authority, AuthorityOptions, CaCerts, Error, Inspection, authority,
    authority::{read, self_signed},
    cacerts, inspect, intermediate, key, pem,
};

/// Making an RSA key takes seconds; whoever waits longer waits for something that hangs.
const LOCK: Timeout = Timeout::minutes(1);

/// The root authority that lies in this folder; made and put there when there is none.
///
/// A root that is there is used as it is when its key belongs to it, it is valid, and it is what the given options ask for;
/// options that are not given ask for nothing.
///
/// # Errors
/// When what is there has expired, is not what was asked for, or is no pair; when the folder cannot be read or written.
pub fn ensure_root(folder: &Path, options: &AuthorityOptions, steps: &Steps) -> Result<Authority, Error> {
    let _lock = lock(folder)?;
    if let Some(found) = root_in(folder, options, steps)? {
        return Ok(found);
    }
    let (cert_path, key_path) = (folder.join("root-cert.pem"), folder.join("root-key.pem"));
    let key = match exists(&key_path)? {
        true => key::read(&read(&key_path)?).map_err(|error| error.in_file(&key_path))?,
        false => key::generate(options.key_type.unwrap_or_default())?,
    };
    if let Some(expected) = options.key_type {
        differ(&key_path, "key type", &expected.to_string(), &key::describe(&key)?)?;
    }
    let mut made = self_signed(options, &key)?;
    match exists(&key_path)? {
        true => made.key_pem = Secret::new(pem::private_key(&read(&key_path)?)?.text),
        false => write_secret(&key_path, made.key_pem.expose())?,
    }
    write(&cert_path, &made.cert_pem)?;
    steps.changed(format!("made root authority {}", cert_path.display()));
    Ok(made)
}

/// The root authority that lies in this folder, if one does. Nothing is written.
///
/// # Errors
/// As [`ensure_root`].
pub fn root_in(folder: &Path, options: &AuthorityOptions, steps: &Steps) -> Result<Option<Authority>, Error> {
    let cert_path = folder.join("root-cert.pem");
    if !exists(&cert_path)? {
        return Ok(None);
    }
    let found = existing(&cert_path, &cert_path, &folder.join("root-key.pem"), steps)?;
    check_options(&cert_path, &found, options)?;
    Ok(Some(found))
}

/// The files of `cacerts` for this cluster that lie in the folder of its name beneath `folder`, if they do. Nothing is written.
///
/// # Errors
/// As [`ensure_cacerts`].
pub fn cacerts_in(
    folder: &Path,
    root: &Authority,
    cluster: &str,
    options: &AuthorityOptions,
    steps: &Steps,
) -> Result<Option<CaCerts>, Error> {
    check_name(cluster)?;
    let folder = folder.join(cluster);
    let (cert_path, chain_path) = (folder.join("ca-cert.pem"), folder.join("cert-chain.pem"));
    if !exists(&chain_path)? {
        return Ok(None);
    }
    let found = existing(&cert_path, &chain_path, &folder.join("ca-key.pem"), steps)?;
    check_options(&cert_path, &found, options)?;
    cacerts(&found, root).map(Some).map_err(|error| error.in_file(&cert_path))
}

fn check_name(cluster: &str) -> Result<(), Error> {
    match cluster.is_empty() || cluster.starts_with('.') || cluster.contains(['/', '\\']) {
        true => Err(Error::Name(cluster.to_owned())),
        false => Ok(()),
    }
}

/// The files of `cacerts` for this cluster, kept in the folder of the cluster's name beneath `folder`; made and put
/// there when they are not there.
///
/// # Errors
/// As [`ensure_root`]; when what is there was not issued by this root.
pub fn ensure_cacerts(
    folder: &Path,
    root: &Authority,
    cluster: &str,
    options: &AuthorityOptions,
    steps: &Steps,
) -> Result<CaCerts, Error> {
    check_name(cluster)?;
    let own = folder.join(cluster);
    let _lock = lock(&own)?;
    if let Some(found) = cacerts_in(folder, root, cluster, options, steps)? {
        return Ok(found);
    }
    let folder = own;
    let (cert_path, key_path) = (folder.join("ca-cert.pem"), folder.join("ca-key.pem"));
    let chain_path = folder.join("cert-chain.pem");
    let made = cacerts(&intermediate(root, cluster, options)?, root)?;
    write_secret(&key_path, made.ca_key.expose())?;
    write(&cert_path, &made.ca_cert)?;
    write(&folder.join("root-cert.pem"), &made.root_cert)?;
    write(&chain_path, &made.cert_chain)?; // last: where it is, all four are
    steps.changed(format!("made intermediate authority {}", cert_path.display()));
    Ok(made)
}

/// What lies in these files, which must be a pair.
fn existing(cert_path: &Path, chain_path: &Path, key_path: &Path, steps: &Steps) -> Result<Authority, Error> {
    if !exists(key_path)? {
        return Err(Error::KeyMissing { cert: cert_path.to_owned(), key: key_path.to_owned() });
    }
    if is_open(key_path)? {
        steps.warning(format!("{} can be read by others; make it private: chmod 600", key_path.display()));
    }
    authority::load_files(chain_path, key_path)
}

/// Compare what is there with what the options ask for.
fn check_options(path: &Path, found: &Authority, options: &AuthorityOptions) -> Result<(), Error> {
    let Inspection { common_name, organization, key_type, path_length, names, .. } =
        inspect(&found.cert_pem)?.remove(0);
    let asked = [
        ("common name", options.common_name.clone(), common_name),
        ("organization", options.organization.clone(), organization),
        ("key type", options.key_type.map(|key| key.to_string()), key_type),
        (
            "path length",
            options.path_length.map(|length| length.to_string()),
            path_length.map_or("none".into(), |length| length.to_string()),
        ),
        ("names", options.names.as_ref().map(|names| names.join(", ")), names.join(", ")),
    ];
    asked.iter().try_for_each(|(what, expected, found)| match expected {
        Some(expected) => differ(path, what, expected, found),
        None => Ok(()),
    })
}

fn differ(path: &Path, what: &'static str, expected: &str, found: &str) -> Result<(), Error> {
    if expected == found {
        return Ok(());
    }
    let quoted = |text: &str| format!("`{text}`");
    Err(Error::Different { path: path.to_owned(), what, expected: quoted(expected), found: quoted(found) })
}

/// Make the folder, for its owner only, and keep other processes out of it until the file is dropped.
fn lock(folder: &Path) -> Result<File, Error> {
    let wrong = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Write { path, source }
    };
    make_private_folder(folder).map_err(wrong(folder))?;
    let path = folder.join(".lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(wrong(&path))?;
    let begin = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if begin.elapsed() > LOCK.duration() => {
                return Err(Error::Locked { path, after: LOCK });
            }
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(20)),
            Err(TryLockError::Error(source)) => return Err(Error::Write { path, source }),
        }
    }
}

/// A folder that is there keeps its permissions: it is the user's.
fn make_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn exists(path: &Path) -> Result<bool, Error> {
    path.try_exists().map_err(|source| Error::Read { path: path.to_owned(), source })
}

/// Whether others than its owner may read the file.
fn is_open(path: &Path) -> Result<bool, Error> {
    let metadata = fs::metadata(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    #[cfg(unix)]
    let open = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o077 != 0;
    #[cfg(not(unix))]
    let open = false; // what others may do is not a matter of modes there
    Ok(open)
}

/// Write a file whole or not at all, readable by everybody who may enter the folder.
fn write(path: &Path, text: &str) -> Result<(), Error> {
    write_with_mode(path, text, 0o644)
}

/// Write a file whole or not at all, readable by its owner only.
fn write_secret(path: &Path, text: &str) -> Result<(), Error> {
    write_with_mode(path, text, 0o600)
}

fn write_with_mode(path: &Path, text: &str, mode: u32) -> Result<(), Error> {
    let wrong = |source| Error::Write { path: path.to_owned(), source };
    let mut file = tempfile::Builder::new();
    #[cfg(unix)]
    let permissions = <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(mode);
    #[cfg(unix)]
    file.permissions(permissions);
    let mut file = file.tempfile_in(path.parent().unwrap_or(Path::new("."))).map_err(wrong)?;
    file.write_all(text.as_bytes()).map_err(wrong)?;
    file.as_file().sync_all().map_err(wrong)?;
    file.persist(path).map_err(|error| wrong(error.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use meshrun_terms::Progress;

    use super::*;
    use crate::{KeyType, verify};

    /// Steps that are kept.
    fn heard() -> (Steps, Arc<Mutex<Vec<Progress>>>) {
        let all = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&all);
        (Steps::new(move |progress| kept.lock().unwrap().push(progress)), all)
    }

    fn options(key_type: Option<KeyType>) -> AuthorityOptions {
        AuthorityOptions { key_type, ..AuthorityOptions::default() }
    }

    fn say(error: Error) -> String {
        let source = std::error::Error::source(&error).map(|source| format!(": {source}")).unwrap_or_default();
        format!("{error}{source}")
    }

    #[test]
    fn a_second_run_finds_what_the_first_one_made_and_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("certs");
        let (steps, told) = heard();
        let made = ensure_root(&folder, &options(None), &steps).unwrap();
        let files = ensure_cacerts(&folder, &made, "cluster1", &options(None), &steps).unwrap();
        assert_eq!(told.lock().unwrap().len(), 2, "{told:?}");
        assert_eq!(ensure_root(&folder, &options(None), &steps).unwrap(), made);
        assert_eq!(ensure_cacerts(&folder, &made, "cluster1", &options(None), &steps).unwrap(), files);
        assert_eq!(told.lock().unwrap().len(), 2, "{told:?}");
        for (name, text) in files.files() {
            assert_eq!(read(&folder.join("cluster1").join(name)).unwrap(), text);
        }
    }

    #[cfg(unix)]
    #[test]
    fn keys_are_for_their_owner_only_and_others_are_warned_of() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("certs");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let root = ensure_root(&folder, &options(None), &Steps::silent()).unwrap();
        ensure_cacerts(&folder, &root, "a", &options(None), &Steps::silent()).unwrap();
        assert_eq!((mode(&folder), mode(&folder.join("root-key.pem"))), (0o700, 0o600));
        assert_eq!((mode(&folder.join("a")), mode(&folder.join("a/ca-key.pem"))), (0o700, 0o600));
        fs::set_permissions(folder.join("root-key.pem"), fs::Permissions::from_mode(0o644)).unwrap();
        let (steps, told) = heard();
        ensure_root(&folder, &options(None), &steps).unwrap();
        assert!(
            matches!(&told.lock().unwrap()[..], [Progress::Warning(text)] if text.contains("can be read by others"))
        );
    }

    #[test]
    fn what_is_there_must_be_what_was_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        ensure_root(folder.path(), &options(None), &Steps::silent()).unwrap();
        let path = folder.path().join("root-cert.pem");
        let asked = options(Some(KeyType::EcdsaP384));
        let error = ensure_root(folder.path(), &asked, &Steps::silent()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("{}: expected key type `ecdsa-p384`, found `ecdsa-p256`", path.display())
        );
        let asked = AuthorityOptions { common_name: Some("Ours".into()), ..options(None) };
        let error = ensure_root(folder.path(), &asked, &Steps::silent()).unwrap_err();
        assert_eq!(error.to_string(), format!("{}: expected common name `Ours`, found `Root CA`", path.display()));
    }

    #[test]
    fn a_run_that_ended_between_key_and_certificate_is_taken_up() {
        let folder = tempfile::tempdir().unwrap();
        let (steps, told) = heard();
        let first = ensure_root(folder.path(), &options(None), &steps).unwrap();
        fs::remove_file(folder.path().join("root-cert.pem")).unwrap();
        let second = ensure_root(folder.path(), &options(None), &steps).unwrap();
        assert_eq!(second.key_pem, first.key_pem);
        verify(&second.cert_pem, &second.cert_pem).unwrap();
        let cluster = ensure_cacerts(folder.path(), &second, "a", &options(None), &steps).unwrap();
        fs::remove_file(folder.path().join("a/cert-chain.pem")).unwrap();
        let again = ensure_cacerts(folder.path(), &second, "a", &options(None), &steps).unwrap();
        assert_ne!(again.ca_cert, cluster.ca_cert);
        verify(&again.cert_chain, &second.cert_pem).unwrap();
        assert_eq!(told.lock().unwrap().len(), 4);
    }

    #[test]
    fn what_does_not_belong_together_or_has_expired_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (cert, key) = (folder.path().join("root-cert.pem"), folder.path().join("root-key.pem"));
        let first = ensure_root(folder.path(), &options(None), &Steps::silent()).unwrap();
        let ensure = || say(ensure_root(folder.path(), &options(None), &Steps::silent()).unwrap_err());
        fs::write(&key, crate::root(&options(None)).unwrap().key_pem.expose()).unwrap();
        let mismatch = "the private key does not belong to the certificate `O=Istio, CN=Root CA`";
        assert_eq!(ensure(), format!("cannot use {}: {mismatch}", cert.display()));
        fs::write(&key, "nothing").unwrap();
        assert_eq!(
            ensure(),
            format!("cannot use {}: expected a private key in PEM, found no PEM block", key.display())
        );
        fs::remove_file(&key).unwrap();
        assert_eq!(ensure(), format!("{} is there, but its key {} is not", cert.display(), key.display()));
        let short = AuthorityOptions { validity: Some("10s".parse().unwrap()), ..options(None) }; // began five minutes ago
        let expired = crate::root(&short).unwrap();
        fs::write(&cert, &expired.cert_pem).unwrap();
        fs::write(&key, expired.key_pem.expose()).unwrap();
        assert!(ensure().contains("the certificate `O=Istio, CN=Root CA` expired at 20"), "{}", ensure());
        assert!(intermediate(&expired, "a", &options(None)).is_err());
        let other = ensure_cacerts(folder.path(), &first, "a", &options(None), &Steps::silent());
        other.unwrap();
        let stranger = crate::root(&options(None)).unwrap();
        let error = ensure_cacerts(folder.path(), &stranger, "a", &options(None), &Steps::silent()).unwrap_err();
        assert!(say(error).contains("but another key"));
    }

    #[test]
    fn many_at_once_make_one_root() {
        let folder = tempfile::tempdir().unwrap();
        let (steps, told) = heard();
        let roots: Vec<_> = thread::scope(|scope| {
            let ensure = || ensure_root(folder.path(), &options(None), &steps).unwrap();
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(ensure)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(roots.iter().all(|root| *root == roots[0]));
        assert_eq!(told.lock().unwrap().len(), 1);
    }

    #[test]
    fn a_clusters_name_leads_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let root = crate::root(&options(None)).unwrap();
        for name in ["", "..", "a/b", "/etc", ".x"] {
            assert!(ensure_cacerts(folder.path(), &root, name, &options(None), &Steps::silent()).is_err(), "{name}");
        }
    }
}
