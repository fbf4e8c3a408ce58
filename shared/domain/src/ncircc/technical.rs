//! The technical block of a notification: read, checked against the type, joined with what the
//! alerts' events know.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    dictionary::{IndicatorFunction, Kind},
    indicators::Found,
    matrix::{Field, Shape, allowed, allows},
    problem::Problems,
    wire::Body,
};
use crate::form::{Faults, Form, parsed, text};

/// Most entries of one list.
const ENTRIES_LIMIT: usize = 1_000;
/// Most entries at fault that are named in one list: other fields shall have their say too.
const FAULTS_LIMIT: usize = 5;

/// One value, with what the wire says beside it: the function of an indicator, the name of a service.
#[derive(Clone, PartialEq, Eq)]
struct Entry {
    value: String,
    label: String,
}

/// What somebody filled in. A field that is there was asked for, even when none of it can be read.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Technical(BTreeMap<Field, Vec<Entry>>);

impl Technical {
    pub(super) fn read(form: &mut Form, faults: &mut Faults) -> Self {
        let mut technical = Self::default();
        let Some(mut block) = form.form(faults, "technical") else { return technical };
        for group in ["observables", "indicators"] {
            if let Some(mut members) = block.form(faults, group) {
                technical.fields(&mut members, faults, &format!("technical.{group}."));
                members.finish(faults);
            }
        }
        technical.fields(&mut block, faults, "technical.");
        block.finish(faults);
        technical
    }

    fn fields(&mut self, form: &mut Form, faults: &mut Faults, prefix: &str) {
        for &field in Field::ALL {
            let name = field.as_str().strip_prefix(prefix).filter(|name| !name.contains('.'));
            let Some(name) = name else { continue };
            let values = form.optional(faults, name, |value| match (field.shape(), value) {
                (Shape::Text, value) => Ok(vec![value]),
                (_, Value::Array(list)) if list.len() <= ENTRIES_LIMIT => Ok(list),
                (_, Value::Array(_)) => Err(format!("must have at most {ENTRIES_LIMIT} entries")),
                _ => Err("must be a list".to_owned()),
            });
            let Some(values) = values.filter(|values| !values.is_empty()) else { continue };
            self.0.insert(field, entries(field, values, faults));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What was filled in must be what the type allows.
    pub(super) fn check(&self, kind: Kind, problems: &mut Problems) {
        let own: Vec<_> = allowed(kind).map(Field::as_str).collect();
        for &field in self.0.keys().filter(|field| !allows(kind, **field)) {
            let kinds: Vec<_> =
                Kind::ALL.iter().filter(|kind| allows(**kind, field)).map(|kind| kind.as_str()).collect();
            let instead = if own.is_empty() { "no technical fields".to_owned() } else { own.join(", ") };
            problems.add(
                field.as_str(),
                format!("is allowed for these types only: {}", kinds.join("; ")),
                format!("leave it out, or choose one of them; {kind} allows {instead}"),
            );
        }
    }

    /// Writes what the type allows: what was filled in, then what was found and is not there yet.
    pub(super) fn write(&self, kind: Kind, found: &Found, body: &mut Body, warnings: &mut Vec<String>) {
        for field in allowed(kind) {
            let mut entries: Vec<Entry> = Vec::new();
            for entry in self.entries(field) {
                if !entries.contains(entry) {
                    entries.push(entry.clone());
                }
            }
            let label = usual_label(field);
            for value in found.values(field).filter(|value| !self.tells_of(field, value)) {
                entries.push(Entry { value: value.to_owned(), label: label.to_owned() });
            }
            if found.cut(field) {
                let count = found.values(field).count();
                warnings.push(format!(
                    "{}: only the first {count} of those found in the alerts are sent",
                    field.as_str()
                ));
            }
            if let Some(value) = on_wire(field.shape(), entries) {
                body.put(field.wire(), value);
            }
        }
    }

    fn entries(&self, field: Field) -> &[Entry] {
        self.0.get(&field).map_or(&[], Vec::as_slice)
    }

    /// Whether somebody said what this value is, be it on the other side.
    fn tells_of(&self, field: Field, value: &str) -> bool {
        let sides = [Some(field), field.counterpart()];
        sides.into_iter().flatten().any(|side| self.entries(side).iter().any(|entry| entry.value == value))
    }
}

/// The label of a value of which nobody said more.
const fn usual_label(field: Field) -> &'static str {
    match field.shape() {
        Shape::Functions => IndicatorFunction::Undefined.wire(),
        _ => "",
    }
}

fn on_wire(shape: Shape, entries: Vec<Entry>) -> Option<Value> {
    if entries.is_empty() {
        return None;
    }
    let mut values = entries.into_iter().map(|Entry { value, label }| match shape {
        Shape::Text => Value::String(value),
        Shape::Values => json!({"value": value}),
        Shape::Functions => json!({"function": label, "value": value}),
        Shape::Services => json!({"name": label, "value": value}),
    });
    if shape == Shape::Text { values.next() } else { Some(values.collect()) }
}

/// Reads the entries of one field, each with its own faults.
fn entries(field: Field, values: Vec<Value>, faults: &mut Faults) -> Vec<Entry> {
    let mut bad = 0_usize;
    let mut entries = Vec::with_capacity(values.len());
    for (index, value) in values.into_iter().enumerate() {
        match entry(field, value) {
            Ok(entry) => entries.push(entry),
            Err(message) => {
                bad += 1;
                if bad <= FAULTS_LIMIT {
                    let place =
                        if field.shape() == Shape::Text { String::new() } else { format!("[{index}]") };
                    faults.add(format!("{}{place}", field.as_str()), message);
                }
            }
        }
    }
    if bad > FAULTS_LIMIT {
        faults.add(field.as_str(), format!("has {bad} entries at fault, of which {FAULTS_LIMIT} are named"));
    }
    entries
}

fn entry(field: Field, value: Value) -> Result<Entry, String> {
    let check = |value: Value| text(value).and_then(|text| field.check(&text).map_err(str::to_owned));
    let label = usual_label(field).to_owned();
    match (field.shape(), value) {
        (Shape::Services, Value::Object(members)) => object(members, "name", |members| {
            let label = members.remove("name").ok_or("name is required").map_err(str::to_owned)?;
            let label = check(label).map_err(|message| format!("name {message}"))?;
            Ok(Entry { label, value: value_of(members, check)? })
        }),
        (Shape::Services, _) => Err("must be an object with name and value".to_owned()),
        (Shape::Functions, Value::Object(members)) => object(members, "function", |members| {
            let function = members.remove("function").filter(|value| !value.is_null());
            let function = function.map(parsed::<IndicatorFunction>).transpose();
            let function = function.map_err(|message| format!("function {message}"))?;
            let label = function.map_or(label, |function| function.wire().to_owned());
            Ok(Entry { label, value: value_of(members, check)? })
        }),
        (_, value) => Ok(Entry { value: check(value)?, label }),
    }
}

/// Reads an object and refuses what it has beside.
fn object(
    mut members: Map<String, Value>,
    label: &str,
    read: impl FnOnce(&mut Map<String, Value>) -> Result<Entry, String>,
) -> Result<Entry, String> {
    let entry = read(&mut members)?;
    if members.is_empty() { Ok(entry) } else { Err(format!("may have value and {label} and nothing else")) }
}

fn value_of(
    members: &mut Map<String, Value>,
    check: impl FnOnce(Value) -> Result<String, String>,
) -> Result<String, String> {
    let value = members.remove("value").ok_or("value is required")?;
    check(value).map_err(|message| format!("value {message}"))
}
