//! Upper and lower case, and the styles of joining words: `snake_case`, `kebab-case`, `CamelCase`.

use super::{TEXT, arguments::text, fixed};
use crate::{
    template::{function::Function, value::Value},
    text::{is_letter_or_digit, is_punctuation, is_space},
};

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("upper", &[TEXT], |_, a| Ok(Value::text(text(&a[0]).chars().map(upper).collect::<String>()))),
    fixed("lower", &[TEXT], |_, a| Ok(Value::text(text(&a[0]).chars().map(lower).collect::<String>()))),
    fixed("title", &[TEXT], |_, a| Ok(Value::text(title(&text(&a[0]))))),
    fixed("untitle", &[TEXT], |_, a| Ok(Value::text(untitle(&text(&a[0]))))),
    fixed("swapcase", &[TEXT], |_, a| Ok(Value::text(swap_case(&text(&a[0]))))),
    fixed("snakecase", &[TEXT], |_, a| Ok(Value::text(joined_words(&text(&a[0]), '_')))),
    fixed("kebabcase", &[TEXT], |_, a| Ok(Value::text(joined_words(&text(&a[0]), '-')))),
    fixed("camelcase", &[TEXT], |_, a| Ok(Value::text(camel_case(&text(&a[0]))))),
];

// Go maps one character to one; where Unicode's full mapping gives several, the character stays.
fn upper(character: char) -> char {
    single(character.to_uppercase(), character)
}

fn lower(character: char) -> char {
    single(character.to_lowercase(), character)
}

fn single(mut mapped: impl Iterator<Item = char>, otherwise: char) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(one), None) => one,
        _ => otherwise,
    }
}

fn title(all: &str) -> String {
    let mut previous = ' ';
    let starts_word = |previous: char| match previous.is_ascii() {
        true => !is_letter_or_digit(previous),
        false => !is_letter_or_digit(previous) && is_space(previous),
    };
    all.chars()
        .map(|character| {
            let starts = starts_word(std::mem::replace(&mut previous, character));
            if starts { upper(character) } else { character }
        })
        .collect()
}

fn untitle(all: &str) -> String {
    let mut starts = true;
    all.chars()
        .map(|character| {
            let lowers = starts && !is_space(character);
            starts = is_space(character);
            if lowers { lower(character) } else { character }
        })
        .collect()
}

fn swap_case(all: &str) -> String {
    let mut after_space = true;
    all.chars()
        .map(|character| {
            let was_after_space = after_space;
            if character.is_uppercase() || character.is_lowercase() {
                after_space = false;
            } else {
                after_space = is_space(character);
            }
            match character {
                character if character.is_uppercase() => lower(character),
                character if character.is_lowercase() && was_after_space => upper(character),
                character if character.is_lowercase() => upper(character),
                character => character,
            }
        })
        .collect()
}

fn is_connector(character: char) -> bool {
    character == '-' || character == '_' || is_space(character)
}

fn camel_case(all: &str) -> String {
    let start = all.find(|character| !is_connector(character));
    let Some(start) = start else {
        return all.to_owned();
    };
    let (leading, rest) = all.split_at(start);
    let mut out = leading.to_owned();
    let mut characters = rest.chars();
    let mut current = characters.next().map_or('\0', upper);
    for next in characters {
        let previous = std::mem::replace(&mut current, next);
        match (is_connector(previous), is_connector(next)) {
            (true, true) => out.push(previous),
            (true, false) => current = upper(next),
            (false, _) => out.push(previous),
        }
    }
    if !rest.is_empty() {
        out.push(current);
    }
    out
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Word {
    None,
    Number,
    Upper,
    Alphabet,
    Connector,
    Punctuation,
    Other,
}

/// Words joined by a connector, upper case lowered: how `HTTP2xx` becomes `http_2xx` and `Bld4Floor` `bld4_floor`.
fn joined_words(all: &str, connector: char) -> String {
    let mut out = String::new();
    let (mut kind, mut word, mut rest) = next_word(all);
    while !rest.is_empty() {
        if kind != Word::Connector {
            push_lower(&mut out, kind, word, connector);
        }
        let (previous, last) = (kind, word);
        (kind, word, rest) = next_word(rest);
        match previous {
            Word::Number => {
                while matches!(kind, Word::Alphabet | Word::Number) {
                    push_lower(&mut out, kind, word, connector);
                    (kind, word, rest) = next_word(rest);
                }
                if !matches!(kind, Word::None | Word::Punctuation | Word::Connector) {
                    out.push(connector);
                }
            }
            Word::Connector => push_lower(&mut out, previous, last, connector),
            Word::Punctuation => {}
            _ if kind != Word::Number => {
                if !matches!(kind, Word::Connector | Word::Punctuation) {
                    out.push(connector);
                }
            }
            _ if rest.is_empty() => {}
            _ => {
                let number = word;
                (kind, word, rest) = next_word(rest);
                if kind != Word::Alphabet {
                    push_lower(&mut out, Word::Number, number, connector);
                    if !matches!(kind, Word::Connector | Word::Punctuation) {
                        out.push(connector);
                    }
                    continue;
                }
                out.push(connector);
                push_lower(&mut out, Word::Number, number, connector);
                while matches!(kind, Word::Alphabet | Word::Number) {
                    push_lower(&mut out, kind, word, connector);
                    (kind, word, rest) = next_word(rest);
                }
                if !matches!(kind, Word::None | Word::Connector | Word::Punctuation) {
                    out.push(connector);
                }
            }
        }
    }
    push_lower(&mut out, kind, word, connector);
    out
}

fn push_lower(out: &mut String, kind: Word, word: &str, connector: char) {
    if !matches!(kind, Word::Upper | Word::Connector) {
        return out.push_str(word);
    }
    out.extend(word.chars().map(|character| if is_connector(character) { connector } else { lower(character) }));
}

fn next_word(all: &str) -> (Word, &str, &str) {
    let Some(first) = all.chars().next() else {
        return (Word::None, "", "");
    };
    let run = |belongs: &dyn Fn(char) -> bool| all.find(|character| !belongs(character)).unwrap_or(all.len());
    let is_small = |character: char| character.is_alphabetic() && !character.is_uppercase();
    let (kind, length) = match first {
        first if is_connector(first) => (Word::Connector, run(&is_connector)),
        first if is_punctuation(first) => (Word::Punctuation, run(&is_punctuation)),
        first if first.is_uppercase() => (Word::Upper, upper_word(all)),
        first if first.is_alphabetic() => (Word::Alphabet, run(&is_small)),
        first if first.is_numeric() => (Word::Number, run(&char::is_numeric)),
        _ => {
            let other = |character: char| {
                !(is_connector(character)
                    || character.is_alphabetic()
                    || character.is_numeric()
                    || is_punctuation(character))
            };
            (Word::Other, run(&other))
        }
    };
    (kind, &all[..length], &all[length..])
}

/// The length of a word that starts with an upper-case letter: `Http` is one, of `HTTPStatus` it is `HTTP`.
fn upper_word(all: &str) -> usize {
    let uppers = all.find(|character: char| !character.is_uppercase()).unwrap_or(all.len());
    let head = &all[..uppers];
    let small = all[uppers..]
        .find(|next: char| !next.is_alphabetic() || next.is_uppercase())
        .map_or(all.len(), |at| uppers + at);
    match head.chars().count() {
        1 => small,
        _ if small > uppers => head.char_indices().next_back().map_or(uppers, |(at, _)| at),
        _ => uppers,
    }
}
