//! KUMA's own push to an IRP: `GET /api/v2/tokens/get_info_by_token` and `POST /api/v2/incidents`.
//!
//! A KUMA whose setting "IRP / SOAR" points at the bridge calls it as it would call R-Vision. The
//! form names an alert; the alert itself is read from the KUMA Core by alert-pull.

use std::{borrow::Cow, convert::Infallible, time::Duration};

use bridge_domain::{
    AlertId, CallError, Name, TenantId,
    access::{Bearer, Grants, Operation, Principal},
    pull::Work,
    push::{self, Form, MAX_VALUE, Push},
    target::{Settings, Target},
    tenant::Tenant,
};
use bridge_runtime::{
    auth,
    http::{Answer, ErrorStatus, HttpError, Request},
};
use bytes::Bytes;
use futures_util::stream;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use multer::Multipart;
use serde::Serialize;

use crate::app::App;

/// Route of the question whether a token is good: KUMA asks it when its settings are saved.
pub(crate) const TOKEN_ROUTE: &str = "GET /api/v2/tokens/get_info_by_token";
/// Route of the push.
pub(crate) const PUSH_ROUTE: &str = "POST /api/v2/incidents";

/// R-Vision's header for its token.
const X_TOKEN: &str = "x-token";
/// How much of a body the multipart reader sees at once, in bytes.
const PIECE: usize = 64 * 1024;
/// `FastAPI`'s status for a form that is none, which the one public receiver of the push answers.
const NO_FORM: u16 = 422;

/// A refusal in the form of R-Vision.
#[derive(Serialize)]
struct Refusal<'a> {
    success: bool,
    error: &'a str,
}

#[derive(Serialize)]
struct Success<'a> {
    success: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    data: Vec<Incident<'a>>,
}

/// What stands for an incident: the alert under its own id.
#[derive(Serialize)]
struct Incident<'a> {
    identifier: &'a AlertId,
    uuid: &'a AlertId,
}

/// Answers both routes. What the caller did wrong is told as R-Vision tells it, a fault of ours as
/// every function does.
pub(crate) async fn handle(app: &App, request: Request) -> Result<Answer, HttpError> {
    let outcome =
        if request.route == TOKEN_ROUTE { check(app, &request).await } else { take(app, request).await };
    match outcome {
        Err(error) if !error.status.is_fault() => {
            let refusal = Refusal { success: false, error: &error.message };
            Ok(Answer::json(error.status.as_u16(), &refusal))
        }
        outcome => outcome,
    }
}

async fn check(app: &App, request: &Request) -> Result<Answer, HttpError> {
    authenticate(app, request, &Form::default()).await?;
    Ok(Answer::json(200, &Success { success: true, data: Vec::new() }))
}

async fn take(app: &App, request: Request) -> Result<Answer, HttpError> {
    let mut request = request;
    let form = read_form(&mut request).await?;
    let principal = authenticate(app, &request, &form).await?;
    let (tenant, targets) = tenant(app, &form, &principal.grants).await?;
    let pushes = pushes(&form, &targets)?;
    // Every one is queued before the answer: KUMA does not come again.
    for (target, push) in &pushes {
        let work = Work::Alert {
            tenant: tenant.id.clone(),
            target: target.id.clone(),
            alert: push.alert.clone(),
            url: push.url.clone(),
        };
        app.pull_queue.send(&work, Duration::ZERO).await.map_err(|error| busy(&error))?;
    }
    let data: Vec<_> = pushes
        .first()
        .map(|(_, push)| Incident { identifier: &push.alert, uuid: &push.alert })
        .into_iter()
        .collect();
    let queued = u64::try_from(pushes.len()).unwrap_or(u64::MAX);
    Ok(Answer::json(200, &Success { success: true, data }).metrics("PushesQueued", queued))
}

/// Whatever the queue's failure is, the push may be sent again.
fn busy(error: &CallError) -> HttpError {
    let detail = format!("{} {} {} {}", error.system, error.class.as_str(), error.code, error.detail);
    HttpError::unavailable("service unavailable", bridge_runtime::http::RETRY_AFTER).with_detail(detail)
}

/// Who pushes.
async fn authenticate(app: &App, request: &Request, form: &Form) -> Result<Principal, HttpError> {
    let bearer = presented(request, form)?;
    let now = request.received;
    let lookup = |id| app.token(id, now);
    app.access.holder_by(bearer, Operation::PostAlerts, now, lookup).await
}

/// The token of a request. Which of the places KUMA uses is not documented: R-Vision's own clients
/// use the header `X-Token` or a member `token`, KUMA's own API uses `Authorization: Bearer`.
fn presented(request: &Request, form: &Form) -> Result<Bearer, HttpError> {
    let header = request.headers.get(X_TOKEN).and_then(|value| value.to_str().ok()).map(str::trim);
    if let Some(token) = header.filter(|token| !token.is_empty()) {
        return Ok(Bearer::parse(token));
    }
    if request.headers.contains_key(AUTHORIZATION) {
        return auth::bearer(request);
    }
    let token = form.token().ok_or_else(|| HttpError::bad_request("X-Token: is required", "X-Token"))?;
    Ok(Bearer::parse(token.expose()))
}

fn fault(field: &str, message: impl Into<Cow<'static, str>>) -> HttpError {
    HttpError::bad_request(format!("{field}: {}", message.into()), field)
}

fn bad_field(found: push::Fault) -> HttpError {
    fault(&found.field.clone(), found.message)
}

/// Reads the form of a request. The body is used up.
async fn read_form(request: &mut Request) -> Result<Form, HttpError> {
    let kind = request.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let body = std::mem::take(&mut request.body);
    match essence.as_str() {
        "application/x-www-form-urlencoded" => Form::urlencoded(&body).map_err(bad_field),
        "multipart/form-data" => {
            let boundary = multer::parse_boundary(kind)
                .map_err(|_| HttpError::bad_request("body: the multipart form names no boundary", "body"))?;
            multipart(Bytes::from(body), boundary).await
        }
        _ => {
            let mut error = HttpError::bad_request(
                "body: send a form: multipart/form-data or application/x-www-form-urlencoded",
                "body",
            );
            error.status = ErrorStatus::new(NO_FORM).unwrap_or(ErrorStatus::UNSUPPORTED);
            Err(error)
        }
    }
}

/// The texts of a multipart form. Files are passed over: what is in them is read from the Core.
async fn multipart(body: Bytes, boundary: String) -> Result<Form, HttpError> {
    let broken = |_| HttpError::bad_request("body: the multipart form is broken or cut short", "body");
    let pieces = (0..body.len())
        .step_by(PIECE)
        .map(move |from| Ok::<_, Infallible>(body.slice(from..body.len().min(from + PIECE))));
    let mut parts = Multipart::new(stream::iter(pieces), boundary);
    let mut form = Form::default();
    while let Some(mut part) = parts.next_field().await.map_err(broken)? {
        let Some(name) = part.name().map(ToOwned::to_owned).filter(|_| part.file_name().is_none()) else {
            continue;
        };
        let mut value = Vec::new();
        while let Some(chunk) = part.chunk().await.map_err(broken)? {
            // A longer text is none that counts here.
            if value.len() <= MAX_VALUE {
                value.extend_from_slice(&chunk);
            }
        }
        if value.len() <= MAX_VALUE {
            form.add(name, String::from_utf8_lossy(&value).into_owned()).map_err(bad_field)?;
        }
    }
    Ok(form)
}

/// The tenant that a form is about, and its targets. They are read anew: KUMA does not repeat a push
/// that came a second after the settings were saved.
async fn tenant(app: &App, form: &Form, grants: &Grants) -> Result<(Tenant, Vec<Target>), HttpError> {
    let unknown = || fault(push::COMPANY, "there is no tenant of this name for this token");
    let store = &app.access.store;
    let id: TenantId = match (form.company(), grants) {
        (Some(company), _) => {
            let name: Name = company.parse().map_err(|_| unknown())?;
            store.tenant_named(&name).await?.filter(|id| grants.sees(id)).ok_or_else(unknown)?
        }
        (None, Grants::Tenants(roles)) if roles.len() == 1 => {
            roles.keys().next().cloned().ok_or_else(unknown)?
        }
        (None, _) => return Err(fault(push::COMPANY, "is required: the name of the tenant")),
    };
    let found = store.tenant_with_targets(&id).await?.ok_or_else(unknown)?;
    if found.0.disabled {
        return Err(HttpError::not_acceptable("tenant disabled"));
    }
    Ok(found)
}

/// The Cores that a form may have come from, each with what the form says by its names. A tenant may
/// have several; one whose field of the alert's id is not there was not meant.
fn pushes<'a>(form: &Form, targets: &'a [Target]) -> Result<Vec<(&'a Target, Push)>, HttpError> {
    let cores: Vec<_> = targets
        .iter()
        .filter_map(|target| match &target.settings {
            Settings::KumaCore(core) if !target.disabled && core.accept_push => Some((target, core)),
            _ => None,
        })
        .collect();
    if cores.is_empty() {
        return Err(HttpError::not_acceptable(
            "the tenant has no integration of kind kuma-core that takes the push: make one, \
             the alert is read from that KUMA Core",
        ));
    }
    let mut pushes = Vec::new();
    for (target, core) in &cores {
        if let Some(push) = push::read(form, core).map_err(bad_field)? {
            pushes.push((*target, push));
        }
    }
    if pushes.is_empty() {
        let mut names: Vec<&str> = cores.iter().map(|(_, core)| core.alert_id_field.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        return Err(fault(&names.join(" or "), "is required: the id of the alert"));
    }
    Ok(pushes)
}
