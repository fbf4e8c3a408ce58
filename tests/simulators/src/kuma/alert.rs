//! An alert of KUMA.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::State;
use crate::{host::Refusal, settings::one_or_many};

/// An alert, all of it.
#[derive(Debug, Clone)]
pub(super) struct Alert {
    pub(super) id: String,
    pub(super) tenant_id: String,
    pub(super) tenant_name: String,
    pub(super) name: String,
    correlation_rule_id: String,
    pub(super) priority: String,
    pub(super) status: String,
    pub(super) first_seen: Moment,
    pub(super) last_seen: Moment,
    pub(super) assignee: String,
    pub(super) closing_reason: String,
    overflow: bool,
    pub(super) events: Vec<Value>,
    affected_assets: Vec<Value>,
    affected_accounts: Vec<Value>,
    /// What the IRP called its incident.
    pub(super) incident: Option<String>,
}

/// A time as it was written, and as it compares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) text: String,
    pub(super) time: OffsetDateTime,
}

impl Moment {
    pub(super) fn read(text: &str) -> Option<Self> {
        OffsetDateTime::parse(text, &Rfc3339).ok().map(|time| Self { text: text.to_owned(), time })
    }
}

/// An alert as a test gives it: what is missing stays as it was, or takes a plain value.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Given {
    id: String,
    #[serde(rename = "tenantID")]
    tenant_id: Option<String>,
    name: Option<String>,
    #[serde(rename = "correlationRuleID")]
    correlation_rule_id: Option<String>,
    priority: Option<String>,
    status: Option<String>,
    first_seen: Option<String>,
    last_seen: Option<String>,
    assignee: Option<String>,
    closing_reason: Option<String>,
    overflow: Option<bool>,
    events: Option<Vec<Value>>,
    affected_assets: Option<Vec<Value>>,
    affected_accounts: Option<Vec<Value>>,
}

pub(super) const STATUSES: [&str; 4] = ["new", "assigned", "escalated", "closed"];
const PRIORITIES: [&str; 4] = ["low", "medium", "high", "critical"];

fn moment(text: Option<String>, present: Option<Moment>) -> Result<Moment, String> {
    match (text, present) {
        (Some(text), _) => Moment::read(&text).ok_or_else(|| format!("`{text}` is no time")),
        (None, Some(moment)) => Ok(moment),
        (None, None) => Err("a new alert needs `firstSeen` and `lastSeen`".to_owned()),
    }
}

fn one_of(word: Option<String>, words: &[&str]) -> Result<Option<String>, String> {
    match word {
        Some(word) if !words.contains(&word.as_str()) => Err(format!("`{word}` is none of {words:?}")),
        word => Ok(word),
    }
}

impl State {
    /// Takes alerts, all of them or none; their ids.
    pub(super) fn put(&mut self, body: Value) -> Result<Vec<String>, Refusal> {
        let given: Vec<Given> = serde_json::from_value(one_or_many(body))?;
        let mut taken: Vec<Alert> = Vec::with_capacity(given.len());
        for given in given {
            let earlier = taken.iter().rev().find(|alert| alert.id == given.id);
            let alert = self.merged(given, earlier)?;
            taken.push(alert);
        }
        let ids = taken.iter().map(|alert| alert.id.clone()).collect();
        self.alerts.extend(taken.into_iter().map(|alert| (alert.id.clone(), alert)));
        Ok(ids)
    }

    fn merged(&self, given: Given, earlier: Option<&Alert>) -> Result<Alert, Refusal> {
        let old = earlier.or_else(|| self.alerts.get(&given.id)).cloned();
        let tenant_id = given.tenant_id.or_else(|| old.as_ref().map(|old| old.tenant_id.clone()));
        let tenant = self.settings.tenants.iter().find(|tenant| Some(&tenant.id) == tenant_id.as_ref());
        let tenant =
            tenant.ok_or_else(|| Refusal::new(400, format!("alert {}: no such tenant", given.id)))?;
        let status = one_of(given.status, &STATUSES)?;
        let priority = one_of(given.priority, &PRIORITIES)?;
        let first_seen = moment(given.first_seen, old.as_ref().map(|old| old.first_seen.clone()))?;
        let last_seen = moment(given.last_seen, old.as_ref().map(|old| old.last_seen.clone()))?;
        let base = old.unwrap_or_else(|| Alert {
            id: given.id,
            tenant_id: String::new(),
            tenant_name: String::new(),
            name: "Alert".to_owned(),
            correlation_rule_id: String::new(),
            priority: "medium".to_owned(),
            status: "new".to_owned(),
            first_seen: first_seen.clone(),
            last_seen: last_seen.clone(),
            assignee: String::new(),
            closing_reason: String::new(),
            overflow: false,
            events: Vec::new(),
            affected_assets: Vec::new(),
            affected_accounts: Vec::new(),
            incident: None,
        });
        Ok(Alert {
            tenant_id: tenant.id.clone(),
            tenant_name: tenant.name.clone(),
            name: given.name.unwrap_or(base.name),
            correlation_rule_id: given.correlation_rule_id.unwrap_or(base.correlation_rule_id),
            priority: priority.unwrap_or(base.priority),
            status: status.unwrap_or(base.status),
            first_seen,
            last_seen,
            assignee: given.assignee.unwrap_or(base.assignee),
            closing_reason: given.closing_reason.unwrap_or(base.closing_reason),
            overflow: given.overflow.unwrap_or(base.overflow),
            events: given.events.unwrap_or(base.events),
            affected_assets: given.affected_assets.unwrap_or(base.affected_assets),
            affected_accounts: given.affected_accounts.unwrap_or(base.affected_accounts),
            id: base.id,
            incident: base.incident,
        })
    }
}

impl Alert {
    /// As the API shows it.
    pub(super) fn shown(&self, events: bool, affected: bool, absent_is_null: bool) -> Value {
        let mut shown = json!({
            "id": self.id,
            "tenantID": self.tenant_id,
            "tenantName": self.tenant_name,
            "name": self.name,
            "correlationRuleID": self.correlation_rule_id,
            "priority": self.priority,
            "status": self.status,
            "firstSeen": self.first_seen.text,
            "lastSeen": self.last_seen.text,
            "assignee": self.assignee,
            "closingReason": self.closing_reason,
            "overflow": self.overflow,
        });
        let mut put = |key: &str, asked: bool, list: &Vec<Value>| {
            if let Some(members) = shown.as_object_mut()
                && (asked || absent_is_null)
            {
                let value = if asked { list.clone().into() } else { Value::Null };
                members.insert(key.to_owned(), value);
            }
        };
        put("events", events, &self.events);
        put("affectedAssets", affected, &self.affected_assets);
        put("affectedAccounts", affected, &self.affected_accounts);
        shown
    }

    /// As the control tells it: the events are counted.
    pub(super) fn told(&self) -> Value {
        let mut told = self.shown(false, false, false);
        if let Some(members) = told.as_object_mut() {
            members.insert("events".to_owned(), self.events.len().into());
            members.insert("incident".to_owned(), self.incident.clone().into());
        }
        told
    }

    /// Its events with these fields only.
    pub(super) fn events_with(&self, fields: Option<&std::collections::BTreeSet<String>>) -> Value {
        let Some(fields) = fields else {
            return self.events.clone().into();
        };
        let reduced = |event: &Value| {
            let members = event.as_object().into_iter().flatten().filter(|(key, _)| fields.contains(*key));
            Value::Object(members.map(|(key, value)| (key.clone(), value.clone())).collect::<Map<_, _>>())
        };
        self.events.iter().map(reduced).collect()
    }
}
