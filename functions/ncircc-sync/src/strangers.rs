//! Cards that were read before it was known whose they are.

use crate::{
    cards, comments,
    session::{Halt, Session},
};

/// Looks whether any of them is known by now, and reads what was missed of it: the card as it is, and all
/// its comments.
pub(crate) async fn read(session: &mut Session<'_>) -> Result<(), Halt> {
    session.mark.forget(session.began);
    let uuids: Vec<String> = session.mark.strangers.iter().map(|stranger| stranger.uuid.clone()).collect();
    if uuids.is_empty() {
        return session.save().await;
    }
    for (uuid, incident) in session.app.store.incidents_of(&uuids).await? {
        if cards::read_one(session, &uuid, &incident).await? {
            comments::read_all(session, &uuid).await?;
        }
        session.mark.recognize(&uuid);
        session.save().await?;
    }
    session.save().await
}
