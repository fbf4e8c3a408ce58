//! Keeping an account within the size of an item of the store.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Most bytes of an account's values and their names. An ordinary one has two thousand; it is the groups
/// of some, and what some manage, that grow without end. An item of the store takes 400 KB.
pub const SIZE_LIMIT: usize = 200_000;

/// What is left of the values of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// How many values are there as a whole: the first ones in their order.
    pub kept: usize,
    /// How many there are in the directory.
    pub of: usize,
}

/// Cuts what is largest, and no more of it than needed; tells what was cut.
pub(super) fn fit(attributes: &mut BTreeMap<String, Vec<String>>, limit: usize) -> BTreeMap<String, Cut> {
    let sizes: Vec<usize> = attributes.iter().map(|(name, values)| size(name, values)).collect();
    if sizes.iter().sum::<usize>() <= limit {
        return BTreeMap::new();
    }
    let share = share(sizes, limit);
    let mut cuts = BTreeMap::new();
    for (name, values) in attributes.iter_mut().filter(|(name, values)| size(name, values) > share) {
        let of = values.len();
        let mut room = share.saturating_sub(name.len());
        let kept = values.iter().take_while(|value| {
            let fits = value.len() <= room;
            room = room.saturating_sub(value.len());
            fits
        });
        let kept = kept.count();
        values.truncate(kept.max(1));
        if let (0, Some(first)) = (kept, values.first_mut()) {
            // Not one fits as a whole: a part of it says more than nothing.
            let room = share.saturating_sub(name.len());
            first.truncate(first.floor_char_boundary(room));
        }
        cuts.insert(name.clone(), Cut { kept, of });
    }
    cuts
}

fn size(name: &str, values: &[String]) -> usize {
    name.len() + values.iter().map(String::len).sum::<usize>()
}

/// The size that every attribute may have so that all fit: what the small ones do not need is there for
/// the large ones.
fn share(mut sizes: Vec<usize>, limit: usize) -> usize {
    sizes.sort_unstable();
    let mut left = limit;
    for (done, size) in sizes.iter().enumerate() {
        let share = left.checked_div(sizes.len() - done).unwrap_or(0);
        if *size > share {
            return share;
        }
        left -= size;
    }
    limit
}
