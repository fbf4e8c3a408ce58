//! `GET alerts` and `GET tenants`.

use std::cmp::Reverse;

use regex::{Regex, RegexBuilder};
use serde_json::{Value, json};

use super::{
    Result, State,
    alert::{Alert, Moment, STATUSES},
    bad_parameter,
};
use crate::call::Call;

const PAGE: usize = 250;

/// What is asked of the alerts.
#[derive(Debug, Default)]
struct Query {
    page: usize,
    ids: Vec<String>,
    tenants: Vec<String>,
    statuses: Vec<String>,
    name: Option<Regex>,
    by_first_seen: bool,
    from: Option<Moment>,
    to: Option<Moment>,
    events: bool,
    affected: bool,
}

fn page(value: &str) -> Result<usize> {
    match value.parse() {
        Ok(page @ 1..) => Ok(page),
        _ => bad_parameter("page"),
    }
}

fn pattern(value: &str) -> Result<Regex> {
    RegexBuilder::new(value).case_insensitive(true).build().or_else(|_| bad_parameter("name"))
}

/// A parameter that can be there once.
fn once<'a>(seen: &mut Vec<&'a str>, name: &'a str) -> Result<()> {
    if seen.contains(&name) {
        return bad_parameter(name);
    }
    seen.push(name);
    Ok(())
}

impl Query {
    fn read(call: &Call) -> Result<Self> {
        let mut query = Self { page: 1, ..Self::default() };
        let mut seen = Vec::new();
        for (name, value) in &call.query {
            if !["id", "tenantID", "TenantID", "status"].contains(&name.as_str()) {
                once(&mut seen, name)?;
            }
            let moment =
                || Moment::read(value).map_or_else(|| bad_parameter(name), |moment| Ok(Some(moment)));
            match name.as_str() {
                "page" => query.page = page(value)?,
                "id" => query.ids.push(value.clone()),
                "tenantID" | "TenantID" => query.tenants.push(value.clone()),
                "status" if STATUSES.contains(&value.as_str()) => query.statuses.push(value.clone()),
                "name" => query.name = Some(pattern(value)?),
                "timestampField" if value == "lastSeen" => query.by_first_seen = false,
                "timestampField" if value == "firstSeen" => query.by_first_seen = true,
                "from" => query.from = moment()?,
                "to" => query.to = moment()?,
                "withEvents" => query.events = true,
                "withAffected" => query.affected = true,
                _ => return bad_parameter(name),
            }
        }
        Ok(query)
    }

    fn moment<'a>(&self, alert: &'a Alert) -> &'a Moment {
        if self.by_first_seen { &alert.first_seen } else { &alert.last_seen }
    }

    fn accepts(&self, alert: &Alert) -> bool {
        let any = |wanted: &[String], value: &String| wanted.is_empty() || wanted.contains(value);
        let time = self.moment(alert).time;
        any(&self.ids, &alert.id)
            && any(&self.tenants, &alert.tenant_id)
            && any(&self.statuses, &alert.status)
            && self.name.as_ref().is_none_or(|name| name.is_match(&alert.name))
            && self.from.as_ref().is_none_or(|from| time >= from.time)
            && self.to.as_ref().is_none_or(|to| time <= to.time)
    }
}

impl State {
    pub(super) fn search(&self, call: &Call) -> Result<Value> {
        let query = Query::read(call)?;
        let seen = |alert: &&Alert| {
            let mut tenants = self.settings.tenants.iter();
            tenants.any(|tenant| tenant.id == alert.tenant_id && tenant.access) && query.accepts(alert)
        };
        let mut found: Vec<&Alert> = self.alerts.values().filter(seen).collect();
        found.sort_by_key(|alert| Reverse((query.moment(alert).time, &alert.id)));
        let page = found.into_iter().skip(PAGE.saturating_mul(query.page - 1)).take(PAGE);
        Ok(page
            .map(|alert| alert.shown(query.events, query.affected, self.settings.absent_is_null))
            .collect())
    }

    pub(super) fn tenants(&self, call: &Call) -> Result<Value> {
        let (mut number, mut ids, mut name, mut main) = (1, Vec::new(), None, false);
        let mut seen = Vec::new();
        for (key, value) in &call.query {
            if key != "id" {
                once(&mut seen, key)?;
            }
            match key.as_str() {
                "page" => number = page(value)?,
                "id" => ids.push(value),
                "name" => name = Some(pattern(value)?),
                "main" => main = true,
                _ => return bad_parameter(key),
            }
        }
        let found = self.settings.tenants.iter().filter(|tenant| {
            tenant.access
                && (ids.is_empty() || ids.contains(&&tenant.id))
                && name.as_ref().is_none_or(|name: &Regex| name.is_match(&tenant.name))
                && (!main || tenant.main)
        });
        let told = found.skip(PAGE.saturating_mul(number - 1)).take(PAGE).map(|tenant| {
            json!({
                "id": tenant.id, "name": tenant.name, "main": tenant.main, "shared": false, "description": "",
                "eps": 0, "epsLimit": 0, "created": "2024-01-01T00:00:00Z", "updated": "2024-01-01T00:00:00Z",
            })
        });
        Ok(told.collect())
    }
}
