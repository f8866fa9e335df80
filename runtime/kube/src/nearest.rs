//! The known word that a misspelt one probably means.

/// The nearest of the known words, if one is near enough to be meant.
pub(crate) fn nearest<'w>(wanted: &str, known: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let limit = (wanted.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|word| (distance(&wanted.to_lowercase(), &word.to_lowercase()), word))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, word)| word)
}

/// How many characters must be changed, added, left out or swapped with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = match (i, j) {
                (0, _) => j,
                (_, 0) => i,
                _ => {
                    let changed = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                    let best = changed.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                    let swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                    if swapped { best.min(rows[i - 2][j - 2] + 1) } else { best }
                }
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        let known = ["kind-cluster1", "kind-cluster2", "prod"];
        assert_eq!(nearest("kind-clutser1", known), Some("kind-cluster1"));
        assert_eq!(nearest("Kind-Cluster2", known), Some("kind-cluster2"));
        assert_eq!(nearest("staging", known), None);
        assert_eq!(nearest("deploymnet", ["deployment", "daemonset"]), Some("deployment"));
    }
}
