//! The settings that all connections of one kind and one tenant share.

use bridge_domain::{
    CallError,
    import::{ImportKind, settings::Settings},
};

use super::{Connected, ImportConflict, connections::schedule_update};
use crate::{
    Store,
    error::damaged,
    item::{Item, attr},
    keys::{Key, Moment, Partition, imports::ImportKey},
    transact::{Guard, Revised},
};

impl Store {
    /// Settings of one kind, of every tenant that `wanted` picks, in the order they were made: `skip` left
    /// out, then `take`.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn import_settings(
        &self,
        kind: ImportKind,
        wanted: impl Fn(&str) -> bool,
        skip: usize,
        take: usize,
    ) -> Result<Vec<Revised<Settings>>, CallError> {
        let near = |entry: &crate::listing::Entry| wanted(&entry.tenant);
        let span = skip..skip.saturating_add(take);
        self.listed(Partition::ImportSettings(kind), near, decode, |_| true, span).await
    }

    /// Puts settings in the place of `old`, or where none were; when the connections under them are due
    /// changes with it. `connections` are all there are. Gives the new revision.
    ///
    /// # Errors
    /// Somebody else changed the settings or a connection meanwhile.
    pub async fn put_import_settings(
        &self,
        kind: ImportKind,
        old: Option<&Revised<Settings>>,
        new: &Settings,
        connections: &[Connected],
    ) -> Result<i64, ImportConflict> {
        let mut steps = self.transaction();
        let revision = old.map_or(1, |old| old.revision + 1);
        steps.put(encode(kind, new, revision)?, guard(old), ImportConflict::Changed)?;
        for kept in connections {
            let (key, expression, terms) = schedule_update(&kept.value, kept.value.schedule, new)?;
            steps.update(&key, &expression, terms, ImportConflict::Changed)?;
        }
        steps.commit(ImportConflict::Changed).await?;
        Ok(revision)
    }

    /// Deletes settings that no connection is under.
    ///
    /// # Errors
    /// Somebody else changed them meanwhile, or made a connection.
    pub async fn delete_import_settings(
        &self,
        kind: ImportKind,
        old: &Revised<Settings>,
    ) -> Result<(), ImportConflict> {
        let mut steps = self.transaction();
        let key = Key::Import(ImportKey::Settings(kind, old.value.tenant.clone()));
        steps.delete(&key, Guard::Revision(old.revision), ImportConflict::Changed)?;
        steps.commit(ImportConflict::Changed).await
    }
}

pub(super) fn guard(old: Option<&Revised<Settings>>) -> Guard {
    old.map_or(Guard::Absent, |old| Guard::Revision(old.revision))
}

pub(super) fn encode(kind: ImportKind, settings: &Settings, revision: i64) -> Result<Item, CallError> {
    let text = serde_json::to_string(settings).map_err(|_| damaged(attr::SETTINGS))?;
    let place = Moment { at: settings.created, id: settings.tenant.to_string() };
    Ok(Item::new(&Key::Import(ImportKey::Settings(kind, settings.tenant.clone())))
        .number(attr::REVISION, revision)
        .text(attr::TENANT, settings.tenant.as_str())
        .text(attr::SETTINGS, text)
        .text(attr::TENANT_PARTITION, Partition::ImportSettings(kind).to_string())
        .text(attr::LAST_KEY, place.to_string()))
}

pub(super) fn decode(item: &Item) -> Result<Revised<Settings>, CallError> {
    let settings =
        serde_json::from_str(item.get_text(attr::SETTINGS)?).map_err(|_| damaged(attr::SETTINGS))?;
    Ok(Revised { value: settings, revision: item.get_number(attr::REVISION)? })
}
