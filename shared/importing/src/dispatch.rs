//! Finding what is due and not under way.

use std::{collections::BTreeMap, time::Duration};

use bridge_domain::{
    CallError, TaskId, TenantId, Timestamp,
    import::{
        ImportKind,
        connection::Kept,
        settings::Settings,
        task::{Order, Task, Trigger},
    },
};
use bridge_store::{ImportConflict, Imports, Revised, Store};

use crate::ImportQueues;

/// Connections looked at by one dispatch; more wait for the next, a minute later.
const MOST: u16 = 500;
/// What is due for less than this is left to its own message, in seconds.
const GRACE: i64 = 120;
/// How long the next look at a task is put off that was queued anew, in seconds.
const PUT_OFF: i64 = 300;

/// What a dispatch found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dispatched {
    /// Imports begun.
    pub started: u64,
    /// Tasks queued again.
    pub requeued: u64,
    /// How long the longest overdue connection or task has been due.
    pub oldest: Duration,
    /// Whether there was no time for all of it.
    pub cut_short: bool,
}

/// Starts the import of every connection that is due, the longest overdue first, and queues again what was
/// ordered and is not under way. `time_left` says whether there is time for one more.
///
/// # Errors
/// When the store fails.
pub async fn dispatch(
    store: &Store,
    queues: &ImportQueues,
    now: Timestamp,
    time_left: impl Fn() -> bool,
) -> Result<Dispatched, CallError> {
    let mut done = Dispatched::default();
    // Those of one tenant stand side by side often enough.
    let mut known: BTreeMap<(ImportKind, TenantId), Imports> = BTreeMap::new();
    for (kind, tenant, id, since) in store.due_connections(now, MOST).await? {
        if !time_left() {
            done.cut_short = true;
            return Ok(done);
        }
        let key = (kind, tenant);
        if !known.contains_key(&key) {
            known.insert(key.clone(), store.imports(kind, &key.1).await?);
        }
        let imports = known.get(&key);
        let due = imports.and_then(|imports| Some((imports.settings.as_ref()?, imports.connection(&id)?)));
        let Some((over, kept)) = due else { continue };
        if start(store, queues, over, kept, now).await?.is_some() {
            done.oldest = done.oldest.max(since.until(now));
            done.started += 1;
        }
    }
    for (task, since) in store.overdue_tasks(now, MOST).await? {
        if !time_left() {
            done.cut_short = true;
            return Ok(done);
        }
        done.oldest = done.oldest.max(since.until(now));
        if since.plus_seconds(GRACE) <= now && requeue(store, queues, &task, now).await? {
            done.requeued += 1;
        }
    }
    Ok(done)
}

/// Starts the import of a connection if it is due; gives the task. Of two that see it due, one starts it.
///
/// # Errors
/// When the store fails.
pub async fn start(
    store: &Store,
    queues: &ImportQueues,
    over: &Revised<Settings>,
    kept: &Revised<Kept>,
    now: Timestamp,
) -> Result<Option<Task>, CallError> {
    let connection = &kept.value.connection;
    let Some(taken) = kept.value.take(&over.value, now) else { return Ok(None) };
    let trigger = if kept.value.schedule.taken.is_none() { Trigger::Saved } else { Trigger::Schedule };
    let order = Order {
        kind: connection.kind(),
        tenant: connection.tenant().clone(),
        connection: connection.id().clone(),
        trigger,
        confirmed: false,
    };
    let task = Task::new(TaskId::random(), order, now);
    match store.take_slot(over, kept, taken, &task).await {
        Ok(()) => {}
        Err(ImportConflict::Call(error)) => return Err(error),
        Err(_) => return Ok(None),
    }
    queues.send(task.kind, &task.id).await;
    Ok(Some(task))
}

/// Orders a task that takes no slot of any schedule, and queues it.
///
/// # Errors
/// When the store fails.
pub async fn order(
    store: &Store,
    queues: &ImportQueues,
    order: Order,
    now: Timestamp,
) -> Result<Task, ImportConflict> {
    let task = Task::new(TaskId::random(), order, now);
    store.order_task(&task).await?;
    queues.send(task.kind, &task.id).await;
    Ok(task)
}

/// Queues a task again that should have been looked at; gives whether it was.
async fn requeue(
    store: &Store,
    queues: &ImportQueues,
    id: &TaskId,
    now: Timestamp,
) -> Result<bool, CallError> {
    let Some(task) = store.task(id).await? else { return Ok(false) };
    // The index lags: it may be over by now, or looked at.
    if task.value.next.is_none_or(|next| next > now) || !queues.send(task.value.kind, id).await {
        return Ok(false);
    }
    store.put_off_task(&task, now.plus_seconds(PUT_OFF)).await?;
    Ok(true)
}

#[cfg(test)]
mod tests;
