//! What the demo makes for a while and takes away again; and waiting for what comes of it.

use std::time::{Duration, Instant};

use http::StatusCode;
use serde_json::{Value, json};

use super::{
    Tenant,
    api::{self, Api, text},
};
use crate::failure::{Failure, Result};

pub(super) const SECRETS: &str = "/bridge/v1/secrets";
/// In the name of everything that is made here and taken away again.
pub(super) const MARK: &str = "Demo";
const PATIENCE: Duration = Duration::from_secs(30);

/// Makes a secret; gives its id.
pub(super) async fn secret(
    admin: &Api,
    tenant: &Tenant,
    kind: &str,
    name: &str,
    value: &str,
) -> Result<String> {
    let wanted = json!({
        "tenantID": tenant.id, "type": kind, "name": format!("{MARK} {name}"), "value": {kind: value},
    });
    let (status, made) = admin.post(SECRETS, &wanted).await?;
    match text(&made, "id") {
        id if status == StatusCode::CREATED => Ok(id),
        _ => Err(api::unexpected("keeping a secret", status, &made)),
    }
}

/// The checks of a test of an integration, in order.
pub(super) fn checks(report: &Value) -> String {
    let checks = report.get("checks").and_then(Value::as_array);
    let checks: Vec<String> = checks.into_iter().flatten().map(|check| text(check, "check")).collect();
    checks.join(", ")
}

/// What `look` sees once it sees something.
pub(super) async fn until<T, Looking>(what: &str, mut look: impl FnMut() -> Looking) -> Result<T>
where
    Looking: Future<Output = Result<Option<T>>>,
{
    let started = Instant::now();
    loop {
        if let Some(seen) = look().await? {
            return Ok(seen);
        }
        if started.elapsed() > PATIENCE {
            return Err(Failure::new(format!("after {} s {what}", PATIENCE.as_secs())));
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Whether the demo made this.
pub(super) fn is_ours(one: &Value) -> bool {
    text(one, "name").starts_with(&format!("{MARK} "))
}

/// Takes away what the demo made of a listing.
pub(super) async fn forget(admin: &Api, place: &str) -> Result<()> {
    for one in admin.list(place).await?.iter().filter(|one| is_ours(one)) {
        admin.delete(&format!("{place}/{}", text(one, "id"))).await?;
    }
    Ok(())
}
