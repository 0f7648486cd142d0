//! Maps keyed by ids, and short sorted lists of them.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use bastide_model::OrganizationId;

/// A map from ids. Ids are made by the installation and never chosen by somebody outside, so that nobody can aim at
/// collisions and a hash of two multiplications is enough.
pub(crate) type IdMap<K, V> = HashMap<K, V, BuildHasherDefault<IdHasher>>;

/// Mixes the sixteen bytes of an id.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct IdHasher(u64);

/// An odd number without a pattern: 2⁶⁴ divided by the golden ratio.
const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0u8; 8];
            for (to, from) in word.iter_mut().zip(chunk) {
                *to = *from;
            }
            let product = u128::from(self.0.rotate_left(23) ^ u64::from_be_bytes(word)) * u128::from(FACTOR);
            // The middle of a product is the best mixed: its halves meet there.
            #[expect(clippy::cast_possible_truncation, reason = "the halves, one after the other")]
            let folded = (product as u64) ^ ((product >> 64) as u64);
            self.0 = folded;
        }
    }

    /// The length of an id says nothing.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Which organizations play a part in something: one bit of 64 for each, by its id. Some share a bit, so marks that meet say that
/// it is worth looking; marks that do not meet say that there is nothing, without a step into memory.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Marks(u64);

impl Marks {
    /// The mark of an organization.
    pub(crate) fn of(id: OrganizationId) -> Self {
        let (upper, lower) = id.uuid().as_u64_pair();
        Self(1 << ((upper ^ lower).wrapping_mul(FACTOR) >> 58))
    }

    /// Whether an organization may be in both. When this is false, none is.
    pub(crate) const fn meet(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl FromIterator<OrganizationId> for Marks {
    fn from_iter<I: IntoIterator<Item = OrganizationId>>(ids: I) -> Self {
        Self(ids.into_iter().fold(0, |marks, id| marks | Self::of(id).0))
    }
}

/// Changes a list that is read far more often than changed, and so takes no more room than its items and two words.
pub(crate) fn change<T>(list: &mut Box<[T]>, how: impl FnOnce(&mut Vec<T>)) {
    let mut items = std::mem::take(list).into_vec();
    how(&mut items);
    *list = items.into_boxed_slice();
}

/// Puts an item where it belongs, once.
pub(crate) fn put<T: Ord>(list: &mut Vec<T>, item: T) {
    if let Err(place) = list.binary_search(&item) {
        list.insert(place, item);
    }
}

/// Puts an item where its key belongs, in place of the one that is there.
pub(crate) fn put_by<T, K: Ord>(list: &mut Vec<T>, item: T, key: impl Fn(&T) -> K) {
    match list.binary_search_by_key(&key(&item), &key) {
        Ok(place) => {
            if let Some(known) = list.get_mut(place) {
                *known = item;
            }
        }
        Err(place) => list.insert(place, item),
    }
}

/// Takes an item out.
pub(crate) fn take<T: Ord>(list: &mut Vec<T>, item: &T) {
    if let Ok(place) = list.binary_search(item) {
        list.remove(place);
    }
}

#[cfg(test)]
mod tests {
    use std::hash::Hash as _;

    use super::*;
    use bastide_model::OrganizationId;
    use uuid::Uuid;

    fn organization(number: u128) -> OrganizationId {
        OrganizationId::from_uuid(Uuid::from_u128(number))
    }

    fn hash(number: u128) -> u64 {
        let mut hasher = IdHasher::default();
        organization(number).hash(&mut hasher);
        hasher.finish()
    }

    /// Ids of one moment, of a counter and at random fill a table evenly, in the lower bits and in the upper ones.
    #[test]
    fn ids_that_are_alike_do_not_meet() {
        let strides = [1u128, 1 << 62, 1 << 80, 0x9E37_79B9_7F4A_7C15_F39C_0C27_1A4D_55E3];
        for stride in strides {
            let hashes: Vec<u64> = (1..=4_096u128).map(|number| hash(number.wrapping_mul(stride))).collect();
            for shift in [0, 52] {
                let mut buckets = vec![0u32; 4_096];
                for hash in &hashes {
                    buckets[usize::try_from((hash >> shift) & 4_095).unwrap()] += 1;
                }
                let fullest = buckets.iter().max().unwrap();
                assert!(*fullest <= 16, "stride {stride:x}, shift {shift}: {fullest} in one bucket");
            }
        }
    }

    /// No mark hides what is there, and ids of one moment, of a counter and at random have marks of their own, nearly.
    #[test]
    fn marks_meet_wherever_an_organization_is_in_both() {
        for stride in [1u128, 1 << 62, 1 << 80, 0x9E37_79B9_7F4A_7C15_F39C_0C27_1A4D_55E3] {
            let ids: Vec<_> = (1..=64u128).map(|number| organization(number.wrapping_mul(stride))).collect();
            let all: Marks = ids.iter().copied().collect();
            assert!(ids.iter().all(|id| all.meet(Marks::of(*id)) && Marks::of(*id).meet(all)));
            assert!(!Marks::default().meet(all) && !all.meet(Marks::default()));
            assert!(all.0.count_ones() >= 32, "stride {stride:x}: {all:?}");
        }
    }

    #[test]
    fn lists_stay_sorted_with_each_item_once() {
        let mut list = Vec::new();
        for item in [3, 1, 2, 3, 1] {
            put(&mut list, item);
        }
        assert_eq!(list, [1, 2, 3]);
        take(&mut list, &2);
        take(&mut list, &9);
        assert_eq!(list, [1, 3]);
        let mut list = list.into_boxed_slice();
        change(&mut list, |list| put(list, 2));
        assert_eq!(*list, [1, 2, 3]);
        let mut pairs = vec![(1, 'a'), (3, 'b')];
        put_by(&mut pairs, (3, 'c'), |pair| pair.0);
        put_by(&mut pairs, (2, 'd'), |pair| pair.0);
        assert_eq!(pairs, [(1, 'a'), (2, 'd'), (3, 'c')]);
    }
}
