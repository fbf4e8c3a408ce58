//! What NCIRCC sends of its own accord.

use bridge_domain::{
    CallError, Class,
    ncircc::sync::{NOTICE_FIELDS, Notice},
    outbox::{Change, Origin},
};
use bridge_ncircc::{Card, Property, Query};
use bridge_store::IncidentConflict;

use crate::{
    cards::{facts, is_refusal},
    session::{Halt, Session},
};

/// What is read of a new notice besides its technical data.
const FIELDS: &[&str] = &[
    "uuid",
    "identifier",
    "reg_number",
    "category",
    "type",
    "status",
    "int_result",
    "updated",
    "event_description",
    "detect_time",
];

/// Makes an incident of a notice that is not known yet. `card` is what the list says of it.
pub(crate) async fn bring(session: &mut Session<'_>, card: Card) -> Result<(), Halt> {
    let uuid = card.uuid.clone();
    let technical = NOTICE_FIELDS.iter().map(|(name, _)| *name);
    let all = whole(session, &uuid, FIELDS.iter().copied().chain(technical).collect()).await;
    let found = match all {
        // Not every account may know every field. The notice counts more than they do.
        Err(halt) if is_refusal(&halt) => {
            tracing::warn!(notice = %uuid, "NCIRCC does not tell the technical data of a notice");
            whole(session, &uuid, FIELDS.to_vec()).await?
        }
        all => all?,
    };
    let mut card = found.unwrap_or(card);
    let notice = Notice {
        kind: card.kind.take(),
        description: card.event_description.take(),
        detected: card.detected,
        fields: std::mem::take(&mut card.others),
        facts: facts(card),
    };
    let told = notice.facts.clone();
    let now = session.app.clock.now();
    let Some(incident) = notice.into_incident(session.settings.tenant.clone(), now) else {
        tracing::error!("a notice has an id that no incident can have: it is passed over");
        return Ok(());
    };
    let change = Change { origin: &Origin::Siem, routes: &[], now };
    match session.app.store.create_incident(&incident, &[], Some(&uuid), change).await {
        Ok(_) => {
            tracing::info!(incident = %incident.id, "NCIRCC sent a notice");
            session.tally.notices += 1;
        }
        Err(IncidentConflict::Call(error)) => return Err(error.into()),
        // Another run was faster, or an answer of the store was lost.
        Err(IncidentConflict::Exists | IncidentConflict::Changed) => {
            let Some(known) = session.app.store.incident(&incident.id).await? else {
                let text = "the id of a notice is taken by another incident";
                return Err(CallError::new(Class::Conflict, "store", text).into());
            };
            session.refresh(known, &told).await?;
        }
    }
    Ok(())
}

/// A card with these fields; `None` when it is gone.
async fn whole(
    session: &mut Session<'_>,
    uuid: &str,
    fields: Vec<&'static str>,
) -> Result<Option<Card>, Halt> {
    let query = &Query { filter: vec![Property::Uuid.is(uuid)], fields, limit: 1, ..Query::default() };
    let page = session.call(|there| async move { there.list(query).await }).await?;
    Ok(page.cards.into_iter().find(|card| card.uuid == uuid))
}
