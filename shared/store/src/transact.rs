//! Several conditional writes that happen together or not at all.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    error::SdkError,
    operation::transact_write_items::TransactWriteItemsError,
    types::{AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem, Update},
};
use bridge_domain::CallError;

use crate::{
    Store,
    batch::back_off,
    error::{call_error, contended},
    item::{Item, key_map},
    keys::Key,
};

const CALL: &str = "TransactWriteItems";

/// Attempts at a change that others race.
pub(crate) const ATTEMPTS: u32 = 5;

/// What is stored, with the revision that a change of it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revised<T> {
    /// What is stored.
    pub value: T,
    /// Grows with every change.
    pub revision: i64,
}

/// What must be so for a write to go through.
#[derive(Clone, Debug)]
pub(crate) enum Guard {
    /// Nothing is there.
    Absent,
    /// What is there has this revision.
    Revision(i64),
    /// Anything is there, or nothing.
    Any,
}

/// A condition in DynamoDB's own words, with the names and values that it uses.
#[derive(Clone, Debug, Default)]
pub(crate) struct Terms {
    pub(crate) condition: Option<String>,
    pub(crate) names: HashMap<String, String>,
    pub(crate) values: HashMap<String, AttributeValue>,
}

impl Terms {
    pub(crate) fn new(condition: &str) -> Self {
        Self { condition: Some(condition.to_owned()), ..Self::default() }
    }

    /// The same where another condition holds as well.
    pub(crate) fn and(mut self, condition: &str) -> Self {
        self.condition = Some(match self.condition {
            Some(first) => format!("{first} AND {condition}"),
            None => condition.to_owned(),
        });
        self
    }

    /// `#name` stands for the attribute of this name.
    pub(crate) fn naming(mut self, names: &[&str]) -> Self {
        self.names.extend(names.iter().map(|name| (format!("#{name}"), (*name).to_owned())));
        self
    }

    /// `:name` stands for this value.
    pub(crate) fn value(mut self, name: &str, value: AttributeValue) -> Self {
        self.values.insert(format!(":{name}"), value);
        self
    }

    fn names(&self) -> Option<HashMap<String, String>> {
        (!self.names.is_empty()).then(|| self.names.clone())
    }

    fn values(&self) -> Option<HashMap<String, AttributeValue>> {
        (!self.values.is_empty()).then(|| self.values.clone())
    }
}

impl From<Guard> for Terms {
    fn from(guard: Guard) -> Self {
        match guard {
            Guard::Absent => Self::new("attribute_not_exists(#pk)").naming(&["pk"]),
            Guard::Revision(revision) => {
                Self::new("#rv = :rv").naming(&["rv"]).value("rv", AttributeValue::N(revision.to_string()))
            }
            Guard::Any => Self::default(),
        }
    }
}

/// One transaction being put together. Each step comes with what it means when its condition fails.
#[derive(Debug)]
pub(crate) struct Transaction<'a, E> {
    store: &'a Store,
    steps: Vec<TransactWriteItem>,
    meanings: Vec<E>,
}

impl Store {
    pub(crate) const fn transaction<E>(&self) -> Transaction<'_, E> {
        Transaction { store: self, steps: Vec::new(), meanings: Vec::new() }
    }
}

impl<E: From<CallError>> Transaction<'_, E> {
    /// Writes an item.
    pub(crate) fn put(&mut self, item: Item, terms: impl Into<Terms>, meaning: E) -> Result<(), CallError> {
        let terms = terms.into();
        let put = Put::builder()
            .table_name(&self.store.table)
            .set_item(Some(item.into_map()))
            .set_expression_attribute_names(terms.names())
            .set_expression_attribute_values(terms.values())
            .set_condition_expression(terms.condition)
            .build()
            .map_err(|_| contended(CALL))?;
        self.add(TransactWriteItem::builder().put(put).build(), meaning);
        Ok(())
    }

    /// Changes an item in place.
    pub(crate) fn update(
        &mut self,
        key: &Key,
        expression: &str,
        terms: Terms,
        meaning: E,
    ) -> Result<(), CallError> {
        let update = Update::builder()
            .table_name(&self.store.table)
            .set_key(Some(key_map(key)))
            .update_expression(expression)
            .set_expression_attribute_names(terms.names())
            .set_expression_attribute_values(terms.values())
            .set_condition_expression(terms.condition)
            .build()
            .map_err(|_| contended(CALL))?;
        self.add(TransactWriteItem::builder().update(update).build(), meaning);
        Ok(())
    }

    /// Deletes an item.
    pub(crate) fn delete(&mut self, key: &Key, terms: impl Into<Terms>, meaning: E) -> Result<(), CallError> {
        let terms = terms.into();
        let delete = Delete::builder()
            .table_name(&self.store.table)
            .set_key(Some(key_map(key)))
            .set_expression_attribute_names(terms.names())
            .set_expression_attribute_values(terms.values())
            .set_condition_expression(terms.condition)
            .build()
            .map_err(|_| contended(CALL))?;
        self.add(TransactWriteItem::builder().delete(delete).build(), meaning);
        Ok(())
    }

    /// Writes nothing, but looks whether an item is as it should be.
    pub(crate) fn check(&mut self, key: &Key, terms: impl Into<Terms>, meaning: E) -> Result<(), CallError> {
        let terms = terms.into();
        let check = ConditionCheck::builder()
            .table_name(&self.store.table)
            .set_key(Some(key_map(key)))
            .set_expression_attribute_names(terms.names())
            .set_expression_attribute_values(terms.values())
            .set_condition_expression(terms.condition)
            .build()
            .map_err(|_| contended(CALL))?;
        self.add(TransactWriteItem::builder().condition_check(check).build(), meaning);
        Ok(())
    }

    fn add(&mut self, step: TransactWriteItem, meaning: E) {
        self.steps.push(step);
        self.meanings.push(meaning);
    }

    /// All steps or none. Gives the meaning of the first step whose condition fails; `met` when other
    /// transactions kept meeting this one, so that nothing is known but that the caller may try again.
    pub(crate) async fn commit(self, met: E) -> Result<(), E> {
        for round in 0..ATTEMPTS {
            let Some(reasons) = self.store.transact(self.steps.clone()).await? else { return Ok(()) };
            let failed = reasons.iter().position(|code| code == "ConditionalCheckFailed");
            if let Some(index) = failed {
                return Err(self.meanings.into_iter().nth(index).unwrap_or(met));
            }
            back_off(round).await;
        }
        Err(met)
    }
}

impl Store {
    /// Why the steps were not made, by step; `None` when they were.
    async fn transact(&self, steps: Vec<TransactWriteItem>) -> Result<Option<Vec<String>>, CallError> {
        match self.client.transact_write_items().set_transact_items(Some(steps)).send().await {
            Ok(_) => Ok(None),
            Err(SdkError::ServiceError(failure)) if failure.err().is_transaction_canceled_exception() => {
                let TransactWriteItemsError::TransactionCanceledException(canceled) = failure.into_err()
                else {
                    return Err(contended(CALL));
                };
                let reasons = canceled.cancellation_reasons.unwrap_or_default();
                Ok(Some(reasons.into_iter().map(|reason| reason.code.unwrap_or_default()).collect()))
            }
            Err(error) => Err(call_error(CALL, &error)),
        }
    }
}
