//! What is added to a notification when NCIRCC asks for more.

use std::fmt;

use super::{
    dictionary::{ActivityStatus, Category, Impact, NotificationStatus},
    notification::IMPACTS,
    problem::{Problem, Problems},
    read::note,
    times,
    wire::{Body, time},
};
use crate::{
    Timestamp,
    form::{Faults, Form, parsed},
};

/// The form as it was filled in, with all that could not be read of it.
pub struct Draft {
    /// A comment to NCIRCC that goes with it.
    pub comment: Option<String>,
    faults: Faults,
    detection_tool: Option<String>,
    ended: Option<Timestamp>,
    activity: Option<ActivityStatus>,
    description: Option<String>,
    city: Option<String>,
    impacts: [Option<Impact>; 3],
    custom_impact: Option<String>,
}

/// The notification that it belongs to.
#[derive(Clone, Debug)]
pub struct Reported<'a> {
    /// Its id at NCIRCC.
    pub uuid: &'a str,
    /// The organisation, as its account at NCIRCC has it.
    pub company: &'a str,
    /// Its category.
    pub category: Category,
    /// The text by which it is found again.
    pub marker: &'a str,
    /// When it was detected, if that is known.
    pub detected: Option<Timestamp>,
}

impl Draft {
    /// Reads a form. What is wrong with it comes out of the preflight, with everything else.
    #[must_use]
    pub fn read(mut form: Form) -> Self {
        let mut faults = Faults::default();
        let draft = Self {
            comment: note(&mut form, &mut faults, "comment"),
            detection_tool: note(&mut form, &mut faults, "detectionTool"),
            ended: form.optional(&mut faults, "endedAt", parsed),
            activity: form.optional(&mut faults, "activityStatus", parsed),
            description: note(&mut form, &mut faults, "description"),
            city: note(&mut form, &mut faults, "city"),
            impacts: IMPACTS.map(|(field, _)| form.optional(&mut faults, field, parsed)),
            custom_impact: note(&mut form, &mut faults, "customImpact"),
            faults: Faults::default(),
        };
        form.finish(&mut faults);
        Self { faults, ..draft }
    }

    /// Whether no field of the notification is changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let texts = [&self.detection_tool, &self.description, &self.city, &self.custom_impact];
        texts.iter().all(|text| text.is_none())
            && self.impacts.iter().all(Option::is_none)
            && self.ended.is_none()
            && self.activity.is_none()
    }
}

/// Checks a draft as a whole and makes the body that would be sent. `files` says whether files go
/// with it.
///
/// # Errors
/// Everything that stands in the way, not only the first.
pub fn preflight(
    draft: Draft,
    reported: &Reported<'_>,
    files: bool,
    now: Timestamp,
) -> Result<String, Vec<Problem>> {
    let empty = draft.is_empty() && draft.comment.is_none() && !files;
    let Draft {
        comment: _,
        faults,
        detection_tool,
        ended,
        activity,
        description,
        city,
        impacts,
        custom_impact,
    } = draft;
    let faultless = faults.is_empty();
    let mut problems = Problems::of_form(faults);
    if empty && faultless {
        problems.add(
            "supplement",
            "must say or bring something",
            "fill in what NCIRCC asked for, or add a file",
        );
    }
    let mut body = update(reported.uuid, reported.company, NotificationStatus::Check.wire());
    for (field, name, text) in [("detectionTool", "detection_tool", detection_tool), ("city", "city", city)] {
        if let Some(text) = text {
            body.text(&mut problems, field, name, text);
        }
    }
    if let Some(text) = description {
        body.description(&mut problems, &text, reported.marker);
    }
    if let Some(at) = ended {
        times::end(&mut problems, at, reported.detected, now);
        body.put("end_time", time(at));
    }
    if let Some(activity) = activity {
        body.put("activity_status", activity.wire());
    }
    let impacts =
        IMPACTS.into_iter().zip(impacts.map(|impact| impact.map(|impact| impact.wire().to_owned())));
    let custom = (("customImpact", "custom_impact"), custom_impact);
    for ((field, name), text) in impacts.chain([custom]) {
        let Some(text) = text else { continue };
        if takes_impacts(reported.category) {
            body.text(&mut problems, field, name, text);
        } else {
            let rule = format!("can be added in category {} only", Category::Incident);
            problems.add(field, rule, "leave it out, or tell it in the description");
        }
    }
    let text = body.finish(&mut problems);
    problems.unless_any(text)
}

/// Whether impacts may be added later. That this goes for the custom one too is an assumption.
const fn takes_impacts(category: Category) -> bool {
    matches!(category, Category::Incident)
}

/// The members of every change of what NCIRCC has.
pub(super) fn update(uuid: &str, company: &str, status: &str) -> Body {
    let mut body = Body::default();
    body.put("uuid", uuid);
    body.put("company", company);
    body.put("status", status);
    body
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
