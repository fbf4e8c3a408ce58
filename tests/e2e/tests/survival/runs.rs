//! Random lives of alerts, and what they must come to.

use std::{
    collections::BTreeMap,
    io::Write as _,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use aws_sdk_sqs::{Client, types::QueueAttributeName as Attribute};
use bridge_runtime::aws::Aws;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    alerts::{alert, event_ids, second, text, with},
    chaos::{kill, list, sweep, trouble},
    irp::Irp,
    kuma_core::{Core, eventually},
    random::Random,
    tenant::Tenant,
    world::User,
};

/// Lives of alerts that are led at once.
const RUNS: usize = 36;
/// Steps of each.
const STEPS: usize = 7;
/// A claim of a function that was killed holds for 75 seconds, a circuit stays open for 60 at times.
const PATIENCE: Duration = Duration::from_secs(200);
const PRIORITIES: [(&str, &str); 4] =
    [("low", "Низкий"), ("medium", "Средний"), ("high", "Высокий"), ("critical", "Критический")];

/// Everything there is.
struct Place {
    core: Core,
    irps: [Irp; 2],
    user: User,
}

/// One alert and what was told of it.
struct Life<'a> {
    place: &'a Place,
    random: Random,
    id: String,
    /// Comes from KUMA, not through the JSON door.
    of_kuma: bool,
    /// What was posted.
    posted: Vec<Value>,
    events: usize,
}

impl Life<'_> {
    fn event(&mut self) -> Value {
        self.events += 1;
        json!({"ID": format!("event-{:03}", self.events), "Timestamp": 1_714_989_600_000_i64, "DeviceVendor": "x"})
    }

    async fn lead(mut self) {
        self.pause(2_000).await;
        let event = self.event();
        let plain = alert(&self.place.core.tenant);
        let first = with(&plain, json!({"id": self.id, "lastSeen": second(40_000), "events": [event]}));
        self.posted.push(first.clone());
        if self.of_kuma {
            let there = json!({"tenantID": self.place.core.kuma_tenant});
            self.place.core.kuma.control.put_alerts(&with(&first, there)).await.unwrap();
        } else {
            self.post(&first).await;
        }
        for _ in 0..STEPS {
            self.pause(1_800).await;
            self.step().await;
        }
    }

    async fn pause(&mut self, most: usize) {
        sleep(Duration::from_millis(u64::try_from(self.random.below(most)).unwrap())).await;
    }

    async fn post(&self, alert: &Value) {
        let answer = self.place.user.ingest(alert).await;
        assert!([202, 503].contains(&answer.status), "{answer:?}");
        if answer.status == 503 {
            self.place.user.ingest(alert).await.expect(202);
        }
    }

    async fn step(&mut self) {
        let what = self.random.below(16);
        let irp = &self.place.irps[self.random.below(2)];
        // What an analyst does may be impossible: the incident is not there yet, the alert is closed.
        let control = &irp.vision.control;
        match what {
            0 => {
                let _ = control.act(&json!({"act": "close", "alertID": self.id})).await;
            }
            1 => {
                let _ = control.act(&json!({"act": "reopen", "alertID": self.id})).await;
            }
            2 => {
                let answer = self.place.user.close(&self.id, "responded").await;
                assert!([204, 404, 406].contains(&answer.status), "{answer:?}");
            }
            _ if self.of_kuma => self.step_in_kuma(what).await,
            3..=5 => self.post(&self.posted[self.posted.len() - 1].clone()).await,
            6..=7 => {
                let old = self.random.below(self.posted.len());
                self.post(&self.posted[old].clone()).await;
            }
            _ => {
                let events: Vec<Value> = (0..self.random.below(3)).map(|_| self.event()).collect();
                let change = json!({
                    "lastSeen": second(40_000 + 60 * self.posted.len()), "events": events,
                    "priority": self.random.pick(&PRIORITIES).0,
                });
                let next = with(&self.posted[0], change);
                self.posted.push(next.clone());
                self.post(&next).await;
            }
        }
    }

    async fn step_in_kuma(&mut self, what: usize) {
        let id = self.id.clone();
        let order = match what {
            3 => json!({"act": "close", "id": id, "reason": "incorrect data"}),
            4..=5 => json!({"act": "escalate", "id": id}),
            6..=7 => json!({"act": "unlink", "id": id}),
            8..=9 => json!({"act": "assign", "id": id, "assignee": format!("analyst-{what}")}),
            _ => {
                let events = [self.event()];
                json!({"act": "grow", "id": id, "events": events, "lastSeen": second(40_000 + 60 * self.events)})
            }
        };
        // A closed alert takes none of them.
        let _ = self.place.core.kuma.control.act(&order).await;
    }
}

/// Nothing, or the first thing in which the sides do not agree.
async fn disagreement(place: &Place, ids: &[String]) -> Result<(), String> {
    let core = place.core.kuma.control.state().await.unwrap();
    let there: BTreeMap<&str, &Value> =
        list(&core, "alerts").iter().map(|one| (text(one, "id"), one)).collect();
    let [first, second] = &place.irps;
    let states = [
        (first, first.vision.control.state().await.unwrap()),
        (second, second.vision.control.state().await.unwrap()),
    ];
    let busy = states.iter().map(|(_, state)| state).chain([&core]).any(|state| state["idle"] != true);
    if busy {
        return Err("somebody outside is still at it".to_owned());
    }
    for id in ids {
        let detail = place.user.get(&format!("/bridge/v1/alerts/{id}")).await;
        if detail.status == 404 {
            return Err(format!("{id} is not here yet"));
        }
        let detail = detail.expect(200).json();
        let shown = place.user.alert(id).await;
        let closed = detail["status"] == "closed";
        let deliveries = list(&detail, "deliveries");
        if let Some(late) = deliveries.iter().find(|one| one["state"] != "delivered") {
            return Err(format!("{id} is not delivered: {late}"));
        }
        if let Some(alert) = there.get(id.as_str()) {
            let same = (alert["status"] == "closed") == closed
                && alert["events"] == event_ids(&shown).len()
                && (closed || alert["status"] == shown["status"]);
            if !same {
                return Err(format!("KUMA has {alert}, the bridge {detail}"));
            }
        }
        for (irp, state) in &states {
            let found: Vec<&Value> =
                list(state, "incidents").iter().filter(|one| one["alertID"] == **id).collect();
            let [incident] = found[..] else {
                assert!(found.len() < 2, "{id} has {} incidents in {}: {found:?}", found.len(), irp.id);
                return Err(format!("{id} has no incident in {}", irp.id));
            };
            agrees(incident, &shown, closed)?;
        }
    }
    Ok(())
}

/// Whether an incident is what the alert is.
fn agrees(incident: &Value, alert: &Value, closed: bool) -> Result<(), String> {
    let fields = &incident["fields"];
    let level = PRIORITIES.iter().find(|(priority, _)| alert["priority"] == *priority).unwrap().1;
    let events: Vec<Value> = event_ids(alert).iter().map(|id| json!({ "ID": id })).collect();
    let size = json!(events).to_string().len();
    let analyst = list(incident, "writes").iter().any(|write| write["kind"] == "analyst");
    let same = fields["level"] == level
        && fields["ALERT_LAST_SEEN"] == alert["lastSeen"]
        && list(incident, "files").last().is_some_and(|file| file["size"] == size)
        // Whoever re-opened an incident meant it.
        && (incident["closed"] == closed || (closed && analyst))
        && (closed || fields["ALERT_STATUS"] == alert["status"]);
    if same { Ok(()) } else { Err(format!("the incident {incident} is not {alert}")) }
}

/// The queues of the functions that send.
struct Queues {
    client: Client,
    urls: [String; 3],
    dead: [String; 3],
}

impl Queues {
    async fn of(user: &User) -> Self {
        let stack = user.world.stack.clone();
        Self {
            client: Aws::load().await.sqs(),
            urls: [stack.rvision_queue, stack.kuma_queue, stack.pull_queue],
            dead: [stack.rvision_dead_queue, stack.kuma_dead_queue, stack.pull_dead_queue],
        }
    }

    async fn count(&self, url: &str, name: Attribute) -> usize {
        let request = self.client.get_queue_attributes().queue_url(url).attribute_names(name.clone());
        request.send().await.unwrap().attributes.unwrap()[&name].parse().unwrap()
    }

    /// How many messages are to be seen now, or under way, in each queue.
    async fn waiting(&self) -> Vec<(usize, usize)> {
        let mut all = Vec::new();
        for url in &self.urls {
            let seen = self.count(url, Attribute::ApproximateNumberOfMessages).await;
            let later = self.count(url, Attribute::ApproximateNumberOfMessagesDelayed).await;
            all.push((seen + later, self.count(url, Attribute::ApproximateNumberOfMessagesNotVisible).await));
        }
        all
    }

    async fn dead(&self) -> usize {
        let mut all = 0;
        for url in &self.dead {
            all += self.count(url, Attribute::ApproximateNumberOfMessages).await;
        }
        all
    }

    /// Every message that could ever have been sent, once more.
    async fn repeat(&self, place: &Place, ids: &[String]) {
        let core = (&self.urls[1], &place.core.id);
        let targets = place.irps.iter().map(|irp| (&self.urls[0], &irp.id)).chain([core]);
        for (url, target) in targets {
            let sends = ids.iter().map(|id| {
                let body = json!({"tenantID": place.core.tenant.id, "alertID": id, "targetID": target});
                self.client.send_message().queue_url(url).message_body(body.to_string()).send()
            });
            for sent in join_all(sends).await {
                sent.unwrap();
            }
        }
    }
}

/// How often anybody outside was asked for anything.
async fn asked(place: &Place) -> u64 {
    let mut sum = 0;
    for control in place.irps.iter().map(|irp| &irp.vision.control).chain([&place.core.kuma.control]) {
        sum += control.state().await.unwrap()["requests"].as_u64().unwrap();
    }
    sum
}

async fn place() -> Place {
    let core = Core::new(json!({"pull": false})).await;
    core.push_by("urlencoded").await;
    let plain = json!({"eventFields": ["ID"], "timeoutSeconds": 5});
    let tenant: &Tenant = &core.tenant;
    let irps = [Irp::closing(tenant, plain.clone()).await, Irp::closing(tenant, plain).await];
    let user = core.user.clone();
    Place { core, irps, user }
}

#[tokio::test]
async fn all_sides_agree_after_any_faults_and_deaths() {
    let seed = std::env::var("SURVIVAL_SEED")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(|| u64::from(std::time::UNIX_EPOCH.elapsed().unwrap().subsec_nanos()));
    let _ = writeln!(std::io::stderr(), "SURVIVAL_SEED={seed}");
    let random = Random::new(seed);
    let place = place().await;
    let queues = Queues::of(&place.user).await;
    let (dead, killed) = (queues.dead().await, AtomicUsize::new(0));

    let lives: Vec<Life<'_>> = (0..RUNS)
        .map(|number| Life {
            place: &place,
            random: random.split(u64::try_from(number).unwrap()),
            id: crate::alerts::uuid(),
            of_kuma: number % 2 == 0,
            posted: Vec::new(),
            events: 0,
        })
        .collect();
    let ids: Vec<String> = lives.iter().map(|life| life.id.clone()).collect();
    let control = |irp: &Irp| irp.vision.control.clone();
    tokio::select! {
        _ = join_all(lives.into_iter().map(Life::lead)) => {}
        () = trouble(control(&place.irps[0]), random.split(1_001), "/api/v2/incidents") => {}
        () = trouble(control(&place.irps[1]), random.split(1_002), "/api/v2/incidents") => {}
        () = trouble(place.core.kuma.control.clone(), random.split(1_003), "/api/*") => {}
        () = kill(place.user.world.stack.clone(), random.split(1_004), &killed) => {}
    }
    assert!(killed.load(Ordering::Relaxed) > 0, "nobody was killed");
    for control in place.irps.iter().map(control).chain([place.core.kuma.control.clone()]) {
        control.clear_faults().await.unwrap();
    }

    // What was lost with a process is found by the sweeper, whose schedule is too slow for a test.
    let begin = Instant::now();
    while let Err(why) = disagreement(&place, &ids).await {
        assert!(begin.elapsed() < PATIENCE, "seed {seed}: after {PATIENCE:?} {why}");
        sweep(&place.user.world.stack).await;
        sleep(Duration::from_secs(1)).await;
    }
    let _ = writeln!(
        std::io::stderr(),
        "{} processes were killed; all sides agreed {:.0} s after the last fault",
        killed.load(Ordering::Relaxed),
        begin.elapsed().as_secs_f64()
    );

    // Nothing is under way but what the dead took with them, and even every message at once changes
    // nothing and asks nobody.
    let idle = || async {
        let now = queues.waiting().await;
        now.iter().all(|(waiting, _)| *waiting == 0).then_some(now)
    };
    eventually("empty queues", idle).await;
    let before = asked(&place).await;
    sweep(&place.user.world.stack).await;
    let hidden: usize = queues.waiting().await.iter().map(|(_, hidden)| hidden).sum();
    queues.repeat(&place, &ids).await;
    eventually("queues worked off", || async {
        let now = queues.waiting().await;
        let left: usize = now.iter().map(|(waiting, hidden)| waiting + hidden).sum();
        (left <= hidden).then_some(())
    })
    .await;
    assert_eq!(asked(&place).await, before, "seed {seed}: somebody was asked for what is done");
    assert_eq!(disagreement(&place, &ids).await, Ok(()), "seed {seed}");
    assert_eq!(queues.dead().await, dead, "seed {seed}: dead letters");
}
