//! Trying a target out: connecting for real, one question after the other, and saying what is wrong.

use std::time::Duration;

use bridge_connect::{Connector, Report, Vault};
use bridge_domain::{
    TargetId,
    access::Principal,
    form::Faults,
    target::{KumaCore, RVision, Settings, Target},
    tenant::Tenant,
};
use bridge_runtime::{
    http::{Answer, HttpError, Request},
    secrets::SecretCache,
};
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
        report.fail("no answer in time");
    }
    let view = report.finish();
    tracing::info!(target_id = %target.id, ok = view.ok, "integration tested");
    Ok(Answer::json(200, &view))
}

/// Host, and port if it is not the usual one.
fn host(target: &Target) -> &str {
    target.connection().url.trim_start_matches("https://")
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
    report.of_first_call(host(target), client.check().await)?;
    let company = settings.company.as_deref().unwrap_or(tenant.name.as_str());
    if report.of(client.company(company).await)? {
        report.pass(format!("R-Vision knows the company {company}"));
    } else {
        let absent = format!(
            "R-Vision has no company with the short name {company}: rename it there, or name the right one in company"
        );
        report.fail(absent);
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
    let visible = report.of_first_call(host(target), opened.client().whoami().await)?;
    let wanted = settings.kuma_tenant.as_deref();
    let sees = match wanted {
        Some(id) => visible.iter().any(|one| one.id == id),
        None => visible.iter().any(|one| one.id == tenant.id.as_str() || one.name == tenant.name.as_str()),
    };
    // A general administrator sees every tenant, and some versions list none of them.
    if sees || visible.is_empty() {
        report.pass(format!("the user of the token sees {} tenants", visible.len()));
    } else if wanted.is_some() {
        report.fail(
            "the user of the token does not see the tenant in kumaTenantID: give it a role there, or correct the id",
        );
    } else {
        report.fail(
            "the user of the token sees no tenant with this tenant's id or name: give it a role there, or name \
             the tenant in kumaTenantID",
        );
    }
    Some(())
}
