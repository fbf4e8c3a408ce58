//! Everything that NCIRCC would refuse is found before anything is sent.

use super::{Defaults, Draft, Ready, State};
use crate::{
    Timestamp,
    ncircc::{
        dictionary::{ActivityStatus, Category, Kind, Tlp},
        leak::Leak,
        matrix::leak_allowed,
        problem::{Problem, Problems},
        times,
        wire::{Body, time},
    },
};

use super::draft::{IMPACTS, Product};

/// Checks a draft as a whole and makes the body that would be sent.
///
/// # Errors
/// Everything that stands in the way, not only the first.
pub fn preflight(mut draft: Draft, defaults: &Defaults, now: Timestamp) -> Result<Ready, Vec<Problem>> {
    let problems = Problems::of_form(std::mem::take(&mut draft.faults));
    let mut check = Check { defaults, now, problems, warnings: Vec::new(), body: Body::default() };
    let (category, kind) = check.topic(&draft);
    check.organisation(&mut draft);
    check.system(&mut draft);
    check.course(&mut draft);
    let detected = check.times(&draft);
    check.technical(&draft, kind);
    if let Some(category) = category {
        check.impacts(&mut draft, category);
        check.product(draft.product, category);
    }
    check.leak(draft.leak, kind);
    let Check { mut problems, warnings, body, .. } = check;
    let body = body.finish(&mut problems);
    let ready = kind.zip(detected).map(|(kind, detected)| Ready {
        body,
        marker: defaults.marker.clone(),
        kind,
        detected,
        warnings,
    });
    // What is missing for it is a problem already.
    problems.unless_any(ready)?.ok_or_else(Vec::new)
}

struct Check<'a> {
    defaults: &'a Defaults,
    now: Timestamp,
    problems: Problems,
    warnings: Vec<String>,
    body: Body,
}

impl Check<'_> {
    /// Category and type; no type that is not of the category.
    fn topic(&mut self, draft: &Draft) -> (Option<Category>, Option<Kind>) {
        // A type says its category; that of the incident counts only when nobody says more.
        let said = draft.category.or(draft.kind.map(Kind::category));
        let known = said.or(self.defaults.category).or(self.defaults.kind.map(Kind::category));
        let Some(category) = known else {
            self.problems.missing("category", "choose what the notification is about");
            self.problems.missing("type", "choose a type of the category");
            return (None, None);
        };
        self.body.put("category", category.wire());
        if category == Category::Vulnerability && !self.defaults.allow_vulnerability {
            self.problems.add(
                "category",
                "is switched off at NCIRCC since November 2024",
                "choose another category; the setting allowVulnerabilityNotifications lets it through all the same",
            );
        }
        let kinds = || Kind::of(category).map(Kind::as_str).collect::<Vec<_>>().join("; ");
        let inherited = self.defaults.kind.filter(|kind| kind.category() == category);
        // There is but one type of vulnerabilities.
        let only = Some(Kind::VulnerableResource).filter(|kind| kind.category() == category);
        let Some(kind) = draft.kind.or(inherited).or(only) else {
            self.problems.missing("type", format!("choose one of: {}", kinds()));
            return (Some(category), None);
        };
        self.body.put("type", kind.wire());
        if let Some(instead) = kind.instead() {
            self.problems.add(
                "type",
                "was taken off the list of NCIRCC in 2023",
                format!("choose {instead}, or another of: {}", kinds()),
            );
        } else if kind.category() != category {
            let rule = format!("must be a type of the category {category}");
            self.problems.add("type", rule, format!("choose one of: {}", kinds()));
        } else {
            return (Some(category), Some(kind));
        }
        (Some(category), None)
    }

    fn organisation(&mut self, draft: &mut Draft) {
        let company = &self.defaults.company;
        for (field, name, said) in [
            ("company", "company", draft.company.take()),
            ("ownerName", "owner_name", draft.owner_name.take()),
        ] {
            match said.or_else(|| filled(company)) {
                Some(text) => self.body.text(&mut self.problems, field, name, text),
                None => {
                    self.problems.missing(field, "fill it in here, or in the settings of the integration");
                }
            }
        }
        let location = draft.location.as_ref().unwrap_or(&self.defaults.location);
        if !location.known() {
            self.warnings
                .push("location: ISO 3166-2 has no such region; NCIRCC may still know it".to_owned());
        }
        self.body.put("location", location.as_str());
        if let Some(city) = draft.city.take() {
            self.body.text(&mut self.problems, "city", "city", city);
        }
    }

    fn system(&mut self, draft: &mut Draft) {
        match draft.system_name.take() {
            Some(name) => {
                self.body.text(&mut self.problems, "affectedSystemName", "affected_system_name", name);
            }
            None => self.problems.missing("affectedSystemName", "name the information resource"),
        }
        match draft.system_category {
            Some(category) => self.body.put("affected_system_category", category.wire()),
            None => self.problems.missing(
                "affectedSystemCategory",
                "choose one; without a CII category it is \"Information resource is not a CII object\"",
            ),
        }
        let function = draft.system_function.unwrap_or(self.defaults.scope);
        self.body.put("affected_system_function", function.wire());
        self.body.put("affected_system_connection", draft.connected);
    }

    /// What happened and what is done about it.
    fn course(&mut self, draft: &mut Draft) {
        self.body.put("tlp", draft.tlp.unwrap_or(Tlp::Red).wire());
        self.body.put("assistance", draft.assistance);
        let tool = draft.detection_tool.take().or_else(|| filled(&self.defaults.detection_tool));
        if let Some(tool) = tool {
            self.body.text(&mut self.problems, "detectionTool", "detection_tool", tool);
        }
        let activity = draft.activity.unwrap_or(match self.defaults.state {
            State::Open => ActivityStatus::InProgress,
            State::Closed { confirmed: true, .. } => ActivityStatus::Taken,
            State::Closed { confirmed: false, .. } => ActivityStatus::NotConfirmed,
        });
        self.body.put("activity_status", activity.wire());
        let closed = matches!(self.defaults.state, State::Closed { .. });
        let known = draft.description.take().or_else(|| filled(&self.defaults.description));
        if let Some(text) = known.or_else(|| filled(&self.defaults.name).filter(|_| !closed)) {
            self.body.description(&mut self.problems, &text, &self.defaults.marker);
        } else if closed {
            let rule = "must not be empty when the incident is closed";
            self.problems.add("description", rule, "say what happened and what was done");
        } else {
            self.problems.missing("description", "say what happened");
        }
    }

    /// Gives when it was detected.
    fn times(&mut self, draft: &Draft) -> Option<Timestamp> {
        let detected = draft.detected.or(self.defaults.first_seen);
        match detected {
            Some(at) => {
                times::past(&mut self.problems, "detectedAt", at, self.now);
                self.body.put("detect_time", time(at));
            }
            None => self.problems.missing("detectedAt", "say when it was detected"),
        }
        let closed = match self.defaults.state {
            State::Closed { at, .. } => Some(at),
            State::Open => None,
        };
        if let Some(at) = draft.ended.or(closed) {
            times::end(&mut self.problems, at, detected, self.now);
            self.body.put("end_time", time(at));
        }
        detected
    }

    fn impacts(&mut self, draft: &mut Draft, category: Category) {
        for ((field, name), impact) in IMPACTS.into_iter().zip(draft.impacts) {
            let Some(impact) = impact else { continue };
            if category != Category::Incident {
                let rule = format!("is allowed in category {} only", Category::Incident);
                self.problems.add(field, rule, "leave it out");
            }
            self.body.put(name, impact.wire());
        }
        if let Some(text) = draft.custom_impact.take() {
            self.body.text(&mut self.problems, "customImpact", "custom_impact", text);
        }
    }

    fn technical(&mut self, draft: &Draft, kind: Option<Kind>) {
        if let Some(kind) = kind {
            draft.technical.check(kind, &mut self.problems);
            if draft.connected {
                draft.technical.write(kind, &self.defaults.found, &mut self.body, &mut self.warnings);
            }
        }
        if !draft.connected && !draft.technical.is_empty() {
            self.problems.add(
                "technical",
                "is allowed only when the affected system has an Internet connection",
                "set affectedSystemHasConnection to true, or leave technical out",
            );
        }
    }

    fn leak(&mut self, leak: Option<Leak>, kind: Option<Kind>) {
        let Some(leak) = leak else { return };
        match kind {
            // Where it is not allowed, nobody needs to know what is missing in it.
            Some(kind) if !leak_allowed(kind) => Leak::refuse(&mut self.problems),
            _ => leak.write(self.defaults, &mut self.body, &mut self.problems),
        }
    }

    fn product(&mut self, product: Product, category: Category) {
        let Product { table, vulnerability, category: of_product } = product;
        if category != Category::Vulnerability {
            let rule = format!("is allowed in category {} only", Category::Vulnerability);
            for (field, there) in [
                ("productInfo", table.is_some()),
                ("vulnerabilityID", vulnerability.is_some()),
                ("productCategory", of_product.is_some()),
            ] {
                if there {
                    self.problems.add(field, rule.as_str(), "leave it out");
                }
            }
            return;
        }
        let rows: Vec<_> = table.into_iter().flatten().collect();
        if rows.is_empty() {
            self.problems.missing("productInfo", "add a row with name and version of the vulnerable product");
        }
        let rows =
            rows.into_iter().map(|(name, version)| serde_json::json!({"name": name, "version": version}));
        self.body.put("product_info", rows.collect::<Vec<_>>());
        if let Some(id) = vulnerability {
            self.body.put("vulnerability_id", id);
        }
        if let Some(category) = of_product {
            self.body.put("product_category", category.wire());
        }
    }
}

/// A text that says something.
fn filled(text: &str) -> Option<String> {
    Some(text).filter(|text| !text.trim().is_empty()).map(str::to_owned)
}
