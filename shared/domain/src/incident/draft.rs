//! What a person enters about an incident.

use serde_json::Value;

use super::{DESCRIPTION_LIMIT, Incident, LINK_LIMIT, MEMBERS_LIMIT, Priority, Status};
use crate::{
    AlertId, IncidentId, Name, TenantId, Timestamp,
    form::{Faults, Form, line, parsed, prose, text},
    ncircc::dictionary::{Category, Kind},
};

/// Longest name of an assignee and longest id of an asset or account, in characters.
const WORD_LIMIT: usize = 128;

/// Assets and accounts of an incident.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members {
    /// Ids of assets.
    pub assets: Vec<String>,
    /// Ids of accounts.
    pub accounts: Vec<String>,
}

/// An incident to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Its name.
    pub name: Name,
    /// Its tenant.
    pub tenant: TenantId,
    /// How urgent it is; that of its most urgent alert when absent.
    pub priority: Option<Priority>,
    /// What it is about.
    pub description: String,
    /// Its category.
    pub category: Option<Category>,
    /// Its type, one of the category.
    pub kind: Option<Kind>,
    /// Who is to work on it; empty for nobody.
    pub assignee: String,
    /// Alerts to link, at most [`LINK_LIMIT`], each once.
    pub alerts: Vec<AlertId>,
    /// Assets and accounts.
    pub members: Members,
}

impl Draft {
    /// Reads the form of `POST /bridge/v1/incidents`. `None` only when there are faults.
    #[must_use]
    pub fn read(mut form: Form, faults: &mut Faults) -> Option<Self> {
        let name = form.required(faults, "name", parsed);
        let tenant = form.required(faults, "tenantID", parsed);
        let priority = form.optional(faults, "priority", parsed);
        let description = form.optional(faults, "description", prose(DESCRIPTION_LIMIT)).unwrap_or_default();
        let (category, kind) = classification(&mut form, faults);
        let assignee = form.optional(faults, "assignee", assignee).unwrap_or_default();
        let alerts = form.optional(faults, "alertIDs", alert_ids(0)).unwrap_or_default();
        let mut ids = |name| form.optional(faults, name, member_ids).unwrap_or_default();
        let members = Members { assets: ids("assetIDs"), accounts: ids("accountIDs") };
        form.finish(faults);
        let (name, tenant) = (name?, tenant?);
        Some(Self { name, tenant, priority, description, category, kind, assignee, alerts, members })
    }

    /// The incident that this makes, before its alerts are linked.
    #[must_use]
    pub fn into_incident(self, id: IncidentId, now: Timestamp) -> Incident {
        Incident {
            id,
            tenant: self.tenant,
            name: self.name,
            priority: self.priority.unwrap_or(Priority::Low),
            description: self.description,
            category: self.category.or_else(|| self.kind.map(Kind::category)),
            kind: self.kind,
            status: if self.assignee.is_empty() { Status::Open } else { Status::Assigned },
            resolution: None,
            assignee: self.assignee,
            alerts: Vec::new(),
            assets: self.members.assets,
            accounts: self.members.accounts,
            first_seen: now,
            last_seen: now,
            created: now,
            updated: now,
            closed: None,
            report: None,
        }
    }
}

/// What is to be changed of an incident; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    name: Option<Name>,
    priority: Option<Priority>,
    description: Option<String>,
    category: Option<Category>,
    kind: Option<Kind>,
    assets: Option<Vec<String>>,
    accounts: Option<Vec<String>>,
}

impl Change {
    /// Reads the form of `PATCH /bridge/v1/incidents/{id}`.
    #[must_use]
    pub fn read(mut form: Form, faults: &mut Faults) -> Self {
        let name = form.optional(faults, "name", parsed);
        let priority = form.optional(faults, "priority", parsed);
        let description = form.optional(faults, "description", prose(DESCRIPTION_LIMIT));
        let (category, kind) = classification(&mut form, faults);
        let assets = form.optional(faults, "assetIDs", member_ids);
        let accounts = form.optional(faults, "accountIDs", member_ids);
        form.finish(faults);
        Self { name, priority, description, category, kind, assets, accounts }
    }

    pub(super) fn apply(self, incident: &mut Incident) {
        incident.name = self.name.unwrap_or_else(|| incident.name.clone());
        incident.priority = self.priority.unwrap_or(incident.priority);
        if let Some(description) = self.description {
            incident.description = description;
        }
        if let Some(category) = self.category.or_else(|| self.kind.map(Kind::category)) {
            // A type of another category would be a contradiction.
            incident.kind = incident.kind.filter(|kind| kind.category() == category);
            incident.category = Some(category);
        }
        incident.kind = self.kind.or(incident.kind);
        if let Some(assets) = self.assets {
            incident.assets = assets;
        }
        if let Some(accounts) = self.accounts {
            incident.accounts = accounts;
        }
    }
}

fn classification(form: &mut Form, faults: &mut Faults) -> (Option<Category>, Option<Kind>) {
    let category: Option<Category> = form.optional(faults, "category", parsed);
    let kind: Option<Kind> = form.optional(faults, "type", parsed);
    if let (Some(category), Some(kind)) = (category, kind)
        && kind.category() != category
    {
        faults.add("type", format!("is a type of the category {}", kind.category().as_str()));
    }
    (category, kind)
}

/// Reads who is to work on an incident; nobody when empty.
///
/// # Errors
/// Not a text, too long, or with control characters.
pub fn assignee(value: Value) -> Result<String, String> {
    match value {
        Value::String(text) if text.is_empty() => Ok(text),
        value => line(WORD_LIMIT)(value),
    }
}

/// Reads a list of ids of alerts, of at least `least` and at most [`LINK_LIMIT`], each once.
pub fn alert_ids(least: usize) -> impl FnOnce(Value) -> Result<Vec<AlertId>, String> {
    move |value| {
        let Value::Array(list) = value else { return Err("must be a list".to_owned()) };
        if !(least..=LINK_LIMIT).contains(&list.len()) {
            return Err(format!("must be {least} to {LINK_LIMIT} alerts; link more with further requests"));
        }
        let mut ids: Vec<AlertId> = Vec::with_capacity(list.len());
        for (index, value) in list.into_iter().enumerate() {
            let id = text(value)?.parse().map_err(|error| format!("entry {index} {error}"))?;
            if ids.contains(&id) {
                return Err(format!("entry {index} is there twice"));
            }
            ids.push(id);
        }
        Ok(ids)
    }
}

/// Reads a list of ids of assets or accounts, each once.
///
/// # Errors
/// Not such a list.
pub fn member_ids(value: Value) -> Result<Vec<String>, String> {
    crate::form::lines(0..=MEMBERS_LIMIT, WORD_LIMIT)(value)
}
