//! Incidents: alerts are in one or in none, and everything that is written with them is written whole.

use std::collections::BTreeSet;

use bridge_domain::{
    AlertId, IncidentId, Timestamp,
    access::Grants,
    alert::Status,
    close::Reason,
    incident::{Comment, Incident, Priority, Resolution, Search, Speaker, Status as Stage},
    outbox::{Change, Channel, Origin, Route},
    query::Query,
};
use bridge_store::{Found, IncidentConflict, Linked, Revised, keys::Moment};
use futures_util::{StreamExt, future::join_all, stream};
use serde_json::{Value, json};

use crate::support::{Engine, alert, alert_json, analyst_of, search};

fn at(seconds: i64) -> Timestamp {
    Timestamp::MIN.plus_seconds(seconds)
}

fn incident(number: u64, tenant: &str, last: i64) -> Incident {
    Incident {
        id: IncidentId::numbered(number),
        tenant: tenant.parse().unwrap(),
        name: format!("Incident {number}").parse().unwrap(),
        priority: Priority::High,
        description: String::new(),
        category: None,
        kind: None,
        status: Stage::Open,
        resolution: None,
        assignee: String::new(),
        alerts: Vec::new(),
        assets: Vec::new(),
        accounts: Vec::new(),
        first_seen: at(0),
        last_seen: at(last),
        created: at(last),
        updated: at(last),
        closed: None,
        report: None,
    }
}

/// A tenant's only target: an R-Vision that wants everything.
fn routes() -> Vec<Route> {
    let target = "soc".parse().unwrap();
    vec![Route { target, channel: Channel::RVision, alerts: true, changes: true, closes: true, caller: None }]
}

async fn post(engine: &Engine, ids: &[&str]) {
    for id in ids {
        engine.upsert(alert(&alert_json(id, "t", 1))).await.unwrap();
    }
}

async fn found(engine: &Engine, ids: &[&str]) -> Vec<Found> {
    let ids: Vec<AlertId> = ids.iter().map(|id| id.parse().unwrap()).collect();
    let mut found = engine.store.alerts_by_id(&ids).await.unwrap();
    found.sort_by(|a, b| a.id.cmp(&b.id));
    found
}

/// An incident with these alerts named in it.
fn naming(mut incident: Incident, alerts: &[Found]) -> Incident {
    for alert in alerts {
        incident.link(alert.id.clone(), alert.first_seen, alert.last_seen, at(50)).unwrap();
    }
    incident
}

async fn create(engine: &Engine, incident: &Incident, alerts: &[Found]) -> Result<Linked, IncidentConflict> {
    let (origin, routes) = (Origin::Siem, routes());
    let change = Change { origin: &origin, routes: &routes, now: at(100) };
    engine.store.create_incident(incident, alerts, None, change).await
}

/// Makes an incident of alerts that are there.
async fn made(engine: &Engine, number: u64, ids: &[&str]) -> Revised<Incident> {
    let alerts = found(engine, ids).await;
    let incident = naming(incident(number, "t", 1), &alerts);
    create(engine, &incident, &alerts).await.unwrap().incident
}

async fn statuses(engine: &Engine, ids: &[&str]) -> Vec<Status> {
    found(engine, ids).await.into_iter().map(|alert| alert.status).collect()
}

async fn escalated(engine: &Engine) -> Vec<String> {
    let page = engine.store.search(&search("status=escalated"), &Grants::Everything).await.unwrap();
    page.alerts.iter().map(|found| found.id.to_string()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incident_escalates_its_alerts_and_tells_their_targets() {
    let engine = Engine::start().await;
    post(&engine, &["a", "b", "c"]).await;
    let alerts = found(&engine, &["a", "b"]).await;
    let new = naming(incident(1, "t", 1), &alerts);
    let linked = create(&engine, &new, &alerts).await.unwrap();
    assert_eq!((&linked.incident.value, linked.incident.revision), (&new, 1));
    assert_eq!(engine.store.incident(&new.id).await.unwrap().unwrap(), linked.incident);
    assert_eq!(new.last_seen, alerts[0].last_seen);
    // Owed with the write, and due should nobody queue it.
    let queued: BTreeSet<&str> = linked.queue.iter().map(|queued| queued.alert.as_str()).collect();
    assert_eq!(queued, BTreeSet::from(["a", "b"]));
    for alert in found(&engine, &["a", "b"]).await {
        assert_eq!((alert.status, alert.incident.as_ref()), (Status::Escalated, Some(&new.id)));
        assert!(alert.outbox().unwrap().due().is_some());
    }
    let mut listed = escalated(&engine).await;
    listed.sort();
    assert_eq!(listed, ["a", "b"]);
    assert_eq!(statuses(&engine, &["c"]).await, [Status::New]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incident_is_made_whole_or_not_at_all() {
    let engine = Engine::start().await;
    post(&engine, &["a", "b"]).await;
    let alerts = found(&engine, &["a", "b"]).await;
    // One of them changes before the write.
    engine.upsert(alert(&alert_json("b", "t", 7))).await.unwrap();
    let new = naming(incident(1, "t", 1), &alerts);
    assert_eq!(create(&engine, &new, &alerts).await.unwrap_err(), IncidentConflict::Changed);
    assert_eq!(engine.store.incident(&new.id).await.unwrap(), None);
    assert_eq!(statuses(&engine, &["a", "b"]).await, [Status::New; 2]);
    assert!(found(&engine, &["a"]).await[0].outbox().unwrap().deliveries.is_empty());
    // An id is given once.
    made(&engine, 2, &["a"]).await;
    let again = found(&engine, &["b"]).await;
    let second = naming(incident(2, "t", 1), &again);
    assert_eq!(create(&engine, &second, &again).await.unwrap_err(), IncidentConflict::Exists);
    assert_eq!(statuses(&engine, &["b"]).await, [Status::New]);
    // So is a uuid of NCIRCC's: the incident that came second does not exist.
    let remote = |number| {
        let (engine, one) = (&engine, incident(number, "t", 1));
        async move {
            let change = Change { origin: &Origin::Siem, routes: &[], now: at(1) };
            engine.store.create_incident(&one, &[], Some("u-1"), change).await
        }
    };
    remote(3).await.unwrap();
    assert_eq!(remote(4).await.unwrap_err(), IncidentConflict::Exists);
    assert_eq!(engine.store.incident(&IncidentId::numbered(4)).await.unwrap(), None);
    let known = engine.store.incidents_of(&["u-1".to_owned(), "u-2".to_owned()]).await.unwrap();
    assert_eq!(known, [("u-1".to_owned(), IncidentId::numbered(3))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_incidents_that_want_one_alert_at_once_one_gets_it() {
    let engine = Engine::start().await;
    post(&engine, &["a", "x0", "x1", "x2", "x3", "x4", "x5"]).await;
    let mut incidents = Vec::new();
    for number in 0..6 {
        incidents.push(made(&engine, number, &[&format!("x{number}")]).await);
    }
    let wanted = found(&engine, &["a"]).await;
    let change = Change { origin: &Origin::Siem, routes: &[], now: at(9) };
    let links = incidents.iter().map(|old| {
        let new = naming(old.value.clone(), &wanted);
        let (store, wanted) = (&engine.store, &wanted);
        async move { store.link_alerts(old, &new, wanted, change).await }
    });
    let results = join_all(links).await;
    let won: Vec<&Linked> = results.iter().filter_map(|result| result.as_ref().ok()).collect();
    assert_eq!(won.len(), 1);
    for lost in results.iter().filter_map(|result| result.as_ref().err()) {
        assert_eq!(lost, &IncidentConflict::Changed);
    }
    let owner = found(&engine, &["a"]).await[0].incident.clone();
    assert_eq!(owner.as_ref(), Some(&won[0].incident.value.id));
    for old in &incidents {
        let now = engine.store.incident(&old.value.id).await.unwrap().unwrap().value;
        assert_eq!(now.alerts.contains(&"a".parse().unwrap()), Some(&now.id) == owner.as_ref(), "{}", now.id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_escalated_alert_stays_so_until_it_is_closed_or_unlinked() {
    let engine = Engine::start().await;
    post(&engine, &["a", "b", "c"]).await;
    let old = made(&engine, 1, &["a", "b", "c"]).await;
    // Its SIEM knows nothing of incidents.
    for (status, minute) in [("new", 5), ("assigned", 6)] {
        let mut again = alert_json("a", "t", minute);
        again["status"] = json!(status);
        engine.upsert(alert(&again)).await.unwrap();
        let now = found(&engine, &["a"]).await;
        assert_eq!((now[0].status, now[0].incident.as_ref()), (Status::Escalated, Some(&old.value.id)));
    }
    assert_eq!(escalated(&engine).await.len(), 3);
    // Closed here, and closed there.
    let head = engine.store.alert_head(&"b".parse().unwrap()).await.unwrap().unwrap();
    engine.close(&head, Reason::Responded).await.unwrap();
    let mut closed = alert_json("c", "t", 8);
    closed["status"] = json!("closed");
    closed["closingReason"] = json!("responded");
    engine.upsert(alert(&closed)).await.unwrap();
    assert_eq!(
        statuses(&engine, &["a", "b", "c"]).await,
        [Status::Escalated, Status::Closed, Status::Closed]
    );
    // Out again: the status that its SIEM gave it last; what is closed stays so.
    let alerts = found(&engine, &["a", "b"]).await;
    let mut new = old.value.clone();
    for alert in &alerts {
        new.unlink(&alert.id, at(60)).unwrap();
    }
    let (origin, routes) = (Origin::Siem, routes());
    let change = Change { origin: &origin, routes: &routes, now: at(200) };
    let linked = engine.store.unlink_alerts(&old, &new, &alerts, change).await.unwrap();
    assert_eq!((linked.incident.revision, linked.incident.value.alerts.len()), (2, 1));
    assert!(linked.queue.iter().any(|queued| queued.alert.as_str() == "a"));
    let now = found(&engine, &["a", "b", "c"]).await;
    let now: Vec<_> = now.iter().map(|alert| (alert.status, alert.incident.is_some())).collect();
    assert_eq!(now, [(Status::Assigned, false), (Status::Closed, false), (Status::Closed, true)]);
    assert!(escalated(&engine).await.is_empty());
    let page = engine.store.search(&search("status=assigned"), &Grants::Everything).await.unwrap();
    assert_eq!(page.alerts.len(), 1);
    // The same again, with what is no longer so.
    let again = engine.store.unlink_alerts(&old, &new, &alerts, change).await;
    assert_eq!(again.unwrap_err(), IncidentConflict::Changed);
}

#[tokio::test(flavor = "multi_thread")]
async fn ninety_alerts_go_into_an_incident_at_once() {
    let engine = Engine::start().await;
    let ids: Vec<String> = (0..90).map(|n| format!("a{n:02}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    post(&engine, &ids).await;
    made(&engine, 1, &ids).await;
    assert_eq!(statuses(&engine, &ids).await, [Status::Escalated; 90]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_changes_at_once_one_goes_through_and_numbers_are_given_once() {
    let engine = Engine::start().await;
    let old = made(&engine, 1, &[]).await;
    let closes = (0..10).map(|n| {
        let mut new = old.value.clone();
        new.close(Resolution::Approved, at(n)).unwrap();
        let (store, old) = (&engine.store, &old);
        async move { store.change_incident(old, &new).await }
    });
    let won = join_all(closes).await.into_iter().flatten().count();
    assert_eq!(won, 1);
    let numbers = join_all((0..50).map(|_| engine.store.next_incident_number())).await;
    let numbers: BTreeSet<u64> = numbers.into_iter().map(Result::unwrap).collect();
    assert_eq!(numbers, (1..=50).collect());
}

/// Every page of a search up to the first empty one: numbers of the incidents in their order.
async fn all_pages(engine: &Engine, query: &str, grants: &Grants) -> Vec<String> {
    let mut ids = Vec::new();
    for page in 1.. {
        let search = Search::parse(&Query::parse(&format!("{query}&page={page}"))).unwrap();
        let found = engine.store.search_incidents(&search, grants).await.unwrap();
        if found.is_empty() {
            return ids;
        }
        assert!(ids.len() % 250 == 0, "only the last page is short");
        ids.extend(found.into_iter().map(|incident| incident.value.id.to_string()));
    }
    ids
}

/// `count` incidents spread over `tenants` tenants, one a second; every third one assigned.
async fn filled(count: u64, tenants: u64) -> Engine {
    let engine = Engine::start().await;
    stream::iter(0..count)
        .for_each_concurrent(16, |n| {
            let mut one = incident(n, &format!("t{}", n % tenants), i64::try_from(n).unwrap());
            if n % 3 == 0 {
                one.assign("ann".to_owned(), at(1)).unwrap();
            }
            let engine = &engine;
            async move {
                create(engine, &one, &[]).await.unwrap();
            }
        })
        .await;
    engine
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_hold_every_incident_once_newest_first() {
    let engine = filled(600, 20).await;
    let all: Vec<String> = (0..600).rev().map(|n| format!("INC-{n}")).collect();
    assert_eq!(all_pages(&engine, "", &Grants::Everything).await, all);
    // Of few tenants from their own listings, of many from that of all.
    for count in [16, 17, 20] {
        let tenants: Vec<String> = (0..count).map(|n| format!("t{n}")).collect();
        let grants = analyst_of(tenants.iter().map(String::as_str));
        let seen: Vec<String> =
            (0..600).rev().filter(|n| n % 20 < count).map(|n| format!("INC-{n}")).collect();
        assert_eq!(all_pages(&engine, "", &grants).await, seen, "{count}");
    }
    // All at one time: still each once.
    assert_eq!(
        all_pages(&engine, "timestampField=firstSeen", &Grants::Everything)
            .await
            .iter()
            .collect::<BTreeSet<_>>(),
        all.iter().collect::<BTreeSet<_>>()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn incidents_are_found_by_what_they_are_and_by_whom() {
    let engine = filled(60, 2).await;
    let mut old = engine.store.incident(&IncidentId::numbered(5)).await.unwrap().unwrap();
    let mut closed = old.value.clone();
    closed.close(Resolution::Approved, at(500)).unwrap();
    old = engine.store.change_incident(&old, &closed).await.unwrap();
    assert_eq!(old.revision, 2);
    let everything = Grants::Everything;
    for (query, count) in [
        ("status=open", 39),
        ("status=assigned", 20),
        ("status=closed", 1),
        ("status=open&status=closed", 40),
        ("name=incident%205%24", 1),
        ("search=INC-1", 11),
        ("search=nothing", 0),
        ("tenantID=t1", 30),
        ("tenantID=t1&tenantID=none", 30),
        ("id=INC-5&id=INC-6&id=INC-1000", 2),
        ("id=INC-5&status=open", 0),
        ("from=1970-01-01T00:00:10Z&to=1970-01-01T00:00:19Z", 10),
        ("from=1970-01-01T00:00:10Z&to=1970-01-01T00:00:19Z&timestampField=firstSeen", 0),
        ("from=1970-01-01T00:00:19Z&to=1970-01-01T00:00:10Z", 0),
        ("page=4294967295", 0),
    ] {
        let count_pages = if query.starts_with("page") {
            let search = Search::parse(&Query::parse(query)).unwrap();
            engine.store.search_incidents(&search, &everything).await.unwrap().len()
        } else {
            all_pages(&engine, query, &everything).await.len()
        };
        assert_eq!(count_pages, count, "{query}");
    }
    let ours = analyst_of(["t1"]);
    assert_eq!(all_pages(&engine, "", &ours).await.len(), 30);
    assert!(all_pages(&engine, "tenantID=t0", &ours).await.is_empty());
    assert!(all_pages(&engine, "id=INC-4", &ours).await.is_empty(), "by id neither");
    assert_eq!(all_pages(&engine, "id=INC-5", &ours).await, ["INC-5"]);
    assert!(all_pages(&engine, "", &analyst_of([])).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn comments_come_in_their_order_and_once() {
    let engine = Engine::start().await;
    let (id, other) = (IncidentId::numbered(1), IncidentId::numbered(10));
    let comment = |n: i64| Comment {
        id: format!("c{n:03}"),
        at: at(n / 2),
        from: Speaker::Operator,
        author: "ann".to_owned(),
        text: "ю".repeat(4_000),
    };
    for n in (0..200).rev().chain([7]) {
        engine.store.put_comment(&id, &comment(n)).await.unwrap();
    }
    engine.store.put_comment(&other, &comment(0)).await.unwrap();
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        // Long ones: the table gives fewer than are asked for.
        let share = engine.store.comments(&id, after.as_ref(), 150).await.unwrap();
        let Some(last) = share.last() else { break };
        after = Some(Moment { at: last.at, id: last.id.clone() });
        all.extend(share);
    }
    assert_eq!(all, (0..200).map(comment).collect::<Vec<_>>());
    let stored: Vec<Value> = all.iter().map(|one| serde_json::to_value(one).unwrap()).collect();
    assert_eq!(stored[0]["from"], "operator");
}
