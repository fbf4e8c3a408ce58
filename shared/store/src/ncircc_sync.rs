//! How far the account at NCIRCC was read, and which of its comments are here.

use std::collections::HashSet;

use bridge_domain::{CallError, IncidentId, incident::Comment, ncircc::sync::Mark};

use crate::{
    NcirccConflict, Store,
    error::damaged,
    item::{Item, attr},
    keys::Key,
    transact::{Guard, Revised},
};

impl Store {
    /// How far the account was read, strongly consistent; `None` when it never was.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn ncircc_mark(&self) -> Result<Option<Revised<Mark>>, CallError> {
        self.read(&Key::NcirccSync, &[]).await?.map(|item| decode(&item)).transpose()
    }

    /// Puts `new` in the place of `old`, or where nothing was; gives it with its revision.
    ///
    /// # Errors
    /// Somebody else wrote a mark meanwhile.
    pub async fn put_ncircc_mark(
        &self,
        old: Option<&Revised<Mark>>,
        new: &Mark,
    ) -> Result<Revised<Mark>, NcirccConflict> {
        let guard = old.map_or(Guard::Absent, |old| Guard::Revision(old.revision));
        let revision = old.map_or(1, |old| old.revision + 1);
        let text = serde_json::to_string(new).map_err(|_| damaged(attr::BODY))?;
        let item = Item::new(&Key::NcirccSync).number(attr::REVISION, revision).text(attr::BODY, text);
        let mut steps = self.transaction();
        steps.put(item, guard, NcirccConflict::Changed)?;
        steps.commit(NcirccConflict::Changed).await?;
        Ok(Revised { value: new.clone(), revision })
    }

    /// Those of these comments that are not stored, each once. Read by key, strongly consistent.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn missing_comments(
        &self,
        comments: Vec<(IncidentId, Comment)>,
    ) -> Result<Vec<(IncidentId, Comment)>, CallError> {
        let key = |incident: &IncidentId, comment: &Comment| Key::Comment {
            incident: incident.clone(),
            at: comment.at,
            id: comment.id.clone(),
        };
        let place = |key: &Key| (key.pk(), key.sk());
        let (mut met, mut keys, mut wanted) = (HashSet::new(), Vec::new(), Vec::new());
        for (incident, comment) in comments {
            let key = key(&incident, &comment);
            // One read must not name a key twice.
            if met.insert(place(&key)) {
                wanted.push((place(&key), incident, comment));
                keys.push(key);
            }
        }
        let found = self.read_many(&keys, &[attr::PK, attr::SK]).await?;
        let found: HashSet<(String, String)> =
            found.iter().map(|item| item.key().map(|key| place(&key))).collect::<Result<_, _>>()?;
        wanted.retain(|(place, ..)| !found.contains(place));
        Ok(wanted.into_iter().map(|(_, incident, comment)| (incident, comment)).collect())
    }
}

fn decode(item: &Item) -> Result<Revised<Mark>, CallError> {
    let mark = serde_json::from_str(item.get_text(attr::BODY)?).map_err(|_| damaged(attr::BODY))?;
    Ok(Revised { value: mark, revision: item.get_number(attr::REVISION)? })
}
