//! Security Vision needs nothing but search and close. Its connector, played here, asks for all new alerts on
//! every run and tells them apart by their ids, while a SIEM goes on posting and an analyst goes on closing.
//!
//! Every request is written down with its beginning and its end, so that each answer can be held against what
//! was true meanwhile: what was settled must be shown just so, what was under way in one of its states.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Mutex, MutexGuard},
};

use futures_util::future::{join, join_all, join3};
use reqwest::{Method, header::CONTENT_TYPE};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::{
    alerts::{alert, counts, event_ids, second, text, with},
    tenant::Tenant,
    world::{Reply, User},
};

const WAVES: usize = 25;
/// New alerts in a wave. All of them together fit into the one page that the connector ever sees.
const WAVE: usize = 9;
/// The last revision of an alert that changes.
const REVISIONS: usize = 4;
const REASONS: [&str; 3] = ["responded", "incorrect data", "incorrect correlation rule"];

/// What becomes of an alert.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It changes and stays open.
    Changes,
    /// The connector closes it as soon as it has it.
    Closed,
    /// The analyst closes it in KUMA, perhaps before the connector has seen it.
    ClosedElsewhere,
    /// It changes, and the connector closes it when it has the last revision.
    ChangesAndClosed,
}

impl Fate {
    fn of(number: usize) -> Self {
        [Self::Changes, Self::Closed, Self::ClosedElsewhere, Self::ChangesAndClosed][number % 4]
    }

    fn changes(self) -> bool {
        matches!(self, Self::Changes | Self::ChangesAndClosed)
    }
}

fn reason(number: usize) -> &'static str {
    REASONS[number / 4 % 3]
}

/// One request about one alert. Times count requests.
struct Step {
    start: u64,
    end: Option<u64>,
    /// The alert's revision afterwards; closed without one.
    revision: Option<usize>,
}

/// Everything that was done, by number of alert.
#[derive(Default)]
struct Ledger {
    clock: u64,
    steps: BTreeMap<usize, Vec<Step>>,
}

/// What an answer may show of an alert.
struct Possible {
    revisions: HashSet<usize>,
    /// Whether it may be missing.
    absent: bool,
}

impl Ledger {
    fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    /// A request goes out; gives its place among those about this alert.
    fn begin(&mut self, number: usize, revision: Option<usize>) -> usize {
        let start = self.tick();
        let steps = self.steps.entry(number).or_default();
        steps.push(Step { start, end: None, revision });
        steps.len() - 1
    }

    /// It was answered.
    fn end(&mut self, number: usize, place: usize) {
        let end = self.tick();
        self.steps.get_mut(&number).unwrap()[place].end = Some(end);
    }

    fn possible(&self, number: usize, start: u64, end: u64) -> Possible {
        let steps = self.steps[&number].iter().filter(|step| step.start < end);
        let (settled, moving): (Vec<&Step>, Vec<&Step>) =
            steps.partition(|step| step.end.is_some_and(|ended| ended < start));
        let before = settled.last();
        // A change moves the alert within the list: who reads meanwhile may find it at neither place.
        let absent = before.is_none_or(|step| step.revision.is_none()) || !moving.is_empty();
        let revisions = before.into_iter().chain(&moving).filter_map(|step| step.revision).collect();
        Possible { revisions, absent }
    }
}

/// The SIEM, the analyst and the connector on one tenant.
struct Scene {
    tenant: Tenant,
    ids: Vec<String>,
    ledger: Mutex<Ledger>,
}

impl Scene {
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap()
    }

    fn message(&self, number: usize, revision: usize) -> Value {
        with(
            &alert(&self.tenant),
            json!({
                "id": self.ids[number], "name": format!("Alert {number} revision {revision}"),
                "firstSeen": second(0), "lastSeen": second(number * 300 + revision),
                "events": [{"ID": format!("e{revision}"), "Timestamp": revision}],
            }),
        )
    }

    /// Posts these alerts, each in this revision.
    async fn post(&self, siem: &User, what: &[(usize, usize)]) {
        if what.is_empty() {
            return;
        }
        let messages: Vec<Value> =
            what.iter().map(|(number, revision)| self.message(*number, *revision)).collect();
        let places: Vec<usize> =
            what.iter().map(|(number, revision)| self.ledger().begin(*number, Some(*revision))).collect();
        let answer = siem.ingest(&json!(messages)).await.expect(202).json();
        let [created, updated, ..] = counts(&answer);
        assert_eq!(usize::try_from(created + updated).unwrap(), what.len(), "{answer}");
        for ((number, _), place) in what.iter().zip(places) {
            self.ledger().end(*number, place);
        }
    }

    async fn close(&self, user: &User, number: usize, reason: &str) {
        let place = self.ledger().begin(number, None);
        user.close(&self.ids[number], reason).await.expect(204);
        self.ledger().end(number, place);
    }

    /// New alerts, changed ones and closed ones, all at once and each wave while another poll runs.
    async fn go_on(&self, mut polls: watch::Receiver<usize>) {
        let (siem, analyst) = join(self.tenant.analyst(), self.tenant.analyst()).await;
        let mut revisions = vec![1; self.ids.len()];
        for wave in 0..WAVES + REVISIONS {
            polls.wait_for(|started| *started > wave).await.unwrap();
            let new: Vec<usize> = (wave * WAVE..(wave + 1) * WAVE).filter(|n| *n < self.ids.len()).collect();
            let posted = (wave * WAVE).min(self.ids.len());
            let changed: Vec<(usize, usize)> = (0..posted)
                .filter(|number| Fate::of(*number).changes() && revisions[*number] < REVISIONS)
                .map(|number| (number, revisions[number] + 1))
                .collect();
            for (number, revision) in &changed {
                revisions[*number] = *revision;
            }
            let created: Vec<(usize, usize)> = new.iter().map(|number| (*number, 1)).collect();
            let last = (wave.saturating_sub(1) * WAVE..posted)
                .filter(|number| Fate::of(*number) == Fate::ClosedElsewhere);
            let closed = join_all(last.map(|number| self.close(&analyst, number, "incorrect data")));
            join3(self.post(&siem, &created), self.post(&siem, &changed), closed).await;
        }
    }
}

/// An incident of Security Vision.
struct Incident {
    revision: usize,
    alert: Value,
    updates: usize,
}

/// The connector and what it has imported, by number of alert.
struct Connector<'a> {
    scene: &'a Scene,
    user: User,
    incidents: BTreeMap<usize, Incident>,
    closed: HashSet<usize>,
    /// Runs that brought something new.
    arrivals: usize,
}

impl Connector<'_> {
    /// One run: imports what is new, updates what has changed, closes what is done with.
    async fn run(&mut self) {
        let start = self.scene.ledger().tick();
        // Without a page, with a flag without a value, with a content type on a GET. Names of headers are in
        // lower case on the wire.
        let request = self.user.request(&Method::GET, "/api/v1/alerts/?withEvents&status=new");
        let shown = Reply::of(request.header(CONTENT_TYPE, "application/json")).await.expect(200).array();
        let end = self.scene.ledger().tick();
        self.check(&shown, start, end);
        let before = self.incidents.len();
        for alert in shown {
            self.import(alert);
        }
        self.arrivals += usize::from(self.incidents.len() > before);
        let done: Vec<usize> = self
            .incidents
            .iter()
            .filter(|(number, incident)| {
                let done = match Fate::of(**number) {
                    Fate::Closed => true,
                    Fate::ChangesAndClosed => incident.revision == REVISIONS,
                    Fate::Changes | Fate::ClosedElsewhere => false,
                };
                done && !self.closed.contains(number)
            })
            .map(|(number, _)| *number)
            .collect();
        // One command each, as the connector has it.
        join_all(done.iter().map(|number| self.scene.close(&self.user, *number, reason(*number)))).await;
        self.closed.extend(done);
    }

    /// Holds an answer against what was true between its request and itself.
    fn check(&self, shown: &[Value], start: u64, end: u64) {
        assert!(shown.len() < 250, "the scene is larger than a page");
        let mut seen = BTreeMap::new();
        for alert in shown {
            let (number, revision) = named(alert);
            assert_eq!((text(alert, "id"), text(alert, "status")), (&*self.scene.ids[number], "new"));
            assert!(seen.insert(number, revision).is_none(), "alert {number} is there twice");
            // A revision is shown with everything that it and those before it said.
            let events: Vec<String> = (1..=revision).map(|revision| format!("e{revision}")).collect();
            assert_eq!(event_ids(alert), events, "alert {number}");
        }
        let ledger = self.scene.ledger();
        for number in ledger.steps.keys() {
            let possible = ledger.possible(*number, start, end);
            match seen.get(number) {
                Some(revision) => assert!(
                    possible.revisions.contains(revision),
                    "alert {number} is shown in revision {revision}, not one of {:?}",
                    possible.revisions
                ),
                None => assert!(possible.absent, "alert {number} is missing"),
            }
        }
    }

    fn import(&mut self, alert: Value) {
        let (number, revision) = named(&alert);
        let Some(incident) = self.incidents.get_mut(&number) else {
            self.incidents.insert(number, Incident { revision, alert, updates: 0 });
            return;
        };
        if incident.alert != alert {
            assert!(revision > incident.revision, "alert {number} changed, and not by its SIEM: {alert}");
            *incident = Incident { revision, alert, updates: incident.updates + 1 };
        }
    }
}

/// The numbers in an alert's name.
fn named(alert: &Value) -> (usize, usize) {
    let words: Vec<&str> = text(alert, "name").split(' ').collect();
    (words[1].parse().unwrap(), words[3].parse().unwrap())
}

#[tokio::test]
async fn polling_misses_nothing_and_imports_nothing_twice() {
    let tenant = Tenant::new().await;
    let connector = tenant.user("operator").await;
    let ids = (0..WAVES * WAVE).map(|_| crate::alerts::uuid()).collect();
    let scene = Scene { tenant, ids, ledger: Mutex::default() };
    let (incidents, closed) = (BTreeMap::new(), HashSet::new());
    let mut connector = Connector { scene: &scene, user: connector, incidents, closed, arrivals: 0 };

    let (started, polls) = watch::channel(0);
    let mut going_on = Box::pin(scene.go_on(polls));
    let mut over = false;
    while !over {
        started.send_modify(|polls| *polls += 1);
        // A run is not cut off by the end of the rest; the rest goes on while it lasts.
        let mut run = Box::pin(connector.run());
        loop {
            tokio::select! {
                () = &mut run => break,
                () = &mut going_on, if !over => over = true,
            }
        }
    }
    assert!(*started.borrow() > 20 && connector.arrivals > 10, "{} arrivals", connector.arrivals);
    // Now nothing moves: two runs more, the second of which has nothing left to do.
    connector.run().await;
    connector.run().await;

    for number in 0..scene.ids.len() {
        let fate = Fate::of(number);
        let Some(incident) = connector.incidents.get(&number) else {
            assert!(fate == Fate::ClosedElsewhere, "alert {number} was never imported");
            continue;
        };
        let last = if fate.changes() { REVISIONS } else { 1 };
        assert_eq!(incident.revision, last, "alert {number}");
        assert!(incident.updates < last, "alert {number}");
    }
    assert!(connector.incidents.values().any(|incident| incident.updates > 1));

    let open = scene.tenant.admin.search(&format!("tenantID={}&status=new", scene.tenant.id)).await;
    assert!(open.iter().all(|alert| Fate::of(named(alert).0) == Fate::Changes));
    let closed = scene.tenant.admin.search(&format!("tenantID={}&status=closed", scene.tenant.id)).await;
    assert_eq!(open.len() + closed.len(), scene.ids.len());
    for alert in closed {
        let (number, _) = named(&alert);
        let by_connector = connector.closed.contains(&number);
        let wanted = if by_connector { reason(number) } else { "incorrect data" };
        assert_eq!(text(&alert, "closingReason"), wanted);
        assert_eq!(by_connector, Fate::of(number) != Fate::ClosedElsewhere, "alert {number}");
    }
    let reasons: HashSet<&str> = connector.closed.iter().map(|number| reason(*number)).collect();
    assert_eq!(reasons.len(), REASONS.len());
}
