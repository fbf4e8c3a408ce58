//! What the events of an incident's alerts tell NCIRCC.

use bridge_domain::{
    incident::Incident,
    ncircc::indicators::{Assets, Finder, Found},
};
use bridge_runtime::http::HttpError;
use bridge_store::Store;
use serde_json::value::RawValue;

/// Most alerts whose events are read: those that were linked last.
const ALERTS: usize = 50;
/// Most bytes of events that are read, one alert after the other.
const BYTES: usize = 64 * 1024 * 1024;

/// What was found, and what was not looked at.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    pub(crate) found: Found,
    pub(crate) warning: Option<String>,
}

/// Looks through the events of an incident's alerts. One alert's events are in memory at a time.
pub(crate) async fn read(store: &Store, incident: &Incident) -> Result<Told, HttpError> {
    let all = &incident.alerts;
    let last = all.get(all.len().saturating_sub(ALERTS)..).unwrap_or_default();
    let mut alerts = store.alerts_by_id(last).await?;
    alerts.sort_unstable_by(|a, b| (b.last_seen, &b.id).cmp(&(a.last_seen, &a.id)));
    let mut assets = Assets::default();
    for alert in &alerts {
        assets.add(&alert.fields()?);
    }
    let mut finder = Finder::new(&assets);
    let (mut left, mut passed) = (BYTES, all.len() - last.len());
    for alert in alerts {
        let Some(rest) = left.checked_sub(alert.events_size) else {
            passed += 1;
            continue;
        };
        left = rest;
        let Some((_, events)) = store.with_events(alert).await? else { continue };
        let events: Vec<&RawValue> = serde_json::from_str(&events)
            .map_err(|_| HttpError::internal("the events of an alert are no list"))?;
        for event in events {
            finder.event(event.get());
        }
    }
    let warning =
        (passed > 0).then(|| format!("technical: the events of {passed} alerts were not looked at"));
    Ok(Told { found: finder.finish(), warning })
}
