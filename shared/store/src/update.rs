//! A change of some attributes of an item, guarded by its revision.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use bridge_domain::{AlertId, CallError, outbox::Outbox};

use crate::{
    body::{due_place, outbox_text},
    item::attr,
    keys::Key,
    transact::Terms,
};

/// The condition of every update.
pub(crate) const REVISION_HOLDS: &str = "#rv = :rv";

/// What to set and to remove. Every name stands behind a `#`, every value behind a `:`.
#[derive(Debug)]
pub(crate) struct Update {
    pub(crate) key: Key,
    pub(crate) names: HashMap<String, String>,
    pub(crate) values: HashMap<String, AttributeValue>,
    set: Vec<String>,
    remove: Vec<String>,
}

impl Update {
    /// An update of an alert that is at `revision` and goes on to the next one.
    pub(crate) fn of(alert: &AlertId, revision: i64) -> Self {
        Self::at(Key::Alert(alert.clone()), revision)
    }

    /// An update of an item that is at `revision` and goes on to the next one.
    pub(crate) fn at(key: Key, revision: i64) -> Self {
        let number = |value: i64| AttributeValue::N(value.to_string());
        Self {
            key,
            names: HashMap::from([(format!("#{}", attr::REVISION), attr::REVISION.to_owned())]),
            values: HashMap::from([
                (format!(":{}", attr::REVISION), number(revision)),
                (":next".to_owned(), number(revision.saturating_add(1))),
            ]),
            set: vec![format!("#{} = :next", attr::REVISION)],
            remove: Vec::new(),
        }
    }

    /// Sets an attribute to a text.
    pub(crate) fn set(mut self, name: &str, value: impl Into<String>) -> Self {
        self.values.insert(format!(":{name}"), AttributeValue::S(value.into()));
        let named = self.named(name);
        self.set.push(format!("{named} = :{name}"));
        self
    }

    /// Sets an attribute to what another one holds.
    pub(crate) fn copy(mut self, name: &str, from: &str) -> Self {
        let (name, from) = (self.named(name), self.named(from));
        self.set.push(format!("{name} = {from}"));
        self
    }

    /// Takes an attribute away.
    pub(crate) fn remove(mut self, name: &str) -> Self {
        let name = self.named(name);
        self.remove.push(name);
        self
    }

    /// Sets the outbox, and the alert's place in the index of what is due.
    pub(crate) fn outbox(self, alert: &AlertId, outbox: &Outbox) -> Result<Self, CallError> {
        let update = self.set(attr::OUTBOX, outbox_text(outbox)?);
        Ok(match due_place(alert, outbox) {
            Some((partition, key)) => update.set(attr::DUE_PARTITION, partition).set(attr::DUE_KEY, key),
            None => update.remove(attr::DUE_PARTITION).remove(attr::DUE_KEY),
        })
    }

    /// The name as an expression writes it.
    fn named(&mut self, name: &str) -> String {
        let written = format!("#{name}");
        self.names.insert(written.clone(), name.to_owned());
        written
    }

    /// The same as a step of a transaction.
    pub(crate) fn into_terms(self) -> (Key, String, Terms) {
        let expression = self.expression();
        let condition = Some(REVISION_HOLDS.to_owned());
        (self.key, expression, Terms { condition, names: self.names, values: self.values })
    }

    pub(crate) fn expression(&self) -> String {
        let mut text = format!("SET {}", self.set.join(", "));
        if !self.remove.is_empty() {
            text.push_str(" REMOVE ");
            text.push_str(&self.remove.join(", "));
        }
        text
    }
}
