//! Rows of the ledger: what is owed to NCIRCC, and how it stands.

use aws_sdk_dynamodb::types::AttributeValue;
use bridge_domain::{
    CallError, IncidentId, RowId, Timestamp,
    incident::Incident,
    ledger::{Ledger, State},
    ncircc::errand::Row,
};
use serde::{Deserialize, Serialize};

use crate::{
    Store,
    alerts::names,
    body::ITEM_BUDGET,
    error::{call_error, damaged},
    incidents::{self, remote_item},
    item::{Item, attr},
    keys::{Key, LEDGER_DUE, LEDGER_STUCK, Moment, ROWS},
    transact::{Guard, Revised},
    update::Update,
};

/// Longest errand when unpacked, in bytes: bounds what is read back.
const ERRAND_LIMIT: usize = 2 * 1024 * 1024;

/// Why a row was not written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowConflict {
    /// There is such a row, or somebody else changed it or its incident meanwhile.
    Changed,
    /// Its uuid belongs to another incident.
    Remote,
    /// The store failed: nobody knows whether it was written.
    Call(CallError),
}

impl From<CallError> for RowConflict {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

/// An incident as it was, and as it is to be.
type Turned<'a> = (&'a Revised<Incident>, &'a Incident);

impl Store {
    /// A row, strongly consistent.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn row(&self, incident: &IncidentId, row: &RowId) -> Result<Option<Revised<Row>>, CallError> {
        let key = Key::Row { incident: incident.clone(), row: row.clone() };
        self.read(&key, &[]).await?.map(|item| self.decode_row(&item)).transpose()
    }

    /// Every row of an incident, in the order of their ids, strongly consistent.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn rows(&self, incident: &IncidentId) -> Result<Vec<Revised<Row>>, CallError> {
        let (mut rows, mut resume) = (Vec::new(), None);
        loop {
            let answer = self
                .client
                .query()
                .table_name(&self.table)
                .consistent_read(true)
                .key_condition_expression("#pk = :pk AND begins_with(#sk, :rows)")
                .set_expression_attribute_names(Some(names(&[attr::PK, attr::SK])))
                .expression_attribute_values(":pk", AttributeValue::S(Key::Incident(incident.clone()).pk()))
                .expression_attribute_values(":rows", AttributeValue::S(ROWS.to_owned()))
                .set_exclusive_start_key(resume.take())
                .send()
                .await
                .map_err(|error| call_error("Query", &error))?;
            for item in answer.items.unwrap_or_default() {
                rows.push(self.decode_row(&Item::from_map(item))?);
            }
            resume = answer.last_evaluated_key;
            if resume.is_none() {
                return Ok(rows);
            }
        }
    }

    /// Makes a row, or puts it in the place of `old`; with it, its incident is changed.
    ///
    /// # Errors
    /// There is such a row, or somebody else changed one of them meanwhile.
    pub async fn open_row(
        &self,
        row: &Row,
        old: Option<&Revised<Row>>,
        incident: Option<Turned<'_>>,
    ) -> Result<(), RowConflict> {
        let mut steps = self.transaction();
        let guard = old.map_or(Guard::Absent, |old| Guard::Revision(old.revision));
        let revision = old.map_or(1, |old| old.revision + 1);
        steps.put(self.encode_row(row, revision)?, guard, RowConflict::Changed)?;
        if let Some((old, new)) = incident {
            let item = incidents::encode(new, old.revision + 1)?;
            steps.put(item, Guard::Revision(old.revision), RowConflict::Changed)?;
        }
        steps.commit(RowConflict::Changed).await
    }

    /// Writes how a row stands if it is still as it was read; gives it with its new revision.
    ///
    /// # Errors
    /// Somebody else changed it meanwhile.
    pub async fn save_row(&self, old: Revised<Row>, ledger: Ledger) -> Result<Revised<Row>, RowConflict> {
        match self.update(stand(&old, &ledger)?).await? {
            None => Ok(advanced(old, ledger)),
            Some(_) => Err(RowConflict::Changed),
        }
    }

    /// The same together with a change of its incident. With `remote`, the incident is found by that
    /// uuid of NCIRCC's from then on.
    ///
    /// # Errors
    /// Somebody else changed one of them meanwhile, or the uuid belongs to another incident.
    pub async fn settle_row(
        &self,
        old: Revised<Row>,
        ledger: Ledger,
        (before, after): Turned<'_>,
        remote: Option<&str>,
    ) -> Result<Revised<Row>, RowConflict> {
        let mut steps = self.transaction();
        let (key, expression, terms) = stand(&old, &ledger)?.into_terms();
        steps.update(&key, &expression, terms, RowConflict::Changed)?;
        let item = incidents::encode(after, before.revision + 1)?;
        steps.put(item, Guard::Revision(before.revision), RowConflict::Changed)?;
        if let Some(uuid) = remote {
            steps.put(remote_item(uuid, &after.id), Guard::Absent, RowConflict::Remote)?;
        }
        steps.commit(RowConflict::Changed).await?;
        Ok(advanced(old, ledger))
    }

    /// Rows that were due at `now`, the longest overdue first, at most `limit`. An index lags a
    /// moment: what is found has to be read before it is believed.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn overdue_rows(
        &self,
        now: Timestamp,
        limit: u16,
    ) -> Result<Vec<(IncidentId, RowId, Timestamp)>, CallError> {
        let items = self.due(LEDGER_DUE, now, limit).await?;
        let row = |item: &Item| match item.key()? {
            Key::Row { incident, row } => {
                let place =
                    Moment::parse(item.get_text(attr::DUE_KEY)?).ok_or_else(|| damaged(attr::DUE_KEY))?;
                Ok((incident, row, place.at))
            }
            _ => Err(damaged(attr::PK)),
        };
        items.iter().map(row).collect()
    }

    /// How many rows wait for a person, up to `limit`.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn stuck_rows(&self, limit: u16) -> Result<usize, CallError> {
        Ok(self.due(LEDGER_STUCK, Timestamp::MAX, limit).await?.len())
    }

    /// Stores a file that a row will send; gives in how many parts. The row that names it is written
    /// after it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn put_file(
        &self,
        incident: &IncidentId,
        row: &RowId,
        file: u32,
        bytes: &[u8],
    ) -> Result<u32, CallError> {
        let mut parts = 0;
        for (part, bytes) in (0..).zip(bytes.chunks(ITEM_BUDGET)) {
            let key = Key::FilePart { incident: incident.clone(), row: row.clone(), file, part };
            let item = Item::new(&key).bytes(attr::EVENTS, bytes);
            self.client
                .put_item()
                .table_name(&self.table)
                .set_item(Some(item.into_map()))
                .send()
                .await
                .map_err(|error| call_error("PutItem", &error))?;
            parts = part + 1;
        }
        Ok(parts)
    }

    /// A file of a row; `None` when a part of it is gone.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn file(
        &self,
        incident: &IncidentId,
        row: &RowId,
        file: u32,
        parts: u32,
    ) -> Result<Option<Vec<u8>>, CallError> {
        let mut bytes = Vec::new();
        for part in 0..parts {
            let key = Key::FilePart { incident: incident.clone(), row: row.clone(), file, part };
            let Some(item) = self.read(&key, &[]).await? else { return Ok(None) };
            bytes.extend_from_slice(item.get_bytes(attr::EVENTS)?);
        }
        Ok(Some(bytes))
    }

    /// Deletes the files of a row, given how many parts each has.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn delete_files(
        &self,
        incident: &IncidentId,
        row: &RowId,
        parts: &[u32],
    ) -> Result<(), CallError> {
        let part = |file, part| Key::FilePart { incident: incident.clone(), row: row.clone(), file, part };
        let keys = (0..).zip(parts).flat_map(|(file, parts)| (0..*parts).map(move |number| (file, number)));
        let keys: Vec<Key> = keys.map(|(file, number)| part(file, number)).collect();
        self.delete_many(&keys).await
    }

    fn encode_row(&self, row: &Row, revision: i64) -> Result<Item, CallError> {
        let errand = serde_json::to_vec(&row.errand).map_err(|_| damaged(attr::ERRAND))?;
        let packed = self.packer.pack(&errand).map_err(|_| damaged(attr::ERRAND))?;
        let size = i64::try_from(errand.len()).map_err(|_| damaged(attr::ERRAND))?;
        let item = Item::new(&Key::Row { incident: row.incident.clone(), row: row.id.clone() })
            .number(attr::REVISION, revision)
            .text(attr::TENANT, row.tenant.as_str())
            .text(attr::BY, &row.by)
            .text(attr::LEDGER, text(&row.ledger)?)
            .bytes(attr::ERRAND, packed)
            .number(attr::ERRAND_SIZE, size);
        Ok(match place(row, &row.ledger) {
            Some((partition, key)) => item.text(attr::DUE_PARTITION, partition).text(attr::DUE_KEY, key),
            None => item,
        })
    }

    fn decode_row(&self, item: &Item) -> Result<Revised<Row>, CallError> {
        let Key::Row { incident, row: id } = item.key()? else { return Err(damaged(attr::SK)) };
        let size = item.get_size(attr::ERRAND_SIZE)?;
        if size > ERRAND_LIMIT {
            return Err(damaged(attr::ERRAND_SIZE));
        }
        let errand = self.packer.unpack(item.get_bytes(attr::ERRAND)?, size);
        let errand = errand.map_err(|_| damaged(attr::ERRAND))?;
        let value = Row {
            incident,
            tenant: item.get_parsed(attr::TENANT)?,
            id,
            by: item.get_text(attr::BY)?.to_owned(),
            errand: read(&errand, attr::ERRAND)?,
            ledger: read(item.get_text(attr::LEDGER)?.as_bytes(), attr::LEDGER)?,
        };
        Ok(Revised { value, revision: item.get_number(attr::REVISION)? })
    }
}

fn text<T: Serialize>(value: &T) -> Result<String, CallError> {
    serde_json::to_string(value).map_err(|_| damaged(attr::LEDGER))
}

fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8], name: &str) -> Result<T, CallError> {
    serde_json::from_slice(bytes).map_err(|_| damaged(name))
}

fn advanced(old: Revised<Row>, ledger: Ledger) -> Revised<Row> {
    Revised { value: Row { ledger, ..old.value }, revision: old.revision + 1 }
}

/// The update that writes how a row stands.
fn stand(old: &Revised<Row>, ledger: &Ledger) -> Result<Update, CallError> {
    let row = &old.value;
    let key = Key::Row { incident: row.incident.clone(), row: row.id.clone() };
    let update = Update::at(key, old.revision).set(attr::LEDGER, text(ledger)?);
    Ok(match place(row, ledger) {
        Some((partition, key)) => update.set(attr::DUE_PARTITION, partition).set(attr::DUE_KEY, key),
        None => update.remove(attr::DUE_PARTITION).remove(attr::DUE_KEY),
    })
}

/// Where a row is in the index of what is due; nowhere when nobody has to look.
fn place(row: &Row, ledger: &Ledger) -> Option<(&'static str, String)> {
    let id = format!("{}/{}", row.incident, row.id);
    match (&ledger.state, ledger.next) {
        (State::Stuck, _) => {
            let at = ledger.log.last().map_or(ledger.requested, |line| line.at);
            Some((LEDGER_STUCK, Moment { at, id }.to_string()))
        }
        (_, Some(at)) => Some((LEDGER_DUE, Moment { at, id }.to_string())),
        (_, None) => None,
    }
}
