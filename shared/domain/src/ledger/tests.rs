use proptest::prelude::*;

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::MIN.plus_seconds(seconds)
}

fn remote(uuid: &str) -> Remote {
    Remote { uuid: uuid.into(), identifier: String::new() }
}

fn unknown() -> Outcome {
    Outcome::Unknown { error: "no answer".into() }
}

/// A row whose first attempt, at second 0, ended with nobody knowing.
fn lost() -> Ledger {
    let mut row = Ledger::new(at(0));
    assert_eq!(row.claim("a", at(0)), Claim::Send);
    assert!(row.answered("a", 1, &unknown(), at(5)));
    row
}

#[test]
fn what_is_accepted_is_sent_and_never_claimed_again() {
    let mut row = Ledger::new(at(0));
    assert_eq!(row.claim("a", at(0)), Claim::Send);
    assert_eq!(row.claim("b", at(1)), Claim::Wait(LEASE.saturating_sub(Duration::from_secs(1))));
    assert!(row.answered("a", 1, &Outcome::Done(remote("u")), at(2)));
    assert_eq!((row.claim("b", at(1_000_000)), row.next, row.sends), (Claim::Nothing, None, 1));
    assert!(!row.answered("a", 1, &Outcome::Done(remote("u")), at(3)), "the same answer says nothing new");
    assert!(row.answered("b", 1, &Outcome::Done(remote("v")), at(4)), "another one does");
    assert_eq!(row.log.last().map(|line| line.event), Some(Event::Twice));
    assert_eq!(row.remote, Some(remote("u")));
}

#[test]
fn an_attempt_that_was_not_finished_is_asked_after_and_never_repeated() {
    let mut row = Ledger::new(at(0));
    assert_eq!(row.claim("a", at(0)), Claim::Send);
    let over = i64::try_from(LEASE.as_secs()).unwrap();
    assert_eq!(row.claim("b", at(over)), Claim::Ask);
    assert_eq!((row.state.clone(), row.sends), (State::Unknown, 1));
    assert!(row.asked(at(over), &Finding::Found(remote("u")), at(over + 1)));
    assert_eq!(row.state, State::Sent);
}

#[test]
fn an_early_no_is_not_believed() {
    let mut row = lost();
    let (mut now, mut asks) = (at(5), 0);
    loop {
        match row.claim("b", now) {
            Claim::Ask => {
                asks += 1;
                assert!(row.asked(now, &Finding::Absent, now));
            }
            Claim::Wait(wait) => now = now.plus(wait),
            Claim::Send => break,
            Claim::Nothing => panic!("{row:?}"),
        }
    }
    assert_eq!(at(0).until(now), ABSENT_AFTER, "as early as it counts");
    assert!((4..9).contains(&asks), "{asks}");
    assert_eq!(row.sends, 2);
}

#[test]
fn what_the_sender_surely_knows_counts_even_late() {
    for (outcome, state) in [
        (Outcome::Done(remote("u")), State::Sent),
        (Outcome::NotDone { error: "refused".into(), after: None }, State::Pending),
        (Outcome::Refused { error: "no".into() }, State::Failed),
        (unknown(), State::Unknown),
    ] {
        let mut row = Ledger::new(at(0));
        row.claim("a", at(0));
        assert_eq!(row.claim("b", at(1_000)), Claim::Ask);
        row.answered("a", 1, &outcome, at(1_001));
        assert_eq!(row.state, state, "{outcome:?}");
    }
    // But not of an attempt that is not the last one.
    let mut row = Ledger::new(at(0));
    row.claim("a", at(0));
    row.claim("b", at(1_000));
    row.asked(at(1_000), &Finding::Absent, at(1_000));
    assert_eq!(row.claim("c", at(1_000)), Claim::Send);
    assert!(!row.answered("a", 1, &Outcome::Refused { error: "no".into() }, at(1_001)));
    assert_eq!(row.sends, 2);
}

#[test]
fn passing_faults_are_tried_for_a_day_and_then_stop() {
    let mut row = Ledger::new(at(0));
    let (mut now, mut sends) = (at(0), 0);
    loop {
        match row.claim("a", now) {
            Claim::Send => {
                sends += 1;
                let error = Outcome::NotDone { error: "down".into(), after: None };
                row.answered("a", row.sends, &error, now);
            }
            Claim::Wait(wait) => now = now.plus(wait),
            Claim::Nothing => break,
            Claim::Ask => panic!("surely not done"),
        }
    }
    assert_eq!(row.state, State::Failed);
    assert!(row.is_replaceable() && row.last_answer().unwrap().text == "down");
    assert!((90..120).contains(&sends), "{sends}");
}

#[test]
fn a_receiver_that_can_not_be_asked_for_a_day_leaves_it_to_a_person() {
    let mut row = lost();
    let mut now = at(5);
    while row.state == State::Unknown {
        match row.claim("b", now) {
            Claim::Ask => {
                row.asked(now, &Finding::Failed { error: "down".into(), after: None }, now);
            }
            Claim::Wait(wait) => now = now.plus(wait),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((row.state.clone(), row.next, row.sends), (State::Stuck, None, 1));
}

#[test]
fn a_person_decides_only_what_is_undecided() {
    let cases = [
        (Resolution::Sent(remote("u")), State::Sent),
        (Resolution::NotSent, State::Pending),
        (Resolution::GiveUp, State::Failed),
    ];
    for (resolution, state) in cases {
        let mut row = lost();
        let candidates = vec![remote("x")];
        row.claim("b", at(100));
        row.asked(at(100), &Finding::CannotTell { why: "two".into(), candidates }, at(100));
        assert_eq!((row.state.clone(), row.next), (State::Stuck, None));
        row.resolve(&resolution, at(200)).unwrap();
        assert_eq!(row.state, state);
        assert_eq!(row.next.is_some(), state == State::Pending);
        if state != State::Pending {
            assert_eq!(row.resolve(&resolution, at(201)), Err(NotUndecided));
        }
    }
    assert_eq!(Ledger::new(at(0)).resolve(&Resolution::NotSent, at(1)), Err(NotUndecided));
}

#[test]
fn a_row_reads_back_as_it_was_stored() {
    for mut row in [Ledger::new(at(0)), lost()] {
        row.claim("h", at(40));
        let text = serde_json::to_string(&row).unwrap();
        assert_eq!(serde_json::from_str::<Ledger>(&text).unwrap(), row);
    }
}

/// What the receiver does with a request.
#[derive(Clone, Copy, Debug)]
enum Fate {
    /// Takes it and says so.
    Accepted,
    /// Takes it after so many seconds, says nothing.
    Silent(u16),
    /// The request never gets there, and the sender knows.
    NotSent,
    /// The request never gets there, and nobody knows.
    Lost,
    /// The sender dies; the request gets there, or not.
    Died(bool),
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        Just(Fate::Accepted),
        // Later than this is taken for lost: see ABSENT_AFTER.
        (0..880_u16).prop_map(Fate::Silent),
        Just(Fate::NotSent),
        Just(Fate::Lost),
        any::<bool>().prop_map(Fate::Died),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Whatever becomes of the attempts, it is there once in the end, and the row knows it.
    #[test]
    fn it_happens_exactly_once(fates in proptest::collection::vec(fate(), 0..12), outage in 0..7_200_u32) {
        let mut fates = fates.into_iter();
        let mut row = Ledger::new(at(0));
        let mut now = at(0);
        let mut there: Vec<Timestamp> = Vec::new();
        for step in 0..2_000 {
            if row.state == State::Sent {
                break;
            }
            let down = now < at(i64::from(outage));
            match row.claim(&step.to_string(), now) {
                Claim::Wait(wait) => now = now.plus(wait),
                Claim::Nothing => prop_assert!(false, "{row:?}"),
                Claim::Ask => {
                    let asked = now;
                    now = now.plus_seconds(1);
                    let finding = match there.iter().find(|time| **time <= asked) {
                        _ if down => Finding::Failed { error: "down".into(), after: None },
                        Some(_) => Finding::Found(remote("u")),
                        None => Finding::Absent,
                    };
                    row.asked(asked, &finding, now);
                }
                Claim::Send => {
                    let attempt = row.sends;
                    let fate = if down { Fate::NotSent } else { fates.next().unwrap_or(Fate::Accepted) };
                    let sent = now;
                    now = now.plus_seconds(2);
                    let outcome = match fate {
                        Fate::Accepted => {
                            there.push(sent);
                            Some(Outcome::Done(remote("u")))
                        }
                        Fate::Silent(late) => {
                            there.push(sent.plus_seconds(late.into()));
                            Some(unknown())
                        }
                        Fate::NotSent => Some(Outcome::NotDone { error: "down".into(), after: None }),
                        Fate::Lost => Some(unknown()),
                        Fate::Died(arrives) => {
                            there.extend(arrives.then_some(sent));
                            None
                        }
                    };
                    if let Some(outcome) = outcome {
                        row.answered(&step.to_string(), attempt, &outcome, now);
                    }
                }
            }
        }
        prop_assert_eq!(&row.state, &State::Sent);
        prop_assert_eq!(there.len(), 1, "{:?}", row);
    }
}
