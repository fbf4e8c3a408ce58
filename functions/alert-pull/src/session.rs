//! A Core of a tenant, while one message is handled.

use std::sync::atomic::{AtomicU64, Ordering};

use bridge_domain::{
    AlertId, CallError, TargetId, TenantId, Timestamp,
    alert::Alert,
    intake::{self, Rejection},
    outbox::{Change, Origin, Route},
    pull::{Known, Listed, belongs, prepare},
    target::{KumaCore, Settings, Target},
    tenant::Tenant,
};
use bridge_kuma::{Filter, Kuma};
use bridge_store::Upserted;
use serde_json::{Value, value::RawValue};

use crate::{
    app::{App, RESERVE},
    listed::{self, Line},
    pace::Pace,
};

/// What a message did, for its event line.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) listed: AtomicU64,
    pub(crate) pulled: AtomicU64,
    pub(crate) brought: AtomicU64,
    pub(crate) refused: AtomicU64,
}

impl Tally {
    pub(crate) fn add(counter: &AtomicU64, count: usize) {
        counter.fetch_add(u64::try_from(count).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// What became of an alert that was to be read.
#[derive(Debug)]
pub(crate) enum Taken {
    /// It is stored, and this is what that did.
    Stored(Upserted),
    /// The Core does not show it.
    Absent,
    /// It belongs to another tenant of the Core.
    Foreign,
    /// It can not be stored, and will never be: why.
    Refused(String),
}

/// A Core of a tenant.
pub(crate) struct Session<'a> {
    pub(crate) app: &'a App,
    pub(crate) tenant: Tenant,
    pub(crate) target: Target,
    pub(crate) core: KumaCore,
    pub(crate) began: Timestamp,
    pub(crate) tally: Tally,
    origin: Origin,
    routes: Vec<Route>,
    pace: Pace,
}

impl<'a> Session<'a> {
    /// Reads the settings; `None` when the tenant or the target is gone or disabled.
    pub(crate) async fn open(
        app: &'a App,
        tenant: &TenantId,
        target: &TargetId,
    ) -> Result<Option<Self>, CallError> {
        let Some((tenant, targets)) = app.store.tenant_with_targets(tenant).await? else { return Ok(None) };
        let routes = Route::to_all(&targets);
        let found = targets.into_iter().find(|one| one.id == *target);
        let Some(target) = found.filter(|one| !one.disabled && !tenant.disabled) else { return Ok(None) };
        let Settings::KumaCore(core) = &target.settings else { return Ok(None) };
        Ok(Some(Self {
            app,
            core: KumaCore::clone(core),
            began: app.clock.now(),
            tally: Tally::default(),
            origin: Origin::Core(target.id.clone()),
            routes,
            pace: Pace::new(core.connection.requests_per_second),
            tenant,
            target,
        }))
    }

    /// Whether there is time to begin something.
    pub(crate) fn has_time(&self) -> bool {
        let now = self.app.clock.now();
        now.plus(RESERVE) < self.app.deadline(now)
    }

    /// Calls the Core. A token that it refuses is read anew, once.
    async fn call<T, Calling>(&self, call: impl Fn(Kuma) -> Calling) -> Result<T, CallError>
    where
        Calling: Future<Output = Result<T, CallError>>,
    {
        self.pace.wait(&self.app.clock).await;
        let mut kuma = self.app.connector.kuma(&self.target).await?;
        kuma.with_fresh_token(call).await
    }

    /// Lines of the Core's list, without events.
    pub(crate) async fn list(&self, mut filter: Filter) -> Result<Vec<Line>, CallError> {
        filter.tenant_ids = self.core.kuma_tenant.iter().cloned().collect();
        let filter = &filter;
        let lines = self.call(|kuma| async move { kuma.alerts(filter).await }).await?;
        Tally::add(&self.tally.listed, lines.len());
        Ok(lines.iter().map(|line| listed::read(line)).collect())
    }

    /// Whether a line is of the tenant.
    pub(crate) fn is_ours(&self, line: &Listed) -> bool {
        belongs(&self.core, &self.tenant, &line.tenant, &line.tenant_name)
    }

    /// Reads one alert in full and stores it. `known` is what is known of it here.
    pub(crate) async fn take(
        &self,
        id: &AlertId,
        url: Option<&str>,
        known: Option<&Known>,
    ) -> Result<Taken, CallError> {
        let read = match self.call(|kuma| async move { kuma.alert(id.as_str()).await }).await {
            Ok(read) => read,
            Err(error) if error.code == "too_large" => return Ok(Taken::Refused(error.public.into_owned())),
            Err(error) => return Err(error),
        };
        let Some(raw) = read else { return Ok(Taken::Absent) };
        let now = self.app.clock.now();
        let mut alert = match parse(&raw, now) {
            Ok(alert) => alert,
            Err(Rejection { field, message, .. }) => {
                return Ok(Taken::Refused(format!("{field}: {message}")));
            }
        };
        drop(raw);
        let name = alert.latest.fields.get("tenantName").and_then(Value::as_str).unwrap_or_default();
        if !belongs(&self.core, &self.tenant, alert.tenant.as_str(), name) {
            return Ok(Taken::Foreign);
        }
        prepare(&mut alert, &self.tenant, url, known, now);
        let change = Change { origin: &self.origin, routes: &self.routes, now };
        let stored = match self.app.store.upsert(alert, change).await {
            Err(error) if error.class == bridge_domain::Class::Invalid => {
                return Ok(Taken::Refused(error.public.into_owned()));
            }
            stored => stored?,
        };
        // What is stored is owed already: what can not be queued now, the sweeper queues.
        self.app.dispatcher.send(&stored.queue).await;
        Ok(match stored.what {
            Upserted::OtherTenant => Taken::Refused("id: is taken by an alert of another tenant".to_owned()),
            what => Taken::Stored(what),
        })
    }
}

fn parse(raw: &RawValue, now: Timestamp) -> Result<Alert, Rejection> {
    let unreadable =
        || Rejection { id: None, field: "alert".to_owned(), message: "can not be read".to_owned() };
    let read = intake::read(raw.get().as_bytes(), None, now).map_err(|error| Rejection {
        id: None,
        field: "alert".to_owned(),
        message: error.to_string(),
    })?;
    read.into_iter().next().ok_or_else(unreadable)?
}
