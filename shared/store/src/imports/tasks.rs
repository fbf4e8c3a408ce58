//! Tasks and lanes: each step of a run changes both, or neither.

use std::collections::HashSet;

use aws_sdk_dynamodb::types::AttributeValue;
use bridge_domain::{
    CallError, TaskId, TenantId, Timestamp,
    access::Grants,
    import::task::{KEPT, Lane, Task, search::Search},
    search::TimestampField,
};

use super::{ImportConflict, Turn};
use crate::{
    Store,
    error::damaged,
    item::{Item, attr},
    keys::{
        Key, Moment, Partition,
        imports::{ImportKey, TASKS_DUE},
    },
    listing::{Entry, Range, is_of, own_listings, visible},
    transact::{Guard, Revised},
    update::Update,
};

/// How long the lane of a connection is kept when nobody runs in it, in seconds: longer than any lease.
const LANE_KEPT: i64 = 24 * 3_600;

impl Store {
    /// A task, strongly consistent.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn task(&self, id: &TaskId) -> Result<Option<Revised<Task>>, CallError> {
        let item = self.read(&Key::Import(ImportKey::Task(id.clone())), &[]).await?;
        item.map(|item| decode(&item)).transpose()
    }

    /// A task and the lane of its connection, strongly consistent.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn turn(&self, id: &TaskId) -> Result<Option<Turn>, CallError> {
        let Some(task) = self.task(id).await? else { return Ok(None) };
        let key = Key::Import(ImportKey::Lane(task.value.connection.clone()));
        let lane = match self.read(&key, &[]).await? {
            Some(item) => Revised {
                value: serde_json::from_str(item.get_text(attr::BODY)?).map_err(|_| damaged(attr::BODY))?,
                revision: item.get_number(attr::REVISION)?,
            },
            None => Revised { value: Lane::default(), revision: 0 },
        };
        Ok(Some(Turn { task, lane }))
    }

    /// Orders a task.
    ///
    /// # Errors
    /// There is one with this id, or the store failed.
    pub async fn order_task(&self, task: &Task) -> Result<(), ImportConflict> {
        let mut steps = self.transaction();
        steps.put(encode(task, 1)?, Guard::Absent, ImportConflict::Changed)?;
        steps.commit(ImportConflict::Changed).await
    }

    /// Puts a task and its lane in the place of those of `old`.
    ///
    /// # Errors
    /// Somebody else changed one of them meanwhile.
    pub async fn save_turn(&self, old: &Turn, task: Task, lane: Lane) -> Result<Turn, ImportConflict> {
        let new = Turn {
            task: Revised { value: task, revision: old.task.revision + 1 },
            lane: Revised { value: lane, revision: old.lane.revision + 1 },
        };
        let mut steps = self.transaction();
        let item = encode(&new.task.value, new.task.revision)?;
        steps.put(item, Guard::Revision(old.task.revision), ImportConflict::Changed)?;
        let guard = if old.lane.revision == 0 { Guard::Absent } else { Guard::Revision(old.lane.revision) };
        steps.put(lane_item(&new)?, guard, ImportConflict::Changed)?;
        steps.commit(ImportConflict::Changed).await?;
        Ok(new)
    }

    /// Puts a task in the place of `old` where its lane does not matter: it was not begun.
    ///
    /// # Errors
    /// Somebody else changed it meanwhile.
    pub async fn save_task(&self, old: &Revised<Task>, task: Task) -> Result<Revised<Task>, ImportConflict> {
        let revision = old.revision + 1;
        let mut steps = self.transaction();
        steps.put(encode(&task, revision)?, Guard::Revision(old.revision), ImportConflict::Changed)?;
        steps.commit(ImportConflict::Changed).await?;
        Ok(Revised { value: task, revision })
    }

    /// Tasks that somebody should have looked at by `now`, the longest overdue first, at most `limit`,
    /// with the time they are due since. An index lags a moment: what is found has to be read before it is
    /// believed.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn overdue_tasks(
        &self,
        now: Timestamp,
        limit: u16,
    ) -> Result<Vec<(TaskId, Timestamp)>, CallError> {
        let items = self.due(TASKS_DUE, now, limit).await?;
        let task = |item: &Item| match item.key()? {
            Key::Import(ImportKey::Task(id)) => {
                let place =
                    Moment::parse(item.get_text(attr::DUE_KEY)?).ok_or_else(|| damaged(attr::DUE_KEY))?;
                Ok((id, place.at))
            }
            _ => Err(damaged(attr::PK)),
        };
        items.iter().map(task).collect()
    }

    /// Puts off the next look at a task that was just queued anew; nothing else of it changes. Gives
    /// whether it was still as it was read.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn put_off_task(&self, task: &Revised<Task>, until: Timestamp) -> Result<bool, CallError> {
        let id = &task.value.id;
        let place = Moment { at: until, id: id.to_string() }.to_string();
        let update = Update::at(Key::Import(ImportKey::Task(id.clone())), task.revision);
        Ok(self.update(update.set(attr::DUE_KEY, place)).await?.is_none())
    }

    /// One page of a search, as `grants` may see it, the newest first. A listing finds the tasks, which may
    /// lag a moment; each is then read by key. Only the last page is short.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn search_tasks(&self, search: &Search, grants: &Grants) -> Result<Vec<Task>, CallError> {
        let tenants = visible(search.tenants.as_deref(), grants);
        let tenants = tenants.as_ref();
        if tenants.is_some_and(HashSet::is_empty) {
            return Ok(Vec::new());
        }
        let shows =
            |task: &Task| tenants.is_none_or(|tenants| tenants.contains(&task.tenant)) && search.fits(task);
        let shows = &shows;
        let load = |keys: Vec<Key>| async move {
            let items = self.read_many(&keys, &[]).await?;
            let found = items.iter().map(decode).collect::<Result<Vec<_>, _>>()?.into_iter();
            let found = found.map(|task| task.value).filter(|task| shows(task));
            Ok(found.map(|task| (place(&task), task)).collect())
        };
        let lists = |entry: &Entry| is_of(tenants, entry) && means(search, &entry.name);
        let (tasks, _) = self.merged(ranges(tenants), search.skip(), lists, load).await?;
        Ok(tasks)
    }
}

/// What a line of a listing tells of a task.
fn label(task: &Task) -> String {
    format!("{} {} {}", task.kind, task.state.as_str(), task.connection)
}

/// Whether a search means the task of a line.
fn means(search: &Search, label: &str) -> bool {
    let mut parts = label.split(' ');
    let mut next = || parts.next().unwrap_or_default();
    match (next().parse(), next().parse(), next().parse()) {
        (Ok(kind), Ok(state), Ok(connection)) => search.means(kind, state, &connection),
        _ => false,
    }
}

fn ranges(tenants: Option<&HashSet<TenantId>>) -> Vec<Range> {
    let of = |partition| Range {
        partition,
        field: TimestampField::LastSeen,
        from: Timestamp::MIN,
        to: Timestamp::MAX,
        newest_first: true,
    };
    match own_listings(tenants) {
        Some(tenants) => tenants.iter().cloned().map(Partition::Tasks).map(of).collect(),
        None => vec![of(Partition::AllTasks)],
    }
}

fn place(task: &Task) -> Moment {
    Moment { at: task.queued, id: task.id.to_string() }
}

pub(super) fn encode(task: &Task, revision: i64) -> Result<Item, CallError> {
    let body = serde_json::to_string(task).map_err(|_| damaged(attr::BODY))?;
    let item = Item::new(&Key::Import(ImportKey::Task(task.id.clone())))
        .number(attr::REVISION, revision)
        .text(attr::TENANT, task.tenant.as_str())
        .text(attr::NAME, label(task))
        .text(attr::BODY, body)
        .text(attr::TENANT_PARTITION, Partition::Tasks(task.tenant.clone()).to_string())
        .text(attr::ALL_PARTITION, Partition::AllTasks.to_string())
        .text(attr::LAST_KEY, place(task).to_string());
    let item = match task.next {
        Some(at) => {
            let place = Moment { at, id: task.id.to_string() };
            item.text(attr::DUE_PARTITION, TASKS_DUE).text(attr::DUE_KEY, place.to_string())
        }
        None => item,
    };
    Ok(match task.ended {
        Some(at) => item.number(attr::TTL, at.plus(KEPT).seconds()),
        None => item,
    })
}

fn decode(item: &Item) -> Result<Revised<Task>, CallError> {
    let task = serde_json::from_str(item.get_text(attr::BODY)?).map_err(|_| damaged(attr::BODY))?;
    Ok(Revised { value: task, revision: item.get_number(attr::REVISION)? })
}

/// The lane. One that nobody holds is as good as none: the table may forget it then.
fn lane_item(turn: &Turn) -> Result<Item, CallError> {
    let body = serde_json::to_string(&turn.lane.value).map_err(|_| damaged(attr::BODY))?;
    let task = &turn.task.value;
    let last = turn.lane.value.holder.as_ref().map(|holder| holder.until).or(task.ended).or(task.next);
    let until = last.unwrap_or(task.queued).plus_seconds(LANE_KEPT).seconds();
    Ok(Item::new(&Key::Import(ImportKey::Lane(task.connection.clone())))
        .number(attr::REVISION, turn.lane.revision)
        .text(attr::BODY, body)
        .with(attr::TTL, AttributeValue::N(until.to_string())))
}
