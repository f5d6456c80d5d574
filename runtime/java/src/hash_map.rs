//! The iteration order of a `java.util.HashMap`. It determines, for example, which of two fields with the same name Kafka
//! Connect keeps, and which of two errors it reports.
//!
//! ```
//! assert_eq!(weir_java::hash_map::order(["ssn", "b", "a"].into_iter()), [2, 1, 0]);
//! ```

/// The initial size. It is doubled when more than three quarters of the map are in use.
const SMALLEST: usize = 16;

/// Returns the indexes of `names`, which are distinct, in the iteration order of a map to which they were added one by one.
///
/// If eight or more names are in the same bucket, Java creates a tree, whose order is different.
pub fn order<'a>(names: impl Iterator<Item = &'a str>) -> Vec<usize> {
    let hashes: Vec<u32> = names.map(hash).collect();
    let mut buckets = SMALLEST;
    while hashes.len() > buckets / 4 * 3 {
        buckets *= 2;
    }
    in_buckets(&hashes, buckets)
}

/// Like [`order`], for a map that was created with a capacity (`new HashMap<>(capacity)`).
///
/// ```
/// assert_eq!(weir_java::hash_map::order_for(1, ["p", "a"].into_iter()), [0, 1]);
/// ```
pub fn order_for<'a>(capacity: usize, names: impl Iterator<Item = &'a str>) -> Vec<usize> {
    let hashes: Vec<u32> = names.map(hash).collect();
    let mut buckets = capacity.max(1).next_power_of_two();
    while hashes.len() * 4 > buckets * 3 {
        buckets *= 2;
    }
    in_buckets(&hashes, buckets)
}

/// Like [`order`], for a map that was created as a copy of one with these names, which is as small as possible.
///
/// ```
/// assert_eq!(weir_java::hash_map::order_of_copy(["name", "topic", "file"].into_iter()), [0, 1, 2]);
/// ```
pub fn order_of_copy<'a>(names: impl Iterator<Item = &'a str>) -> Vec<usize> {
    let hashes: Vec<u32> = names.map(hash).collect();
    in_buckets(&hashes, (hashes.len() * 4 / 3 + 1).next_power_of_two())
}

fn in_buckets(hashes: &[u32], buckets: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..hashes.len()).collect();
    // Names in the same bucket stay in the order in which they were added.
    order.sort_by_key(|place| hashes[*place] as usize & (buckets - 1));
    order
}

/// Returns the `String.hashCode`, with its bits spread as in a map.
fn hash(name: &str) -> u32 {
    let hash = name.encode_utf16().fold(0u32, |hash, unit| hash.wrapping_mul(31).wrapping_add(unit.into()));
    hash ^ (hash >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordered<'a>(names: &[&'a str]) -> Vec<&'a str> {
        order(names.iter().copied()).into_iter().map(|place| names[place]).collect()
    }

    #[test]
    fn names_are_spread_over_buckets() {
        assert_eq!(ordered(&["ssn", "b", "a"]), ["a", "b", "ssn"]);
        // Two names with one hash code.
        assert_eq!(ordered(&["BB", "Aa"]), ["BB", "Aa"]);
        assert_eq!(ordered(&["Aa", "BB"]), ["Aa", "BB"]);
    }

    #[test]
    fn a_map_grows_after_its_twelfth_entry() {
        // In 16 buckets p comes first, in 32 a does.
        let few: Vec<&str> = "pbcdefghijka".split("").filter(|name| !name.is_empty()).collect();
        assert_eq!(ordered(&few)[0], "p");
        let more = [&few[..], &["l"]].concat();
        assert_eq!(ordered(&more)[0], "a");
    }
}
