//! A login: what is sent is checked, then the settings, then the directory is asked, then the rules.

use bridge_directory::Entry;
use bridge_domain::{
    Name, TenantId,
    access::Grants,
    form::{Faults, Form, text},
    login::{Found, LoginName, Refusal, admit, check_password},
    secret::Secret,
};
use bridge_runtime::http::{Answer, HttpError, Request};
use serde_json::json;

use crate::{
    app::App,
    refused::{Failure, Refused},
    session::{Begun, User, begin},
    sign_in::verified,
};

/// `POST /bridge/v1/login`
pub(crate) async fn log_in(app: &App, request: &Request) -> Result<Answer, HttpError> {
    let mut form: Form = request.json()?;
    let mut faults = Faults::default();
    let user = form.required(&mut faults, "user", text);
    let password = form.required(&mut faults, "password", text).map(Secret::new);
    form.finish(&mut faults);
    let (Some(user), Some(password), true) = (user, password, faults.is_empty()) else {
        return Err(HttpError::invalid(faults));
    };
    match admitted(app, request, &user, password).await {
        Ok(begun) => Ok(Answer::json(201, &begun).metrics("Logins", 1)),
        Err(Failure::Refused(refused)) => Ok(refusal(refused)),
        Err(Failure::Failed(error)) => Err(error),
    }
}

fn refusal(refused: Refused) -> Answer {
    tracing::info!(refusal = refused.as_str(), "login refused");
    let body = json!({"message": refused.message(), "details": null});
    Answer::json(403, &body).metrics("LoginsRefused", 1)
}

async fn admitted(app: &App, request: &Request, user: &str, password: Secret) -> Result<Begun, Failure> {
    let name: LoginName = user.parse()?;
    check_password(&password)?;
    let settings = app.store.domain_auth().await?.ok_or(Refusal::NotConfigured)?.value;
    if settings.disabled {
        return Err(Refusal::Disabled.into());
    }
    let account = verified(app, &settings, (&name, password), request).await?;
    let email = told(&account.entry, "mail");
    let email_taken = match email {
        Some(email) => app.store.has_local_user(email, request.received).await?,
        None => false,
    };
    let groups = account.groups.into_iter().map(|group| group.dn).collect();
    let found = Found { email: email.map(ToOwned::to_owned), groups, email_taken };
    let grants = living(app, admit(Some(&settings), &found)?).await?;
    let user = shown(&account.entry, &name, found.email.unwrap_or_default())?;
    Ok(begin(app, user, grants, request.received).await?)
}

/// The value of an attribute that has more than blanks.
fn told<'a>(entry: &'a Entry, attribute: &str) -> Option<&'a str> {
    entry.text(attribute).map(str::trim).filter(|text| !text.is_empty())
}

/// How the user is called: as the directory has it, else as it was typed.
fn shown(entry: &Entry, typed: &LoginName, email: String) -> Result<User, HttpError> {
    let account = told(entry, "sAMAccountName");
    let names = [told(entry, "displayName"), account, Some(typed.user())];
    let name = names.into_iter().flatten().find_map(|name| name.parse::<Name>().ok());
    let name = name.ok_or_else(|| HttpError::internal("the account has no name that can be shown"))?;
    let login = told(entry, "userPrincipalName").or(account).unwrap_or(typed.user()).to_owned();
    Ok(User { name, login, email })
}

/// The roles in tenants that are there and not disabled. Whoever is left with none has no role: the
/// general administrator's is not given in their place.
async fn living(app: &App, grants: Grants) -> Result<Grants, Failure> {
    let Grants::Tenants(mut roles) = grants else { return Ok(grants) };
    let ids: Vec<TenantId> = roles.keys().cloned().collect();
    let tenants = app.store.tenants_by_id(&ids).await?;
    roles.retain(|id, _| tenants.iter().any(|tenant| tenant.id == *id && !tenant.disabled));
    if roles.is_empty() { Err(Refusal::NoGroup.into()) } else { Ok(Grants::Tenants(roles)) }
}
