//! Random texts and numbers. They differ from one rendering to the next, as in Helm.

use rand::{Rng, seq::SliceRandom};

use super::{
    INT, TEXT,
    arguments::{MAX_LENGTH, int, text},
    fixed,
};
use crate::template::{function::Function, value::Value};

const DIGITS: &str = "0123456789";
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("randAlphaNum", &[INT], |_, a| of(&format!("{LETTERS}{DIGITS}"), int(&a[0]))),
    fixed("randAlpha", &[INT], |_, a| of(LETTERS, int(&a[0]))),
    fixed("randNumeric", &[INT], |_, a| of(DIGITS, int(&a[0]))),
    fixed("randAscii", &[INT], |_, a| of(&(' '..='~').collect::<String>(), int(&a[0]))),
    fixed("randInt", &[INT, INT], |_, a| {
        let (low, high) = (int(&a[0]), int(&a[1]));
        if high <= low {
            return Err("invalid argument to Intn".into());
        }
        Ok(Value::int(rand::rng().random_range(low..high)))
    }),
    fixed("shuffle", &[TEXT], |_, a| {
        let mut characters: Vec<char> = text(&a[0]).chars().collect();
        characters.shuffle(&mut rand::rng());
        Ok(Value::text(characters.into_iter().collect::<String>()))
    }),
    fixed("uuidv4", &[], |_, _| Ok(Value::text(uuid()))),
];

fn of(alphabet: &str, count: i64) -> Result<Value, String> {
    let characters = alphabet.as_bytes();
    let count = usize::try_from(count).unwrap_or(0);
    if count > MAX_LENGTH {
        return Err("runtime error: makeslice: len out of range".into());
    }
    let mut random = rand::rng();
    let text: String = (0..count).map(|_| char::from(characters[random.random_range(0..characters.len())])).collect();
    Ok(Value::text(text))
}

fn uuid() -> String {
    let mut bytes: [u8; 16] = rand::rng().random();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
