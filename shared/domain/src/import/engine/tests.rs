use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::import::manifest::ChunkId;

const DAY: i64 = 86_400;
const STORAGE: u16 = 10;
/// So few that some ids are enough to split them.
const SMALL_CHUNK: usize = 3;

fn at(days: i64) -> Timestamp {
    Timestamp::MIN.plus_seconds(days * DAY)
}

fn id(number: u8) -> ExternalId {
    ExternalId::of(&number.to_string())
}

fn hash(content: u8) -> ContentHash {
    ContentHash::of(&[content])
}

/// A stored thing: its content, and when it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Item {
    hash: ContentHash,
    goes: Option<Timestamp>,
}

/// A store that stops after so many writes.
#[derive(Clone, Debug, Default)]
struct Store {
    items: BTreeMap<ExternalId, Item>,
    header: Option<Header>,
    chunks: BTreeMap<ChunkId, Vec<u8>>,
    journal: Option<Vec<u8>>,
    fuel: Option<usize>,
    writes: usize,
}

#[derive(Debug)]
struct Crash;

type Records = Vec<(u8, u8)>;

impl Store {
    fn write(&mut self, write: impl FnOnce(&mut Self)) -> Result<(), Crash> {
        if self.fuel == Some(0) {
            return Err(Crash);
        }
        self.fuel = self.fuel.map(|fuel| fuel - 1);
        self.writes += 1;
        write(self);
        Ok(())
    }

    fn manifest(&self) -> Manifest {
        let mut manifest = Manifest::limited(self.header, SMALL_CHUNK);
        for (id, bytes) in &self.chunks {
            manifest.load(*id, bytes).unwrap();
        }
        if let Some(journal) = &self.journal {
            manifest.recover(journal).unwrap();
        }
        manifest
    }

    fn save(&mut self, save: Save) -> Result<(), Crash> {
        for (id, bytes) in save.chunks {
            self.write(|store| drop(store.chunks.insert(id, bytes)))?;
        }
        if self.header != Some(save.header) {
            self.write(|store| store.header = Some(save.header))?;
        }
        for id in save.drop {
            self.write(|store| drop(store.chunks.remove(&id)))?;
        }
        Ok(())
    }

    /// A run that keeps to the order.
    fn import(
        &mut self,
        records: &Records,
        end: End,
        confirmed: bool,
        now: Timestamp,
        storage: u16,
        checkpoints: bool,
    ) -> Result<(Counts, Marking), Crash> {
        let mut import = Import::begin(self.manifest(), now, storage);
        for page in records.chunks(3) {
            let mut puts = Vec::new();
            for (number, content) in page {
                if import.see(id(*number), hash(*content)).unwrap().writes() {
                    puts.push((id(*number), Item { hash: hash(*content), goes: None }));
                }
            }
            if let Some(journal) = import.journal() {
                self.write(|store| store.journal = Some(journal))?;
            }
            for (id, item) in puts {
                self.write(|store| _ = store.items.insert(id, item))?;
            }
            if checkpoints && !import.pending.is_empty() {
                let save = import.checkpoint();
                self.save(save)?;
            }
        }
        let outcome = import.finish(end, confirmed);
        if let Some(journal) = outcome.journal {
            self.write(|store| store.journal = Some(journal))?;
        }
        for id in outcome.remove {
            self.write(|store| _ = store.items.remove(&id))?;
        }
        self.save(outcome.save)?;
        for Expiry { id, at } in outcome.expire {
            self.write(|store| store.items.get_mut(&id).into_iter().for_each(|item| item.goes = Some(at)))?;
        }
        if let Some(header) = outcome.close {
            self.write(|store| store.header = Some(header))?;
        }
        Ok((outcome.counts, outcome.marking))
    }

    fn complete(&mut self, records: &Records, now: Timestamp) -> (Counts, Marking) {
        self.import(records, End::Complete, false, now, STORAGE, false).unwrap()
    }

    /// The store itself deletes what has gone.
    fn forget(&mut self, now: Timestamp) {
        self.items.retain(|_, item| item.goes.is_none_or(|at| now < at));
    }
}

fn numbers(range: std::ops::Range<u8>) -> Records {
    range.map(|number| (number, 0)).collect()
}

#[test]
fn an_unchanged_import_writes_one_header() {
    let mut store = Store::default();
    let (counts, marking) = store.complete(&numbers(0..50), at(1));
    assert_eq!((counts.created, counts.seen, marking), (50, 50, Marking::Done));
    store.writes = 0;
    let (counts, _) = store.complete(&numbers(0..50), at(2));
    assert_eq!((counts.unchanged, counts.created, counts.changed, store.writes), (50, 0, 0, 1));
    store.writes = 0;
    let mut changed = numbers(0..50);
    changed[7].1 = 1;
    assert_eq!(store.complete(&changed, at(3)).0.changed, 1);
    assert_eq!(store.writes, 4, "journal, thing, chunk, header");
}

#[test]
fn what_is_not_received_goes_after_the_storage_time_and_not_before() {
    let mut store = Store::default();
    store.complete(&numbers(0..4), at(1));
    let (counts, _) = store.complete(&numbers(0..3), at(5).plus_seconds(3));
    assert_eq!((counts.expiring, counts.removed), (1, 0));
    assert_eq!(store.items[&id(3)].goes, Some(at(11)), "ten days after the run that saw it");
    store.writes = 0;
    let (counts, _) = store.complete(&numbers(0..3), at(10));
    assert_eq!((counts.expiring, counts.removed, store.writes), (0, 0, 1), "it is marked already");
    let (counts, _) = store.complete(&numbers(0..3), at(11));
    assert_eq!((counts.expiring, counts.removed), (0, 1));
    assert!(!store.items.contains_key(&id(3)) && store.manifest().len() == 3);
}

#[test]
fn what_comes_back_is_written_and_stays() {
    let mut store = Store::default();
    store.complete(&numbers(0..4), at(1));
    store.complete(&numbers(0..3), at(2));
    let mut import = Import::begin(store.manifest(), at(3), STORAGE);
    assert_eq!(import.see(id(3), hash(0)), Ok(Verdict::Returned));
    let (counts, _) = store.complete(&numbers(0..4), at(3));
    assert_eq!((counts.changed, store.items[&id(3)].goes), (1, None));
}

#[test]
fn a_longer_storage_time_is_of_use_to_what_is_expiring_already() {
    let mut store = Store::default();
    store.complete(&numbers(0..4), at(1));
    store.complete(&numbers(0..3), at(2));
    store.import(&numbers(0..3), End::Complete, false, at(3), 100, false).unwrap();
    assert_eq!(store.items[&id(3)].goes, Some(at(101)));
}

#[test]
fn a_run_that_shrank_is_believed_only_when_somebody_confirms_it() {
    let mut store = Store::default();
    store.complete(&numbers(0..10), at(1));
    assert_eq!(store.complete(&numbers(0..4), at(2)).1, Marking::Shrank { seen: 4, before: 10 });
    assert!(store.items.values().all(|item| item.goes.is_none()));
    assert_eq!(store.complete(&Vec::new(), at(2)).1, Marking::Shrank { seen: 0, before: 10 });
    assert_eq!(store.complete(&numbers(0..5), at(3)).1, Marking::Done, "half is enough");
    let (counts, marking) = store.import(&numbers(0..1), End::Complete, true, at(4), STORAGE, false).unwrap();
    assert_eq!((counts.expiring, marking), (4, Marking::Done));
    assert_eq!(store.complete(&numbers(0..1), at(5)).1, Marking::Done, "that is the measure from then on");
}

#[test]
fn a_record_that_comes_twice_counts_once_and_the_last_is_right() {
    let mut store = Store::default();
    let (counts, _) = store.complete(&vec![(1, 1), (1, 2), (2, 0), (2, 0)], at(1));
    assert_eq!((counts.seen, counts.created, counts.duplicates, counts.changed), (2, 2, 2, 0));
    assert_eq!(store.items[&id(1)].hash, hash(2));
    let (counts, _) = store.complete(&vec![(1, 2), (1, 3), (2, 0), (2, 0)], at(2));
    assert_eq!((counts.seen, counts.changed, counts.unchanged, counts.duplicates), (2, 1, 1, 2));
    assert_eq!(store.items[&id(1)].hash, hash(3));
}

#[test]
fn what_a_crashed_run_stored_and_nobody_sees_again_goes_too() {
    let mut store = Store { fuel: Some(2), ..Store::default() };
    assert!(store.import(&numbers(0..3), End::Complete, false, at(1), STORAGE, false).is_err());
    assert_eq!((store.items.len(), store.header), (1, None), "the journal and one thing");
    store.fuel = None;
    store.complete(&vec![(9, 0)], at(2));
    assert_eq!(store.items[&id(0)].goes, Some(at(11)));
}

#[test]
fn what_a_crashed_run_stored_otherwise_is_written_again() {
    let mut store = Store::default();
    store.complete(&vec![(1, 1)], at(1));
    store.fuel = Some(2);
    assert!(store.import(&vec![(1, 2)], End::Complete, false, at(2), STORAGE, false).is_err());
    store.fuel = None;
    store.complete(&vec![(1, 1)], at(3));
    assert_eq!(store.items[&id(1)].hash, hash(1), "though the manifest never knew of the other");
}

#[test]
fn runs_that_are_cut_off_again_and_again_after_a_crash_get_on() {
    let mut store = Store { fuel: Some(3), ..Store::default() };
    assert!(store.import(&numbers(0..9), End::Complete, false, at(1), STORAGE, false).is_err());
    store.fuel = None;
    for (run, written) in [(2, 6), (3, 3), (4, 3)] {
        // Time for three new things in each run.
        let some = numbers(0..u8::try_from(run).unwrap() * 3);
        let (counts, _) = store.import(&some, End::CutOff, false, at(run), STORAGE, false).unwrap();
        assert_eq!(counts.created, written, "run {run}: what was written before is not written again");
    }
}

#[test]
fn what_a_crashed_run_began_to_mark_is_marked_by_the_next() {
    let mut whole = Store::default();
    whole.complete(&numbers(0..9), at(1));
    for fuel in 0..30 {
        let mut store = Store { fuel: Some(fuel), ..whole.clone() };
        let _ = store.import(&numbers(0..5), End::Complete, false, at(2), STORAGE, false);
        store.fuel = None;
        store.complete(&numbers(0..5), at(3));
        let marked = store.items.values().filter(|item| item.goes.is_some()).count();
        assert_eq!((marked, store.items.len()), (4, 9), "cut down after {fuel}");
    }
}

#[test]
fn a_day_is_counted_in_favour_of_the_thing() {
    assert_eq!((day_after(at(3)), day_after(at(3).plus_seconds(1)), day_after(Timestamp::MIN)), (3, 4, 1));
    assert_eq!(day_after(Timestamp::MAX), u16::MAX);
    assert!(goes(u16::MAX, u16::MAX) < Timestamp::MAX);
}

/// What a run meets.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a coin of its own")]
struct Plan {
    records: Records,
    complete: bool,
    confirmed: bool,
    checkpoints: bool,
    hours: i64,
    crash_after: Option<usize>,
    /// Whether the store has deleted what has gone.
    forgets: bool,
}

fn plan() -> impl Strategy<Value = Plan> {
    let records = proptest::collection::vec((0..14_u8, 0..3_u8), 0..20);
    let crash = proptest::option::of(0..40_usize);
    (records, any::<bool>(), any::<bool>(), any::<bool>(), 1..150_i64, crash, any::<bool>()).prop_map(
        |(records, complete, confirmed, checkpoints, hours, crash_after, forgets)| Plan {
            records,
            complete,
            confirmed,
            checkpoints,
            hours,
            crash_after,
            forgets,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    /// Whatever is cut down wherever: nothing goes before its time, only complete runs that are believed
    /// mark anything, and one good run later the store is what the outside system has.
    #[test]
    fn runs_that_are_cut_down_anywhere_converge(
        plans in proptest::collection::vec(plan(), 0..7),
        last in proptest::collection::vec((0..14_u8, 0..3_u8), 0..20),
    ) {
        let mut store = Store::default();
        let mut now = at(1);
        // The newest run that came to its end and saw an id.
        let mut seen: BTreeMap<ExternalId, Timestamp> = BTreeMap::new();
        let in_time = |store: &Store, seen: &BTreeMap<ExternalId, Timestamp>| {
            store.items.iter().all(|(id, item)| {
                let due = seen.get(id).map(|seen| seen.plus_seconds(i64::from(STORAGE) * DAY));
                item.goes.is_none_or(|goes| due.is_none_or(|due| goes >= due))
            })
        };
        for plan in plans {
            now = now.plus_seconds(plan.hours * 3_600);
            if plan.forgets {
                store.forget(now);
            }
            let before = store.clone();
            store.fuel = plan.crash_after;
            let end = if plan.complete { End::Complete } else { End::CutOff };
            let ended = store.import(&plan.records, end, plan.confirmed, now, STORAGE, plan.checkpoints);
            if let Ok((counts, marking)) = ended {
                seen.extend(plan.records.iter().map(|(number, _)| (id(*number), now)));
                let sum = counts.created + counts.changed + counts.unchanged;
                prop_assert_eq!((sum, counts.seen + counts.duplicates), (counts.seen, plan.records.len() as u64));
                if marking != Marking::Done {
                    prop_assert_eq!((counts.expiring, counts.removed), (0, 0));
                }
                let guarded = before.header.is_some_and(|header| counts.seen * 2 < header.total);
                prop_assert_eq!(marking == Marking::Done, plan.complete && (plan.confirmed || !guarded));
            }
            if !plan.complete {
                for (id, item) in &before.items {
                    let now = store.items.get(id);
                    prop_assert!(now.is_some_and(|now| now.goes.is_none() || now.goes == item.goes));
                }
            }
            prop_assert!(in_time(&store, &seen));
        }
        store.fuel = None;
        let wanted: BTreeMap<ExternalId, ContentHash> =
            last.iter().map(|(number, content)| (id(*number), hash(*content))).collect();
        now = now.plus_seconds(3_600);
        store.import(&last, End::Complete, true, now, STORAGE, false).unwrap();
        for (id, hash) in &wanted {
            prop_assert_eq!(store.items.get(id), Some(&Item { hash: *hash, goes: None }));
        }
        for (id, item) in &store.items {
            prop_assert!(wanted.contains_key(id) || item.goes.is_some(), "nobody would ever remove it");
        }
        prop_assert!(in_time(&store, &seen));
        // Chunks that do not count are gone, and a run without news has one header to save.
        prop_assert!(store.chunks.keys().all(|chunk| chunk.bits == store.header.unwrap().bits));
        let last: BTreeMap<u8, u8> = last.into_iter().collect();
        let last: Records = last.into_iter().collect();
        store.writes = 0;
        let (counts, _) = store.complete(&last, now.plus_seconds(1));
        prop_assert!(store.writes == 1 || counts.removed > 0);
        // And after the storage time nothing else is left.
        store.complete(&last, now.plus_seconds(i64::from(STORAGE + 1) * DAY));
        prop_assert_eq!(store.items.len(), wanted.len());
        prop_assert_eq!(store.manifest().len(), wanted.len());
    }
}
