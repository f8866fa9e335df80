//! Writing the built-in scripts out for editing.

use std::{fs, io, path::Path};

use crate::{embedded, exit::Exit};

/// Write `scripts/` and `stdlib/` into the folder. Files that differ are kept unless forced.
pub fn eject(folder: &Path, force: bool) -> Exit {
    let scripts = embedded::scripts().into_iter().map(|(name, text)| (folder.join("scripts").join(name), text));
    let modules =
        embedded::modules().into_iter().map(|(name, text)| (folder.join("stdlib").join(format!("{name}.rhai")), text));
    let mut exit = Exit::Done;
    for (path, text) in scripts.chain(modules) {
        match write(&path, text, force) {
            Ok(true) => println!("{}", path.display()),
            Ok(false) => {
                eprintln!("{}: differs from the built-in one and was kept; `--force` overwrites it", path.display());
                exit = Exit::Failed;
            }
            Err(error) => {
                eprintln!("cannot write {}: {error}", path.display());
                return Exit::Failed;
            }
        }
    }
    exit
}

fn write(path: &Path, text: &str, force: bool) -> io::Result<bool> {
    match fs::read_to_string(path) {
        Ok(there) if there == text => return Ok(true),
        Ok(_) if !force => return Ok(false),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text).map(|()| true)
}
