//! `POST /bridge/v1/incidents/{id}/export/supplement`: what NCIRCC asked for, files first.

use bridge_domain::{
    RowId,
    access::Principal,
    incident::Incident,
    ncircc::{
        dictionary::{Category, NotificationStatus},
        errand::{Errand, FileNote},
        supplement::{Draft, Reported, preflight},
    },
};
use bridge_runtime::http::{Answer, HttpError, Request};
use serde::Deserialize;
use serde_json::json;

use crate::{
    app::App,
    attached::{self, Upload},
    place,
};

const REFUSED: &str = "the supplement can not be sent yet";

/// What a supplement has to know of the notification.
#[derive(Deserialize)]
struct Exported {
    company: String,
    category: String,
    detect_time: Option<String>,
}

pub(crate) async fn supplement(app: &App, user: &Principal, request: &Request) -> Result<Answer, HttpError> {
    let incident = place::open_incident(app, user, request).await?.value;
    let settings = place::settings(app, &incident).await?;
    let uuid = place::remote(&incident)?.to_owned();
    asked_for(&incident)?;
    place::enabled(&settings)?;
    let row = app.access.store.row(&incident.id, &RowId::export()).await?.map(|row| row.value.errand);
    let Some(Errand::Export { body, marker }) = row else {
        return Err(HttpError::conflict("the incident was not exported from here: supplement it at NCIRCC"));
    };
    let exported: Exported = serde_json::from_str(&body)
        .map_err(|_| HttpError::internal("a notification that can not be read"))?;
    let category = Category::from_wire(&exported.category);
    let reported = Reported {
        uuid: &uuid,
        company: &exported.company,
        category: category.ok_or_else(|| HttpError::internal("a category that can not be read"))?,
        marker: &marker,
        detected: exported.detect_time.as_deref().and_then(|text| text.parse().ok()),
    };

    let sent = attached::read(request).await?;
    let mut draft = Draft::read(sent.form);
    let comment = draft.comment.clone();
    // A comment goes on its own: it is a part of no notification.
    let alone = comment.is_some() && draft.is_empty() && sent.files.is_empty();
    if alone {
        return Err(HttpError::bad_request(
            "a comment alone is no supplement: send it with POST .../export/comments",
            (),
        ));
    }
    draft.comment = None;
    let mut problems = sent.problems;
    let body = match preflight(draft, &reported, !sent.files.is_empty(), request.received) {
        Ok(body) => Some(body),
        Err(more) => {
            problems.extend(more);
            None
        }
    };
    let Some(body) = body.filter(|_| problems.is_empty()) else {
        return Err(place::refused(REFUSED, &problems));
    };

    let id = RowId::random();
    let files = keep(app, &incident, &id, &sent.files).await?;
    let company = exported.company;
    let status = NotificationStatus::Check.wire().to_owned();
    let errand = Errand::Supplement { uuid: uuid.clone(), company, body, status, files };
    let answer = place::order(app, user, request, &incident, (id, errand)).await?;
    if let Some(text) = comment {
        // After it: whoever sends the whole again because this one failed comments once.
        let errand = Errand::Comment { uuid, text };
        place::order(app, user, request, &incident, (RowId::random(), errand)).await?;
    }
    Ok(answer)
}

/// A supplement is taken only while NCIRCC asks for one.
fn asked_for(incident: &Incident) -> Result<(), HttpError> {
    let status = incident.report.as_ref().map_or("", |report| report.status.as_str());
    let wanted = NotificationStatus::MoreInformation.wire();
    if status == wanted {
        return Ok(());
    }
    let present = if status.is_empty() { "not known yet" } else { status };
    let mut error = HttpError::conflict(format!(
        "NCIRCC asks for nothing: the status there is {present}, and it takes a supplement only while it is {wanted}"
    ));
    error.details = json!({ "status": status, "wanted": wanted });
    Err(error)
}

/// Stores the files, before the row that names them.
async fn keep(
    app: &App,
    incident: &Incident,
    row: &RowId,
    files: &[Upload],
) -> Result<Vec<FileNote>, HttpError> {
    let mut notes = Vec::with_capacity(files.len());
    for (number, file) in (0..).zip(files) {
        let parts = app.access.store.put_file(&incident.id, row, number, &file.bytes).await?;
        notes.push(FileNote {
            name: file.name.clone(),
            content_type: file.content_type.clone(),
            size: u64::try_from(file.bytes.len()).unwrap_or(u64::MAX),
            sha1: sha1_smol::Sha1::from(&file.bytes).digest().to_string(),
            parts,
        });
    }
    Ok(notes)
}
