//! Operations `random::*`: numbers, names and secrets by chance, from the operating system's generator.

mod hex;
mod int;
mod name;
mod password;
mod uuid;

use meshrun_host::Failure;
use rand::Rng;

use crate::catalogue::Catalogue;

pub(crate) fn register(catalogue: &mut Catalogue) {
    catalogue.add::<int::Int>();
    catalogue.add::<hex::Hex>();
    catalogue.add::<name::Name>();
    catalogue.add::<password::Password>();
    catalogue.add::<uuid::Uuid>();
}

/// What a script can reasonably want.
const MOST: usize = 4096;

/// So many of these letters by chance.
fn letters(alphabet: &[u8], length: usize) -> Result<String, Failure> {
    if length == 0 || length > MOST {
        return Err(Failure::new("random::length", format!("expected a length from 1 to {MOST}, found {length}")));
    }
    let mut random = rand::rng();
    Ok((0..length).map(|_| char::from(alphabet[random.random_range(0..alphabet.len())])).collect())
}
