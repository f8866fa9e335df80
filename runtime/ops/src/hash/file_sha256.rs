//! `hash::file_sha256`: the SHA-256 of a file.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokio::{fs::File, io::AsyncReadExt};

use crate::{Cx, Operation, file::error::Error};

/// Compute the SHA-256 of a file. Returns 64 hexadecimal digits, as `sha256sum` prints them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileSha256 {
    /// The file.
    path: String,
}

impl Operation for FileSha256 {
    type Output = String;

    const NAME: &'static str = "hash::file_sha256";
    const POSITIONAL: &'static [&'static str] = &["path"];
    const RETURNS: &'static str = "a string of 64 digits";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Files];
    const FAILURES: &'static [&'static str] = &["file::not_found", "file::unreadable"];
    const EXAMPLE: &'static str = r#"let folder = file::temp_dir();
file::write(`${folder}/a.txt`, "hello");
print(hash::file_sha256(`${folder}/a.txt`));"#;

    fn subject(&self) -> String {
        self.path.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let path = cx.world.environment.path(&self.path);
        let mut file = File::open(&path).await.map_err(Error::reading(&path))?;
        let mut hasher = Sha256::new();
        let mut piece = vec![0; 64 << 10];
        loop {
            match file.read(&mut piece).await.map_err(Error::reading(&path))? {
                0 => return Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()),
                length => hasher.update(&piece[..length]),
            }
        }
    }
}
