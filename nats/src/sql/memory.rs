//! The row memory of a lane, within a bound.

use std::hash::Hash;

use rustc_hash::FxHashMap;

/// Entries by key in two generations: entries not used since the younger one filled half of the bound are forgotten
/// together. So eviction costs nothing per use, and the bound is exceeded by at most one batch.
#[derive(Debug)]
pub(crate) struct Memory<K, V> {
    young: FxHashMap<K, Entry<V>>,
    old: FxHashMap<K, Entry<V>>,
    young_bytes: usize,
    old_bytes: usize,
}

#[derive(Debug)]
struct Entry<V> {
    value: V,
    bytes: usize,
}

/// What an entry costs besides its key and value: a slot of the hash map, at its usual load.
const OVERHEAD: usize = 32;

impl<K, V> Default for Memory<K, V> {
    fn default() -> Self {
        Self { young: FxHashMap::default(), old: FxHashMap::default(), young_bytes: 0, old_bytes: 0 }
    }
}

impl<K: Eq + Hash, V> Memory<K, V> {
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.young.get(key).or_else(|| self.old.get(key)).map(|entry| &entry.value)
    }

    /// The entry, marked as recently used.
    pub(crate) fn touch(&mut self, key: &K) -> Option<&mut V> {
        if !self.young.contains_key(key) {
            let (key, entry) = self.old.remove_entry(key)?;
            self.old_bytes -= entry.bytes;
            self.young_bytes += entry.bytes;
            self.young.insert(key, entry);
        }
        self.young.get_mut(key).map(|entry| &mut entry.value)
    }

    /// `heap` is the heap size of the value and the key.
    pub(crate) fn insert(&mut self, key: K, value: V, heap: usize) {
        let bytes = heap + OVERHEAD + size_of::<K>() + size_of::<Entry<V>>();
        self.remove(&key);
        self.young_bytes += bytes;
        self.young.insert(key, Entry { value, bytes });
    }

    pub(crate) fn remove(&mut self, key: &K) {
        if let Some(entry) = self.young.remove(key) {
            self.young_bytes -= entry.bytes;
        } else if let Some(entry) = self.old.remove(key) {
            self.old_bytes -= entry.bytes;
        }
    }

    pub(crate) const fn bytes(&self) -> usize {
        self.young_bytes + self.old_bytes
    }

    /// Forgets entries until at most `bound` bytes are left.
    pub(crate) fn shrink(&mut self, bound: usize) {
        if self.young_bytes > bound / 2 || self.bytes() > bound {
            self.old = std::mem::take(&mut self.young);
            self.old_bytes = std::mem::take(&mut self.young_bytes);
        }
        if self.bytes() > bound {
            self.old = FxHashMap::default();
            self.old_bytes = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_is_remembered_and_the_bound_holds() {
        let mut memory = Memory::default();
        for n in 0..10_000_u64 {
            memory.insert(n, n, 100);
            assert_eq!(memory.touch(&0), Some(&mut 0));
            memory.shrink(50_000);
            assert!(memory.bytes() <= 50_000);
        }
        assert_eq!((memory.get(&0), memory.get(&5_000)), (Some(&0), None));
        memory.remove(&0);
        assert_eq!(memory.get(&0), None);
        memory.shrink(0);
        assert_eq!(memory.bytes(), 0);
    }
}
