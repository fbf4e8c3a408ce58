//! How what is owed to NCIRCC is shown.

use bridge_domain::{
    IncidentId, RowId, Timestamp,
    ledger::{Event, Line, Remote, State},
    ncircc::errand::{Errand, FileNote, Row},
};
use bridge_runtime::http::{Answer, HttpError};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{app::App, place};

/// A row of the ledger.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RowView<'a> {
    id: &'a RowId,
    kind: &'static str,
    state: &'static str,
    requested: Timestamp,
    /// Id of the token that ordered it.
    requested_by: &'a str,
    sent: Option<Timestamp>,
    last_attempt: Option<Timestamp>,
    attempts: u32,
    asked: u32,
    next: Option<Timestamp>,
    last_answer: Option<Said<'a>>,
    candidates: Vec<Candidate<'a>>,
    log: Vec<LineView<'a>>,
    /// What is sent: exactly this.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Box<RawValue>>,
    /// What a comment says.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<Vec<FileView<'a>>>,
}

#[derive(Serialize)]
struct Said<'a> {
    at: Timestamp,
    text: &'a str,
}

#[derive(Serialize)]
struct Candidate<'a> {
    uuid: &'a str,
    identifier: &'a str,
}

#[derive(Serialize)]
struct LineView<'a> {
    at: Timestamp,
    event: Event,
    text: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FileView<'a> {
    name: &'a str,
    content_type: &'a str,
    size: u64,
    sha1: &'a str,
}

impl<'a> RowView<'a> {
    pub(crate) fn new(row: &'a Row) -> Self {
        let ledger = &row.ledger;
        let (body, text, files) = match &row.errand {
            Errand::Export { body, .. } | Errand::Decision { body, .. } => (Some(body), None, None),
            Errand::Supplement { body, files, .. } => (Some(body), None, Some(files)),
            Errand::Comment { text, .. } => (None, Some(text.as_str()), None),
        };
        Self {
            id: &row.id,
            kind: row.errand.kind(),
            state: ledger.state.as_str(),
            requested: ledger.requested,
            requested_by: &row.by,
            sent: ledger.ended.filter(|_| ledger.state == State::Sent),
            last_attempt: ledger.last_sent,
            attempts: ledger.sends,
            asked: ledger.asks,
            next: ledger.next,
            last_answer: ledger.last_answer().map(|line| Said { at: line.at, text: &line.text }),
            candidates: ledger.candidates.iter().map(candidate).collect(),
            log: ledger.log.iter().map(line).collect(),
            body: body.and_then(|body| raw(body)),
            text,
            files: files.map(|files| files.iter().map(file).collect()),
        }
    }
}

fn candidate(remote: &Remote) -> Candidate<'_> {
    Candidate { uuid: &remote.uuid, identifier: &remote.identifier }
}

fn line(line: &Line) -> LineView<'_> {
    LineView { at: line.at, event: line.event, text: &line.text }
}

fn file(note: &FileNote) -> FileView<'_> {
    FileView { name: &note.name, content_type: &note.content_type, size: note.size, sha1: &note.sha1 }
}

/// A body to the letter; none when it is no JSON, which no row has.
pub(crate) fn raw(body: &str) -> Option<Box<RawValue>> {
    RawValue::from_string(body.to_owned()).ok()
}

/// An incident and all its rows.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View<'a> {
    #[serde(rename = "incidentID")]
    incident: &'a IncidentId,
    #[serde(rename = "exportToNCIRCC")]
    standing: &'static str,
    uuid: Option<&'a str>,
    identifier: Option<&'a str>,
    number: Option<&'a str>,
    status: Option<&'a str>,
    /// Absent when it came from NCIRCC.
    #[serde(flatten)]
    export: Option<RowView<'a>>,
    /// Whatever else went there, in the order ordered.
    rows: Vec<RowView<'a>>,
}

/// Shows an incident's ledger as it is now.
pub(crate) async fn show(app: &App, id: &IncidentId, status: u16) -> Result<Answer, HttpError> {
    let store = &app.access.store;
    // The incident last: a row is settled together with it, so what a row says the incident says too.
    let rows = store.rows(id).await?;
    let incident = store.incident(id).await?.ok_or_else(|| HttpError::not_found("incident not found"))?.value;
    let own = RowId::export();
    let export = rows.iter().find(|row| row.value.id == own);
    if export.is_none() && !place::is_notice(&incident) {
        return Err(HttpError::not_found("the incident was not exported"));
    }
    let report = incident.report.as_ref();
    let known = |text: &'_ str| !text.is_empty();
    let view = View {
        incident: id,
        standing: incident.export_state(),
        uuid: report.map(|report| report.uuid.as_str()).filter(|text| known(text)),
        identifier: report.map(|report| report.identifier.as_str()).filter(|text| known(text)),
        number: report.map(|report| report.number.as_str()).filter(|text| known(text)),
        status: report.map(|report| report.status.as_str()).filter(|text| known(text)),
        export: export.map(|row| RowView::new(&row.value)),
        rows: rows.iter().filter(|row| row.value.id != own).map(|row| RowView::new(&row.value)).collect(),
    };
    Ok(Answer::json(status, &view))
}
