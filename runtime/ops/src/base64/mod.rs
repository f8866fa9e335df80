//! Operations `base64::*`: text to base64 and back.

mod decode;
mod encode;
mod error;

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};

use crate::catalogue::Catalogue;

pub(crate) fn register(catalogue: &mut Catalogue) {
    catalogue.add::<encode::Encode>();
    catalogue.add::<decode::Decode>();
}

use self::error::Error;

/// With either alphabet, padded or not.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// The bytes that a text stands for.
pub(crate) fn bytes(encoded: &str) -> Result<Vec<u8>, Error> {
    let plain: String = encoded.split_whitespace().collect();
    let letters = if plain.contains(['-', '_']) { &alphabet::URL_SAFE } else { &alphabet::STANDARD };
    GeneralPurpose::new(letters, LENIENT).decode(plain).map_err(Error::Invalid)
}

/// Bytes as text.
pub(crate) fn text(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}
