use std::{
    collections::BTreeSet,
    future::pending,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use bridge_domain::Timestamp;
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;

use super::*;
use crate::{
    batch::growing_delay,
    testing::{START, tokio_clock},
};

/// What the handler does with a record.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Act {
    Succeed,
    Retry(Option<u64>),
    Refuse,
    Panic,
    Hang,
    /// It never gets there: the body can not be read.
    Poison,
}

#[derive(Clone, Debug)]
struct Letter {
    act: Act,
    group: Option<u8>,
    work_ms: u64,
    receives: u32,
}

#[derive(Deserialize)]
struct Message {
    position: usize,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => Just(Act::Succeed),
        1 => prop::option::of(0_u64..100_000).prop_map(Act::Retry),
        1 => Just(Act::Refuse),
        1 => Just(Act::Panic),
        1 => Just(Act::Hang),
        1 => Just(Act::Poison),
    ]
}

fn letters() -> impl Strategy<Value = Vec<Letter>> {
    let letter = (act(), prop::option::weighted(0.9, 0_u8..3), 0_u64..600, 1_u32..15)
        .prop_map(|(act, group, work_ms, receives)| Letter { act, group, work_ms, receives });
    prop::collection::vec(letter, 0..25)
}

fn order() -> impl Strategy<Value = Order> {
    prop_oneof![(0_usize..7).prop_map(|concurrency| Order::Standard { concurrency }), Just(Order::Fifo)]
}

fn id(position: usize) -> String {
    format!("m{position}")
}

fn event(letters: &[Letter]) -> SqsEvent {
    let records: Vec<_> = letters
        .iter()
        .enumerate()
        .map(|(position, letter)| {
            let body = match letter.act {
                Act::Poison => json!({ "position": "canary" }),
                _ => json!({ "position": position }),
            };
            let mut attributes = json!({ "ApproximateReceiveCount": letter.receives.to_string() });
            if let Some(group) = letter.group {
                attributes["MessageGroupId"] = format!("g{group}").into();
                attributes["MessageDeduplicationId"] = format!("d{position}").into();
            }
            json!({
                "messageId": id(position),
                "receiptHandle": format!("r{position}"),
                "body": body.to_string(),
                "attributes": attributes,
                "messageAttributes": {},
            })
        })
        .collect();
    serde_json::from_value(json!({ "Records": records })).unwrap()
}

/// One call of the handler: which record, when it began, when it ended by itself.
#[derive(Clone, Copy, Debug)]
struct Visit {
    position: usize,
    began_ms: u64,
    ended_ms: Option<u64>,
}

struct Trial {
    plan: Plan,
    visits: Vec<Visit>,
    most_at_once: usize,
}

/// Works the letters in virtual time.
fn trial(letters: &[Letter], order: Order, left_ms: u64, reserve_ms: u64) -> Trial {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let start = Instant::now();
        let elapsed = || u64::try_from(start.elapsed().as_millis()).unwrap();
        let visits = Mutex::new(Vec::new());
        let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let (visits_ref, running_ref, most_ref) = (&visits, &running, &most);
        let handle = |Message { position }, record: Record| async move {
            assert_eq!((record.message_id, record.receive_count), (id(position), letters[position].receives));
            most_ref.fetch_max(running_ref.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            let _leave = Leave(running_ref);
            let visit = {
                let mut visits = visits_ref.lock().unwrap();
                visits.push(Visit { position, began_ms: elapsed(), ended_ms: None });
                visits.len() - 1
            };
            let letter = &letters[position];
            tokio::time::sleep(Duration::from_millis(letter.work_ms)).await;
            if letter.act == Act::Hang {
                pending::<()>().await;
            }
            visits_ref.lock().unwrap()[visit].ended_ms = Some(elapsed());
            match letter.act {
                Act::Succeed => Ok(()),
                Act::Retry(after) => {
                    Err(Failure::Retry { after: after.map(Duration::from_secs), reason: "busy".into() })
                }
                Act::Refuse => Err(Failure::Dead { reason: "refused".into() }),
                Act::Panic | Act::Hang | Act::Poison => panic!("boom"),
            }
        };
        let deadline = Deadline::from_epoch_millis(u64::try_from(START / 1000).unwrap() + left_ms);
        let options = Options { order, deadline, reserve: Duration::from_millis(reserve_ms) };
        let plan = run_at(event(letters), options, &tokio_clock(), handle).await.unwrap();
        assert_eq!(running.load(Ordering::SeqCst), 0, "nothing runs on");
        Trial { plan, visits: visits.into_inner().unwrap(), most_at_once: most.into_inner() }
    })
}

/// Counts a handler out, also when it panics or is cut off.
struct Leave<'a>(&'a AtomicUsize);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Where a record ended up.
#[derive(Debug, PartialEq)]
enum Place {
    Done,
    Retry(Option<Duration>),
    Dead,
}

impl Trial {
    fn place(&self, position: usize) -> Place {
        let id = id(position);
        if let Some(retry) = self.plan.retry.iter().find(|retry| retry.message_id == id) {
            Place::Retry(retry.delay)
        } else if self.plan.dead.iter().any(|dead| dead.message_id == id) {
            Place::Dead
        } else {
            Place::Done
        }
    }

    fn visit(&self, position: usize) -> Option<&Visit> {
        self.visits.iter().find(|visit| visit.position == position)
    }
}

/// What a record that ran to its end must become.
fn expected(letter: &Letter) -> Place {
    match letter.act {
        Act::Succeed => Place::Done,
        Act::Refuse | Act::Poison => Place::Dead,
        Act::Retry(after) => Place::Retry(Some(delay(after.map(Duration::from_secs), letter.receives))),
        Act::Panic | Act::Hang => Place::Retry(Some(growing_delay(letter.receives))),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_message_ends_in_exactly_one_list_in_the_order_of_the_batch(
        letters in letters(), order in order(), left_ms in 0_u64..8000, reserve_ms in 0_u64..3000,
    ) {
        let Trial { plan, .. } = trial(&letters, order, left_ms, reserve_ms);
        let position = |id: &str| id[1..].parse::<usize>().unwrap();
        let lists = [
            plan.done.iter().map(|id| position(id)).collect::<Vec<_>>(),
            plan.retry.iter().map(|retry| position(&retry.message_id)).collect(),
            plan.dead.iter().map(|dead| position(&dead.message_id)).collect(),
        ];
        prop_assert!(lists.iter().all(|list| list.is_sorted()));
        let all: Vec<_> = lists.concat();
        prop_assert_eq!(all.len(), letters.len());
        prop_assert_eq!(all.into_iter().collect::<BTreeSet<_>>().len(), letters.len());
    }

    #[test]
    fn a_record_gets_what_it_deserves_whatever_its_neighbours_do(
        letters in letters(), concurrency in 0_usize..7, left_ms in 0_u64..8000, reserve_ms in 0_u64..3000,
    ) {
        let trial = trial(&letters, Order::Standard { concurrency }, left_ms, reserve_ms);
        for (position, letter) in letters.iter().enumerate() {
            let place = trial.place(position);
            match trial.visit(position) {
                Some(Visit { ended_ms: Some(_), .. }) => prop_assert_eq!(place, expected(letter)),
                // Cut off: comes back as if it had hung.
                Some(_) => prop_assert_eq!(place, Place::Retry(Some(growing_delay(letter.receives)))),
                // Never reached the handler: unreadable, or no time (at the very end even to look at it).
                None if letter.act == Act::Poison => prop_assert!(matches!(place, Place::Dead | Place::Retry(_))),
                None => prop_assert!(matches!(place, Place::Retry(_))),
            }
        }
        prop_assert!(trial.most_at_once <= concurrency.max(1), "{} at once", trial.most_at_once);
        prop_assert!(trial.plan.dead.iter().all(|dead| !dead.reason.contains("canary")));
    }

    #[test]
    fn with_time_enough_nothing_is_left_over(letters in letters(), concurrency in 0_usize..7) {
        let letters: Vec<_> = letters.into_iter().filter(|letter| letter.act != Act::Hang).collect();
        let trial = trial(&letters, Order::Standard { concurrency }, 60_000, 1000);
        for (position, letter) in letters.iter().enumerate() {
            prop_assert_eq!(trial.place(position), expected(letter));
            prop_assert_eq!(trial.visit(position).is_some(), letter.act != Act::Poison);
        }
    }

    #[test]
    fn no_handler_starts_in_the_reserve_and_none_runs_into_the_deadline(
        letters in letters(), order in order(), left_ms in 0_u64..8000, reserve_ms in 0_u64..3000,
    ) {
        let trial = trial(&letters, order, left_ms, reserve_ms);
        for visit in &trial.visits {
            prop_assert!(left_ms.saturating_sub(visit.began_ms) >= reserve_ms, "{visit:?}");
            let settle = u64::try_from(SETTLE_RESERVE.as_millis()).unwrap();
            // A timer of tokio may fire a millisecond late.
            prop_assert!(visit.ended_ms.is_none_or(|ended| ended <= visit.began_ms.max(left_ms.saturating_sub(settle)) + 1));
        }
    }

    #[test]
    fn a_fifo_group_keeps_its_order_and_stops_at_its_first_failure(
        letters in letters(), left_ms in 0_u64..20_000, reserve_ms in 0_u64..3000,
    ) {
        let trial = trial(&letters, Order::Fifo, left_ms, reserve_ms);
        prop_assert!(trial.most_at_once <= 1);
        prop_assert!(trial.visits.is_sorted_by_key(|visit| visit.position));
        for group in letters.iter().map(|letter| letter.group).collect::<BTreeSet<_>>() {
            let mut members = (0..letters.len()).filter(|position| letters[*position].group == group);
            let first_failure = members.find_map(|position| match trial.place(position) {
                Place::Retry(delay) => Some(delay),
                Place::Done | Place::Dead => None,
            });
            // `members` goes on behind the first failure.
            for position in members {
                prop_assert!(trial.visit(position).is_none());
                prop_assert_eq!(trial.place(position), Place::Retry(first_failure.unwrap()));
            }
        }
    }
}

fn raw(records: &serde_json::Value) -> SqsEvent {
    serde_json::from_value(json!({ "Records": records })).unwrap()
}

async fn run_raw(records: serde_json::Value) -> Result<Plan, BatchError> {
    let options = Options {
        order: Order::Standard { concurrency: 2 },
        deadline: Deadline::at(Timestamp::MAX),
        reserve: Duration::from_secs(1),
    };
    run(raw(&records), options, |(): (), _| async { Ok(()) }).await
}

#[tokio::test]
async fn a_batch_with_a_bad_id_fails_as_a_whole() {
    let fine = json!({ "messageId": "a", "body": "null" });
    for (second, error) in [
        (json!({ "body": "null" }), BatchError::MissingId { position: 1 }),
        (json!({ "messageId": "", "body": "null" }), BatchError::MissingId { position: 1 }),
        (json!({ "messageId": "a", "body": "null" }), BatchError::DuplicateId { position: 1 }),
    ] {
        assert_eq!(run_raw(json!([fine, second])).await, Err(error));
    }
    assert_eq!(run_raw(json!([])).await, Ok(Plan::default()));
}

#[tokio::test]
async fn a_dead_record_keeps_all_that_is_needed_to_send_it_again() {
    let plan = run_raw(json!([
        {
            "messageId": "a", "body": "not json",
            "attributes": { "MessageGroupId": "g", "MessageDeduplicationId": "d" },
            "messageAttributes": { "correlation_id": { "stringValue": "c-1", "dataType": "String" } },
        },
        { "messageId": "b" },
    ]))
    .await
    .unwrap();
    let [a, b] = &plan.dead[..] else { panic!("both are dead") };
    assert_eq!((a.body.as_str(), a.correlation_id.as_str()), ("not json", "c-1"));
    assert_eq!((a.group.as_deref(), a.deduplication_id.as_deref()), (Some("g"), Some("d")));
    assert_eq!((b.body.as_str(), b.correlation_id.as_str()), ("", "b"));
    assert!(!format!("{plan:?}").contains("not json"));
}

#[test]
fn a_panic_in_the_decoder_is_isolated_too() {
    #[derive(Debug)]
    struct Fragile;
    impl<'de> Deserialize<'de> for Fragile {
        fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            panic!("boom")
        }
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let options =
        Options { order: Order::Fifo, deadline: Deadline::at(Timestamp::MAX), reserve: Duration::ZERO };
    let event = raw(&json!([{ "messageId": "a", "body": "1" }]));
    let plan = runtime.block_on(run(event, options, |_: Fragile, _| async { Ok(()) })).unwrap();
    assert_eq!(
        (plan.retry[0].delay, &*plan.retry[0].reason),
        (Some(growing_delay(1)), "its handler panicked")
    );
}
