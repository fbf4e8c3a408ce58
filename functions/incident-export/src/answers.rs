//! What NCIRCC is told beside an export: comments, and decisions about its notices.

use bridge_domain::{
    RowId,
    access::Principal,
    form::{Faults, Form, prose},
    incident::COMMENT_LIMIT,
    ncircc::{decision::Decision, dictionary::NoticeStatus, errand::Errand},
};
use bridge_runtime::http::{Answer, HttpError, Request};
use serde_json::Value;

use crate::{app::App, place};

/// `POST /bridge/v1/incidents/{id}/export/comments`: a closed incident takes them too.
pub(crate) async fn comment(app: &App, user: &Principal, request: &Request) -> Result<Answer, HttpError> {
    let incident = place::open_incident(app, user, request).await?.value;
    let settings = place::settings(app, &incident).await?;
    let uuid = place::remote(&incident)?.to_owned();
    place::enabled(&settings)?;
    let mut form: Form = request.json()?;
    let mut faults = Faults::default();
    let text = form.required(&mut faults, "text", comment_text);
    form.finish(&mut faults);
    let Some(text) = text.filter(|_| faults.is_empty()) else { return Err(HttpError::invalid(faults)) };
    place::order(app, user, request, &incident, (RowId::random(), Errand::Comment { uuid, text })).await
}

fn comment_text(value: Value) -> Result<String, String> {
    let text = prose(COMMENT_LIMIT)(value)?;
    let strange = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if text.trim().is_empty() || text.contains(strange) {
        return Err(format!("must be 1 to {COMMENT_LIMIT} characters that can be read"));
    }
    Ok(text)
}

/// `POST /bridge/v1/incidents/{id}/decision`: about what came from NCIRCC.
pub(crate) async fn decision(app: &App, user: &Principal, request: &Request) -> Result<Answer, HttpError> {
    let incident = place::open_incident(app, user, request).await?.value;
    if !place::is_notice(&incident) {
        return Err(HttpError::conflict("the incident is no notice of NCIRCC: there is nothing to decide"));
    }
    let settings = place::settings(app, &incident).await?;
    let uuid = place::remote(&incident)?.to_owned();
    place::enabled(&settings)?;
    let decision = Decision::read(request.json()?)
        .map_err(|problems| place::refused("the decision can not be sent yet", &problems))?;
    let status = match decision {
        Decision::InWork => NoticeStatus::InWork,
        Decision::Decided(_) => NoticeStatus::Decided,
    };
    let body = decision.body(&uuid, &settings.company_name);
    let errand = Errand::Decision { uuid, body, status: status.wire().to_owned() };
    place::order(app, user, request, &incident, (RowId::random(), errand)).await
}
