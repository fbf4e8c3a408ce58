//! What was read a moment ago.

use std::{
    collections::HashMap,
    fmt,
    hash::Hash,
    sync::{Mutex, PoisonError},
};

use bridge_domain::Timestamp;

/// How long a value is used, in seconds. What was changed meanwhile is noticed after this long.
pub const SECONDS: i64 = 10;
/// Most values kept.
const CAPACITY: usize = 1_000;

/// A small memory for values that every request needs and that hardly ever change, so that using
/// them costs no read.
pub struct Recent<K, V>(Mutex<HashMap<K, (Timestamp, V)>>);

impl<K: Eq + Hash, V: Clone> Recent<K, V> {
    /// An empty memory.
    #[must_use]
    pub fn new() -> Self {
        Self(Mutex::new(HashMap::new()))
    }

    /// The value of a key, if it is recent at `now`.
    pub fn get(&self, key: &K, now: Timestamp) -> Option<V> {
        let values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        values.get(key).filter(|(read, _)| fresh(*read, now)).map(|(_, value)| value.clone())
    }

    /// Remembers a value that was read at `now`, if there is room.
    pub fn put(&self, key: K, value: V, now: Timestamp) {
        let mut values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if values.len() >= CAPACITY {
            values.retain(|_, (read, _)| fresh(*read, now));
        }
        if values.len() < CAPACITY {
            values.insert(key, (now, value));
        }
    }
}

impl<K: Eq + Hash, V: Clone> Default for Recent<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

fn fresh(read: Timestamp, now: Timestamp) -> bool {
    now < read.plus_seconds(SECONDS)
}

impl<K, V> fmt::Debug for Recent<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recent")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_forgotten_in_time_and_the_number_is_bounded() {
        let recent = Recent::new();
        let at = |seconds| Timestamp::MIN.plus_seconds(seconds);
        for n in 0..2_000 {
            recent.put(n, n, at(0));
        }
        assert_eq!(recent.get(&0, at(SECONDS - 1)), Some(0));
        assert_eq!(recent.get(&0, at(SECONDS)), None);
        assert_eq!(recent.get(&1_999, at(1)), None);
        recent.put(1_999, 1_999, at(SECONDS));
        assert_eq!(recent.get(&1_999, at(SECONDS)), Some(1_999));
    }
}
