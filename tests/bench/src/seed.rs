//! What is in a table before the measurement: a tenant, a token, alerts.

use std::{collections::BTreeSet, time::SystemTime};

use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::config::Credentials;
use bridge_domain::{
    SecretId, Timestamp,
    access::{Allowed, Bearer, Grants, Role, Token},
    intake,
    outbox::{Change, Origin, Route},
    secret::Secret,
    target::{Connection, ExtraFields, RVision, Settings, SeverityMap, Target},
    tenant::Tenant,
    vault::{self, Value as SecretValue},
};
use bridge_store::{Store, Stored, Upserted};
use futures_util::{StreamExt, TryStreamExt, stream};
use uuid::Uuid;

mod ldap;
mod ncircc;

pub(crate) use ldap::FILTER;

use crate::{
    aws::{Aws, REGION},
    events::Samples,
    failure::Result,
    irp::{self, Irp, LEVELS},
    lambda::VAULT_PREFIX,
};

/// The tenant of every alert.
pub(crate) const TENANT: &str = "7f2c1d8e-5a0b-4c36-9e21-3b8a6f4d0c15";
/// Its name.
pub(crate) const TENANT_NAME: &str = "Head office";
/// Requests per second that the target's limit allows: no limit at all, for it is the sender that is
/// to be measured. The API allows 100.
const UNLIMITED: u16 = 20_000;
/// Alerts written at once.
const CONCURRENT: usize = 8;

/// A table that can be filled.
#[derive(Debug)]
pub(crate) struct Seed {
    store: Store,
    first: Timestamp,
}

impl Seed {
    /// Makes a table with one tenant in it.
    pub(crate) async fn table(aws: &Aws, name: &str) -> Result<Self> {
        aws.create_table(name)?;
        let config = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .endpoint_url(&aws.endpoint)
            .region(Region::new(REGION))
            .credentials_provider(Credentials::new("bench", "bench", None, None, "bench"))
            .load()
            .await;
        let store = Store::new(&config, name.parse().map_err(|error| format!("{name} {error}"))?);
        let now = now();
        let tenant = Tenant {
            id: TENANT.parse()?,
            name: TENANT_NAME.parse()?,
            description: String::new(),
            main: true,
            disabled: false,
            created: now,
            updated: now,
        };
        store.create_tenant(&tenant).await.map_err(|error| format!("the tenant: {error:?}"))?;
        Ok(Self { store, first: now.plus_seconds(-30 * 24 * 60 * 60) })
    }

    /// Issues a token that sees the tenant.
    pub(crate) async fn token(&self) -> Result<String> {
        self.issue(Grants::Tenants([(TENANT.parse()?, Role::Analyst)].into())).await
    }

    /// Issues a token that sees every tenant.
    pub(crate) async fn general_token(&self) -> Result<String> {
        self.issue(Grants::Everything).await
    }

    async fn issue(&self, grants: Grants) -> Result<String> {
        let secret = Secret::new(Uuid::new_v4().simple().to_string());
        let token = Token {
            id: Uuid::new_v4().simple().to_string().parse()?,
            name: "Bench".parse()?,
            login: "bench".to_owned(),
            email: String::new(),
            grants,
            operations: Allowed::All,
            created: now(),
            expires: None,
            digest: secret.digest(),
        };
        self.store.create_token(&token).await.map_err(|error| format!("the token: {error:?}"))?;
        Ok(Bearer::render(&token.id, &secret).expose().to_owned())
    }

    /// Gives the tenant an R-Vision that gets these fields of the events, and the fields of an
    /// incident that a target has when nothing else is said.
    pub(crate) async fn target(&self, aws: &Aws, irp: &Irp, event_fields: Vec<String>) -> Result<Target> {
        let now = now();
        let token = Secret::new(irp::TOKEN.to_owned());
        let authority = Secret::new(irp.authority().to_owned());
        let [low, medium, high, critical] = LEVELS.map(str::to_owned);
        let field = |name: &str| Some(name.to_owned());
        let settings = RVision {
            connection: Connection {
                url: irp.url().to_owned(),
                secret: self.secret(aws, &SecretValue::Token(token)).await?,
                certificate: Some(self.secret(aws, &SecretValue::Certificate(authority)).await?),
                proxy: None,
                timeout_seconds: 30,
                requests_per_second: UNLIMITED,
            },
            alert_id_field: irp::ALERT_ID.to_owned(),
            alert_url_field: irp::ALERT_URL.to_owned(),
            category: irp::CATEGORY.to_owned(),
            event_fields,
            severity: SeverityMap { low, medium, high, critical },
            closed_status: "Закрыт".to_owned(),
            company: None,
            console_url: Some("https://kuma.example.com".to_owned()),
            fields: ExtraFields {
                name: field("ALERT_NAME"),
                status: field("ALERT_STATUS"),
                last_seen: field("ALERT_LAST_SEEN"),
                assignee: field("ALERT_ASSIGNEE"),
                assets: field("ALERT_ASSETS"),
                users: field("ALERT_USERS"),
                change_log: field("ALERT_LOG"),
            },
            send_alerts: true,
            send_changes: true,
            send_close: true,
            accept_close: true,
            caller_token: None,
        };
        let target = Target {
            id: Uuid::new_v4().to_string().parse()?,
            tenant: TENANT.parse()?,
            name: "SOC".parse()?,
            disabled: false,
            created: now,
            updated: now,
            settings: Settings::RVision(Box::new(settings)),
        };
        self.store.create_target(&target).await.map_err(|error| format!("the target: {error:?}"))?;
        Ok(target)
    }

    async fn secret(&self, aws: &Aws, value: &SecretValue) -> Result<SecretId> {
        let now = now();
        let id = Uuid::new_v4().to_string();
        let entry = vault::Entry {
            id: id.parse()?,
            tenant: TENANT.parse()?,
            name: id.parse()?,
            kind: value.kind(),
            description: String::new(),
            tags: Vec::new(),
            used_by: BTreeSet::new(),
            created: now,
            updated: now,
        };
        aws.put_secret(vault::place(VAULT_PREFIX, &entry.tenant, &entry.id), value.render().expose());
        self.store.create_secret(&entry).await.map_err(|error| format!("a secret: {error:?}"))?;
        Ok(entry.id)
    }

    /// Stores an alert that `target` wants, past the API and its limit of what a request may hold.
    pub(crate) async fn wanted(&self, json: &[u8], target: &Target) -> Result<()> {
        let mut read = intake::read(json, None, now())?;
        let alert = read.pop().ok_or("no alert")?.map_err(|fault| format!("the alert: {fault:?}"))?;
        let routes = Route::to_all(std::slice::from_ref(target));
        let change = Change { origin: &Origin::Siem, routes: &routes, now: now() };
        self.store.upsert(alert, change).await.map_err(|error| format!("the alert: {error:?}"))?;
        Ok(())
    }

    /// Stores alerts with these numbers, each a second younger than the one before.
    pub(crate) async fn alerts(&self, samples: &Samples, numbers: std::ops::Range<i64>) -> Result<()> {
        stream::iter(numbers)
            .map(|number| self.alert(samples, number))
            .buffer_unordered(CONCURRENT)
            .try_collect()
            .await
    }

    async fn alert(&self, samples: &Samples, number: i64) -> Result<()> {
        let json = samples.alert(&Uuid::new_v4().to_string(), TENANT)?.to_string();
        let mut read = intake::read(json.as_bytes(), None, now())?;
        let mut alert = read.pop().ok_or("no alert")?.map_err(|fault| format!("the sample: {fault:?}"))?;
        alert.latest.last_seen = self.first.plus_seconds(number);
        alert.first_seen = alert.latest.last_seen;
        let change = Change { origin: &Origin::Siem, routes: &[], now: now() };
        match self.store.upsert(alert, change).await {
            Ok(Stored { what: Upserted::Created, .. }) => Ok(()),
            other => Err(format!("an alert was not stored: {other:?}").into()),
        }
    }
}

fn now() -> Timestamp {
    Timestamp::from_system(SystemTime::now())
}
