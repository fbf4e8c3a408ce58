//! Trying a connection out: signing in for real, and saying what is wrong.

use std::time::Duration;

use bridge_connect::{Reach, Report, Vault};
use bridge_directory::{Attribute, AttributeError, Filter, Request as Search, SYSTEM, Scope};
use bridge_domain::{
    CallError, Class, ConnectionId,
    access::Principal,
    form::Faults,
    ldap::{attributes::OBJECT_GUID, connection::Connection, guid::Guid},
};
use bridge_runtime::{
    http::{Answer, HttpError, Request},
    secrets::SecretCache,
};
use tokio::time::timeout;

use crate::{
    app::App,
    connections::{find, read},
    view::of,
};

/// Longest time for one controller: an administrator waits, and API Gateway waits 30 seconds.
const QUESTION: Duration = Duration::from_secs(8);
/// Time left for the answer itself.
const RESERVE: Duration = Duration::from_secs(2);

const CHECKS: &[&str] = &["secret", "connection", "tls", "signIn", "base", "accounts"];

/// `POST /bridge/v1/integrations/ldap/connections/{id}/test`
pub(crate) async fn saved(
    app: &App,
    user: &Principal,
    id: &str,
    request: &Request,
) -> Result<Answer, HttpError> {
    let found = find(app, user, id).await?;
    run(app, of(&found.kept.value), request).await
}

/// `POST /bridge/v1/integrations/ldap/connections/test`: the same for what is not saved yet. Whether its
/// name and controllers are taken does not matter for a test.
pub(crate) async fn unsaved(app: &App, user: &Principal, request: &Request) -> Result<Answer, HttpError> {
    let draft = (request.json()?, Faults::default());
    let (connection, _) = read(app, user, draft, (ConnectionId::random(), None), request.received).await?;
    run(app, &connection, request).await
}

async fn run(app: &App, connection: &Connection, request: &Request) -> Result<Answer, HttpError> {
    // Nothing that was kept from earlier.
    let vault = Vault::new(SecretCache::new(app.secrets.clone(), Duration::ZERO), app.vault_prefix.clone());
    let mut report = Report::new(CHECKS);
    let asked = Box::pin(ask(&vault, connection, &mut report));
    if timeout(request.deadline.budget(request.received, RESERVE), asked).await.is_err() {
        report.fail("no answer in time");
    }
    let findings = report.finish();
    tracing::info!(connection = %connection.id, ok = findings.ok, "LDAP connection tested");
    Ok(Answer::json(200, &findings))
}

async fn ask(vault: &Vault, connection: &Connection, report: &mut Report) -> Option<()> {
    let credentials = vault.credentials(&connection.tenant, &connection.credentials).await;
    let credentials = report.of(credentials)?;
    let directory = report.of(vault.directory(Reach::from(connection).within(QUESTION)).await)?;
    report.pass("the secrets can be read");
    let mut controller = report.of_sign_in(directory.connect(&credentials).await)?;

    let base = connection.base_dn.as_str().to_owned();
    let any = report.of("objectClass".parse::<Attribute>().map_err(internal))?;
    let one = Search::new(&base, Filter::present(&any), [any.clone()]).with_scope(Scope::Base);
    let found = controller.search(one).next_page().await.map_err(CallError::from);
    if report.of(found)?.is_none() {
        report.fail("the user may not see the search base, or it does not exist: check baseDN");
        return None;
    }
    report.pass("the search base exists");

    let guid = report.of(OBJECT_GUID.parse::<Attribute>().map_err(internal))?;
    let some = Search::new(&base, Filter::from(&connection.filter), [guid]).with_page(1);
    let found = report.of(controller.search(some).next_page().await.map_err(CallError::from))?;
    let first = found.as_ref().and_then(|entries| entries.first());
    match first.map(|entry| entry.bytes(OBJECT_GUID).and_then(Guid::from_bytes)) {
        None => report.fail(
            "the filter finds no account below the search base: check filter and baseDN, and what the user \
             may read",
        ),
        Some(None) => {
            report.fail("accounts come without objectGUID: the user must be allowed to read it");
        }
        Some(Some(_)) => report.pass("accounts can be read"),
    }
    controller.close().await;
    Some(())
}

fn internal(_: AttributeError) -> CallError {
    CallError::new(Class::Permanent, SYSTEM, "the attribute can not be asked for")
}
