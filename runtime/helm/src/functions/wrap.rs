//! Breaking and shortening lines.

use super::{
    INT, TEXT,
    arguments::{int, text},
    fixed,
};
use crate::template::{function::Function, value::Value};

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("wrap", &[INT, TEXT], |_, a| Ok(Value::go_string(wrap(bytes(&a[1]).as_slice(), int(&a[0]), b"\n", false)))),
    fixed("wrapWith", &[INT, TEXT, TEXT], |_, a| {
        let separator = text(&a[1]);
        let separator = if separator.is_empty() { "\n" } else { &separator };
        Ok(Value::go_string(wrap(&bytes(&a[2]), int(&a[0]), separator.as_bytes(), true)))
    }),
    fixed("abbrev", &[INT, TEXT], |_, a| {
        let width = int(&a[0]);
        Ok(if width < 4 { a[1].clone() } else { Value::go_string(abbreviate(&bytes(&a[1]), 0, width)) })
    }),
    fixed("abbrevboth", &[INT, INT, TEXT], |_, a| {
        let (left, right) = (int(&a[0]), int(&a[1]));
        if right < 4 || left > 0 && right < 7 {
            return Ok(a[2].clone());
        }
        Ok(Value::go_string(abbreviate(&bytes(&a[2]), left, right)))
    }),
];

fn bytes(value: &Value) -> Vec<u8> {
    super::arguments::bytes(value).to_vec()
}

/// Break at blanks so that lines have at most `width` bytes; longer words are broken only if `breaks_words`.
fn wrap(all: &[u8], width: i64, separator: &[u8], breaks_words: bool) -> Vec<u8> {
    let width = usize::try_from(width.max(1)).unwrap_or(1);
    let mut out = Vec::with_capacity(all.len());
    let mut rest = all;
    while rest.len() > width {
        if rest[0] == b' ' {
            rest = &rest[1..];
            continue;
        }
        let blank = rest[..=width].iter().rposition(|byte| *byte == b' ');
        let next = || rest[width..].iter().position(|byte| *byte == b' ').map(|at| at + width);
        let (line, after) = match blank {
            Some(at) => (at, at + 1),
            None if breaks_words => (width, width),
            None => match next() {
                Some(at) => (at, at + 1),
                None => break,
            },
        };
        out.extend_from_slice(&rest[..line]);
        out.extend_from_slice(separator);
        rest = &rest[after..];
    }
    out.extend_from_slice(rest);
    out
}

/// Shorten to `width` bytes with `...`, on the left as well when there is more than 4 bytes before `offset`.
fn abbreviate(all: &[u8], offset: i64, width: i64) -> Vec<u8> {
    let length = all.len() as i64;
    if length <= width {
        return all.to_vec();
    }
    let mut offset = offset.clamp(0, length);
    if length - offset < width - 3 {
        offset = length - (width - 3);
    }
    let keep = (width - 3) as usize;
    if offset <= 4 {
        return [&all[..keep], b"..."].concat();
    }
    if width < 7 {
        return Vec::new();
    }
    if offset + width - 3 < length {
        return [b"...", abbreviate(&all[offset as usize..], 0, width - 3).as_slice()].concat();
    }
    [b"...", &all[all.len() - keep..]].concat()
}
