//! `POST /bridge/v1/incidents/{id}/export/resolve`: a person says what nobody could find out.

use bridge_domain::{
    RowId,
    access::Principal,
    form::{Faults, Form, line, parsed, text},
    incident::{Incident, Report, ReportState},
    ledger::{Remote, Resolution},
    ncircc::errand::Errand,
};
use bridge_runtime::http::{Answer, HttpError, Request};
use bridge_store::Revised;

use crate::{app::App, place, view};

const EXPORTED: &str = "exported";
const NOT_EXPORTED: &str = "not exported";
const GIVE_UP: &str = "give up";
/// Longest id or number that NCIRCC may give, in characters.
const ID_LIMIT: usize = 128;

/// What a person says.
struct Word {
    row: RowId,
    resolution: &'static str,
    uuid: Option<String>,
    identifier: String,
}

impl Word {
    fn read(mut form: Form) -> Result<Self, HttpError> {
        let mut faults = Faults::default();
        let resolution = form.required(&mut faults, "resolution", |value| {
            let text = text(value)?;
            let known = [EXPORTED, NOT_EXPORTED, GIVE_UP];
            known
                .into_iter()
                .find(|word| *word == text)
                .ok_or_else(|| format!("must be one of: {EXPORTED}; {NOT_EXPORTED}; {GIVE_UP}"))
        });
        let row = form.optional(&mut faults, "row", parsed::<RowId>).unwrap_or_else(RowId::export);
        let uuid = form.optional(&mut faults, "uuid", line(ID_LIMIT));
        let identifier = form.optional(&mut faults, "identifier", line(ID_LIMIT));
        form.finish(&mut faults);
        if resolution.is_some_and(|resolution| resolution != EXPORTED) {
            for (field, there) in [("uuid", uuid.is_some()), ("identifier", identifier.is_some())] {
                if there {
                    faults.add(field, format!("goes with the resolution {EXPORTED} only"));
                }
            }
        }
        if resolution == Some(EXPORTED) && uuid.is_none() && row == RowId::export() && faults.is_empty() {
            faults.add("uuid", "is required: the id that the notification has at NCIRCC");
        }
        let trimmed = |text: String| text.trim().to_owned();
        let (uuid, identifier) = (uuid.map(trimmed), identifier.map(trimmed).unwrap_or_default());
        match resolution.filter(|_| faults.is_empty()) {
            Some(resolution) => Ok(Self { row, resolution, uuid, identifier }),
            None => Err(HttpError::invalid(faults)),
        }
    }

    /// What it means for a row.
    fn resolution(&self, errand: &Errand) -> Resolution {
        match self.resolution {
            EXPORTED => {
                let known = match errand {
                    Errand::Supplement { uuid, .. } | Errand::Decision { uuid, .. } => uuid.clone(),
                    Errand::Export { .. } | Errand::Comment { .. } => String::new(),
                };
                let uuid = self.uuid.clone().unwrap_or(known);
                Resolution::Sent(Remote { uuid, identifier: self.identifier.clone() })
            }
            NOT_EXPORTED => Resolution::NotSent,
            _ => Resolution::GiveUp,
        }
    }
}

pub(crate) async fn resolve(app: &App, user: &Principal, request: &Request) -> Result<Answer, HttpError> {
    let incident = place::open_incident(app, user, request).await?;
    let word = Word::read(request.json()?)?;
    let store = &app.access.store;
    let row = store.row(&incident.value.id, &word.row).await?;
    let row = row.ok_or_else(|| HttpError::conflict("the incident has no such row in the ledger"))?;
    let mut ledger = row.value.ledger.clone();
    let resolution = word.resolution(&row.value.errand);
    ledger.resolve(&resolution, request.received).map_err(|_| {
        let state = row.value.ledger.state.as_str();
        HttpError::conflict(format!(
            "there is nothing to decide: the row is {state}, neither unknown nor stuck"
        ))
    })?;
    if matches!(row.value.errand, Errand::Export { .. }) {
        let after = told(&incident, &resolution);
        let remote = match &resolution {
            Resolution::Sent(remote) => Some(remote.uuid.as_str()),
            Resolution::NotSent | Resolution::GiveUp => None,
        };
        store.settle_row(row, ledger, (&incident, &after), remote).await.map_err(place::changed)?;
    } else {
        store.save_row(row, ledger).await.map_err(place::changed)?;
    }
    if resolution == Resolution::NotSent {
        app.queue.send(&incident.value.id, &word.row).await;
    }
    tracing::info!(
        incident = %incident.value.id, row = %word.row, by = %user.id, resolution = word.resolution,
        "a person decided what became of a row"
    );
    view::show(app, &incident.value.id, 200).await
}

/// The incident once it says so.
fn told(incident: &Revised<Incident>, resolution: &Resolution) -> Incident {
    let state = match resolution {
        Resolution::Sent(_) => ReportState::Exported,
        Resolution::NotSent => ReportState::Exporting,
        Resolution::GiveUp => ReportState::Failed,
    };
    let mut report = incident.value.report.clone().unwrap_or_else(|| Report::new(state));
    report.state = state;
    if let Resolution::Sent(remote) = resolution {
        report.uuid.clone_from(&remote.uuid);
        report.identifier.clone_from(&remote.identifier);
    }
    Incident { report: Some(report), ..incident.value.clone() }
}
