//! Options of programs, taken apart.

/// Options and what is left, in order.
pub struct Options {
    given: Vec<(String, Option<String>)>,
    /// What is no option.
    pub rest: Vec<String>,
}

impl Options {
    /// Take arguments apart. `valued` are the names of options that are followed by a value: `n` for `-n`, `selector` for `--selector`.
    pub fn new(arguments: &[String], valued: &[&str]) -> Self {
        let (mut given, mut rest) = (Vec::new(), Vec::new());
        let mut arguments = arguments.iter();
        while let Some(one) = arguments.next() {
            if one == "--" {
                rest.extend(arguments.by_ref().cloned());
            } else if let Some(long) = one.strip_prefix("--") {
                match long.split_once('=') {
                    Some((name, value)) => given.push((name.to_owned(), Some(value.to_owned()))),
                    None if valued.contains(&long) => given.push((long.to_owned(), arguments.next().cloned())),
                    None => given.push((long.to_owned(), None)),
                }
            } else if one.len() > 1 && one.starts_with('-') {
                short(&one[1..], valued, &mut arguments, &mut given);
            } else {
                rest.push(one.clone());
            }
        }
        Self { given, rest }
    }

    /// Whether one of the names was given, and not as `false`.
    pub fn has(&self, names: &[&str]) -> bool {
        self.given.iter().any(|(name, value)| names.contains(&name.as_str()) && value.as_deref() != Some("false"))
    }

    /// The value of the last of the names that was given.
    pub fn value(&self, names: &[&str]) -> Option<&str> {
        self.given.iter().rev().find(|(name, _)| names.contains(&name.as_str()))?.1.as_deref()
    }

    /// The first option that is none of these.
    pub fn strange(&self, known: &[&str]) -> Option<&str> {
        self.given.iter().map(|(name, _)| name.as_str()).find(|name| !known.contains(name))
    }
}

fn short<'a>(
    letters: &str,
    valued: &[&str],
    arguments: &mut impl Iterator<Item = &'a String>,
    given: &mut Vec<(String, Option<String>)>,
) {
    let mut at = 0;
    for letter in letters.chars() {
        at += letter.len_utf8();
        let name = letter.to_string();
        if !valued.contains(&name.as_str()) {
            given.push((name, None));
            continue;
        }
        let left = letters[at..].trim_start_matches('=');
        let value = if left.is_empty() { arguments.next().cloned() } else { Some(left.to_owned()) };
        given.push((name, value));
        return;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_in_all_their_forms() {
        let all: Vec<String> =
            ["-xf", "a", "--to=b", "--name", "c", "-n5", "-o=json", "d", "--", "-e"].map(str::to_owned).into();
        let options = Options::new(&all, &["f", "name", "n", "o"]);
        assert_eq!(
            (options.value(&["f"]), options.value(&["to"]), options.value(&["name"])),
            (Some("a"), Some("b"), Some("c"))
        );
        assert_eq!(
            (options.value(&["n"]), options.value(&["o"]), options.has(&["x"])),
            (Some("5"), Some("json"), true)
        );
        assert_eq!(options.rest, ["d", "-e"]);
        assert_eq!(options.strange(&["x", "f", "to", "name", "n"]), Some("o"));
    }
}
