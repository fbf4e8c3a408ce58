use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_micros(millis * 1000).unwrap()
}

/// Cards by id, with the millisecond of their last change.
type List = BTreeMap<String, i64>;

/// What a server answers, sorted by time and id.
fn page(list: &List, walk: &Walk, limit: usize) -> (Vec<(String, i64)>, bool) {
    let mut rows: Vec<(String, i64)> = list.iter().map(|(id, time)| (id.clone(), *time)).collect();
    rows.retain(|(_, time)| *time >= walk.since().micros() / 1000);
    rows.sort_by_key(|(id, time)| (*time, id.clone()));
    let skip = usize::try_from(walk.offset()).unwrap();
    let rest = rows.len().saturating_sub(skip);
    let rows: Vec<_> = rows.into_iter().skip(skip).take(limit).collect();
    (rows, rest > limit)
}

/// Walks over the list; between two pages, `change` may change it. Gives what was taken, by turns.
fn walk(
    list: &mut List,
    from: i64,
    limit: usize,
    mut change: impl FnMut(&mut List),
) -> (Vec<(String, i64)>, Walk) {
    let (mut walk, mut taken) = (Walk::new(at(from)), Vec::new());
    for _ in 0..10_000 {
        let (rows, next) = page(list, &walk, limit);
        let told: Vec<Row<'_>> = rows.iter().map(|(id, time)| Row { id, at: Some(at(*time)) }).collect();
        let step = walk.take(&told, told.len(), next).unwrap();
        taken.extend(step.fresh.into_iter().map(|index| rows[index].clone()));
        if step.last {
            return (taken, walk);
        }
        change(list);
    }
    panic!("it never ends");
}

fn list(times: &[i64]) -> List {
    times.iter().enumerate().map(|(n, time)| (format!("c{n:04}"), *time)).collect()
}

#[test]
fn every_row_is_taken_once_however_many_share_a_moment() {
    for (times, limit) in [
        (vec![], 3),
        (vec![5], 3),
        (vec![5; 3], 3),
        (vec![5; 4], 3),
        (vec![5; 50], 3),
        (vec![5; 50], 2),
        ([vec![1, 2], vec![5; 7], vec![6], vec![7; 9]].concat(), 4),
        ((0..30).collect(), 4),
    ] {
        let mut all = list(&times);
        let (mut taken, walked) = walk(&mut all, 0, limit, |_| {});
        taken.sort();
        assert_eq!(taken, all.clone().into_iter().collect::<Vec<_>>(), "{times:?} by {limit}");
        assert_eq!(walked.reached(), times.iter().max().map(|time| at(*time)));
    }
}

#[test]
fn rows_that_leave_a_moment_while_it_is_read_hide_none_of_the_others() {
    // With every page, the two smallest of the moment go to the end.
    let mut all = list(&[5; 40]);
    let mut later = 100;
    let (taken, _) = walk(&mut all, 0, 4, |list| {
        let leaving: Vec<String> =
            list.iter().filter(|(_, time)| **time == 5).map(|(id, _)| id.clone()).take(2).collect();
        for id in leaving {
            later += 1;
            list.insert(id, later);
        }
    });
    for (id, time) in all {
        assert!(taken.contains(&(id.clone(), time)), "{id} at {time}");
    }
}

#[test]
fn a_list_that_is_not_sorted_or_never_holds_still_is_an_error() {
    fn row(id: &str, millis: i64) -> Row<'_> {
        Row { id, at: Some(at(millis)) }
    }
    let mut walk = Walk::new(at(1));
    assert_eq!(walk.take(&[row("a", 3), row("b", 2)], 2, false), Err(Disorder::Unsorted));

    let mut walk = Walk::new(at(1));
    let mut failed = None;
    for n in 0..1_000 {
        // Two rows are always there, never the same ones.
        let (a, b) = (format!("{n}a"), format!("{n}b"));
        let step = if walk.offset() == 0 {
            walk.take(&[row("a", 1), row("b", 1)], 2, true)
        } else {
            walk.take(&[row(&a, 1), row(&b, 1)], 2, true)
        };
        failed = step.err();
        if failed.is_some() {
            break;
        }
    }
    assert_eq!(failed, Some(Disorder::Restless));
}

#[test]
fn rows_without_a_time_and_rows_that_can_not_be_read_do_not_stop_it() {
    let none = |id| Row { id, at: None };
    let mut walk = Walk::new(at(1));
    // Three came, one is no card.
    let step = walk.take(&[none("a"), none("b")], 3, true).unwrap();
    assert_eq!(step, Taken { fresh: vec![0, 1], last: false });
    assert_eq!((walk.since(), walk.offset(), walk.reached()), (at(1), 2, None));
    let step = walk.take(&[none("b"), none("c")], 2, false).unwrap();
    assert_eq!(step, Taken { fresh: vec![1], last: true });
}

#[test]
fn what_is_finer_than_a_millisecond_is_one_moment() {
    let fine = |id, micros| Row { id, at: Timestamp::from_micros(micros) };
    let mut walk = Walk::new(at(0));
    walk.take(&[fine("a", 5_100), fine("b", 5_200)], 2, true).unwrap();
    assert_eq!(walk.reached(), Some(at(4)), "there may be more in the fifth");
    assert_eq!(walk.since(), Timestamp::from_micros(5_200).unwrap());
    // Asked for with milliseconds, all of the moment comes.
    let step = walk.take(&[fine("a", 5_100), fine("b", 5_200), fine("c", 5_900)], 3, false).unwrap();
    assert_eq!(step.fresh, [2]);
    assert_eq!((walk.reached(), after(walk.reached().unwrap())), (Timestamp::from_micros(5_900), at(6)));
}

proptest! {
    #[test]
    fn two_runs_take_the_last_state_of_everything(
        times in prop::collection::vec(0..8_i64, 0..60),
        moves in prop::collection::vec((0..60_usize, 0..2_i64), 0..40),
        limit in 2..6_usize,
    ) {
        let mut all = list(&times);
        let mut moves = moves.into_iter();
        let change = |list: &mut List| {
            let Some((which, later)) = moves.next() else { return };
            let last = list.values().copied().max().unwrap_or_default();
            let id = list.keys().nth(which).cloned();
            // To the end, or into the last moment there is, which may be being read.
            if let Some(id) = id {
                list.insert(id, last + later);
            }
        };
        let (mut taken, walked) = walk(&mut all, 0, limit, change);
        // The next run begins a little earlier.
        let from = walked.reached().map_or(0, |at| (at.micros() / 1000 - 50).max(0));
        taken.extend(walk(&mut all, from, limit, |_| {}).0);
        for (id, time) in all {
            prop_assert!(taken.contains(&(id.clone(), time)), "{} at {}", id, time);
        }
    }
}
