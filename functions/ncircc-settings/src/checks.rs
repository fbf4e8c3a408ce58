//! Trying the connection out: a read that changes nothing, and what is wrong in words.

use std::time::{Duration, Instant};

use bridge_connect::{Connector, Report, Vault};
use bridge_domain::{
    access::Principal,
    form::{Faults, Form},
    ncircc::settings::Settings,
};
use bridge_runtime::{
    http::{Answer, HttpError, Request},
    secrets::SecretCache,
};
use tokio::time::timeout;

use crate::{
    app::App,
    settings::{read, saved},
};

/// Longest time for the question, in seconds: an administrator waits, and API Gateway waits 30 seconds.
const QUESTION: u16 = 20;
/// Time left for the answer itself.
const RESERVE: Duration = Duration::from_secs(2);

const CHECKS: &[&str] = &["secret", "connection", "tls", "token", "notifications"];

/// `POST /bridge/v1/integrations/ncircc/test`: of what is saved when nothing is sent, else of what is sent.
pub(crate) async fn run(app: &App, user: &Principal, request: &Request) -> Result<Answer, HttpError> {
    let form: Form = if request.body.is_empty() { Form::default() } else { request.json()? };
    let mut settings = if form.is_empty() {
        saved(app).await?.value
    } else {
        read(app, form, None, request.received, Faults::default()).await?
    };
    settings.timeout_seconds = settings.timeout_seconds.min(QUESTION);
    // Nothing that was kept from earlier: neither a secret nor a connection.
    let secrets = SecretCache::new(app.secrets.clone(), Duration::ZERO);
    let connector = Connector::new(Vault::new(secrets, app.vault_prefix.clone()));
    let mut report = Report::new(CHECKS);
    let asked = ask(&connector, &settings, &mut report);
    if timeout(request.deadline.budget(request.received, RESERVE), asked).await.is_err() {
        report.fail("no answer in time");
    }
    let findings = report.finish();
    tracing::info!(by = %user.id, host = settings.host(), ok = findings.ok, "NCIRCC tested");
    Ok(Answer::json(200, &findings))
}

async fn ask(connector: &Connector, settings: &Settings, report: &mut Report) -> Option<()> {
    let opened = report.of(connector.ncircc(settings).await)?;
    report.pass("the secrets can be read");
    let began = Instant::now();
    let answer = opened.client().probe().await;
    let took = began.elapsed().as_millis();
    report.of_first_call(settings.host(), answer)?;
    report.pass(format!("notifications can be read: {} answered after {took} ms", settings.host()));
    Some(())
}
