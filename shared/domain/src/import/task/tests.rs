use std::collections::{HashSet, VecDeque};

use proptest::prelude::*;

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::MIN.plus_seconds(seconds)
}

fn task(id: &str) -> Task {
    let order = Order {
        kind: ImportKind::Ldap,
        tenant: "t".parse().unwrap(),
        connection: "c".parse().unwrap(),
        trigger: Trigger::Manual { who: "canary".into() },
        confirmed: false,
    };
    Task::new(id.parse().unwrap(), order, at(0))
}

fn lease() -> i64 {
    i64::try_from(LEASE.as_secs()).unwrap()
}

fn counts(seen: u64) -> Counts {
    Counts { seen, ..Counts::default() }
}

#[test]
fn a_run_is_queued_claimed_and_finished() {
    let (mut task, mut lane) = (task("a"), Lane::default());
    assert_eq!(task.claim(&mut lane, "r", at(5)), Claim::Run { attempt: 1 });
    assert_eq!((task.state, task.started, task.next), (State::Running, Some(at(5)), Some(at(5 + lease()))));
    let progress = Progress { seen: 500, expected: Some(1_000) };
    assert_eq!(task.beat(&mut lane, 1, progress, at(100)), Ok(at(100 + lease())));
    assert_eq!(task.progress.percent(), Some(50));
    task.finish(&mut lane, 1, Ending::Completed, counts(900), at(150)).unwrap();
    assert_eq!(
        (task.state, task.ended, task.next, task.progress.seen),
        (State::Completed, Some(at(150)), None, 900)
    );
    assert_eq!((task.claim(&mut lane, "r", at(151)), lane.holder), (Claim::Over, None));
}

#[test]
fn a_connection_has_one_run_at_a_time_and_says_who() {
    let (mut one, mut two, mut lane) = (task("a"), task("b"), Lane::default());
    one.claim(&mut lane, "r1", at(0));
    for other in [&mut two, &mut one.clone()] {
        let Claim::Busy(busy) = other.claim(&mut lane, "r2", at(10)) else { panic!() };
        assert_eq!((busy.holder.task.as_str(), busy.holder.runner.as_str()), ("a", "r1"));
        assert_eq!(busy.wait, Duration::from_secs(170));
    }
    assert_eq!(two.state, State::Queued);
    assert_eq!(two.claim(&mut lane, "r2", at(lease())), Claim::Run { attempt: 1 });
    assert_eq!(one.finish(&mut lane, 1, Ending::Completed, counts(1), at(lease())), Err(Lost));
}

#[test]
fn a_vanished_runner_is_seen_and_the_task_tried_again_but_not_for_ever() {
    let (mut task, mut lane) = (task("a"), Lane::default());
    let mut now = at(0);
    for attempt in 1..=ATTEMPTS {
        assert_eq!(task.claim(&mut lane, "r", now), Claim::Run { attempt });
        assert!(!task.sweep(&mut lane, now.plus_seconds(lease() - 1)));
        now = now.plus_seconds(lease());
        assert!(task.sweep(&mut lane, now));
        if attempt < ATTEMPTS {
            assert_eq!(task.state, State::Queued);
            let Claim::Wait(wait) = task.claim(&mut lane, "r", now) else { panic!() };
            assert_eq!(wait, FIRST_RETRY * attempt);
            now = now.plus(wait);
        }
    }
    assert_eq!((task.state, task.claim(&mut lane, "r", now)), (State::Failed, Claim::Over));
    assert!(task.error.contains("3 times"));
}

#[test]
fn whoever_was_taken_for_dead_has_nothing_to_say() {
    let (mut task, mut lane) = (task("a"), Lane::default());
    task.claim(&mut lane, "old", at(0));
    assert!(matches!(task.claim(&mut lane, "new", at(lease())), Claim::Wait(_)));
    assert_eq!(task.claim(&mut lane, "new", at(lease() + 60)), Claim::Run { attempt: 2 });
    let before = (task.clone(), lane.clone());
    assert_eq!(task.beat(&mut lane, 1, Progress::default(), at(lease() + 61)), Err(Lost));
    let failed = Ending::Failed { why: "late".into() };
    assert_eq!(task.finish(&mut lane, 1, failed, counts(0), at(lease() + 61)), Err(Lost));
    assert_eq!((task, lane), before);
}

#[test]
fn a_runner_that_is_only_late_may_go_on_while_nobody_took_over() {
    let (mut task, mut lane) = (task("a"), Lane::default());
    task.claim(&mut lane, "r", at(0));
    assert!(task.beat(&mut lane, 1, Progress::default(), at(lease() + 5)).is_ok());
    assert!(!task.sweep(&mut lane, at(lease() + 6)));
}

#[test]
fn a_task_is_given_up_only_before_it_begins() {
    let (mut waiting, mut running, mut lane) = (task("a"), task("b"), Lane::default());
    running.claim(&mut lane, "r", at(0));
    assert!(waiting.cancel("the connection was deleted", at(1)) && !running.cancel("x", at(1)));
    assert_eq!((waiting.state, waiting.error.as_str()), (State::Failed, "the connection was deleted"));
}

#[test]
fn a_task_reads_back_as_it_was_stored_and_does_not_print_who() {
    let (mut task, mut lane) = (task("a"), Lane::default());
    for _ in 0..2 {
        let text = serde_json::to_string(&(&task, &lane)).unwrap();
        let read: (Task, Lane) = serde_json::from_str(&text).unwrap();
        assert_eq!(read, (task.clone(), lane.clone()));
        task.claim(&mut lane, "r", at(1));
    }
    let value = serde_json::to_value(&task).unwrap();
    assert_eq!((&value["tenantID"], &value["connectionID"]), (&"t".into(), &"c".into()));
    assert_eq!((&value["state"], &value["trigger"]["by"]), (&"running".into(), &"manual".into()));
    assert!(!format!("{task:?}").contains("canary"));
    assert!(State::ALL.iter().all(|state| serde_json::to_value(state).unwrap() == state.as_str()));
}

#[test]
fn tasks_are_found_by_what_they_are() {
    use crate::{
        query::{BadParameter, Query},
        search::PAGE_SIZE,
    };
    let parse = |raw: &str| search::Search::parse(&Query::parse(raw));
    let (task, mut lane) = (task("a"), Lane::default());
    for raw in ["", "kind=ldap&state=queued&connectionID=c", "state=failed&state=queued&other=1", "page=3"] {
        assert!(parse(raw).unwrap().fits(&task), "{raw}");
    }
    for raw in ["state=failed", "connectionID=d"] {
        assert!(!parse(raw).unwrap().fits(&task), "{raw}");
    }
    let mut running = task.clone();
    running.claim(&mut lane, "r", at(1));
    assert!(parse("state=running").unwrap().fits(&running));
    assert_eq!(parse("page=3&tenantID=t").unwrap().skip(), 2 * PAGE_SIZE as u64);
    for (raw, name) in [
        ("state=Queued", "state"),
        ("kind=ad", "kind"),
        ("connectionID=a%23", "connectionID"),
        ("page=0", "page"),
    ] {
        assert_eq!(parse(raw), Err(BadParameter(name)), "{raw}");
    }
}

#[test]
fn progress_ends_only_at_the_end() {
    let percent = |seen, expected| Progress { seen, expected }.percent();
    assert_eq!(percent(5, None), None);
    assert_eq!(percent(5, Some(0)), None);
    assert_eq!(
        (percent(0, Some(9)), percent(20, Some(9)), percent(u64::MAX, Some(1))),
        (Some(0), Some(99), Some(99))
    );
}

/// Two tasks of one connection, and what two runners each believe they hold.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct World {
    now: i64,
    tasks: [String; 2],
    lane: String,
    beliefs: [Option<(usize, u32)>; 2],
}

impl World {
    fn read(&self) -> ([Task; 2], Lane) {
        let tasks = self.tasks.each_ref().map(|text| serde_json::from_str(text).unwrap());
        (tasks, serde_json::from_str(&self.lane).unwrap())
    }

    fn with(&self, tasks: &[Task; 2], lane: &Lane) -> Self {
        let text = |value: &Task| serde_json::to_string(value).unwrap();
        Self { tasks: tasks.each_ref().map(text), lane: serde_json::to_string(lane).unwrap(), ..self.clone() }
    }

    /// Everything that can happen next.
    fn next(&self) -> Vec<Self> {
        let mut worlds = Vec::new();
        let now = at(self.now);
        for which in 0..2 {
            let (mut tasks, mut lane) = self.read();
            let was_over = tasks[which].state.is_over();
            tasks[which].sweep(&mut lane, now);
            worlds.push(self.with(&tasks, &lane));
            for runner in 0..2 {
                let (mut tasks, mut lane) = self.read();
                let claim = tasks[which].claim(&mut lane, &runner.to_string(), now);
                let mut world = self.with(&tasks, &lane);
                if let Claim::Run { attempt } = claim {
                    assert!(!was_over);
                    world.beliefs[runner] = Some((which, attempt));
                }
                worlds.push(world);
            }
        }
        for runner in 0..2 {
            let Some((which, attempt)) = self.beliefs[runner] else { continue };
            let (mut tasks, mut lane) = self.read();
            let heard = tasks[which].beat(&mut lane, attempt, Progress::default(), now).is_ok();
            let mut world = self.with(&tasks, &lane);
            world.beliefs[runner] = heard.then_some((which, attempt));
            worlds.push(world);
            let (mut tasks, mut lane) = self.read();
            let before = tasks[which].clone();
            let done = tasks[which].finish(&mut lane, attempt, Ending::Completed, counts(1), now).is_ok();
            assert!(done || tasks[which] == before);
            assert!(!(done && before.state.is_over()), "nothing ends twice");
            let mut world = self.with(&tasks, &lane);
            world.beliefs[runner] = None;
            worlds.push(world);
            // The runner dies.
            let mut world = self.clone();
            world.beliefs[runner] = None;
            worlds.push(world);
        }
        if self.now < lease() * 3 {
            worlds.push(Self { now: self.now + lease() / 2, ..self.clone() });
        }
        worlds
    }

    fn check(&self) {
        let (tasks, lane) = self.read();
        let running: Vec<&Task> = tasks.iter().filter(|task| task.state == State::Running).collect();
        // However many were left running by runners that died, one at most may still say anything.
        let heard = running.iter().filter(|task| lane.holds(&task.id, task.attempt)).count();
        assert!(heard <= 1, "{self:?}");
        if let Some(holder) = &lane.holder {
            assert!(
                running.iter().any(|task| task.id == holder.task && task.attempt == holder.attempt),
                "{self:?}"
            );
        }
        for task in &tasks {
            assert!(task.attempt <= ATTEMPTS);
            assert_eq!(task.next.is_none(), task.state.is_over(), "what is not over is looked at again");
            assert_eq!(task.ended.is_some(), task.state.is_over());
        }
    }
}

#[test]
fn in_every_order_of_events_one_run_is_heard_and_nothing_is_forgotten() {
    let empty =
        World { now: 0, tasks: [const { String::new() }; 2], lane: String::new(), beliefs: [None; 2] };
    let mut queue = VecDeque::from([empty.with(&[task("a"), task("b")], &Lane::default())]);
    let mut known = HashSet::new();
    while let Some(world) = queue.pop_front() {
        if known.len() < 60_000 && known.insert(world.clone()) {
            world.check();
            queue.extend(world.next());
        }
    }
    assert!((1_000..60_000).contains(&known.len()), "all of them: {}", known.len());
}

proptest! {
    /// Whatever runners do, a task that somebody keeps looking at ends.
    #[test]
    fn every_task_ends(fates in proptest::collection::vec(0..4_u8, 0..8)) {
        let (mut task, mut lane) = (task("a"), Lane::default());
        let mut fates = fates.into_iter();
        let mut now = at(0);
        for _ in 0..40 {
            match task.claim(&mut lane, "r", now) {
                Claim::Over => break,
                Claim::Wait(wait) => now = now.plus(wait),
                Claim::Busy(busy) => now = now.plus(busy.wait),
                Claim::Run { attempt } => match fates.next().unwrap_or(3) {
                    0 => {}
                    1 => drop(task.beat(&mut lane, attempt, Progress::default(), now.plus_seconds(60))),
                    2 => drop(task.finish(&mut lane, attempt, Ending::Failed { why: "x".repeat(5_000) }, counts(0), now)),
                    _ => drop(task.finish(&mut lane, attempt, Ending::Incomplete { why: "time".into() }, counts(0), now)),
                },
            }
        }
        prop_assert!(task.state.is_over() && lane.holder.is_none() && task.error.len() <= 1_000);
    }
}
