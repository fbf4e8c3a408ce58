//! Trying a target out: connecting for real, one question after the other, and saying what is wrong.

use std::time::Duration;

use bridge_connect::{Connector, Vault};
use bridge_domain::{
    CallError, TargetId,
    access::Principal,
    form::Faults,
    target::{KumaCore, RVision, Settings, Target},
    tenant::Tenant,
};
use bridge_runtime::{
    http::{Answer, HttpError, Request},
    secrets::SecretCache,
};
use serde::Serialize;
use tokio::time::timeout;

use crate::{
    app::App,
    integrations::{find, general_administrator, read_draft},
};

/// Longest time for one question, in seconds: an administrator waits for the answer.
const QUESTION: u16 = 8;
/// Time left for the answer itself.
const RESERVE: Duration = Duration::from_secs(2);

const RVISION_CHECKS: &[&str] = &["secret", "connection", "tls", "token", "company", "alertIDField"];
const KUMA_CHECKS: &[&str] = &["secret", "connection", "tls", "token", "whoami"];

/// One question and its answer.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Finding {
    check: &'static str,
    ok: bool,
    message: String,
}

/// The questions in their order. Each builds on those before it: the first that fails is the last.
#[derive(Debug)]
struct Report {
    left: std::slice::Iter<'static, &'static str>,
    done: Vec<Finding>,
}

#[derive(Debug, Serialize)]
struct View {
    ok: bool,
    checks: Vec<Finding>,
}

impl Report {
    fn new(names: &'static [&'static str]) -> Self {
        Self { left: names.iter(), done: Vec::new() }
    }

    fn add(&mut self, ok: bool, message: impl Into<String>) {
        if let Some(check) = self.left.next() {
            self.done.push(Finding { check, ok, message: message.into() });
        }
    }

    fn pass(&mut self, message: impl Into<String>) {
        self.add(true, message);
    }

    /// What a question brought, if it succeeded.
    fn of<T>(&mut self, result: Result<T, CallError>) -> Option<T> {
        result.map_err(|error| self.add(false, error.public)).ok()
    }

    /// What the first call brought: it shows whether there is a connection, whether TLS trusts the
    /// other side, and whether the token is accepted.
    fn of_first_call<T>(&mut self, target: &Target, result: Result<T, CallError>) -> Option<T> {
        let host = target.connection().url.trim_start_matches("https://");
        let code = result.as_ref().err().map_or("", |error| error.code.as_ref());
        if !matches!(code, "dns" | "connect" | "connect_timeout" | "proxy" | "timeout" | "broken") {
            self.pass(format!("{host} takes connections"));
            if code != "tls" {
                self.pass(format!("the certificate of {host} is trusted"));
            }
        }
        let result = self.of(result);
        if result.is_some() {
            self.pass("the token is accepted");
        }
        result
    }

    fn finish(mut self) -> View {
        let ok = self.left.len() == 0 && self.done.iter().all(|check| check.ok);
        while self.left.len() > 0 {
            self.add(false, "not checked, because of the one before");
        }
        View { ok, checks: self.done }
    }
}

/// `POST /bridge/v1/integrations/irp/{id}/test`
pub(crate) async fn saved(
    app: &App,
    user: &Principal,
    id: &str,
    request: &Request,
) -> Result<Answer, HttpError> {
    let target = find(app, user, id).await?.value;
    run(app, target, request).await
}

/// `POST /bridge/v1/integrations/irp/test`: the same for what is not saved yet.
pub(crate) async fn unsaved(app: &App, user: &Principal, request: &Request) -> Result<Answer, HttpError> {
    general_administrator(user)?;
    let draft = read_draft(app, request.json()?, None, Faults::default()).await?;
    run(app, draft.into_target(TargetId::random(), request.received, request.received), request).await
}

async fn run(app: &App, mut target: Target, request: &Request) -> Result<Answer, HttpError> {
    let tenant = app.access.store.tenant(&target.tenant).await?;
    let tenant = tenant.ok_or_else(|| HttpError::internal("a target without a tenant"))?;
    let connection = target.connection_mut();
    connection.timeout_seconds = connection.timeout_seconds.min(QUESTION);
    // Nothing that was kept from earlier: neither a secret nor a connection.
    let secrets = SecretCache::new(app.secrets.clone(), Duration::ZERO);
    let connector = Connector::new(Vault::new(secrets, app.vault_prefix.clone()));
    let mut report;
    let asked = match &target.settings {
        Settings::RVision(settings) => {
            report = Report::new(RVISION_CHECKS);
            let asked = rvision(&connector, &target, settings, &tenant, &mut report);
            timeout(request.deadline.budget(request.received, RESERVE), asked).await
        }
        Settings::KumaCore(settings) => {
            report = Report::new(KUMA_CHECKS);
            let asked = kuma(&connector, &target, settings, &tenant, &mut report);
            timeout(request.deadline.budget(request.received, RESERVE), asked).await
        }
    };
    if asked.is_err() {
        report.add(false, "no answer in time");
    }
    let view = report.finish();
    tracing::info!(target_id = %target.id, ok = view.ok, "integration tested");
    Ok(Answer::json(200, &view))
}

async fn rvision(
    connector: &Connector,
    target: &Target,
    settings: &RVision,
    tenant: &Tenant,
    report: &mut Report,
) -> Option<()> {
    let opened = report.of(connector.rvision(target).await)?;
    report.pass("the secrets can be read");
    let client = opened.client();
    report.of_first_call(target, client.check().await)?;
    let company = settings.company.as_deref().unwrap_or(tenant.name.as_str());
    if report.of(client.company(company).await)? {
        report.pass(format!("R-Vision knows the company {company}"));
    } else {
        let absent = format!(
            "R-Vision has no company with the short name {company}: rename it there, or name the right one in company"
        );
        report.add(false, absent);
        return None;
    }
    let field = &settings.alert_id_field;
    // No alert has this id: what is asked is whether there is such a field.
    report.of(client.find(field, TargetId::random().as_str()).await)?;
    report.pass(format!("incidents can be found by {field}"));
    Some(())
}

async fn kuma(
    connector: &Connector,
    target: &Target,
    settings: &KumaCore,
    tenant: &Tenant,
    report: &mut Report,
) -> Option<()> {
    let opened = report.of(connector.kuma(target).await)?;
    report.pass("the secrets can be read");
    let visible = report.of_first_call(target, opened.client().whoami().await)?;
    let wanted = settings.kuma_tenant.as_deref();
    let sees = match wanted {
        Some(id) => visible.iter().any(|one| one.id == id),
        None => visible.iter().any(|one| one.id == tenant.id.as_str() || one.name == tenant.name.as_str()),
    };
    // A general administrator sees every tenant, and some versions list none of them.
    if sees || visible.is_empty() {
        report.pass(format!("the user of the token sees {} tenants", visible.len()));
    } else if wanted.is_some() {
        report.add(
            false,
            "the user of the token does not see the tenant in kumaTenantID: give it a role there, or correct the id",
        );
    } else {
        report.add(
            false,
            "the user of the token sees no tenant with this tenant's id or name: give it a role there, or name \
             the tenant in kumaTenantID",
        );
    }
    Some(())
}

#[cfg(test)]
mod tests;
