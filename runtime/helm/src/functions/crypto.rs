//! Hashes, passwords and encryption.

use aws_lc_rs::{
    cipher::{AES_256, DecryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey, UnboundCipherKey},
    hmac, pbkdf2,
};
use rand::Rng;
use sha1::{Digest, Sha1};
use sha2::Sha256;

use super::{
    INT, TEXT,
    arguments::{bytes, int, text},
    encoding::{decode64, encode64},
    fixed,
};
use crate::template::{
    exec::Engine,
    function::{Function, Type},
    value::Value,
};

/// The cost of bcrypt; Go's default.
const BCRYPT_COST: u32 = 10;

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("sha1sum", &[TEXT], |_, a| Ok(Value::text(hex(&Sha1::digest(bytes(&a[0])))))),
    fixed("sha256sum", &[TEXT], |_, a| Ok(Value::text(hex(&Sha256::digest(bytes(&a[0])))))),
    fixed("adler32sum", &[TEXT], |_, a| Ok(Value::text(adler32(bytes(&a[0])).to_string()))),
    fixed("bcrypt", &[TEXT], |_, a| Ok(Value::text(bcrypt(bytes(&a[0]))))),
    fixed("htpasswd", &[TEXT, TEXT], |_, a| {
        let user = text(&a[0]);
        Ok(Value::text(match user.contains(':') {
            true => format!("invalid username: {user}"),
            false => format!("{user}:{}", bcrypt(bytes(&a[1]))),
        }))
    }),
    fixed("randBytes", &[INT], |_, a| {
        let mut random = vec![0; usize::try_from(int(&a[0])).unwrap_or(0).min(super::arguments::MAX_LENGTH)];
        rand::rng().fill(random.as_mut_slice());
        Ok(Value::text(encode64(&random)))
    }),
    fixed("derivePassword", &[Type::Uint32, TEXT, TEXT, TEXT, TEXT], derive_password),
    fixed("encryptAES", &[TEXT, TEXT], |_, a| encrypt(bytes(&a[0]), bytes(&a[1]))),
    fixed("decryptAES", &[TEXT, TEXT], |_, a| decrypt(bytes(&a[0]), bytes(&a[1]))),
];

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn adler32(bytes: &[u8]) -> u32 {
    let (mut one, mut two) = (1u32, 0u32);
    for byte in bytes {
        one = (one + u32::from(*byte)) % 65521;
        two = (two + one) % 65521;
    }
    two << 16 | one
}

fn bcrypt(password: &[u8]) -> String {
    if password.len() > 72 {
        return "failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes".into();
    }
    let salt: [u8; 16] = rand::rng().random();
    match bcrypt::hash_with_salt(password, BCRYPT_COST, salt) {
        Ok(hash) => hash.format_for_version(bcrypt::Version::TwoA),
        Err(error) => format!("failed to encrypt string with bcrypt: {error}"),
    }
}

/// The patterns of the password kinds; each letter stands for a set of characters.
fn patterns(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "maximum" => &["anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"],
        "long" => &[
            "CvcvnoCvcvCvcv",
            "CvcvCvcvnoCvcv",
            "CvcvCvcvCvcvno",
            "CvccnoCvcvCvcv",
            "CvccCvcvnoCvcv",
            "CvccCvcvCvcvno",
            "CvcvnoCvccCvcv",
            "CvcvCvccnoCvcv",
            "CvcvCvccCvcvno",
            "CvcvnoCvcvCvcc",
            "CvcvCvcvnoCvcc",
            "CvcvCvcvCvccno",
            "CvccnoCvccCvcv",
            "CvccCvccnoCvcv",
            "CvccCvccCvcvno",
            "CvcvnoCvccCvcc",
            "CvcvCvccnoCvcc",
            "CvcvCvccCvccno",
            "CvccnoCvcvCvcc",
            "CvccCvcvnoCvcc",
            "CvccCvcvCvccno",
        ],
        "medium" => &["CvcnoCvc", "CvcCvcno"],
        "short" => &["Cvcn"],
        "basic" => &["aaanaaan", "aannaaan", "aaannaaa"],
        "pin" => &["nnnn"],
        _ => return None,
    })
}

fn characters(class: u8) -> &'static [u8] {
    match class {
        b'V' => b"AEIOU",
        b'C' => b"BCDFGHJKLMNPQRSTVWXYZ",
        b'v' => b"aeiou",
        b'c' => b"bcdfghjklmnpqrstvwxyz",
        b'A' => b"AEIOUBCDFGHJKLMNPQRSTVWXYZ",
        b'a' => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz",
        b'n' => b"0123456789",
        b'o' => b"@&%?,=[]_:-+*$#!'^~;()/.",
        _ => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
    }
}

/// The Master Password algorithm.
fn derive_password(_: &Engine<'_>, arguments: &[Value]) -> Result<Value, String> {
    const SCOPE: &[u8] = b"com.lyndir.masterpassword";
    let (kind, password) = (text(&arguments[1]), bytes(&arguments[2]));
    let (user, site) = (bytes(&arguments[3]), bytes(&arguments[4]));
    let Some(patterns) = patterns(&kind) else {
        return Ok(Value::text(format!("cannot find password template {kind}")));
    };
    let with_length = |part: &[u8]| [SCOPE, &(part.len() as u32).to_be_bytes(), part].concat();
    let key = scrypt(password, &with_length(user));
    let message = [with_length(site), (int(&arguments[0]) as u32).to_be_bytes().to_vec()].concat();
    let seed = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), &message);
    let seed = seed.as_ref();
    let pattern = patterns[usize::from(seed[0]) % patterns.len()];
    let password: String = pattern
        .bytes()
        .zip(&seed[1..])
        .map(|(class, byte)| char::from(characters(class)[usize::from(*byte) % characters(class).len()]))
        .collect();
    Ok(Value::text(password))
}

/// scrypt with N 32768, r 8, p 2 and 64 bytes.
fn scrypt(password: &[u8], salt: &[u8]) -> Vec<u8> {
    const N: usize = 32768;
    const BLOCK: usize = 128 * 8;
    let derive = |salt: &[u8], length: usize| {
        let mut out = vec![0; length];
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, std::num::NonZeroU32::MIN, salt, password, &mut out);
        out
    };
    let mut blocks = derive(salt, 2 * BLOCK);
    for block in blocks.chunks_mut(BLOCK) {
        let mut words: Vec<u32> =
            block.chunks(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect();
        mix(&mut words, N);
        for (bytes, word) in block.chunks_mut(4).zip(words) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
    }
    derive(&blocks, 64)
}

fn mix(words: &mut Vec<u32>, rounds: usize) {
    let mut seen = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        seen.push(words.clone());
        block_mix(words);
    }
    let last = words.len() - 16;
    for _ in 0..rounds {
        let at = words[last] as usize % rounds;
        words.iter_mut().zip(&seen[at]).for_each(|(word, other)| *word ^= other);
        block_mix(words);
    }
}

fn block_mix(words: &mut Vec<u32>) {
    let count = words.len() / 16;
    let mut state = [0u32; 16];
    state.copy_from_slice(&words[words.len() - 16..]);
    let mut out = vec![0; words.len()];
    for index in 0..count {
        state.iter_mut().zip(&words[index * 16..]).for_each(|(word, other)| *word ^= other);
        salsa(&mut state);
        let place = index / 2 + (index % 2) * (count / 2);
        out[place * 16..place * 16 + 16].copy_from_slice(&state);
    }
    *words = out;
}

/// Salsa20/8.
fn salsa(state: &mut [u32; 16]) {
    const COLUMNS: [[usize; 4]; 4] = [[0, 4, 8, 12], [5, 9, 13, 1], [10, 14, 2, 6], [15, 3, 7, 11]];
    const ROWS: [[usize; 4]; 4] = [[0, 1, 2, 3], [5, 6, 7, 4], [10, 11, 8, 9], [15, 12, 13, 14]];
    let mut x = *state;
    for _ in 0..4 {
        for [a, b, c, d] in COLUMNS.into_iter().chain(ROWS) {
            x[b] ^= x[a].wrapping_add(x[d]).rotate_left(7);
            x[c] ^= x[b].wrapping_add(x[a]).rotate_left(9);
            x[d] ^= x[c].wrapping_add(x[b]).rotate_left(13);
            x[a] ^= x[d].wrapping_add(x[c]).rotate_left(18);
        }
    }
    state.iter_mut().zip(x).for_each(|(word, mixed)| *word = word.wrapping_add(mixed));
}

fn cipher_key(password: &[u8]) -> Result<UnboundCipherKey, String> {
    let mut key = [0; 32];
    let length = password.len().min(32);
    key[..length].copy_from_slice(&password[..length]);
    UnboundCipherKey::new(&AES_256, &key).map_err(|error| error.to_string())
}

fn encrypt(password: &[u8], plain: &[u8]) -> Result<Value, String> {
    let key = PaddedBlockEncryptingKey::cbc_pkcs7(cipher_key(password)?).map_err(|error| error.to_string())?;
    let mut data = plain.to_vec();
    let context = key.encrypt(&mut data).map_err(|error| error.to_string())?;
    let start: &[u8] = (&context).try_into().map_err(|error: aws_lc_rs::error::Unspecified| error.to_string())?;
    Ok(Value::text(encode64(&[start, &data].concat())))
}

fn decrypt(password: &[u8], encoded: &[u8]) -> Result<Value, String> {
    let data = decode64(encoded)?;
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(cipher_key(password)?).map_err(|error| error.to_string())?;
    let (start, body) = data.split_at_checked(16).ok_or("the text is too short to be encrypted")?;
    let start: [u8; 16] = start.try_into().map_err(|_| "the text is too short to be encrypted")?;
    let mut body = body.to_vec();
    let context = DecryptionContext::Iv128(start.into());
    let plain = key.decrypt(&mut body, context).map_err(|error| error.to_string())?;
    Ok(Value::go_string(plain.to_vec()))
}
