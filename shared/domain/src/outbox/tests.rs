use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::error::{CallError, Class};

fn at(seconds: i64) -> Timestamp {
    Timestamp::MIN.plus_seconds(seconds)
}

fn irp(name: &str) -> Route {
    Route {
        target: name.parse().unwrap(),
        channel: Channel::RVision,
        alerts: true,
        changes: true,
        closes: true,
        caller: Some(format!("token-{name}").parse().unwrap()),
    }
}

fn core(name: &str) -> Route {
    Route { channel: Channel::KumaCore, alerts: false, changes: false, caller: None, ..irp(name) }
}

fn token(name: &str) -> Origin {
    Origin::Token(format!("token-{name}").parse().unwrap())
}

/// A change at second `now`, as the names of the targets that are queued.
fn note(outbox: &mut Outbox, what: What, origin: &Origin, routes: &[Route], now: i64) -> Vec<String> {
    let queued = outbox.note(what, Change { origin, routes, now: at(now) });
    queued.into_iter().map(|(target, _)| target.to_string()).collect()
}

fn done(id: &str) -> Outcome {
    Outcome::Done(Progress { remote: Some(Remote { id: id.to_owned(), link: None }), ..Progress::default() })
}

const CREATED: What = What::Created { closed: false };
const UPDATED: What = What::Updated { closed: false };

#[test]
fn a_change_wants_what_each_switch_allows() {
    let mut quiet = irp("b");
    (quiet.changes, quiet.closes) = (false, false);
    let routes = [irp("a"), quiet, core("k")];
    let mut outbox = Outbox::default();
    assert_eq!(note(&mut outbox, CREATED, &Origin::Siem, &routes, 0), ["a", "b"]);
    assert_eq!(note(&mut outbox, UPDATED, &Origin::Siem, &routes, 1), ["a"]);
    assert_eq!(note(&mut outbox, What::Closed, &token("z"), &routes, 2), ["a", "k"]);
    assert_eq!(outbox.content, 3);
    assert_eq!(outbox.closed_by, Some(token("z")));
    let wanted: Vec<_> = outbox.deliveries.iter().map(|delivery| delivery.wanted).collect();
    assert_eq!(wanted, [3, 1, 3]);
}

#[test]
fn a_closing_is_not_sent_back_to_whoever_made_it() {
    let routes = [irp("a"), irp("b"), core("k")];
    let mut outbox = Outbox::default();
    note(&mut outbox, CREATED, &Origin::Core("k".parse().unwrap()), &routes, 0);
    for target in ["a", "b"] {
        let target = target.parse().unwrap();
        assert_eq!(outbox.claim(&target, "h", 60, at(1), false), Claim::Taken);
        assert_eq!(outbox.finish(&target, "h", 1, &done("i"), at(1)), Some(false));
    }
    assert_eq!(note(&mut outbox, What::Closed, &token("a"), &routes, 2), ["b", "k"]);
    assert!(outbox.delivery(&"a".parse().unwrap()).unwrap().closed);
    // KUMA's own news of it is a change for the others, not a closing to be sent to KUMA.
    let core = Origin::Core("k".parse().unwrap());
    assert_eq!(note(&mut outbox, What::Updated { closed: true }, &core, &routes, 3), ["a", "b"]);
    assert_eq!(outbox.closed_by, Some(token("a")), "who closed it first stays");
}

#[test]
fn what_an_irp_closes_without_ever_having_had_it_is_not_created_there() {
    let mut outbox = Outbox::default();
    assert_eq!(note(&mut outbox, CREATED, &Origin::Siem, &[], 0), [""; 0]);
    assert_eq!(note(&mut outbox, What::Closed, &token("a"), &[irp("a"), irp("b")], 1), ["b"]);
}

#[test]
fn one_holder_at_a_time_and_a_lost_lease_passes_on() {
    let target: TargetId = "a".parse().unwrap();
    let mut outbox = Outbox::default();
    note(&mut outbox, CREATED, &Origin::Siem, &[irp("a")], 0);
    assert_eq!(outbox.due(), Some(at(GRACE_SECONDS)));
    assert_eq!(outbox.claim(&target, "one", 60, at(1), false), Claim::Taken);
    assert_eq!(outbox.claim(&target, "two", 60, at(2), false), Claim::Wait(Duration::from_secs(59)));
    assert_eq!(outbox.due(), Some(at(61)), "the sweeper looks when the lease ends");
    assert_eq!(outbox.claim(&target, "two", 60, at(61), false), Claim::Taken);
    // The first one was only slow: what it made is known, but the claim stays with the second.
    assert_eq!(outbox.finish(&target, "one", 1, &done("i-1"), at(62)), None);
    let delivery = outbox.delivery(&target).unwrap();
    assert_eq!((delivery.remote.as_ref().unwrap().id.as_str(), delivery.sent), ("i-1", 0));
    assert_eq!(delivery.state(at(62)), State::Sending);
    assert_eq!(outbox.finish(&target, "two", 1, &done("i-1"), at(63)), Some(false));
    assert_eq!((outbox.due(), outbox.waiting_since()), (None, None));
}

#[test]
fn what_changed_while_it_was_sent_is_sent_next() {
    let target: TargetId = "a".parse().unwrap();
    let mut outbox = Outbox::default();
    note(&mut outbox, CREATED, &Origin::Siem, &[irp("a")], 0);
    outbox.claim(&target, "h", 60, at(1), false);
    note(&mut outbox, UPDATED, &Origin::Siem, &[irp("a")], 2);
    assert_eq!(outbox.finish(&target, "h", 1, &done("i"), at(3)), Some(true));
    assert_eq!(outbox.claim(&target, "h", 60, at(3), false), Claim::Taken);
    assert_eq!(outbox.finish(&target, "h", 2, &done("i"), at(4)), Some(false));
}

#[test]
fn a_failure_is_retried_later_and_later_until_it_is_given_up() {
    let target: TargetId = "a".parse().unwrap();
    let mut outbox = Outbox::default();
    note(&mut outbox, CREATED, &Origin::Siem, &[irp("a")], 0);
    let (mut now, mut attempts) = (at(0), 0);
    let fault = CallError::new(Class::Transient, "r-vision", "no answer");
    loop {
        assert_eq!(outbox.claim(&target, "h", 60, now, false), Claim::Taken);
        attempts += 1;
        let error = "no answer".to_owned();
        match verdict(outbox.delivery(&target).unwrap(), &fault, now) {
            Verdict::GiveUp => {
                let outcome = Outcome::GaveUp { progress: Progress::default(), error };
                assert_eq!(outbox.finish(&target, "h", 1, &outcome, now), Some(false));
                break;
            }
            Verdict::Retry(delay) => {
                let outcome = Outcome::Retry { progress: Progress::default(), delay, error };
                assert_eq!(outbox.finish(&target, "h", 1, &outcome, now), Some(false));
                assert!((FIRST_DELAY..=LONGEST_DELAY).contains(&delay));
                assert_eq!(outbox.due(), Some(now.plus(delay).plus_seconds(GRACE_SECONDS)));
                now = now.plus(delay);
            }
        }
    }
    assert!(now >= at(24 * 3600) && now < at(25 * 3600) && attempts < 120, "{now} {attempts}");
    assert_eq!(outbox.delivery(&target).unwrap().state(now), State::Failed);
    assert_eq!((outbox.due(), outbox.claim(&target, "h", 60, now, false)), (None, Claim::Nothing));
    // A person, or something new to say, gives it attempts of its own.
    assert_eq!(outbox.clone().claim(&target, "h", 60, now, true), Claim::Taken);
    note(&mut outbox, UPDATED, &Origin::Siem, &[irp("a")], 100_000);
    assert_eq!(outbox.claim(&target, "h", 60, at(100_001), false), Claim::Taken);
}

#[test]
fn a_refusal_is_given_few_attempts_and_a_wish_to_wait_is_obeyed() {
    let mut delivery = Delivery::new("a".parse().unwrap(), Channel::RVision);
    let refusal = CallError::new(Class::Permanent, "r-vision", "no such category");
    let mut busy = CallError::new(Class::RateLimited, "r-vision", "slow down");
    busy.retry_after = Some(Duration::from_secs(77));
    for attempt in 1..=REFUSALS {
        delivery.attempts = attempt;
        assert_eq!(verdict(&delivery, &refusal, at(0)) == Verdict::GiveUp, attempt == REFUSALS);
        assert_eq!(verdict(&delivery, &busy, at(0)), Verdict::Retry(Duration::from_secs(77)));
    }
    let wrong_token = CallError::new(Class::Auth, "r-vision", "the token is not known");
    delivery.attempts = 50;
    assert_eq!(verdict(&delivery, &wrong_token, at(0)), Verdict::Retry(LONGEST_AUTH_DELAY));
    let unsure = CallError::new(Class::Unknown, "r-vision", "no answer in time");
    delivery.attempts = 1;
    assert_eq!(verdict(&delivery, &unsure, at(0)), Verdict::Retry(UNSURE_DELAY));
}

#[test]
fn the_log_is_bounded_and_says_who_did_what() {
    let mut outbox = Outbox::default();
    note(&mut outbox, CREATED, &Origin::Siem, &[], 0);
    for second in 1..100 {
        note(&mut outbox, UPDATED, &Origin::Siem, &[], second);
    }
    note(&mut outbox, What::Closed, &token("a"), &[], 100);
    assert_eq!(outbox.log.len(), LOG_LIMIT);
    let last = outbox.log.last().unwrap();
    assert_eq!((last.event, last.by.clone(), last.at), (Event::Closed, Some(token("a")), at(100)));
}

proptest! {
    /// Whatever happens in whatever order, an outbox reads back as itself, never owes something
    /// without a time to look at it, and never claims for two at once.
    #[test]
    fn nothing_owed_is_ever_forgotten(steps in proptest::collection::vec((0..7_u8, 0..2_u8, 0..3_u8), 0..60)) {
        let routes = [irp("a"), irp("b"), core("k")];
        let targets: Vec<TargetId> = routes.iter().map(|route| route.target.clone()).collect();
        let mut outbox = Outbox::default();
        let (mut now, mut holders) = (0, 0);
        let mut held: Vec<Option<(String, i64)>> = vec![None; 3];
        note(&mut outbox, CREATED, &Origin::Siem, &routes, now);
        for (step, who, index) in steps {
            let index = usize::from(index);
            let target = &targets[index];
            match step {
                0 => now += 40,
                1 => { note(&mut outbox, UPDATED, &Origin::Siem, &routes, now); }
                2 => {
                    let origin = if who == 0 { token("a") } else { Origin::Siem };
                    note(&mut outbox, What::Closed, &origin, &routes, now);
                }
                3 => {
                    holders += 1;
                    let holder = format!("h{holders}");
                    if outbox.claim(target, &holder, 60, at(now), false) == Claim::Taken {
                        if let Some((_, until)) = &held[index] { prop_assert!(*until <= now); }
                        held[index] = Some((holder, now + 60));
                    }
                }
                other => if let Some((holder, until)) = held[index].take() {
                    let progress = Progress::default();
                    let error = "e".to_owned();
                    let outcome = match other {
                        4 => done("i"),
                        5 => Outcome::Retry { progress, delay: Duration::from_secs(5), error },
                        _ => Outcome::GaveUp { progress, error },
                    };
                    let content = outbox.content;
                    outbox.finish(target, &holder, content, &outcome, at(now));
                    prop_assert!(until > now - 1_000_000);
                },
            }
            for delivery in &outbox.deliveries {
                prop_assert_eq!(delivery.due.is_some(), delivery.pending() && !delivery.gave_up, "{:?}", delivery);
                prop_assert!(!delivery.pending() || delivery.since.is_some());
            }
            let text = serde_json::to_string(&outbox).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Outbox>(&text).unwrap(), &outbox);
        }
    }
}
