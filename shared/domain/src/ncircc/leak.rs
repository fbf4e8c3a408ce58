//! The part of a notification that tells of a leak of personal data, for Roskomnadzor.

use super::{
    dictionary::{Category, Kind},
    matrix::leak_allowed,
    notification::Defaults,
    problem::Problems,
    read, settings,
    wire::Body,
};
use crate::form::{Faults, Form};

/// The part as it was filled in.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Leak {
    operator_name: Option<String>,
    inn: Option<String>,
    address: Option<String>,
    email: Option<String>,
    reasons: Option<String>,
    personal_data: Option<String>,
    damage: Option<String>,
    measures: Option<String>,
    additional_info: Option<String>,
    investigation: Option<String>,
}

const BLOCK: &str = "personalDataLeak";
const NAME: &str = "personalDataLeak.operatorName";
const INN: &str = "personalDataLeak.inn";
const ADDRESS: &str = "personalDataLeak.address";
const EMAIL: &str = "personalDataLeak.email";
const FILL_IN: &str = "fill it in";
const FILL_IN_HERE_OR_THERE: &str = "fill it in here, or in the settings of the integration";

impl Leak {
    pub(super) fn read(form: &mut Form, faults: &mut Faults) -> Option<Self> {
        let mut form = form.form(faults, BLOCK)?;
        let inn = form.optional(faults, "inn", |value| {
            // Many write it as the number that it looks like.
            let digits = if value.is_u64() { value.to_string().into() } else { value };
            settings::inn(digits)
        });
        let email = form.optional(faults, "email", settings::email);
        let mut note = |name| read::note(&mut form, faults, name);
        let leak = Self {
            operator_name: note("operatorName"),
            inn,
            address: note("address"),
            email,
            reasons: note("reasons"),
            personal_data: note("personalData"),
            damage: note("damage"),
            measures: note("measures"),
            additional_info: note("additionalInfo"),
            investigation: note("investigation"),
        };
        form.finish(faults);
        Some(leak)
    }

    /// Says which types may have it.
    pub(super) fn refuse(problems: &mut Problems) {
        let kinds: Vec<_> =
            Kind::ALL.iter().filter(|kind| leak_allowed(**kind)).map(|kind| kind.as_str()).collect();
        let category = Category::Incident;
        let rule = format!("is allowed in category {category} for these types only: {}", kinds.join("; "));
        problems.add(BLOCK, rule, "leave it out, or choose one of these types");
    }

    /// Writes it, with what the settings know of the organisation.
    pub(super) fn write(self, defaults: &Defaults, body: &mut Body, problems: &mut Problems) {
        body.put("rkn_leak_pd", true);
        // A number on the wire, whatever it loses by that.
        let inn = self.inn.as_ref().or(defaults.inn.as_ref()).and_then(|inn| inn.parse::<u64>().ok());
        match inn {
            Some(inn) => body.put("rkn_inn", inn),
            None => problems.missing(INN, FILL_IN_HERE_OR_THERE),
        }
        let here_or_there = |text: Option<String>, default: Option<&str>| {
            text.or_else(|| default.filter(|text| !text.trim().is_empty()).map(str::to_owned))
        };
        let name = here_or_there(self.operator_name, Some(&defaults.company));
        let address = here_or_there(self.address, defaults.operator_address.as_deref());
        let email = here_or_there(self.email, defaults.email.as_deref());
        for (field, wire, value, fix) in [
            (NAME, "rkn_full_name", name, FILL_IN_HERE_OR_THERE),
            (ADDRESS, "rkn_address", address, FILL_IN_HERE_OR_THERE),
            (EMAIL, "rkn_email", email, FILL_IN_HERE_OR_THERE),
            ("personalDataLeak.reasons", "rkn_reasons", self.reasons, FILL_IN),
            ("personalDataLeak.personalData", "rkn_pers_data", self.personal_data, FILL_IN),
            ("personalDataLeak.damage", "rkn_damage", self.damage, FILL_IN),
        ] {
            match value {
                Some(value) => body.text(problems, field, wire, value),
                None => problems.missing(field, fix),
            }
        }
        for (field, wire, value) in [
            ("personalDataLeak.measures", "rkn_measures", self.measures),
            ("personalDataLeak.additionalInfo", "rkn_add_info", self.additional_info),
            ("personalDataLeak.investigation", "rkn_investigation", self.investigation),
        ] {
            if let Some(value) = value {
                body.text(problems, field, wire, value);
            }
        }
    }
}
