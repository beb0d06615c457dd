//! The name that was probably meant.

use std::collections::BTreeSet;

/// From which similarity on a name may be a mistaken other.
const NEAR: f64 = 0.6;

/// The most similar of some names, if it is similar enough.
pub(crate) fn nearest<'a>(
    written: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let rated = names
        .into_iter()
        .filter(|name| *name != written)
        .map(|name| (similarity(written, name), name));
    rated
        .filter(|(rate, _)| *rate >= NEAR)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, name)| name)
}

/// Names, the most similar first; as they were where nothing is known to compare.
pub(crate) fn by_similarity<'a>(written: Option<&str>, mut names: Vec<&'a str>) -> Vec<&'a str> {
    if let Some(written) = written {
        names.sort_by(|one, other| similarity(written, other).total_cmp(&similarity(written, one)));
    }
    names
}

/// From 0 to 1. The same words in another order are nearly the same name:
/// `web-data-0` is meant to be `data-web-0`.
fn similarity(one: &str, other: &str) -> f64 {
    let words = |name: &'_ str| -> BTreeSet<String> {
        name.split(['-', '.', '_']).map(str::to_lowercase).collect()
    };
    if words(one) == words(other) {
        return 0.95;
    }
    strsim::normalized_damerau_levenshtein(&one.to_lowercase(), &other.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn words_may_stand_in_another_order() {
        let names = ["data-db-0", "web-data-0", "logs-web-0"];
        assert_eq!(nearest("data-web-0", names), Some("web-data-0"));
    }

    #[test]
    fn what_is_far_is_not_meant() {
        assert_eq!(nearest("master-1", ["cp", "worker"]), None);
        assert_eq!(nearest("master-1", ["master-2", "cp"]), Some("master-2"));
    }
}
