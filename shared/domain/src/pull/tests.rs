use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    AlertId,
    alert::{Alert, Status},
    intake,
    merge::merge,
    push::URL_FIELD,
};

fn at(seconds: i64) -> Timestamp {
    "2026-11-20T12:00:00Z".parse::<Timestamp>().unwrap().plus_seconds(seconds)
}

/// A Core as it pages: newest first, ties by id, no memory of who asks.
#[derive(Clone, Debug, Default)]
struct Core(BTreeMap<AlertId, Timestamp>);

impl Core {
    fn page(&self, ask: Ask, size: usize) -> Vec<(AlertId, Timestamp)> {
        let mut list: Vec<_> = self
            .0
            .iter()
            .filter(|(_, at)| (ask.from..=ask.to).contains(at))
            .map(|(id, at)| (id.clone(), *at))
            .collect();
        list.sort_by(|a, b| (b.1, &b.0).cmp(&(a.1, &a.0)));
        list.into_iter().skip((ask.page as usize - 1) * size).take(size).collect()
    }

    /// Reads a window while `meanwhile` happens to the Core between the pages.
    fn read(
        &mut self,
        window: Window,
        size: usize,
        mut meanwhile: impl FnMut(&mut Self),
    ) -> BTreeSet<AlertId> {
        let mut paging = Paging::with_pages_of(size, window);
        let (mut seen, mut pages) = (BTreeSet::new(), 0);
        while let Some(ask) = paging.ask() {
            let page = self.page(ask, size);
            let fresh = paging.take(page.iter().map(|(id, at)| (id, *at))).unwrap();
            for place in fresh {
                assert!(seen.insert(page[place].0.clone()), "given twice");
            }
            meanwhile(self);
            pages += 1;
            assert!(pages < 10_000, "it does not end");
        }
        seen
    }
}

fn id(number: usize) -> AlertId {
    format!("a{number}").parse().unwrap()
}

fn core(times: &[i64]) -> Core {
    Core(times.iter().enumerate().map(|(number, time)| (id(number), at(*time))).collect())
}

const WINDOW: (i64, i64) = (0, 10);

fn window() -> Window {
    Window { from: at(WINDOW.0), to: at(WINDOW.1) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    // Few times and small pages: most pages end within a moment, many are of one moment.
    #[test]
    fn nothing_that_stays_is_missed_while_others_get_events_and_new_ones_come(
        times in prop::collection::vec(-2..14_i64, 0..60),
        size in 1..6_usize,
        moves in prop::collection::vec((any::<prop::sample::Index>(), 1..100_i64), 0..80),
    ) {
        let mut core = core(&times);
        let before = core.clone();
        let mut moves = moves.into_iter();
        let mut number = 1_000;
        let seen = core.read(window(), size, |core| {
            // An event comes for some alert, which one does not matter; and a new alert.
            for (which, later) in moves.by_ref().take(2) {
                if let Some((_, time)) = core.0.iter_mut().nth(which.index(times.len().max(1))) {
                    *time = at(WINDOW.1 + later);
                }
                number += 1;
                core.0.insert(id(number), at(WINDOW.1 + later));
            }
        });
        for (id, time) in &before.0 {
            let stayed = core.0.get(id) == Some(time);
            let inside = (window().from..=window().to).contains(time);
            prop_assert!(!(stayed && inside) || seen.contains(id), "{id} at {time} was missed");
            prop_assert!(inside || !seen.contains(id), "{id} at {time} was not asked for");
        }
    }

    #[test]
    fn nothing_is_missed_while_late_ones_come_at_the_same_times(
        times in prop::collection::vec(-2..14_i64, 0..60),
        size in 1..6_usize,
        late in prop::collection::vec((0..2_000_usize, -2..14_i64), 0..40),
    ) {
        let mut core = core(&times);
        let before = core.clone();
        let mut late = late.into_iter();
        let seen = core.read(window(), size, |core| {
            for (number, time) in late.by_ref().take(1) {
                core.0.entry(id(number)).or_insert(at(time));
            }
        });
        for (id, time) in before.0 {
            prop_assert!(!(window().from..=window().to).contains(&time) || seen.contains(&id));
        }
    }

    // What the property is about: everything is taken in the end, though each run sees a Core that
    // changes under its hands, and a run may be cut off after any piece.
    #[test]
    fn run_after_run_takes_everything_in(
        times in prop::collection::vec(-90_000..0_i64, 1..40),
        arrivals in prop::collection::vec((0..600_i64, 0..500_i64), 0..40),
        cuts in prop::collection::vec(0..4_usize, 1..12),
        size in 1..6_usize,
    ) {
        let mut core = core(&times);
        let (mut taken, mut mark) = (BTreeMap::new(), None);
        let mut now = at(0);
        let mut arrivals = arrivals.into_iter();
        let mut first_asked = None;
        for cut in cuts.iter().chain(&[usize::MAX]) {
            let mut first = true;
            let mut pieces = 0;
            while let Some(window) = next_window(mark, now, first).filter(|_| pieces < *cut) {
                prop_assert!(window.from <= window.to && (first || Some(window.from) == mark));
                let mut number = core.0.len();
                for id in core.read(window, size, |core| {
                    // It happened up to eight minutes ago and becomes visible now.
                    for (_, ago) in arrivals.by_ref().take(1) {
                        number += 1;
                        core.0.insert(id(number), now.plus_seconds(-ago));
                    }
                }) {
                    taken.insert(id.clone(), core.0[&id]);
                }
                first_asked.get_or_insert(window.from);
                mark = Some(window.to);
                first = false;
                pieces += 1;
            }
            now = now.plus_seconds(60);
        }
        // One more run, a minute later, while nothing happens.
        let mut first = true;
        while let Some(window) = next_window(mark, now, first) {
            taken.extend(core.read(window, size, |_| ()).into_iter().map(|id| (id.clone(), core.0[&id])));
            mark = Some(window.to);
            first = false;
        }
        for (id, time) in core.0.range(..) {
            prop_assert!(Some(*time) < first_asked || taken.contains_key(id), "{id} at {time} was never taken");
        }
    }

    #[test]
    fn the_pieces_of_a_period_cover_it(from in 0..1_000_000_i64, length in -10..500_000_i64) {
        let (from, to) = (at(from), at(from + length));
        let pieces: Vec<Window> = windows(from, to).collect();
        prop_assert_eq!(pieces.is_empty(), length < 0);
        if let (Some(first), Some(last)) = (pieces.first(), pieces.last()) {
            prop_assert_eq!((first.from, last.to), (from, to));
        }
        prop_assert!(pieces.windows(2).all(|two| two[0].to == two[1].from));
        prop_assert!(pieces.iter().all(|one| one.to <= one.from.plus_seconds(WINDOW_SECONDS)));
    }
}

#[test]
fn a_core_that_does_not_page_is_found_out() {
    let mut paging = Paging::with_pages_of(2, window());
    let same = [(id(1), at(10)), (id(2), at(10))];
    let ended = (0..=LONGEST_MOMENT).find_map(|_| paging.take(same.iter().map(|(id, at)| (id, *at))).err());
    assert_eq!(ended, Some(Endless));
}

#[test]
fn a_period_that_is_none_asks_for_nothing() {
    assert_eq!(Paging::new(Window { from: at(1), to: at(0) }).ask(), None);
}

#[test]
fn the_first_poll_looks_a_day_back_in_pieces_of_an_hour() {
    let now = at(0);
    let first = next_window(None, now, true).unwrap();
    assert_eq!((first.from, first.to), (at(-86_400), at(-82_800)));
    let next = next_window(Some(first.to), now, false).unwrap();
    assert_eq!((next.from, next.to), (at(-82_800), at(-79_200)));
    // The next run begins before the mark again.
    assert_eq!(next_window(Some(first.to), now, true).unwrap().from, at(-82_800 - OVERLAP_SECONDS));
    assert_eq!(next_window(Some(now), now, false), None);
    // A mark in the future, after a clock was set back, moves nowhere.
    assert_eq!(next_window(Some(at(50)), now, true).unwrap().to, at(50));
    assert_eq!(next_window(Some(at(50)), now, false), None);
}

#[test]
fn a_core_is_due_by_its_interval_and_rests_after_failures() {
    let mut state = State::default();
    assert!(state.due(60, at(0)));
    state.claimed = Some(at(0));
    for (interval, second, due) in
        [(60, 29, false), (60, 30, true), (60, 59, true), (600, 569, false), (600, 570, true)]
    {
        assert_eq!(state.due(interval, at(second)), due, "{interval} {second}");
    }
    state.not_before = Some(at(600));
    assert!(!state.due(60, at(599)) && state.due(60, at(600)));
    let pauses: Vec<i64> = (0..9).map(pause_seconds).collect();
    assert_eq!(pauses, [0, 0, 60, 120, 240, 480, 900, 900, 900]);
    assert_eq!(pause_seconds(u32::MAX), LONGEST_PAUSE_SECONDS);
}

#[test]
fn open_alerts_are_walked_every_quarter_of_an_hour() {
    let mut state = State::default();
    assert!(state.walks(at(0)));
    state.walk_began = Some(at(0));
    assert!(!state.walks(at(899)) && state.walks(at(900)));
    state.walk_at = Some("new#".to_owned());
    assert!(state.walks(at(1)));
}

fn tenant() -> Tenant {
    serde_json::from_value(json!({
        "id": "t1", "name": "Main Office", "description": "", "main": false, "disabled": false,
        "created": "2026-01-01T00:00:00Z", "updated": "2026-01-01T00:00:00Z"
    }))
    .unwrap()
}

#[test]
fn a_tenant_of_the_core_is_ours_by_its_mapping_its_id_or_its_name() {
    let mut settings: KumaCore = serde_json::from_value(json!({
        "url": "https://kuma:7223", "secretID": "s", "timeoutSeconds": 30, "requestsPerSecond": 10,
        "alertIDField": "ALERT_ID", "alertURLField": "ALERT_URL",
        "acceptPush": true, "pull": true, "pullIntervalSeconds": 60, "sendClose": true
    }))
    .unwrap();
    assert!(belongs(&settings, &tenant(), "k7", " MAIN office"));
    assert!(belongs(&settings, &tenant(), "t1", "Other"));
    assert!(!belongs(&settings, &tenant(), "k7", "Other"));
    settings.kuma_tenant = Some("k7".to_owned());
    assert!(belongs(&settings, &tenant(), "k7", "Other"));
    assert!(!belongs(&settings, &tenant(), "t1", "Main Office"));
}

fn read(changes: &Value) -> Alert {
    let mut alert = json!({
        "id": "a", "tenantID": "k7", "tenantName": "There", "name": "Brute force", "priority": "high",
        "status": "new", "assignee": "", "firstSeen": "2026-11-20T10:00:00Z", "lastSeen": "2026-11-20T11:00:00Z"
    });
    alert.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    intake::read(alert.to_string().as_bytes(), None, at(0)).unwrap().remove(0).unwrap()
}

fn known(alert: &Alert) -> Known {
    Known {
        last_seen: alert.latest.last_seen,
        name: alert.latest.name.clone(),
        status: alert.status(),
        fields: alert.latest.fields.clone(),
    }
}

fn listed(alert: &Alert) -> Listed {
    let text =
        |key: &str| alert.latest.fields.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    Listed {
        id: alert.id.clone(),
        tenant: alert.tenant.to_string(),
        tenant_name: text("tenantName"),
        name: alert.latest.name.to_string(),
        priority: text("priority"),
        status: Some(alert.latest.status),
        assignee: text("assignee"),
        last_seen: alert.latest.last_seen,
    }
}

#[test]
fn only_what_says_something_new_is_read_in_full() {
    let stored = known(&read(&json!({})));
    let closed = known(&read(&json!({"status": "closed"})));
    let older = "2026-11-20T10:30:00Z";
    let newer = "2026-11-20T11:30:00Z";
    for (change, open, shut) in [
        (json!({}), false, false),
        (json!({"lastSeen": newer}), true, true),
        (json!({"lastSeen": older}), false, false),
        (json!({"lastSeen": older, "status": "closed"}), true, false),
        (json!({"status": "assigned"}), true, false),
        (json!({"status": "closed"}), true, false),
        (json!({"name": "Other"}), true, false),
        (json!({"priority": "low"}), true, true),
        (json!({"assignee": "somebody"}), true, true),
        (json!({"lastSeen": older, "assignee": "somebody"}), false, false),
    ] {
        let listed = listed(&read(&change));
        assert_eq!(wanted(&listed, Some(&stored)), open, "{change}");
        assert_eq!(wanted(&listed, Some(&closed)), shut, "{change}, closed here");
    }
    assert!(wanted(&listed(&read(&json!({}))), None));
}

/// What the store does with what was read.
fn take(stored: &mut Option<Alert>, changes: &Value, url: Option<&str>, now: Timestamp) {
    let mut alert = read(changes);
    let before = stored.as_ref().map(known);
    prepare(&mut alert, &tenant(), url, before.as_ref(), now);
    *stored = Some(match stored.take() {
        None => alert,
        Some(stored) => merge(stored, alert),
    });
}

#[test]
fn what_the_core_says_now_holds_even_without_a_new_event() {
    let mut stored = None;
    take(&mut stored, &json!({}), None, at(0));
    take(&mut stored, &json!({"status": "assigned", "assignee": "b"}), None, at(60));
    take(&mut stored, &json!({"status": "assigned", "assignee": "a"}), None, at(120));
    take(&mut stored, &json!({}), None, at(120));
    let alert = stored.clone().unwrap();
    assert_eq!((alert.status(), &alert.latest.fields["assignee"]), (Status::New, &json!("")));
    // The same once more is no change.
    take(&mut stored, &json!({}), None, at(180));
    assert_eq!(stored.as_ref(), Some(&alert));
    // The Core's own date is kept where it has one.
    take(&mut stored, &json!({"priority": "low", "updatedAt": "2027-01-01T00:00:00Z"}), None, at(240));
    assert_eq!(stored.unwrap().latest.fields["updatedAt"], "2027-01-01T00:00:00Z");
}

#[test]
fn the_link_of_a_push_stays_and_the_tenant_is_ours() {
    let mut stored = None;
    take(&mut stored, &json!({"bridgeURL": "https://forged"}), None, at(0));
    assert_eq!(stored.as_ref().unwrap().latest.fields.get(URL_FIELD), None);
    take(&mut stored, &json!({}), Some("https://kuma/alerts/a"), at(10));
    take(&mut stored, &json!({"lastSeen": "2026-11-20T11:30:00Z"}), None, at(20));
    let alert = stored.unwrap();
    assert_eq!(alert.latest.fields[URL_FIELD], "https://kuma/alerts/a");
    assert_eq!((alert.tenant.as_str(), &alert.latest.fields["tenantName"]), ("t1", &json!("Main Office")));
}
