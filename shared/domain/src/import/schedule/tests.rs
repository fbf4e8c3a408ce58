use proptest::prelude::*;

use super::*;

const HOUR: i64 = 3_600;

fn at(hours: i64) -> Timestamp {
    Timestamp::MIN.plus_seconds(hours * HOUR)
}

#[test]
fn a_saved_connection_is_due_at_once_and_then_every_interval() {
    let new = Schedule::saved(at(5));
    assert_eq!(new.next(12, false), Some(at(5)));
    assert_eq!(new.take(12, false, at(4)), None);
    let first = new.take(12, false, at(5).plus_seconds(40)).unwrap();
    assert_eq!(
        (first.taken, first.next(12, false)),
        (Some(at(5)), Some(at(17))),
        "late by seconds shifts nothing"
    );
    assert_eq!(first.take(12, false, at(17).plus_seconds(-1)), None);
    assert_eq!(first.take(12, false, at(17)).unwrap().taken, Some(at(17)));
}

#[test]
fn what_was_missed_is_one_run() {
    let schedule = Schedule::saved(at(0)).take(12, false, at(0)).unwrap();
    let late = schedule.take(12, false, at(100)).unwrap();
    assert_eq!((late.taken, late.next(12, false)), (Some(at(96)), Some(at(108))));
    assert_eq!(late.take(12, false, at(100)), None);
}

#[test]
fn a_disabled_one_is_never_due() {
    let schedule = Schedule::saved(at(0));
    assert_eq!((schedule.next(1, true), schedule.take(1, true, at(1_000))), (None, None));
}

#[test]
fn a_clock_that_goes_back_takes_nothing_twice() {
    let schedule = Schedule::saved(at(0)).take(1, false, at(10)).unwrap();
    assert_eq!(schedule.take(1, false, at(3)), None);
    assert_eq!(schedule.next(1, false), Some(at(11)));
}

#[test]
fn the_end_of_time_is_no_fault() {
    let schedule = Schedule::saved(Timestamp::MAX).take(720, false, Timestamp::MAX).unwrap();
    assert_eq!(schedule.next(720, false), Some(Timestamp::MAX));
    assert!(Schedule { anchor: Timestamp::MIN, taken: Some(Timestamp::MAX) }.next(0, false).is_some());
}

proptest! {
    /// Whenever and however often the dispatcher comes: each interval is taken at most once, the newest
    /// is taken, and nothing is due after it was taken.
    #[test]
    fn an_interval_is_taken_at_most_once(
        interval in 1..48_u16,
        anchor in 0..1_000_i64,
        looks in proptest::collection::vec(0..200_000_i64, 1..60),
    ) {
        let mut schedule = Schedule::saved(Timestamp::MIN.plus_seconds(anchor));
        let span = i64::from(interval) * HOUR;
        let (mut now, mut slots) = (schedule.anchor, Vec::new());
        for step in looks {
            now = now.plus_seconds(step);
            let due = schedule.next(interval, false).unwrap() <= now;
            let taken = schedule.take(interval, false, now);
            prop_assert_eq!(taken.is_some(), due);
            if let Some(next) = taken {
                let slot = next.taken.unwrap();
                let age = now.seconds() - slot.seconds();
                prop_assert!((0..span).contains(&age));
                prop_assert_eq!((slot.seconds() - anchor) % span, 0);
                slots.push(slot);
                schedule = next;
            }
            prop_assert!(schedule.take(interval, false, now).is_none());
            prop_assert!(schedule.next(interval, false).unwrap() > now);
        }
        prop_assert!(slots.is_sorted() && slots.windows(2).all(|pair| pair[0] < pair[1]));
    }

    /// Another interval is taken up without a run out of turn.
    #[test]
    fn a_changed_interval_is_not_due_before_a_slot_of_its_own(old in 1..100_u16, new in 1..100_u16, passed in 0..10_000_i64) {
        let schedule = Schedule::saved(at(0)).take(old, false, at(passed)).unwrap();
        let next = schedule.next(new, false).unwrap();
        prop_assert!(next > schedule.taken.unwrap());
        prop_assert_eq!(next.seconds() % (i64::from(new) * HOUR), 0);
    }
}
