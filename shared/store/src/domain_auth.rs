//! Domain authorization: one item, counted as a user of the secret it names.

use bridge_domain::{
    CallError, SecretId,
    login::Settings,
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
pub enum DomainAuthConflict {
    /// Somebody else changed the settings, or a secret of them, meanwhile.
    Changed,
    /// This secret is not there, or of another tenant or type than is needed.
    Secret(SecretId),
    /// The store failed.
    Call(CallError),
}

impl From<CallError> for DomainAuthConflict {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl Store {
    /// The settings, strongly consistent; `None` when there are none.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn domain_auth(&self) -> Result<Option<Revised<Settings>>, CallError> {
        self.read(&Key::DomainAuth, &[]).await?.map(|item| decode(&item)).transpose()
    }

    /// Puts `new` in the place of `old`, or where nothing was. Gives the new revision.
    ///
    /// # Errors
    /// Somebody else wrote settings meanwhile, or a secret can not be used.
    pub async fn put_domain_auth(
        &self,
        old: Option<&Revised<Settings>>,
        new: &Settings,
    ) -> Result<i64, DomainAuthConflict> {
        let (guard, revision) = match old {
            Some(old) => (Guard::Revision(old.revision), old.revision + 1),
            None => (Guard::Absent, 1),
        };
        let before = old.map(|old| needs(&old.value)).unwrap_or_default();
        let mut steps = self.transaction();
        steps.put(encode(new, revision)?, guard, DomainAuthConflict::Changed)?;
        let changed = || DomainAuthConflict::Changed;
        steps.count(&User::DomainAuth, (&before, &needs(new)), DomainAuthConflict::Secret, changed)?;
        steps.commit(DomainAuthConflict::Changed).await?;
        Ok(revision)
    }

    /// Deletes the settings; their secret is free of them. Sessions go on.
    ///
    /// # Errors
    /// Somebody else changed or deleted them meanwhile.
    pub async fn delete_domain_auth(&self, old: &Revised<Settings>) -> Result<(), DomainAuthConflict> {
        let mut steps = self.transaction();
        steps.delete(&Key::DomainAuth, Guard::Revision(old.revision), DomainAuthConflict::Changed)?;
        let (before, changed) = (needs(&old.value), || DomainAuthConflict::Changed);
        steps.count(&User::DomainAuth, (&before, &Needs::new()), DomainAuthConflict::Secret, changed)?;
        steps.commit(DomainAuthConflict::Changed).await
    }
}

fn needs(settings: &Settings) -> Needs {
    let need = |(SecretPlace { tenant, id }, kind): (&SecretPlace, _)| {
        (id.clone(), Need { tenant: tenant.clone(), kind })
    };
    settings.secrets().map(need).collect()
}

fn encode(settings: &Settings, revision: i64) -> Result<Item, CallError> {
    let text = serde_json::to_string(settings).map_err(|_| damaged(attr::SETTINGS))?;
    Ok(Item::new(&Key::DomainAuth)
        .number(attr::REVISION, revision)
        .number(attr::UPDATED, settings.updated.micros())
        .text(attr::SETTINGS, text))
}

fn decode(item: &Item) -> Result<Revised<Settings>, CallError> {
    let settings =
        serde_json::from_str(item.get_text(attr::SETTINGS)?).map_err(|_| damaged(attr::SETTINGS))?;
    Ok(Revised { value: settings, revision: item.get_number(attr::REVISION)? })
}
