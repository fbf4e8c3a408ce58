//! The function as it is, against NCIRCC's account over TLS and tables in a real engine, in virtual time.

use std::{collections::BTreeMap, time::Duration};

use bridge_connect::{Connector as Connections, Vault};
use bridge_delivery::Gatekeeper;
use bridge_domain::{
    IncidentId, RowId, Timestamp,
    incident::ReportState,
    ledger::{Event, Ledger, State},
    ncircc::errand::{Errand, Row},
};
use bridge_reporting::{Message, NcirccQueue};
use bridge_runtime::{
    batch::Failure,
    secrets::{SecretCache, TTL},
};
use bridge_simulators::{Ncircc as Simulator, Options, Running};
use bridge_store::Cache;
use bridge_world::{NCIRCC_QUEUE, PREFIX, World, calm, cut};
use serde_json::{Value, json};

use crate::handler::{Desk, Parts};

mod crash;
mod errands;
mod faults;
mod outage;
mod switches;

/// Between two sweeps.
const SWEEPS: Duration = Duration::from_mins(5);

/// A bridge connected with NCIRCC.
struct Bench {
    world: World,
    account: Running,
    desk: Desk,
    queue: NcirccQueue,
    /// What lies in the queue, and when it can be seen.
    letters: Vec<(Message, Timestamp)>,
    dead: Vec<String>,
}

impl Bench {
    async fn start(more: Value) -> Self {
        let (world, account) = (World::start().await, Simulator::start(Options::default()).await.unwrap());
        world.join_ncircc(&account, &more).await;
        let desk = desk(&world);
        let queue = NcirccQueue::new(world.amazon.aws.sqs(), NCIRCC_QUEUE.to_owned());
        Self { world, account, desk, queue, letters: Vec::new(), dead: Vec::new() }
    }

    /// Orders the export of a new incident; gives its marker.
    async fn order(&mut self, id: &str) -> String {
        let incident = self.world.add_incident(id).await;
        let marker = self.world.order_export(&incident).await;
        self.queue.send(&incident.value.id, &RowId::export()).await;
        self.collect();
        marker
    }

    fn collect(&mut self) {
        for body in self.world.amazon.drain(NCIRCC_QUEUE) {
            self.letters.push((serde_json::from_str(&body).unwrap(), self.world.hand.now()));
        }
    }

    /// Lets time pass: the function works as soon as there is something to see, the sweeper in its
    /// period.
    async fn run(&mut self, span: Duration) {
        let end = self.world.hand.now().plus(span);
        let mut next_sweep = self.world.hand.now();
        loop {
            let now = self.world.hand.now();
            if now >= next_sweep {
                bridge_reporting::sweep(&self.world.store, &self.queue, now).await.unwrap();
                next_sweep = now.plus(SWEEPS);
            }
            self.collect();
            let (seen, hidden) = self.letters.drain(..).partition(|(_, visible)| *visible <= now);
            self.letters = hidden;
            for (message, _) in seen {
                self.take(message).await;
            }
            let next = self.letters.iter().map(|(_, visible)| *visible).min();
            let next = next.unwrap_or(next_sweep).min(next_sweep);
            if next > end {
                return self.world.hand.reach(end);
            }
            self.world.hand.reach(next);
        }
    }

    async fn take(&mut self, message: Message) {
        match Box::pin(self.desk.handle(&message)).await {
            Ok(()) => {}
            Err(Failure::Retry { after, .. }) => {
                let visible = self.world.hand.now().plus(after.unwrap_or(Duration::from_secs(5)));
                self.letters.push((message, visible));
            }
            Err(Failure::Dead { reason }) => self.dead.push(reason.into_owned()),
        }
    }

    /// A new process in the place of the old one.
    fn restart(&mut self) {
        self.desk = desk(&self.world);
    }

    /// Notifications at NCIRCC by the marker in their description.
    async fn arrived(&self) -> BTreeMap<String, usize> {
        let state = self.account.control.state().await.unwrap();
        let mut arrived = BTreeMap::new();
        for notification in state["notifications"].as_array().unwrap() {
            let text = notification["body"]["event_description"].as_str().unwrap();
            let marker = text.rsplit_once("KUMA Bridge: ").map_or("none", |(_, marker)| marker);
            *arrived.entry(marker.to_owned()).or_default() += 1;
        }
        arrived
    }

    async fn row(&self, id: &str) -> Row {
        self.row_named(id, &RowId::export()).await
    }

    async fn row_named(&self, id: &str, row: &RowId) -> Row {
        self.world.store.row(&id.parse::<IncidentId>().unwrap(), row).await.unwrap().unwrap().value
    }

    async fn report(&self, id: &str) -> bridge_domain::incident::Report {
        let incident = self.world.store.incident(&id.parse().unwrap()).await.unwrap().unwrap();
        incident.value.report.unwrap()
    }

    /// Checks that NCIRCC has a notification of this incident exactly once, and that everybody knows.
    async fn check_sent(&self, id: &str, marker: &str) -> Row {
        let row = self.row(id).await;
        assert_eq!(self.arrived().await.get(marker), Some(&1), "{id}: {row:?}");
        assert_eq!(row.ledger.state, State::Sent, "{row:?}");
        let (report, remote) = (self.report(id).await, row.ledger.remote.clone().unwrap());
        assert_eq!((report.state, &report.uuid), (ReportState::Exported, &remote.uuid));
        let known = self.world.store.incidents_of(std::slice::from_ref(&remote.uuid)).await.unwrap();
        assert_eq!(known, [(remote.uuid, id.parse().unwrap())]);
        row
    }

    async fn fault(&self, order: Value) {
        self.account.control.fault(&order).await.unwrap();
    }
}

fn desk(world: &World) -> Desk {
    let clock = world.hand.clock();
    let secrets = SecretCache::with_clock(world.amazon.aws.secrets(), TTL, clock.clone());
    let cache = Cache::new(&world.amazon.engine.config, bridge_engine::CACHE.parse().unwrap());
    Desk::new(Parts {
        store: world.store.clone(),
        gatekeeper: Gatekeeper::new(cache.clone(), clock.clone()),
        cache,
        connections: Connections::new(Vault::new(secrets, PREFIX.to_owned())),
        clock,
        output: world.output.clone(),
    })
}

fn events(ledger: &Ledger) -> Vec<Event> {
    ledger.log.iter().map(|line| line.event).collect()
}

#[tokio::test]
async fn an_export_is_one_request_and_its_number_comes_back() {
    let mut bench = Bench::start(json!({})).await;
    let marker = bench.order("INC-1").await;
    bench.run(Duration::from_secs(1)).await;
    let row = bench.check_sent("INC-1", &marker).await;
    assert_eq!((row.ledger.sends, row.ledger.asks), (1, 0));
    assert_eq!(events(&row.ledger), [Event::Requested, Event::Claimed, Event::Accepted]);
    assert!(!row.ledger.remote.unwrap().identifier.is_empty());
    let calls = bench.account.control.history().await.unwrap();
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert!(bench.letters.is_empty() && bench.dead.is_empty());

    // A message that comes again costs nothing.
    bench.take(Message { incident: "INC-1".parse().unwrap(), row: RowId::export() }).await;
    assert_eq!(bench.account.control.history().await.unwrap().len(), 1);
    bench.take(Message { incident: "INC-2".parse().unwrap(), row: RowId::export() }).await;
    assert_eq!(bench.dead, ["there is no such row of the ledger"]);
}
