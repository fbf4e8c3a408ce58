//! What is done to incidents, whichever of the two ways it was asked for.

use std::time::Duration;

use bridge_domain::{
    AlertId, IncidentId, TenantId, Timestamp,
    access::Principal,
    alert,
    form::Faults,
    incident::{ALERTS_LIMIT, Draft, Incident, Priority, Refusal, Status},
    outbox::{Change, Origin, Route},
};
use bridge_runtime::http::{HttpError, RETRY_AFTER};
use bridge_store::{Found, IncidentConflict, Linked, Revised, Store};
use uuid::Uuid;

use crate::app::App;

/// Attempts of a change. Each lost race means that somebody else's change went through.
const ATTEMPTS: u32 = 12;
/// Most bytes of an incident as it is stored; an item has 400 KB.
const SIZE_LIMIT: usize = 350 * 1024;

/// Who asks, and what for there is to work with.
pub(crate) struct Desk<'a> {
    pub(crate) app: &'a App,
    pub(crate) user: &'a Principal,
    pub(crate) now: Timestamp,
}

/// Whether alerts go into an incident or out of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    In,
    Out,
}

impl Desk<'_> {
    pub(crate) const fn store(&self) -> &Store {
        &self.app.access.store
    }

    /// An incident; one of a tenant without a role does not exist.
    pub(crate) async fn find(&self, id: &str) -> Result<Revised<Incident>, HttpError> {
        // What can not be an id is the id of no incident.
        let id: IncidentId = id.parse().map_err(|_| missing())?;
        let found = self.store().incident(&id).await?;
        found.filter(|incident| self.user.grants.sees(&incident.value.tenant)).ok_or_else(missing)
    }

    /// The routes to the targets of a tenant in which something may be changed.
    pub(crate) async fn routes(&self, tenant: &TenantId) -> Result<Vec<Route>, HttpError> {
        match self.store().tenant_with_targets(tenant).await? {
            Some((tenant, targets)) if !tenant.disabled => Ok(Route::to_all(&targets)),
            Some(_) | None => Err(HttpError::not_acceptable("tenant disabled")),
        }
    }

    /// Who a change is by.
    fn origin(&self) -> Result<Origin, HttpError> {
        let id = self.user.id.parse();
        id.map(Origin::Token).map_err(|_| HttpError::internal("the id of a token is none"))
    }

    /// Makes an incident, and its alerts part of it. `faults` are those of the form: all are told at once.
    pub(crate) async fn create(
        &self,
        draft: Option<Draft>,
        mut faults: Faults,
    ) -> Result<Revised<Incident>, HttpError> {
        let Some(draft) = draft else { return Err(HttpError::invalid(faults)) };
        let place = if self.user.grants.sees(&draft.tenant) {
            self.store().tenant_with_targets(&draft.tenant).await?
        } else {
            None
        };
        let Some((tenant, targets)) = place else {
            faults.add("tenantID", "tenant not found");
            return Err(HttpError::invalid(faults));
        };
        if tenant.disabled {
            return Err(HttpError::not_acceptable("tenant disabled"));
        }
        let (origin, routes) = (self.origin()?, Route::to_all(&targets));
        let change = Change { origin: &origin, routes: &routes, now: self.now };
        let mut id = None;
        for attempt in 0..ATTEMPTS {
            pause(attempt).await;
            let alerts = self.store().alerts_by_id(&draft.alerts).await?;
            check(&draft.alerts, &alerts, &draft.tenant, None, &mut faults);
            if !faults.is_empty() {
                return Err(HttpError::invalid(faults));
            }
            // Taken only now: what is refused leaves no gap.
            let number = match id.take() {
                Some(number) => number,
                None => self.store().next_incident_number().await?,
            };
            let mut incident = draft.clone().into_incident(IncidentId::numbered(number), self.now);
            if draft.priority.is_none() {
                incident.priority = highest(&alerts)?;
            }
            take_in(&mut incident, &draft.alerts, &alerts, self.now)?;
            fits(&incident)?;
            match self.store().create_incident(&incident, &alerts, None, change).await {
                Ok(linked) => {
                    tracing::info!(incident = %incident.id, tenant = %incident.tenant, by = %self.user.id,
                        alerts = alerts.len(), "incident created");
                    return Ok(self.told(linked).await);
                }
                // The number was given out before: by somebody who restored an older counter.
                Err(IncidentConflict::Exists) => {}
                Err(IncidentConflict::Changed) => id = Some(number),
                Err(IncidentConflict::Call(error)) => return Err(failed(error, alerts.len())),
            }
        }
        Err(busy())
    }

    /// Changes an incident in a way that concerns nobody but itself.
    pub(crate) async fn edit(
        &self,
        id: &str,
        edit: impl Fn(&mut Incident) -> Result<(), Refusal>,
    ) -> Result<Revised<Incident>, HttpError> {
        for attempt in 0..ATTEMPTS {
            pause(attempt).await;
            let old = self.find(id).await?;
            self.routes(&old.value.tenant).await?;
            let mut new = old.value.clone();
            edit(&mut new).map_err(refused)?;
            fits(&new)?;
            match self.store().change_incident(&old, &new).await {
                Ok(incident) => return Ok(incident),
                Err(IncidentConflict::Call(error)) => return Err(error.into()),
                Err(IncidentConflict::Changed | IncidentConflict::Exists) => {}
            }
        }
        Err(busy())
    }

    /// Makes alerts part of an incident, or takes them out of it: all or none.
    pub(crate) async fn relink(
        &self,
        id: &str,
        way: Way,
        wanted: &[AlertId],
    ) -> Result<Revised<Incident>, HttpError> {
        let origin = self.origin()?;
        for attempt in 0..ATTEMPTS {
            pause(attempt).await;
            let old = self.find(id).await?;
            let routes = self.routes(&old.value.tenant).await?;
            if old.value.status == Status::Closed {
                return Err(refused(Refusal::Closed));
            }
            // What is so already is asked for again: after a lost answer, for example.
            let moved: Vec<AlertId> = wanted
                .iter()
                .filter(|alert| old.value.alerts.contains(alert) == (way == Way::Out))
                .cloned()
                .collect();
            if moved.is_empty() {
                return Ok(old);
            }
            let mut alerts = self.store().alerts_by_id(&moved).await?;
            let mut new = old.value.clone();
            match way {
                Way::In => {
                    let mut faults = Faults::default();
                    check(&moved, &alerts, &new.tenant, Some(&new.id), &mut faults);
                    if !faults.is_empty() {
                        return Err(HttpError::invalid(faults));
                    }
                    take_in(&mut new, &moved, &alerts, self.now)?;
                    fits(&new)?;
                }
                Way::Out => {
                    for alert in &moved {
                        new.unlink(alert, self.now).map_err(refused)?;
                    }
                    alerts.retain(|alert| alert.incident.as_ref() == Some(&new.id));
                }
            }
            let change = Change { origin: &origin, routes: &routes, now: self.now };
            let done = match way {
                Way::In => self.store().link_alerts(&old, &new, &alerts, change).await,
                Way::Out => self.store().unlink_alerts(&old, &new, &alerts, change).await,
            };
            match done {
                Ok(linked) => {
                    tracing::info!(incident = %new.id, by = %self.user.id, alerts = alerts.len(),
                        linked = way == Way::In, "alerts of an incident changed");
                    return Ok(self.told(linked).await);
                }
                Err(IncidentConflict::Call(error)) => return Err(failed(error, alerts.len())),
                Err(IncidentConflict::Changed | IncidentConflict::Exists) => {}
            }
        }
        Err(busy())
    }

    /// Queues what the targets have to be told. It is owed already: what can not be queued now, the
    /// sweeper queues.
    async fn told(&self, linked: Linked) -> Revised<Incident> {
        self.app.dispatcher.send(&linked.queue).await;
        linked.incident
    }
}

/// What keeps alerts from becoming part of an incident of a tenant.
fn check(
    wanted: &[AlertId],
    found: &[Found],
    tenant: &TenantId,
    own: Option<&IncidentId>,
    faults: &mut Faults,
) {
    for id in wanted {
        // Neither says whether another tenant has such an alert.
        let Some(alert) = of(found, id).filter(|alert| alert.tenant == *tenant) else {
            faults.add("alertIDs", format!("the tenant has no alert {id}"));
            continue;
        };
        if let Some(incident) = alert.incident.as_ref().filter(|incident| Some(*incident) != own) {
            faults.add("alertIDs", format!("alert {id} is part of incident {incident} already"));
        } else if alert.status == alert::Status::Closed {
            faults.add("alertIDs", format!("alert {id} is closed"));
        }
    }
}

fn of<'a>(found: &'a [Found], id: &AlertId) -> Option<&'a Found> {
    found.iter().find(|alert| alert.id == *id)
}

/// Names the alerts in the incident, in the order asked for.
fn take_in(
    incident: &mut Incident,
    wanted: &[AlertId],
    found: &[Found],
    now: Timestamp,
) -> Result<(), HttpError> {
    for alert in wanted.iter().filter_map(|id| of(found, id)) {
        incident.link(alert.id.clone(), alert.first_seen, alert.last_seen, now).map_err(refused)?;
    }
    Ok(())
}

/// The priority of the most urgent alert; low when none has one.
fn highest(alerts: &[Found]) -> Result<Priority, HttpError> {
    let mut highest = Priority::Low;
    for alert in alerts {
        let fields = alert.fields()?;
        let own = fields.get("priority").and_then(|value| value.as_str()?.parse().ok());
        highest = highest.max(own.unwrap_or(Priority::Low));
    }
    Ok(highest)
}

/// An incident is one item of the table.
fn fits(incident: &Incident) -> Result<(), HttpError> {
    let size = serde_json::to_vec(incident).map_or(usize::MAX, |bytes| bytes.len());
    if size <= SIZE_LIMIT {
        return Ok(());
    }
    let most = format!("at most {SIZE_LIMIT} bytes: name fewer assets and accounts, or shorter ones");
    Err(HttpError::too_large("the incident is too large", most))
}

/// A transaction has a size that nobody can tell beforehand: the table counts what it holds of alerts.
fn failed(error: bridge_domain::CallError, alerts: usize) -> HttpError {
    if error.code == "ValidationException" && alerts > 1 {
        let detail = error.detail.clone();
        let fewer = "link fewer alerts with one request";
        return HttpError::too_large("the alerts are too large to be changed together", fewer)
            .with_detail(detail);
    }
    error.into()
}

pub(crate) fn missing() -> HttpError {
    HttpError::not_found("incident not found")
}

pub(crate) fn refused(refusal: Refusal) -> HttpError {
    match refusal {
        Refusal::Closed => HttpError::not_acceptable("incident already closed"),
        Refusal::TooMany => HttpError::conflict(format!("an incident has at most {ALERTS_LIMIT} alerts")),
    }
}

fn busy() -> HttpError {
    let mut error = HttpError::conflict("others keep changing the incident or its alerts, try again");
    error.retry_after = Some(RETRY_AFTER);
    error
}

/// Waits before a further attempt, by chance up to half a second.
async fn pause(attempt: u32) {
    if attempt > 0 {
        let ceiling = (10_u64 << attempt.min(6)).min(500);
        let chance = Uuid::new_v4().as_u128() % u128::from(ceiling);
        tokio::time::sleep(Duration::from_millis(u64::try_from(chance).unwrap_or_default())).await;
    }
}

#[cfg(test)]
mod tests {
    use bridge_domain::{CallError, Class};

    use super::*;

    #[test]
    fn a_transaction_that_is_too_large_is_told_to_be_split() {
        let error = || CallError::new(Class::Permanent, "dynamodb", "x").with_code("ValidationException");
        assert_eq!(failed(error(), 2).status.as_u16(), 413);
        // A single alert can not be split any further: something else is wrong.
        assert_eq!(failed(error(), 1).status.as_u16(), 502);
        let other = CallError::new(Class::Permanent, "dynamodb", "x").with_code("AccessDeniedException");
        assert_eq!(failed(other, 2).status.as_u16(), 502);
    }
}
