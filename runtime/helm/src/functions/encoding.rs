//! Base64 and base32.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::{TEXT, arguments::bytes, fixed};
use crate::template::{function::Function, value::Value};

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Go's decoder does not mind bits that are left over at the end.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("b64enc", &[TEXT], |_, a| Ok(Value::text(encode64(bytes(&a[0]))))),
    // A text that is no base64 is answered with the error's text.
    fixed("b64dec", &[TEXT], |_, a| Ok(decode64(bytes(&a[0])).map_or_else(Value::text, Value::go_string))),
    fixed("b32enc", &[TEXT], |_, a| Ok(Value::text(encode32(bytes(&a[0]))))),
    fixed("b32dec", &[TEXT], |_, a| Ok(decode32(bytes(&a[0])).map_or_else(Value::text, Value::go_string))),
];

/// Encode in standard base64.
pub(super) fn encode64(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

/// Decode standard base64; line ends are skipped.
pub(super) fn decode64(text: &[u8]) -> Result<Vec<u8>, String> {
    let kept: Vec<u8> = text.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    BASE64.decode(&kept).map_err(|error| {
        let at = match error {
            base64::DecodeError::InvalidByte(at, _) | base64::DecodeError::InvalidLastSymbol(at, _) => at,
            base64::DecodeError::InvalidLength(_) | base64::DecodeError::InvalidPadding => kept.len() / 4 * 4,
        };
        format!("illegal base64 data at input byte {at}")
    })
}

fn encode32(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.chunks(5) {
        let mut block = [0u8; 8];
        block[3..3 + chunk.len()].copy_from_slice(chunk);
        let bits = u64::from_be_bytes(block);
        let digits = (chunk.len() * 8).div_ceil(5);
        for index in 0..8 {
            let digit = (bits >> (35 - 5 * index)) as usize & 31;
            out.push(if index < digits { char::from(BASE32[digit]) } else { '=' });
        }
    }
    out
}

fn decode32(text: &[u8]) -> Result<Vec<u8>, String> {
    let kept: Vec<u8> = text.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    let illegal = |at: usize| format!("illegal base32 data at input byte {at}");
    let digits = kept.iter().position(|byte| *byte == b'=').unwrap_or(kept.len());
    if let Some(at) = kept[..digits].iter().position(|byte| !BASE32.contains(byte)) {
        return Err(illegal(at));
    }
    let padded = kept[digits..].iter().all(|byte| *byte == b'=') && kept.len().is_multiple_of(8);
    if !padded || matches!(digits % 8, 1 | 3 | 6) {
        return Err(illegal(digits));
    }
    let mut out = Vec::new();
    let (mut bits, mut count) = (0u32, 0);
    for byte in &kept[..digits] {
        let digit = BASE32.iter().position(|known| known == byte).unwrap_or(0) as u32;
        bits = bits << 5 | digit;
        count += 5;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    Ok(out)
}
