//! What is in a table before the measurement: a tenant, a token, alerts.

use std::time::SystemTime;

use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::config::Credentials;
use bridge_domain::{
    Timestamp,
    access::{Allowed, Bearer, Grants, Role, Token},
    intake,
    outbox::{Change, Origin},
    secret::Secret,
    tenant::Tenant,
};
use bridge_store::{Store, Stored, Upserted};
use futures_util::{StreamExt, TryStreamExt, stream};
use uuid::Uuid;

use crate::{
    aws::{Aws, REGION},
    events::Samples,
    failure::Result,
};

/// The tenant of every alert.
pub(crate) const TENANT: &str = "7f2c1d8e-5a0b-4c36-9e21-3b8a6f4d0c15";
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
            name: "Head office".parse()?,
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
