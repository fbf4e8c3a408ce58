//! Cards that changed.

use std::collections::HashMap;

use bridge_domain::{
    CallError, IncidentId, Timestamp,
    ncircc::{
        dictionary::NOTICE_CATEGORY,
        sync::{Facts, PAGE, Row, Walk, begin},
    },
};
use bridge_ncircc::{Card, Direction, Property, Query};

use crate::{
    notices,
    session::{Halt, Session},
};

/// What is read of every card. What only notices say is asked for when there is a new one.
const FIELDS: &[&str] =
    &["uuid", "identifier", "reg_number", "category", "type", "status", "int_result", "updated"];

/// Reads every card that changed since the run before, page by page. What is stored of a page is done.
pub(crate) async fn read(session: &mut Session<'_>) -> Result<(), Halt> {
    let mut walk = Walk::new(begin(session.mark.cards, session.settings.created, session.began));
    loop {
        let query = &changed(walk.since(), walk.offset());
        let page = session.call(|there| async move { there.list(query).await }).await?;
        if page.cards.len() < page.rows {
            tracing::warn!(rows = page.rows - page.cards.len(), "cards without an id are passed over");
        }
        let rows: Vec<Row<'_>> =
            page.cards.iter().map(|card| Row { id: &card.uuid, at: card.updated }).collect();
        let taken = walk.take(&rows, page.rows, page.next)?;
        let mut cards: Vec<Option<Card>> = page.cards.into_iter().map(Some).collect();
        let fresh = taken.fresh.iter().filter_map(|index| cards.get_mut(*index)?.take()).collect();
        store(session, fresh).await?;
        session.mark.cards_read(walk.reached(), session.began);
        session.save().await?;
        if taken.last {
            return Ok(());
        }
    }
}

fn changed(since: Timestamp, offset: u64) -> Query {
    Query {
        filter: vec![Property::Updated.since(since)],
        fields: FIELDS.to_vec(),
        // The second one keeps cards of one moment in one order.
        sort: vec![(Property::Updated, Direction::Ascending), (Property::Uuid, Direction::Ascending)],
        limit: PAGE,
        offset,
    }
}

async fn store(session: &mut Session<'_>, cards: Vec<Card>) -> Result<(), Halt> {
    session.tally.cards += u64::try_from(cards.len()).unwrap_or(u64::MAX);
    let uuids: Vec<String> = cards.iter().map(|card| card.uuid.clone()).collect();
    let known: HashMap<String, IncidentId> =
        session.app.store.incidents_of(&uuids).await?.into_iter().collect();
    let ids: Vec<IncidentId> = known.values().cloned().collect();
    let incidents = session.app.store.incidents_by_id(&ids).await?;
    let mut incidents: HashMap<IncidentId, _> =
        incidents.into_iter().map(|incident| (incident.value.id.clone(), incident)).collect();
    for card in cards {
        let incident = known.get(&card.uuid).and_then(|id| incidents.remove(id));
        if let Some(incident) = incident {
            session.refresh(incident, &facts(card)).await?;
        } else if card.category.as_deref() == Some(NOTICE_CATEGORY) {
            Box::pin(notices::bring(session, card)).await?;
        } else {
            session.mark.meet(&card.uuid, session.began);
        }
    }
    Ok(())
}

/// Reads one card as it is now, and writes what it says into its incident. Gives whether there is one.
pub(crate) async fn read_one(session: &mut Session<'_>, uuid: &str, id: &IncidentId) -> Result<bool, Halt> {
    let query = &Query {
        filter: vec![Property::Uuid.is(uuid)],
        fields: FIELDS.to_vec(),
        limit: 1,
        ..Query::default()
    };
    let page = session.call(|there| async move { there.list(query).await }).await?;
    let Some(card) = page.cards.into_iter().find(|card| card.uuid == uuid) else {
        return Ok(false);
    };
    if let Some(incident) = session.app.store.incident(id).await? {
        session.refresh(incident, &facts(card)).await?;
    }
    Ok(true)
}

/// What a card says that may change.
pub(crate) fn facts(card: Card) -> Facts {
    Facts {
        uuid: card.uuid,
        identifier: card.identifier,
        number: card.reg_number,
        status: card.status,
        result: card.int_result,
        updated: card.updated,
    }
}

/// A failure to read what NCIRCC wrote.
pub(crate) fn is_refusal(halt: &Halt) -> bool {
    matches!(halt, Halt::Failed(CallError { class: bridge_domain::Class::Permanent, system, .. })
        if *system == bridge_ncircc::SYSTEM)
}
