//! PEM texts taken apart into their blocks; text around the blocks, such as `openssl x509 -text` writes, is passed over.

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::Error;

/// One block.
pub(crate) struct Block {
    /// `CERTIFICATE`, `PRIVATE KEY`, …
    pub label: String,
    /// The block itself, from its first line to its last, with a line feed at the end of each.
    pub text: String,
    /// What it holds. Empty for a block with headers, which only encrypted keys have.
    pub der: Vec<u8>,
    /// Whether the block is encrypted.
    pub encrypted: bool,
}

/// All blocks of the text, in order.
pub(crate) fn blocks(text: &str) -> Result<Vec<Block>, Error> {
    let mut found = Vec::new();
    let mut lines = text.lines().map(str::trim);
    while let Some(line) = lines.next() {
        let Some(label) = line.strip_prefix("-----BEGIN ").and_then(|rest| rest.strip_suffix("-----")) else {
            continue;
        };
        let end = format!("-----END {label}-----");
        let mut body = Vec::new();
        loop {
            match lines.next() {
                None => return Err(Error::Broken { label: label.to_owned(), reason: "its end line is missing" }),
                Some(line) if line == end => break,
                Some(line) => body.push(line),
            }
        }
        found.push(block(label, &body, &end)?);
    }
    Ok(found)
}

fn block(label: &str, body: &[&str], end: &str) -> Result<Block, Error> {
    let headers = body.iter().any(|line| line.contains(':'));
    let encrypted = headers || label.starts_with("ENCRYPTED");
    let der = if encrypted { Ok(Vec::new()) } else { STANDARD.decode(body.concat()) };
    let der = der.map_err(|_| Error::Broken { label: label.to_owned(), reason: "it is not base64" })?; // the cause would print key material
    let text = format!("-----BEGIN {label}-----\n{}\n{end}\n", body.join("\n"));
    Ok(Block { label: label.to_owned(), text, der, encrypted })
}

/// The certificates of the text, at least one.
pub(crate) fn certificates(text: &str) -> Result<Vec<Block>, Error> {
    let all = blocks(text)?;
    let found = describe(&all);
    let certificates: Vec<_> = all
        .into_iter()
        .filter(|block| matches!(&*block.label, "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE"))
        .collect();
    if certificates.is_empty() { Err(Error::Missing { expected: "a certificate", found }) } else { Ok(certificates) }
}

/// The first private key of the text.
pub(crate) fn private_key(text: &str) -> Result<Block, Error> {
    let all = blocks(text)?;
    let found = describe(&all);
    let key = all.into_iter().find(|block| block.label.ends_with("PRIVATE KEY"));
    let key = key.ok_or(Error::Missing { expected: "a private key", found })?;
    if key.encrypted { Err(Error::EncryptedKey) } else { Ok(key) }
}

/// The labels, for an error.
fn describe(blocks: &[Block]) -> String {
    match blocks {
        [] => "no PEM block".to_owned(),
        some => some.iter().map(|block| format!("`{}`", block.label)).collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_between_other_text() {
        let text = "subject\n-----BEGIN A-----\r\naGk=\r\n-----END A-----\nmore\n-----BEGIN B KEY-----\nYQ==\n-----END B KEY-----";
        let blocks = blocks(text).unwrap();
        assert_eq!(blocks.iter().map(|block| &*block.label).collect::<Vec<_>>(), ["A", "B KEY"]);
        assert_eq!(blocks[0].text, "-----BEGIN A-----\naGk=\n-----END A-----\n");
        assert_eq!(blocks[1].der, b"a");
    }

    #[test]
    fn what_is_no_block_is_refused_without_showing_it() {
        let say = |result: Result<Block, Error>| result.err().map(|error| error.to_string()).unwrap();
        assert_eq!(say(private_key("nothing")), "expected a private key in PEM, found no PEM block");
        let text = "-----BEGIN RSA PRIVATE KEY-----\n!!\n-----END RSA PRIVATE KEY-----";
        assert_eq!(say(private_key(text)), "the PEM block `RSA PRIVATE KEY` is broken: it is not base64");
        assert_eq!(say(private_key(&text[..40])), "the PEM block `RSA PRIVATE KEY` is broken: its end line is missing");
        let text = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----";
        assert_eq!(say(private_key(text)), "the private key is encrypted");
    }
}
