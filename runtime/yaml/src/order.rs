//! The order in which Go's yaml.v2 writes the keys of a map: by character, but other signs before letters and numbers by
//! their value, so `a2` comes before `a10`.

use std::cmp::Ordering;

/// The keys in the order in which they are written.
///
/// The rule is not transitive for some mixtures (`x1299` < `x12a` < `x13` < `x1299`), where Go's result is left to chance.
/// So no sort of the standard library, which may panic then, but a merge sort from the order of bytes: the result is
/// always the same.
pub(crate) fn sorted<T>(mut entries: Vec<(&String, T)>) -> Vec<(&String, T)> {
    entries.sort_by_key(|(key, _)| *key);
    merge_sort(entries)
}

fn merge_sort<T>(mut entries: Vec<(&String, T)>) -> Vec<(&String, T)> {
    if entries.len() < 2 {
        return entries;
    }
    let right = entries.split_off(entries.len() / 2);
    let mut left = merge_sort(entries).into_iter().peekable();
    let mut right = merge_sort(right).into_iter().peekable();
    let mut merged = Vec::with_capacity(left.len() + right.len());
    loop {
        let next = match (left.peek(), right.peek()) {
            (Some((a, _)), Some((b, _))) if natural(b, a) == Ordering::Less => right.next(),
            (Some(_), _) => left.next(),
            (None, _) => right.next(),
        };
        match next {
            Some(entry) => merged.push(entry),
            None => return merged,
        }
    }
}

fn natural(a: &str, b: &str) -> Ordering {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let Some(at) = a.iter().zip(&b).position(|(a, b)| a != b) else {
        return a.len().cmp(&b.len());
    };
    match (a[at].is_alphabetic(), b[at].is_alphabetic()) {
        (true, true) => a[at].cmp(&b[at]),
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => {
            // A zero counts as a leading one unless another digit of the same number stands before it.
            let inside = (a[at] == '0' || b[at] == '0')
                && a[..at].iter().rev().take_while(|c| c.is_numeric()).any(|&c| c != '0');
            let (a_number, a_end) = number(&a, at, inside);
            let (b_number, b_end) = number(&b, at, inside);
            a_number.cmp(&b_number).then(a_end.cmp(&b_end)).then(a[at].cmp(&b[at]))
        }
    }
}

/// The number that begins at `at`, with a 1 before it when it is the `inside` of a longer one, and where it ends.
fn number(text: &[char], at: usize, inside: bool) -> (i64, usize) {
    let mut end = at;
    let mut number = i64::from(inside);
    while let Some(digit) = text.get(end).filter(|c| c.is_numeric()) {
        // Go computes with the code, in 64 bits that wrap.
        number = number.wrapping_mul(10).wrapping_add(i64::from(u32::from(*digit)) - i64::from(u32::from('0')));
        end += 1;
    }
    (number, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(keys: &[&str]) -> Vec<String> {
        let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
        sorted(keys.iter().map(|key| (key, ())).collect()).into_iter().map(|(key, ())| key.clone()).collect()
    }

    #[test]
    fn signs_before_letters_and_numbers_by_value() {
        let expected =
            ["", "1", "2", "10", "A", "B", "a", "a-b", "a.b", "a/b", "a_b", "a1", "a01", "a2", "a10", "aB", "ab"];
        let mut reversed = expected;
        reversed.reverse();
        assert_eq!(order(&reversed), expected);
    }

    #[test]
    fn zeros_inside_and_before_a_number() {
        assert_eq!(order(&["a105", "a15", "a10", "a1"]), ["a1", "a10", "a15", "a105"]);
        assert_eq!(order(&["a00", "a0", "a-", "a01"]), ["a-", "a0", "a00", "a01"]);
    }

    #[test]
    fn a_circle_of_keys_gives_the_same_order_from_every_start() {
        let one = order(&["x1299", "x12a", "x13"]);
        assert_eq!(order(&["x13", "x12a", "x1299"]), one);
        assert_eq!(order(&["x12a", "x1299", "x13"]), one);
    }
}
