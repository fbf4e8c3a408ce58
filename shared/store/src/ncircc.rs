//! The connection with NCIRCC: one item, counted as a user of the secrets it names.

use bridge_domain::{
    CallError, SecretId, TargetId,
    ncircc::settings::Settings,
    vault::{SecretPlace, User},
};

use crate::{
    Store,
    error::damaged,
    item::{Item, attr},
    keys::Key,
    transact::{Guard, Revised},
    uses::{Need, Needs},
};

/// Why the settings were not written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NcirccConflict {
    /// Somebody else changed the settings, or a secret of them, meanwhile.
    Changed,
    /// This secret is not there, or of another tenant or type than is needed.
    Secret(SecretId),
    /// The store failed.
    Call(CallError),
}

impl From<CallError> for NcirccConflict {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl Store {
    /// The settings of the connection, strongly consistent; `None` when it is not configured.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn ncircc_settings(&self) -> Result<Option<Revised<Settings>>, CallError> {
        self.read(&Key::NcirccSettings, &[]).await?.map(|item| decode(&item)).transpose()
    }

    /// Puts `new` in the place of `old`, or where nothing was. Gives the new revision.
    ///
    /// # Errors
    /// Somebody else wrote settings meanwhile, or a secret can not be used.
    pub async fn put_ncircc_settings(
        &self,
        old: Option<&Revised<Settings>>,
        new: &Settings,
    ) -> Result<i64, NcirccConflict> {
        let (guard, revision) = match old {
            Some(old) => (Guard::Revision(old.revision), old.revision + 1),
            None => (Guard::Absent, 1),
        };
        let before = old.map(|old| needs(&old.value)).unwrap_or_default();
        let mut steps = self.transaction();
        steps.put(encode(new, revision)?, guard, NcirccConflict::Changed)?;
        let changed = || NcirccConflict::Changed;
        steps.count(&user(), (&before, &needs(new)), NcirccConflict::Secret, changed)?;
        steps.commit(NcirccConflict::Changed).await?;
        Ok(revision)
    }

    /// Deletes the settings; their secrets are free of them. What waits to be sent stays.
    ///
    /// # Errors
    /// Somebody else changed or deleted them meanwhile.
    pub async fn delete_ncircc_settings(&self, old: &Revised<Settings>) -> Result<(), NcirccConflict> {
        let mut steps = self.transaction();
        steps.delete(&Key::NcirccSettings, Guard::Revision(old.revision), NcirccConflict::Changed)?;
        let (before, changed) = (needs(&old.value), || NcirccConflict::Changed);
        steps.count(&user(), (&before, &Needs::new()), NcirccConflict::Secret, changed)?;
        steps.commit(NcirccConflict::Changed).await
    }
}

fn user() -> User {
    User::Target(TargetId::ncircc())
}

fn needs(settings: &Settings) -> Needs {
    let need = |(SecretPlace { tenant, id }, kind): (&SecretPlace, _)| {
        (id.clone(), Need { tenant: tenant.clone(), kind })
    };
    settings.secrets().map(need).collect()
}

fn encode(settings: &Settings, revision: i64) -> Result<Item, CallError> {
    let text = serde_json::to_string(settings).map_err(|_| damaged(attr::SETTINGS))?;
    Ok(Item::new(&Key::NcirccSettings)
        .number(attr::REVISION, revision)
        .number(attr::UPDATED, settings.updated.micros())
        .text(attr::SETTINGS, text))
}

fn decode(item: &Item) -> Result<Revised<Settings>, CallError> {
    let settings =
        serde_json::from_str(item.get_text(attr::SETTINGS)?).map_err(|_| damaged(attr::SETTINGS))?;
    Ok(Revised { value: settings, revision: item.get_number(attr::REVISION)? })
}
