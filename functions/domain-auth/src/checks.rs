//! Trying domain authorization out: a sign-in and reads that change nothing, and what is wrong in words.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use bridge_connect::{CREDENTIALS, Reach, Report, Vault};
use bridge_directory::{Connection, Error};
use bridge_domain::{
    CallError, SecretId,
    access::{Principal, Role},
    form::{Faults, Form, parsed},
    ldap::dn::Dn,
    login::Settings,
    vault::{Kind, SecretPlace},
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

/// Time left for the answer itself.
const RESERVE: Duration = Duration::from_secs(2);
/// Most places that a message names.
const PLACES_LIMIT: usize = 20;

const CHECKS: &[&str] = &["secret", "connection", "tls", "signIn", "base", "groups"];

/// `POST /bridge/v1/integrations/domain-auth/test`: with these credentials, of what is saved when nothing
/// else is sent, else of what is sent.
pub(crate) async fn run(app: &App, user: &Principal, request: &Request) -> Result<Answer, HttpError> {
    let mut form: Form = request.json()?;
    let mut faults = Faults::default();
    let credentials = form.required(&mut faults, CREDENTIALS, parsed::<SecretId>);
    let signer = signer(app, credentials, &mut faults).await?;
    let settings = if !form.is_empty() {
        read(app, form, None, request.received, faults).await?
    } else if faults.is_empty() {
        saved(app).await?.value
    } else {
        return Err(HttpError::invalid(faults));
    };
    let signer = signer.ok_or_else(|| HttpError::internal("no fault, and nobody to sign in"))?;
    // Nothing that was kept from earlier.
    let secrets = SecretCache::new(app.secrets.clone(), Duration::ZERO);
    let vault = Vault::new(secrets, app.vault_prefix.clone());
    let budget = request.deadline.budget(request.received, RESERVE);
    let mut report = Report::new(CHECKS);
    if timeout(budget, ask(&vault, &settings, &signer, budget, &mut report)).await.is_err() {
        report.fail("no answer in time");
    }
    let findings = report.finish();
    tracing::info!(by = %user.id, ok = findings.ok, "domain authorization tested");
    Ok(Answer::json(200, &findings))
}

/// Where the secret lies that the test signs in with.
async fn signer(
    app: &App,
    id: Option<SecretId>,
    faults: &mut Faults,
) -> Result<Option<SecretPlace>, HttpError> {
    let Some(id) = id else { return Ok(None) };
    let store = &app.access.store;
    let secret = store.secrets_by_id([&id]).await?.pop();
    let owner = match &secret {
        Some(secret) => store.tenant(&secret.tenant).await?,
        None => None,
    };
    // Administrators of one tenant do not lend their secrets to the login of all.
    match secret.filter(|_| owner.is_some_and(|tenant| tenant.main)) {
        Some(secret) if secret.kind == Kind::Credentials => {
            return Ok(Some(SecretPlace { tenant: secret.tenant, id }));
        }
        Some(_) => {
            faults.add(CREDENTIALS, format!("must be a secret of type {}", Kind::Credentials.as_str()));
        }
        None => faults.add(CREDENTIALS, "the main tenant has no such secret"),
    }
    Ok(None)
}

async fn ask(
    vault: &Vault,
    settings: &Settings,
    signer: &SecretPlace,
    budget: Duration,
    report: &mut Report,
) -> Option<()> {
    let reach = Reach::from(settings).sharing(budget);
    let directory = report.of(vault.directory(reach).await)?;
    let credentials = report.of(vault.credentials(&signer.tenant, &signer.id).await)?;
    report.pass("the secrets can be read");
    let mut connection = report.of_sign_in(directory.connect(&credentials).await)?;
    let began = Instant::now();
    let read = connection.reads(settings.base_dn.as_str()).await;
    if !report.of(read.map_err(CallError::from))? {
        report.fail("the account may not read what is at baseDN");
        return None;
    }
    let took = began.elapsed().as_millis();
    report.pass(format!("{} knows baseDN, and answered after {took} ms", connection.server()));
    let groups = groups(settings);
    let absent = report.of(absent(&mut connection, settings, &groups).await.map_err(CallError::from))?;
    if !absent.is_empty() {
        report.fail(format!(
            "no such group below baseDN: {}; check the distinguished names, that they are security groups, and \
             that the account may read them",
            told(&absent)
        ));
    } else if groups.is_empty() {
        report.pass("no group stands for a role yet: nobody can log in");
    } else {
        report.pass(format!("all groups are below baseDN: {}", groups.len()));
    }
    connection.close().await;
    Some(())
}

/// Each group, by its normal form, with the places where the settings name it.
fn groups(settings: &Settings) -> BTreeMap<&str, (&Dn, Vec<String>)> {
    let general = settings.general_administrators_group.iter();
    let all = general.map(|group| ("generalAdministratorsGroup".to_owned(), group)).chain(
        settings.role_groups.iter().enumerate().flat_map(|(index, entry)| {
            entry.iter().map(move |(role, group)| (format!("roleGroups.{index}.{}", field(role)), group))
        }),
    );
    let mut groups = BTreeMap::new();
    for (place, group) in all {
        groups.entry(group.normal()).or_insert_with(|| (group, Vec::new())).1.push(place);
    }
    groups
}

const fn field(role: Role) -> &'static str {
    match role {
        Role::Operator => "operator",
        Role::Analyst => "analyst",
        Role::TenantAdministrator => "tenantAdministrator",
    }
}

/// Where groups are named that are not below the base.
async fn absent(
    connection: &mut Connection,
    settings: &Settings,
    groups: &BTreeMap<&str, (&Dn, Vec<String>)>,
) -> Result<Vec<String>, Error> {
    connection.tells_who().await?;
    let mut absent = Vec::new();
    for (group, places) in groups.values() {
        if !(group.is_in(&settings.base_dn) && connection.has_group(group.as_str()).await?) {
            absent.extend(places.iter().cloned());
        }
    }
    absent.sort();
    Ok(absent)
}

/// Places, as many as somebody reads.
fn told(places: &[String]) -> String {
    let shown: Vec<&str> = places.iter().take(PLACES_LIMIT).map(String::as_str).collect();
    let more = places.len() - shown.len();
    if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
}
