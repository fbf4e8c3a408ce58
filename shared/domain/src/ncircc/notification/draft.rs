//! What an operator fills in to export an incident.

use std::fmt;

use serde_json::Value;

use crate::{
    Timestamp,
    form::{Faults, Form, flag, parsed, text},
    ncircc::{
        dictionary::{
            ActivityStatus, Category, Impact, Kind, Location, ProductCategory, Scope, SystemCategory, Tlp,
            UnknownValue,
        },
        format,
        leak::Leak,
        read::{note, prose_without_controls},
        technical::Technical,
    },
};

/// Most characters of the name of an affected system in the form, as in KUMA.
const SYSTEM_NAME_LIMIT: usize = 500_000;
/// Most products of one notification.
const PRODUCTS_LIMIT: usize = 100;

/// The names of the three impacts in our API and on the wire.
pub(in crate::ncircc) const IMPACTS: [(&str, &str); 3] = [
    ("availabilityImpact", "availability_impact"),
    ("integrityImpact", "integrity_impact"),
    ("confidentialityImpact", "confidentiality_impact"),
];

/// The form as it was filled in, with all that could not be read of it.
pub struct Draft {
    /// Whether nothing is to be sent.
    pub dry_run: bool,
    pub(super) faults: Faults,
    pub(super) category: Option<Category>,
    pub(super) kind: Option<Kind>,
    pub(super) tlp: Option<Tlp>,
    pub(super) system_name: Option<String>,
    pub(super) system_category: Option<SystemCategory>,
    pub(super) system_function: Option<Scope>,
    pub(super) location: Option<Location>,
    /// Whether the affected system is connected to the Internet.
    pub connected: bool,
    pub(super) owner_name: Option<String>,
    pub(super) company: Option<String>,
    pub(super) description: Option<String>,
    pub(super) detection_tool: Option<String>,
    pub(super) assistance: bool,
    pub(super) detected: Option<Timestamp>,
    pub(super) ended: Option<Timestamp>,
    pub(super) activity: Option<ActivityStatus>,
    pub(super) impacts: [Option<Impact>; 3],
    pub(super) custom_impact: Option<String>,
    pub(super) city: Option<String>,
    pub(super) technical: Technical,
    pub(super) leak: Option<Leak>,
    pub(super) product: Product,
}

/// What only a notification about a vulnerability has.
#[derive(Default)]
pub(super) struct Product {
    /// Name and version of each.
    pub(super) table: Option<Vec<(String, String)>>,
    pub(super) vulnerability: Option<String>,
    pub(super) category: Option<ProductCategory>,
}

impl Draft {
    /// Reads a form. What is wrong with it comes out of the preflight, with everything else.
    #[must_use]
    pub fn read(mut form: Form) -> Self {
        let mut faults = Faults::default();
        let faults = &mut faults;
        let form = &mut form;
        let system_name = form
            .optional(faults, "affectedSystemName", |value| prose_without_controls(value, SYSTEM_NAME_LIMIT))
            .flatten();
        let draft = Self {
            dry_run: form.optional(faults, "dryRun", flag).unwrap_or_default(),
            category: form.optional(faults, "category", parsed),
            kind: form.optional(faults, "type", kind),
            tlp: form.optional(faults, "tlp", parsed),
            system_name,
            system_category: form.optional(faults, "affectedSystemCategory", parsed),
            system_function: form.optional(faults, "affectedSystemFunction", parsed),
            location: form.optional(faults, "location", parsed),
            connected: form.optional(faults, "affectedSystemHasConnection", flag).unwrap_or_default(),
            owner_name: note(form, faults, "ownerName"),
            company: note(form, faults, "company"),
            description: note(form, faults, "description"),
            detection_tool: note(form, faults, "detectionTool"),
            assistance: form.optional(faults, "assistanceRequired", flag).unwrap_or_default(),
            detected: form.optional(faults, "detectedAt", parsed),
            ended: form.optional(faults, "endedAt", parsed),
            activity: form.optional(faults, "activityStatus", parsed),
            impacts: IMPACTS.map(|(field, _)| form.optional(faults, field, parsed)),
            custom_impact: note(form, faults, "customImpact"),
            city: note(form, faults, "city"),
            technical: Technical::read(form, faults),
            leak: Leak::read(form, faults),
            product: Product::read(form, faults),
            faults: Faults::default(),
        };
        std::mem::take(form).finish(faults);
        Self { faults: std::mem::take(faults), ..draft }
    }
}

impl Product {
    fn read(form: &mut Form, faults: &mut Faults) -> Self {
        let list = form.optional(faults, "productInfo", |value| match value {
            Value::Array(list) if list.len() <= PRODUCTS_LIMIT => Ok(list),
            Value::Array(_) => Err(format!("must have at most {PRODUCTS_LIMIT} products")),
            _ => Err("must be a list of objects with name and version".to_owned()),
        });
        let table = list.map(|list| {
            let rows = list.into_iter().enumerate();
            rows.filter_map(|(index, row)| product(row, &format!("productInfo[{index}]"), faults)).collect()
        });
        let vulnerability = form.optional(faults, "vulnerabilityID", |value| {
            text(value).and_then(|text| format::vulnerability(&text).map_err(str::to_owned))
        });
        Self { table, vulnerability, category: form.optional(faults, "productCategory", parsed) }
    }
}

/// One row of the table.
fn product(row: Value, place: &str, faults: &mut Faults) -> Option<(String, String)> {
    let Value::Object(mut row) = row else {
        faults.add(place, "must be an object with name and version");
        return None;
    };
    let mut cell = |name: &str| match row.remove(name).filter(|value| !value.is_null()) {
        None => {
            faults.add(format!("{place}.{name}"), "is required");
            None
        }
        Some(value) => {
            let read = text(value).and_then(|text| format::free(&text).map_err(str::to_owned));
            read.map_err(|message| faults.add(format!("{place}.{name}"), message)).ok()
        }
    };
    let (name, version) = (cell("name"), cell("version"));
    if !row.is_empty() {
        faults.add(place, "may have name and version and nothing else");
    }
    Some((name?, version?))
}

/// A type; those that were removed are told by the preflight what to choose instead.
fn kind(value: Value) -> Result<Kind, String> {
    let offered = || Kind::ALL.iter().filter(|kind| !kind.removed()).map(|kind| kind.as_str());
    text(value)?.parse().map_err(|_| UnknownValue::new(offered()).to_string())
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft")
            .field("category", &self.category)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}
