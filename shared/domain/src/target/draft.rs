//! What a request wants a target to be: checked as a whole, with every fault named.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    Connection, ExtraFields, KUMA_CORE, KumaCore, RVISION, RVision, Settings, SeverityMap, Target,
    address::{base_address, proxy_address},
};
use crate::{
    Name, SecretId, TargetId, TenantId, Timestamp, TokenId,
    form::{Faults, Form, flag, line, lines, parsed, text, whole},
    vault::Kind,
};

/// Longest text of a setting, in characters.
const TEXT_LIMIT: usize = 128;
/// Most event fields.
const EVENT_FIELDS_LIMIT: usize = 500;
/// Longest time for one request, in seconds: the functions that make it live a little longer.
const TIMEOUT_LIMIT: u16 = 50;
const DEFAULT_TIMEOUT: u16 = 30;
/// Most requests per second that may be asked for.
const RATE_LIMIT: u16 = 100;
const DEFAULT_RATE: u16 = 10;
/// Shortest and longest time between two questions to a KUMA Core, in seconds.
const PULL_INTERVAL: std::ops::RangeInclusive<u32> = 60..=86_400;
/// The tags that the vendor's own instructions create in R-Vision.
const ALERT_ID: &str = "ALERT_ID";
const ALERT_URL: &str = "ALERT_URL";
/// Name of the closed status in an R-Vision that nobody configured otherwise. An assumption: the
/// names are each customer's own, which is why it is a setting.
const CLOSED_STATUS: &str = "Закрыт";

/// What a request wants a target to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The tenant whose alerts it is about.
    pub tenant: TenantId,
    /// Its name.
    pub name: Name,
    /// Whether it is to be disabled.
    pub disabled: bool,
    /// What depends on its kind.
    pub settings: Settings,
}

/// What a draft names and only the store knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    /// The tenant.
    pub tenant: Option<TenantId>,
    /// Secrets: the field that names one, its id, and what it has to hold.
    pub secrets: Vec<(&'static str, SecretId, Kind)>,
    /// The token that the system calls us with.
    pub caller_token: Option<TokenId>,
}

impl Draft {
    /// Reads a form. `known` is the target that is to be replaced: its tenant and its kind stay.
    /// `None` only when there are faults; what could be read is among the references all the same.
    #[must_use]
    pub fn read(form: Form, known: Option<&Target>, faults: &mut Faults) -> (Option<Self>, References) {
        let mut reader = Reader { form, faults, references: References::default() };
        let draft = reader.target(known);
        (draft, reader.references)
    }

    /// The target that this makes.
    #[must_use]
    pub fn into_target(self, id: TargetId, created: Timestamp, updated: Timestamp) -> Target {
        let Self { tenant, name, disabled, settings } = self;
        Target { id, tenant, name, disabled, created, updated, settings }
    }
}

struct Reader<'a> {
    form: Form,
    faults: &'a mut Faults,
    references: References,
}

impl Reader<'_> {
    fn target(&mut self, known: Option<&Target>) -> Option<Draft> {
        let tenant = self.fixed("tenantID", known.map(|target| &target.tenant), parsed);
        self.references.tenant.clone_from(&tenant);
        let kind = self.fixed("kind", known.map(|target| target.settings.kind()).as_ref(), kind);
        let name = self.form.required(self.faults, "name", parsed);
        let disabled = self.flag("disabled", false);
        // Without the kind nobody knows which of the other fields belong here.
        let settings = match kind? {
            RVISION => self.rvision().map(|settings| Settings::RVision(Box::new(settings))),
            _ => self.kuma_core().map(|settings| Settings::KumaCore(Box::new(settings))),
        };
        let form = std::mem::take(&mut self.form);
        form.finish(self.faults);
        Some(Draft { tenant: tenant?, name: name?, disabled, settings: settings? })
    }

    /// A member that is required at first and stays as it is from then on.
    fn fixed<T: Clone + PartialEq>(
        &mut self,
        name: &str,
        known: Option<&T>,
        read: impl FnOnce(Value) -> Result<T, String>,
    ) -> Option<T> {
        let Some(known) = known else { return self.form.required(self.faults, name, read) };
        self.form.optional(self.faults, name, |value| match read(value) {
            Ok(value) if value == *known => Ok(()),
            Ok(_) => Err("can not be changed".to_owned()),
            Err(message) => Err(message),
        });
        Some(known.clone())
    }

    fn connection(&mut self) -> Option<Connection> {
        let url = self.form.required(self.faults, "url", |value| base_address(&text(value)?));
        let secret = self.form.required(self.faults, "secretID", parsed::<SecretId>);
        self.references.secrets.extend(secret.clone().map(|id| ("secretID", id, Kind::Token)));
        let certificate = self.form.optional(self.faults, "certificateSecretID", parsed::<SecretId>);
        let needed = certificate.clone().map(|id| ("certificateSecretID", id, Kind::Certificate));
        self.references.secrets.extend(needed);
        let proxy = self.form.optional(self.faults, "proxy", |value| proxy_address(&text(value)?));
        let timeout = self.form.optional(self.faults, "timeoutSeconds", whole(1..=TIMEOUT_LIMIT));
        let rate = self.form.optional(self.faults, "requestsPerSecond", whole(1..=RATE_LIMIT));
        Some(Connection {
            url: url?,
            secret: secret?,
            certificate,
            proxy,
            timeout_seconds: timeout.unwrap_or(DEFAULT_TIMEOUT),
            requests_per_second: rate.unwrap_or(DEFAULT_RATE),
        })
    }

    fn rvision(&mut self) -> Option<RVision> {
        let connection = self.connection();
        let alert_id_field = self.required_line("alertIDField");
        let alert_url_field = self.required_line("alertURLField");
        let category = self.required_line("category");
        let read = lines(1..=EVENT_FIELDS_LIMIT, TEXT_LIMIT);
        let event_fields = self.form.required(self.faults, "eventFields", read);
        let severity = self.severity();
        let closed_status = self.form.optional(self.faults, "closedStatus", line(TEXT_LIMIT));
        let company = self.form.optional(self.faults, "company", line(TEXT_LIMIT));
        let console_url = self.form.optional(self.faults, "consoleURL", |value| base_address(&text(value)?));
        let fields = self.extra_fields();
        let caller_token = self.form.optional(self.faults, "callerTokenID", parsed::<TokenId>);
        self.references.caller_token.clone_from(&caller_token);
        let send_alerts = self.flag("sendAlerts", true);
        let send_changes = self.flag("sendChanges", true);
        let send_close = self.flag("sendClose", true);
        let accept_close = self.flag("acceptClose", true);
        let own = [("alertIDField", &alert_id_field), ("alertURLField", &alert_url_field)];
        self.distinct(own.into_iter().chain(named(&fields)));
        Some(RVision {
            connection: connection?,
            alert_id_field: alert_id_field?,
            alert_url_field: alert_url_field?,
            category: category?,
            event_fields: event_fields?,
            severity: severity?,
            closed_status: closed_status.unwrap_or_else(|| CLOSED_STATUS.to_owned()),
            company,
            console_url,
            fields,
            send_alerts,
            send_changes,
            send_close,
            accept_close,
            caller_token,
        })
    }

    fn kuma_core(&mut self) -> Option<KumaCore> {
        let connection = self.connection();
        let kuma_tenant = self.form.optional(self.faults, "kumaTenantID", parsed::<TenantId>);
        let alert_id = self.form.optional(self.faults, "alertIDField", line(TEXT_LIMIT));
        let alert_url = self.form.optional(self.faults, "alertURLField", line(TEXT_LIMIT));
        let interval = self.form.optional(self.faults, "pullIntervalSeconds", whole(PULL_INTERVAL));
        let accept_push = self.flag("acceptPush", true);
        let pull = self.flag("pull", true);
        let send_close = self.flag("sendClose", true);
        let alert_id = Some(alert_id.unwrap_or_else(|| ALERT_ID.to_owned()));
        let alert_url = Some(alert_url.unwrap_or_else(|| ALERT_URL.to_owned()));
        self.distinct([("alertIDField", &alert_id), ("alertURLField", &alert_url)].into_iter());
        Some(KumaCore {
            connection: connection?,
            kuma_tenant: kuma_tenant.map(|tenant| tenant.to_string()),
            alert_id_field: alert_id?,
            alert_url_field: alert_url?,
            accept_push,
            pull,
            pull_interval_seconds: interval.unwrap_or(*PULL_INTERVAL.start()),
            send_close,
        })
    }

    fn severity(&mut self) -> Option<SeverityMap> {
        let mut form = self.form.required_form(self.faults, "severity")?;
        let mut level = |name| form.required(self.faults, name, line(TEXT_LIMIT));
        let (low, medium, high, critical) = (level("low"), level("medium"), level("high"), level("critical"));
        form.finish(self.faults);
        Some(SeverityMap { low: low?, medium: medium?, high: high?, critical: critical? })
    }

    /// An absent tag is the usual one, `null` means that the field is not sent.
    fn extra_fields(&mut self) -> ExtraFields {
        let mut form = self.form.form(self.faults, "fields").unwrap_or_default();
        let mut tag = |name, usual: &str| {
            let wanted = !form.has(name);
            form.optional(self.faults, name, line(TEXT_LIMIT)).or_else(|| wanted.then(|| usual.to_owned()))
        };
        let fields = ExtraFields {
            name: tag("name", "ALERT_NAME"),
            status: tag("status", "ALERT_STATUS"),
            last_seen: tag("lastSeen", "ALERT_LAST_SEEN"),
            assignee: tag("assignee", "ALERT_ASSIGNEE"),
            assets: tag("assets", "ALERT_ASSETS"),
            users: tag("users", "ALERT_USERS"),
            change_log: tag("changeLog", "ALERT_LOG"),
        };
        form.finish(self.faults);
        fields
    }

    /// Two values in one field of an incident would be one value too few.
    fn distinct<'a>(&mut self, tags: impl Iterator<Item = (&'static str, &'a Option<String>)>) {
        let mut seen = BTreeSet::new();
        for (name, tag) in tags {
            if tag.as_ref().is_some_and(|tag| !seen.insert(tag)) {
                self.faults.add(name, "has the same name as another field");
            }
        }
    }

    fn required_line(&mut self, name: &str) -> Option<String> {
        self.form.required(self.faults, name, line(TEXT_LIMIT))
    }

    fn flag(&mut self, name: &str, usual: bool) -> bool {
        self.form.optional(self.faults, name, flag).unwrap_or(usual)
    }
}

fn named(fields: &ExtraFields) -> [(&'static str, &Option<String>); 7] {
    [
        ("fields.name", &fields.name),
        ("fields.status", &fields.status),
        ("fields.lastSeen", &fields.last_seen),
        ("fields.assignee", &fields.assignee),
        ("fields.assets", &fields.assets),
        ("fields.users", &fields.users),
        ("fields.changeLog", &fields.change_log),
    ]
}

fn kind(value: Value) -> Result<&'static str, String> {
    let kind = text(value)?;
    [RVISION, KUMA_CORE]
        .into_iter()
        .find(|known| *known == kind)
        .ok_or_else(|| format!("must be {RVISION} or {KUMA_CORE}"))
}

#[cfg(test)]
mod tests;
