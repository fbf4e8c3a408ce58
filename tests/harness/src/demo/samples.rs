//! The alerts under `events/alert-ingest`, moved to now and to the tenants of this stack.

use std::{fs, path::Path};

use serde_json::Value;
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use super::api::text;
use crate::failure::{Context as _, Failure, Result};

const FILES: [&str; 3] = ["brute-force.json", "malware-ru.json", "batch.json"];
/// Of an event, in milliseconds since 1970.
const EVENT_TIMES: [&str; 4] = ["Timestamp", "StartTime", "EndTime", "DeviceReceiptTime"];

/// One alert to post.
pub(super) struct Sample {
    pub(super) alert: Value,
}

pub(super) fn load(dir: &Path) -> Result<Vec<Sample>> {
    let mut all = Vec::new();
    for name in FILES {
        let path = dir.join(name);
        let bytes = fs::read(&path).context(path.display())?;
        let content: Value = serde_json::from_slice(&bytes).context(path.display())?;
        match content {
            Value::Array(alerts) => all.extend(alerts.into_iter().map(|alert| Sample { alert })),
            alert => all.push(Sample { alert }),
        }
    }
    Ok(all)
}

/// The tenants that the samples are of, each once.
pub(super) fn tenant_names(samples: &[Sample]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for sample in samples {
        let name = sample.tenant_name();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

pub(super) fn event_count(alert: &Value) -> usize {
    alert.get("events").and_then(Value::as_array).map_or(0, Vec::len)
}

impl Sample {
    pub(super) fn id(&self) -> &str {
        self.alert.get("id").and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn tenant_name(&self) -> String {
        text(&self.alert, "tenantName")
    }

    pub(super) fn events(&self) -> usize {
        event_count(&self.alert)
    }

    /// A fresh id, this tenant, and every time moved so that the alert was last seen now.
    pub(super) fn move_here(&mut self, tenant: &str) -> Result<()> {
        let moment =
            |alert: &Value, field| OffsetDateTime::parse(&text(alert, field), &Rfc3339).context(field);
        let first = moment(&self.alert, "firstSeen")?;
        let last = moment(&self.alert, "lastSeen")?;
        let shift = whole_milliseconds(OffsetDateTime::now_utc() - last);
        let format = |time: OffsetDateTime| (time + shift).format(&Rfc3339).context("writing a time");
        let id = uuid::Uuid::new_v4().to_string();
        let changed = [
            ("id", id),
            ("tenantID", tenant.to_owned()),
            ("firstSeen", format(first)?),
            ("lastSeen", format(last)?),
        ];
        let fields = self.alert.as_object_mut().ok_or_else(|| Failure::new("a sample alert is no object"))?;
        for (name, value) in changed {
            fields.insert(name.to_owned(), value.into());
        }
        let events = fields.get_mut("events").and_then(Value::as_array_mut);
        for event in events.into_iter().flatten().filter_map(Value::as_object_mut) {
            event.insert("TenantID".to_owned(), tenant.into());
            for name in EVENT_TIMES {
                if let Some(time) = event.get_mut(name)
                    && let Some(old) = time.as_i64()
                {
                    *time = old.saturating_add(milliseconds(shift)).into();
                }
            }
        }
        let assets = fields.get_mut("affectedAssets").and_then(Value::as_array_mut);
        for asset in assets.into_iter().flatten().filter_map(Value::as_object_mut) {
            asset.insert("tenantID".to_owned(), tenant.into());
        }
        Ok(())
    }
}

fn milliseconds(span: Duration) -> i64 {
    i64::try_from(span.whole_milliseconds()).unwrap_or_default()
}

fn whole_milliseconds(span: Duration) -> Duration {
    Duration::milliseconds(milliseconds(span))
}
