use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn id(number: u16) -> ExternalId {
    ExternalId::of(&number.to_string())
}

/// A manifest of these numbers, each with the day since when it is expiring.
fn filled(limit: usize, numbers: &BTreeMap<u16, u16>) -> Manifest {
    let mut manifest = Manifest::limited(None, limit);
    for (number, since) in numbers {
        let (entry, new) = manifest.entry(id(*number)).unwrap();
        assert!(new);
        (entry.hash, entry.since) = (ContentHash::of(&number.to_be_bytes()), *since);
    }
    manifest
}

fn reloaded(save: &Save, limit: usize) -> Manifest {
    let mut manifest = Manifest::limited(Some(save.header), limit);
    for (id, bytes) in &save.chunks {
        manifest.load(*id, bytes).unwrap();
    }
    manifest
}

fn all(manifest: &mut Manifest) -> Vec<Entry> {
    let mut entries = Vec::new();
    manifest.sweep(|entry| {
        entries.push(entry);
        Some(entry)
    });
    entries.sort_by_key(|entry| entry.id);
    entries
}

#[test]
fn a_hundred_thousand_records_take_little_and_a_change_touches_one_chunk() {
    let mut manifest = Manifest::new(None);
    for number in 0..100_000_u32 {
        let (entry, _) = manifest.entry(ExternalId::of(&number.to_string())).unwrap();
        entry.hash = ContentHash::of(&number.to_be_bytes());
    }
    assert_eq!(size_of::<Entry>(), 36);
    let save = manifest.save();
    let bytes: usize = save.chunks.iter().map(|(_, bytes)| bytes.len()).sum();
    assert!((17..=64).contains(&save.chunks.len()), "{}", save.chunks.len());
    assert_eq!(bytes, 100_000 * 32 + save.chunks.len() * 5);
    assert!(save.chunks.iter().all(|(_, bytes)| bytes.len() < 145_000));

    let mut again = reloaded(&save, CHUNK_LIMIT);
    assert_eq!(again.len(), 100_000);
    assert_eq!(again.save(), Save { chunks: Vec::new(), header: save.header, drop: Vec::new() });
    again.touch(&ExternalId::of("77"));
    assert_eq!(again.save().chunks.len(), 1);
}

#[test]
fn a_guid_is_its_own_id_and_any_scheme_of_them_spreads() {
    let mut manifest = Manifest::limited(None, 64);
    for number in 0..4_096_u32 {
        let mut guid = [7; 16];
        guid[12..].copy_from_slice(&number.to_be_bytes());
        manifest.entry(ExternalId::new(guid)).unwrap();
    }
    let longest = manifest.chunks.iter().map(|chunk| chunk.entries.len()).max().unwrap();
    assert!((7..=8).contains(&manifest.header.bits) && longest <= 64, "{}", manifest.header.bits);
    assert_eq!(ExternalId::new([0xa0; 16]).to_string(), "a0".repeat(16));
}

#[test]
fn there_is_an_end_to_it() {
    let mut manifest = Manifest::limited(None, 1);
    let full = (0..10_000).find(|number| manifest.entry(id(*number)).is_err()).unwrap();
    assert!(full > 20 && manifest.header.bits == BITS_LIMIT);
    assert!(manifest.entry(id(0)).is_ok_and(|(_, new)| !new), "what is there is found all the same");
}

#[test]
fn what_is_damaged_is_never_taken_for_empty() {
    let numbers = (0..5).map(|number| (number, number)).collect();
    let save = filled(10, &numbers).save();
    let (chunk, good) = save.chunks[0].clone();
    let load = |bytes: &[u8]| Manifest::limited(Some(save.header), 10).load(chunk, bytes);
    assert_eq!(load(&good), Ok(()));
    for length in 0..good.len() {
        assert!(load(&good[..length]).is_err(), "{length}");
    }
    let mut longer = good.clone();
    longer.push(0);
    assert!(load(&longer).is_err());
    let mut other = good.clone();
    other[0] = 2;
    assert_eq!(load(&other), Err(Corrupt("its version is unknown")));
    let mut unsorted = good.clone();
    unsorted[3] = 0xff;
    assert!(load(&unsorted).is_err());
    let wrong = ChunkId { index: 1, ..chunk };
    assert!(Manifest::limited(Some(save.header), 10).load(wrong, &good).is_err());
    let mut twice = Manifest::limited(Some(save.header), 10);
    twice.load(chunk, &good).unwrap();
    assert_eq!(twice.load(chunk, &good), Err(Corrupt("a chunk is there twice")));
}

#[test]
fn chunks_that_do_not_count_are_dropped_and_not_read() {
    let numbers = (0..5).map(|number| (number, 0)).collect();
    let old = filled(10, &numbers).save();
    let mut manifest = Manifest::limited(Some(Header { bits: 1, ..old.header }), 10);
    manifest.load(old.chunks[0].0, &old.chunks[0].1).unwrap();
    assert!(manifest.is_empty());
    assert_eq!(manifest.save().drop, [old.chunks[0].0]);
}

#[test]
fn a_header_reads_back_as_it_was_stored() {
    let header = Header { run: 3, last_seen: Some(Timestamp::MIN), total: 7, ..Header::default() };
    let text = serde_json::to_string(&header).unwrap();
    assert_eq!(serde_json::from_str::<Header>(&text).unwrap(), header);
}

proptest! {
    #[test]
    fn what_is_saved_is_loaded_whatever_the_number_of_chunks(
        numbers in proptest::collection::btree_map(any::<u16>(), prop_oneof![Just(0_u16), any::<u16>()], 0..200),
        limit in 4_usize..40,
    ) {
        let mut manifest = filled(limit, &numbers);
        let save = manifest.save();
        prop_assert!(save.drop.iter().all(|id| save.chunks.iter().all(|(written, _)| written != id)));
        let mut again = reloaded(&save, limit);
        prop_assert_eq!(again.len(), numbers.len());
        prop_assert_eq!(all(&mut again), all(&mut manifest));
    }

    #[test]
    fn no_bytes_make_the_readers_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        small in proptest::collection::vec(0..3_u8, 0..120),
        bits in 0..20_u8,
        index in any::<u16>(),
    ) {
        let mut manifest = Manifest::new(Some(Header { bits, ..Header::default() }));
        for bytes in [&bytes, &small] {
            let _ = manifest.load(ChunkId { bits, index }, bytes);
            let _ = manifest.recover(bytes);
        }
        if let Ok(entries) = codec::decode(&bytes) {
            prop_assert_eq!(codec::encode(&entries), bytes);
        }
    }

    /// A byte that was changed is met with an error or with other content, never with a panic.
    #[test]
    fn a_changed_byte_is_borne(at in any::<proptest::sample::Index>(), byte in any::<u8>()) {
        let numbers = (0..9).map(|number| (number, number % 3)).collect();
        let mut bytes = filled(10, &numbers).save().chunks[0].1.clone();
        let place = at.index(bytes.len());
        bytes[place] = byte;
        if let Ok(entries) = codec::decode(&bytes) {
            prop_assert_eq!(codec::encode(&entries), bytes);
        }
    }
}
