//! Go's `filepath.Match`: `*` and `?` do not cross slashes, `[a-z]`, `[^a]`, `\` before a literal.

/// Whether the whole name matches; a malformed pattern matches nothing.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    match compile(pattern) {
        Some(parts) => matches_parts(&parts, &name.chars().collect::<Vec<_>>()),
        None => false,
    }
}

/// Whether it is a pattern.
pub(super) fn is_valid(pattern: &str) -> bool {
    compile(pattern).is_some()
}

enum Part {
    Any,
    One,
    Literal(char),
    Class { negated: bool, ranges: Vec<(char, char)> },
}

fn compile(pattern: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut characters = pattern.chars().peekable();
    while let Some(character) = characters.next() {
        parts.push(match character {
            '*' => Part::Any,
            '?' => Part::One,
            '\\' => Part::Literal(characters.next()?),
            '[' => {
                let negated = characters.next_if_eq(&'^').is_some();
                let mut ranges = Vec::new();
                loop {
                    if !ranges.is_empty() && characters.next_if_eq(&']').is_some() {
                        break;
                    }
                    let low = member(&mut characters)?;
                    let high = match characters.next_if_eq(&'-') {
                        Some(_) => member(&mut characters)?,
                        None => low,
                    };
                    ranges.push((low, high));
                }
                Part::Class { negated, ranges }
            }
            other => Part::Literal(other),
        });
    }
    Some(parts)
}

fn member(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<char> {
    match characters.next()? {
        '-' | ']' => None,
        '\\' => characters.next(),
        other => Some(other),
    }
}

fn matches_parts(parts: &[Part], name: &[char]) -> bool {
    // Where the last `*` stood and what it has taken so far: enough to try again with one character more.
    let (mut part, mut at) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while at < name.len() || part < parts.len() {
        let hit = match (parts.get(part), name.get(at)) {
            (Some(Part::Any), _) => {
                star = Some((part, at));
                part += 1;
                continue;
            }
            (Some(Part::One), Some(character)) => *character != '/',
            (Some(Part::Literal(wanted)), Some(character)) => wanted == character,
            (Some(Part::Class { negated, ranges }), Some(character)) => {
                ranges.iter().any(|(low, high)| (low..=high).contains(&character)) != *negated
            }
            _ => false,
        };
        if hit {
            part += 1;
            at += 1;
            continue;
        }
        match star {
            Some((start, taken)) if name.get(taken).is_some_and(|character| *character != '/') => {
                star = Some((start, taken + 1));
                part = start + 1;
                at = taken + 1;
            }
            _ => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_go() {
        for (pattern, name, wanted) in [
            ("abc", "abc", true),
            ("*", "abc", true),
            ("*c", "abc", true),
            ("a*", "ab/c", false),
            ("a*/b", "abc/b", true),
            ("a*b*c*d*e*/f", "axbxcxdxe/f", true),
            ("a*b*c*d*e*/f", "axbxcxdxexxx/fff", false),
            ("ab[b-d]", "abc", true),
            ("ab[^b-d]", "abc", false),
            ("a\\*b", "a*b", true),
            ("a?b", "a/b", false),
            ("[a-]", "a", false),
            ("templates/*.yaml", "templates/x.yaml", true),
            ("", "", true),
        ] {
            assert_eq!(matches(pattern, name), wanted, "{pattern} {name}");
        }
    }
}
