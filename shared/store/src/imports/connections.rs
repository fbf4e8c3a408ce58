//! Connections: kept under the settings of their kind and tenant, each counted as a user of its secrets.

use aws_sdk_dynamodb::types::AttributeValue;
use bridge_domain::{
    CallError, ConnectionId, TenantId, Timestamp,
    import::{
        ImportKind,
        connection::{Connection, Kept},
        schedule::Schedule,
        settings::Settings,
        task::Task,
    },
    vault::User,
};

use super::{Connected, ImportConflict, Over, settings, tasks};
use crate::{
    Store,
    alerts::names,
    error::{call_error, damaged},
    item::{Item, attr},
    keys::{
        Key, Moment,
        imports::{CONNECTIONS_DUE, ImportKey},
    },
    transact::{Guard, Revised, Terms, Transaction},
    uses::{Need, Needs},
};

/// What is kept of the imports of one kind and one tenant, as it was at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imports {
    /// The settings; `None` when nobody has saved any.
    pub settings: Option<Revised<Settings>>,
    /// The connections, in no order.
    pub connections: Vec<Connected>,
}

impl Imports {
    /// A connection of these.
    #[must_use]
    pub fn connection(&self, id: &ConnectionId) -> Option<&Connected> {
        self.connections.iter().find(|kept| kept.value.connection.id() == id)
    }

    /// The settings that count, at `now`: the plain ones when nobody has saved any.
    #[must_use]
    pub fn effective(&self, kind: ImportKind, tenant: &TenantId, now: Timestamp) -> Settings {
        let saved = self.settings.as_ref().map(|saved| saved.value.clone());
        saved.unwrap_or_else(|| Settings::new(tenant.clone(), kind, now))
    }
}

impl Store {
    /// Settings and connections of one kind and one tenant, as they were at one moment, strongly
    /// consistent.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn imports(&self, kind: ImportKind, tenant: &TenantId) -> Result<Imports, CallError> {
        let pk = ImportKey::Settings(kind, tenant.clone()).pk();
        let (mut imports, mut resume) = (Imports::default(), None);
        loop {
            let answer = self
                .client
                .query()
                .table_name(&self.table)
                .consistent_read(true)
                .key_condition_expression("#pk = :pk")
                .set_expression_attribute_names(Some(names(&[attr::PK])))
                .expression_attribute_values(":pk", AttributeValue::S(pk.clone()))
                .set_exclusive_start_key(resume.take())
                .send()
                .await
                .map_err(|error| call_error("Query", &error))?;
            for item in answer.items.unwrap_or_default() {
                let item = Item::from_map(item);
                match item.key()? {
                    Key::Import(ImportKey::Settings(..)) => imports.settings = Some(settings::decode(&item)?),
                    Key::Import(ImportKey::Connection { .. }) => imports.connections.push(decode(&item)?),
                    _ => return Err(damaged(attr::SK)),
                }
            }
            resume = answer.last_evaluated_key;
            if resume.is_none() {
                return Ok(imports);
            }
        }
    }

    /// Of which kind and tenant a connection is, strongly consistent; `None` when there is none.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn connection_place(
        &self,
        id: &ConnectionId,
    ) -> Result<Option<(ImportKind, TenantId)>, CallError> {
        let item = self.read(&Key::Import(ImportKey::Place(id.clone())), &[]).await?;
        item.map(|item| Ok((item.get_parsed(attr::TYPE)?, item.get_parsed(attr::TENANT)?))).transpose()
    }

    /// Makes a connection that is due under these settings, which are saved with it.
    ///
    /// # Errors
    /// Somebody else changed the settings or a connection under them meanwhile, or a secret can not be used.
    pub async fn create_connection(
        &self,
        over: Option<&Revised<Settings>>,
        settings: &Settings,
        new: &Kept,
    ) -> Result<(), ImportConflict> {
        let mut steps = self.transaction();
        let (connection, kind) = (&new.connection, new.connection.kind());
        step_settings(&mut steps, (over, kind), settings)?;
        steps.put(encode(new, settings, 1)?, Guard::Absent, ImportConflict::Changed)?;
        let place = Item::new(&Key::Import(ImportKey::Place(connection.id().clone())))
            .text(attr::TYPE, kind.as_str())
            .text(attr::TENANT, connection.tenant().as_str());
        steps.put(place, Guard::Absent, ImportConflict::Changed)?;
        let counted = (&Needs::new(), &needs(connection));
        steps.count(&user(connection), counted, ImportConflict::Secret, changed)?;
        steps.commit(ImportConflict::Changed).await
    }

    /// Puts `new` in the place of `old`: id, tenant and kind stay.
    ///
    /// # Errors
    /// As [`Store::create_connection`].
    pub async fn replace_connection(
        &self,
        over: &Revised<Settings>,
        old: &Connected,
        new: &Kept,
    ) -> Result<(), ImportConflict> {
        let mut steps = self.transaction();
        step_settings(&mut steps, (Some(over), new.connection.kind()), &over.value)?;
        let item = encode(new, &over.value, old.revision + 1)?;
        let mut terms = Terms::from(Guard::Revision(old.revision));
        if new.schedule == old.value.schedule {
            // A slot that was taken meanwhile stays taken.
            terms = terms.and("#sch = :sch").naming(&[attr::SCHEDULE]);
            terms = terms.value("sch", AttributeValue::S(schedule_text(new.schedule)?));
        }
        steps.put(item, terms, ImportConflict::Changed)?;
        let (before, after) = (needs(&old.value.connection), needs(&new.connection));
        let user = user(&new.connection);
        steps.count(&user, (&before, &after), ImportConflict::Secret, changed)?;
        steps.commit(ImportConflict::Changed).await
    }

    /// Deletes a connection; its secrets are free of it. `farewell` is the task that lets what it brought
    /// expire.
    ///
    /// # Errors
    /// Somebody else changed or deleted it meanwhile.
    pub async fn delete_connection(
        &self,
        over: &Revised<Settings>,
        old: &Connected,
        farewell: &Task,
    ) -> Result<(), ImportConflict> {
        let connection = &old.value.connection;
        let mut steps = self.transaction();
        step_settings(&mut steps, (Some(over), connection.kind()), &over.value)?;
        steps.delete(&key(connection), Guard::Revision(old.revision), ImportConflict::Changed)?;
        let place = Key::Import(ImportKey::Place(connection.id().clone()));
        steps.delete(&place, Guard::Any, ImportConflict::Changed)?;
        let counted = (&needs(connection), &Needs::new());
        steps.count(&user(connection), counted, ImportConflict::Secret, changed)?;
        steps.put(tasks::encode(farewell, 1)?, Guard::Absent, ImportConflict::Changed)?;
        steps.commit(ImportConflict::Changed).await
    }

    /// Takes a slot of a connection's schedule and orders its task, both or nothing.
    ///
    /// # Errors
    /// Somebody else took a slot, or changed the connection or its settings, meanwhile.
    pub async fn take_slot(
        &self,
        over: &Revised<Settings>,
        kept: &Connected,
        taken: Schedule,
        task: &Task,
    ) -> Result<(), ImportConflict> {
        let mut steps = self.transaction();
        let settings = Key::Import(ImportKey::Settings(task.kind, over.value.tenant.clone()));
        steps.check(&settings, Guard::Revision(over.revision), ImportConflict::Changed)?;
        let (key, expression, terms) = schedule_update(&kept.value, taken, &over.value)?;
        steps.update(&key, &expression, terms, ImportConflict::Changed)?;
        steps.put(tasks::encode(task, 1)?, Guard::Absent, ImportConflict::Changed)?;
        steps.commit(ImportConflict::Changed).await
    }

    /// Connections that were due at `now`, the longest overdue first, at most `limit`: kind, tenant, id,
    /// since when. An index lags a moment: what is found has to be read before it is believed.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn due_connections(
        &self,
        now: Timestamp,
        limit: u16,
    ) -> Result<Vec<(ImportKind, TenantId, ConnectionId, Timestamp)>, CallError> {
        let items = self.due(CONNECTIONS_DUE, now, limit).await?;
        let connection = |item: &Item| match item.key()? {
            Key::Import(ImportKey::Connection { kind, tenant, id }) => {
                let place =
                    Moment::parse(item.get_text(attr::DUE_KEY)?).ok_or_else(|| damaged(attr::DUE_KEY))?;
                Ok((kind, tenant, id, place.at))
            }
            _ => Err(damaged(attr::PK)),
        };
        items.iter().map(connection).collect()
    }
}

const fn changed() -> ImportConflict {
    ImportConflict::Changed
}

/// Writes settings once more, on condition that they are as they were read.
fn step_settings(
    steps: &mut Transaction<'_, ImportConflict>,
    (old, kind): Over<'_>,
    settings: &Settings,
) -> Result<(), CallError> {
    let revision = old.map_or(1, |old| old.revision + 1);
    let item = settings::encode(kind, settings, revision)?;
    steps.put(item, settings::guard(old), ImportConflict::Changed)
}

fn user(connection: &Connection) -> User {
    User::Connection(connection.id().clone())
}

fn needs(connection: &Connection) -> Needs {
    let need = |kind| Need { tenant: connection.tenant().clone(), kind };
    connection.secrets().into_iter().map(|one| (one.id.clone(), need(one.kind))).collect()
}

fn key(connection: &Connection) -> Key {
    Key::Import(ImportKey::Connection {
        kind: connection.kind(),
        tenant: connection.tenant().clone(),
        id: connection.id().clone(),
    })
}

fn schedule_text(schedule: Schedule) -> Result<String, CallError> {
    serde_json::to_string(&schedule).map_err(|_| damaged(attr::SCHEDULE))
}

fn due_place(kept: &Kept, settings: &Settings) -> Option<String> {
    let at = kept.next(settings)?;
    Some(Moment { at, id: kept.connection.id().to_string() }.to_string())
}

/// Puts a schedule in the place of the one that was read, if that is still there.
pub(super) fn schedule_update(
    old: &Kept,
    schedule: Schedule,
    settings: &Settings,
) -> Result<(Key, String, Terms), CallError> {
    let new = Kept { schedule, ..old.clone() };
    let terms = Terms::new("#sch = :old")
        .naming(&[attr::SCHEDULE, attr::DUE_PARTITION, attr::DUE_KEY])
        .value("old", AttributeValue::S(schedule_text(old.schedule)?))
        .value("sch", AttributeValue::S(schedule_text(schedule)?));
    let key = key(&old.connection);
    Ok(match due_place(&new, settings) {
        Some(place) => {
            let terms = terms
                .value("dp", AttributeValue::S(CONNECTIONS_DUE.to_owned()))
                .value("da", AttributeValue::S(place));
            (key, "SET #sch = :sch, #dp = :dp, #da = :da".to_owned(), terms)
        }
        None => (key, "SET #sch = :sch REMOVE #dp, #da".to_owned(), terms),
    })
}

fn encode(kept: &Kept, settings: &Settings, revision: i64) -> Result<Item, CallError> {
    let connection = &kept.connection;
    let text = serde_json::to_string(connection).map_err(|_| damaged(attr::SETTINGS))?;
    let item = Item::new(&key(connection))
        .number(attr::REVISION, revision)
        .text(attr::TENANT, connection.tenant().as_str())
        .text(attr::SETTINGS, text)
        .text(attr::SCHEDULE, schedule_text(kept.schedule)?);
    Ok(match due_place(kept, settings) {
        Some(place) => item.text(attr::DUE_PARTITION, CONNECTIONS_DUE).text(attr::DUE_KEY, place),
        None => item,
    })
}

fn decode(item: &Item) -> Result<Connected, CallError> {
    let read = |name: &'static str| Ok::<_, CallError>((item.get_text(name)?, name));
    let (text, name) = read(attr::SETTINGS)?;
    let connection = serde_json::from_str(text).map_err(|_| damaged(name))?;
    let (text, name) = read(attr::SCHEDULE)?;
    let schedule = serde_json::from_str(text).map_err(|_| damaged(name))?;
    Ok(Revised { value: Kept { connection, schedule }, revision: item.get_number(attr::REVISION)? })
}
