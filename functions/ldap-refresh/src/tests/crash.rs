//! The process dies at every point at which it waits for something.

use bridge_domain::import::task::State;
use bridge_slapd::{Hostile, Script};
use bridge_world::cut;

use super::*;

#[tokio::test]
async fn wherever_an_import_is_cut_off_the_next_attempt_makes_it_good() {
    let bench = Bench::start().await;
    let before = objects(&[(1, "stays"), (2, "changes"), (3, "leaves"), (4, "stays"), (5, "stays")]);
    let after = objects(&[(1, "stays"), (2, "changed"), (4, "stays"), (5, "stays"), (6, "new")]);
    let old = Hostile::start(Script::Controller(before)).await.unwrap();
    let new = Hostile::start(Script::Controller(after)).await.unwrap();
    for waits in 0.. {
        let id = format!("c{waits}");
        bench.connect(&id, old.port()).await;
        let first = bench.work(&bench.order(&id).await).await;
        assert_eq!((first.state, first.counts.created), (State::Completed, 5));

        bench.lead(&id, new.port()).await;
        let message = bench.order(&id).await;
        let parts = bench.parts();
        let end = Box::pin(cut(handler::handle(&parts, &message, "doomed"), waits)).await;
        bench.world.amazon.calm().await;
        let task = bench.work(&message).await;
        assert_eq!(task.state, State::Completed, "after {waits}: {task:?}");

        let title = |guid| {
            let account = bench.account(&id, [guid; 16]);
            async move {
                account.await.map(|account| (account.values("title")[0].clone(), account.expires.is_some()))
            }
        };
        for (number, expected) in
            [(1, "stays"), (2, "changed"), (3, "leaves"), (4, "stays"), (5, "stays"), (6, "new")]
        {
            let expected = Some((expected.to_owned(), number == 3));
            assert_eq!(title(number).await, expected, "{number} after {waits}");
        }
        // Whatever the crash left behind, the next run finds nothing to do.
        let quiet = bench.work(&bench.order(&id).await).await;
        let counts = quiet.counts;
        assert_eq!((counts.seen, counts.unchanged, counts.expiring), (5, 5, 0), "after {waits}: {counts:?}");
        if let Some(end) = end {
            end.unwrap();
            assert!(waits > 15, "only {waits} points were tried");
            return;
        }
    }
}

#[tokio::test]
async fn an_attempt_that_was_taken_for_dead_changes_nothing_any_more() {
    let bench = Bench::start().await;
    let server = Hostile::start(Script::Controller(objects(&[(1, "one"), (2, "two")]))).await.unwrap();
    bench.connect("c", server.port()).await;
    let message = bench.order("c").await;
    let parts = bench.parts();
    // It stands still as soon as it has claimed the task, and goes on after somebody else took over.
    let mut slow = Box::pin(handler::handle(&parts, &message, "slow"));
    while bench.store().task(&message.task).await.unwrap().unwrap().value.state != State::Running {
        assert!(cut(&mut slow, 0).await.is_none());
    }
    bench.world.hand.pass(LATER);
    let task = bench.work(&message).await;
    assert_eq!((task.state, task.attempt, task.counts.created), (State::Completed, 2, 2));
    assert_eq!(slow.await, Ok(()));
    let after = bench.store().task(&message.task).await.unwrap().unwrap().value;
    assert_eq!(after, task);
}
