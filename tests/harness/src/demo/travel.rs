//! An alert's way from KUMA to the incidents of two tenants, and a close on its way back.

use bridge_harness::Stack;
use http::StatusCode;
use serde_json::{Value, json};

use super::{
    Tenant,
    api::{self, Api, text},
    keep::{MARK, SECRETS, checks, forget, secret, until},
    samples::Sample,
    simulator::Simulator,
    step,
    table::Table,
    token,
};
use crate::failure::{Failure, Result, print};

const IRP: &str = "/bridge/v1/integrations/irp";
const KUMA_TOKEN: &str = "demo-kuma-token";
const RVISION_TOKEN: &str = "demo-rvision-token";
/// What an alert in KUMA takes over from a sample.
const TAKEN: [&str; 7] =
    ["name", "priority", "firstSeen", "lastSeen", "events", "affectedAssets", "affectedAccounts"];

/// A tenant, and what stands for it outside.
struct Customer<'a> {
    tenant: &'a Tenant,
    vision: Simulator,
    /// Id of the integration of its R-Vision.
    target: String,
    /// Its alert in KUMA.
    alert: Value,
}

/// What happened, for the account at the end.
pub(super) struct Told {
    /// How many incidents there were.
    pub(super) incidents: usize,
    /// Number of the one that was closed.
    pub(super) closed: String,
}

/// Shows it, and takes away what was made for it, however it went.
pub(super) async fn show(stack: &Stack, admin: &Api, tenants: &[Tenant], samples: &[Sample]) -> Result<Told> {
    // Of a demo that was cut off.
    clear(admin).await?;
    let told = travel(stack, admin, tenants, samples).await;
    clear(admin).await.and(told)
}

async fn travel(stack: &Stack, admin: &Api, tenants: &[Tenant], samples: &[Sample]) -> Result<Told> {
    step(7, "A KUMA Core and an R-Vision for each tenant", "simulators, each a process with TLS of its own")?;
    let kuma = Simulator::start("sim-kuma").await?;
    let mut customers = Vec::new();
    for tenant in tenants {
        let vision = Simulator::start("sim-rvision").await?;
        let alert = alert_for(tenant, samples)?;
        customers.push(Customer { tenant, vision, target: String::new(), alert });
    }
    let mut table = Table::new(&["system", "address", "tenant"]);
    table.row(["KUMA Core".to_owned(), kuma.url.clone(), "both".to_owned()]);
    for customer in &customers {
        table.row(["R-Vision".to_owned(), customer.vision.url.clone(), customer.tenant.name.clone()]);
    }
    print(&table.text())?;

    step(
        8,
        "They are joined to the bridge, and each is tried out",
        &format!("POST {SECRETS}, {IRP}, {IRP}/{{id}}/test"),
    )?;
    let mut table = Table::new(&["integration", "kind", "tenant", "test"]);
    join_kuma(stack, admin, &kuma, &customers, &mut table).await?;
    for customer in &mut customers {
        join_vision(stack, admin, customer, &mut table).await?;
    }
    print(&table.text())?;

    step(
        9,
        "KUMA pushes an alert of each tenant",
        "POST /api/v2/incidents, then GET /bridge/v1/alerts/{id}",
    )?;
    let alerts: Vec<&Value> = customers.iter().map(|customer| &customer.alert).collect();
    kuma.order("/alerts", &json!(alerts)).await?;
    let mut table = Table::new(&["tenant", "alert", "incident", "link"]);
    let mut numbers = Vec::new();
    for customer in &customers {
        let delivery = customer
            .delivery(admin, |delivery| {
                text(delivery, "state") == "delivered" && !text(delivery, "remoteID").is_empty()
            })
            .await?;
        let number = text(&delivery, "remoteID");
        table.row([
            customer.tenant.name.clone(),
            text(&customer.alert, "name"),
            number.clone(),
            text(&delivery, "link"),
        ]);
        numbers.push(number);
    }
    print(&table.text())?;

    let (Some(customer), Some(number)) = (customers.first(), numbers.first()) else {
        return Err(Failure::new("the samples name no tenant"));
    };
    step(
        10,
        &format!("An analyst closes incident {number} of {}", customer.tenant.name),
        "R-Vision's playbook: POST /api/v1/alerts/close",
    )?;
    customer.vision.order("/act", &json!({"act": "close", "identifier": number})).await?;
    print(&closed_everywhere(admin, &kuma, customer, number).await?)?;

    let told = Told { incidents: numbers.len(), closed: number.clone() };
    kuma.stop().await?;
    for customer in customers {
        customer.vision.stop().await?;
    }
    Ok(told)
}

/// An alert in KUMA like a sample of this tenant.
fn alert_for(tenant: &Tenant, samples: &[Sample]) -> Result<Value> {
    let sample = samples.iter().find(|sample| sample.tenant_name() == tenant.name);
    let sample = sample.ok_or_else(|| Failure::new(format!("no sample is of {}", tenant.name)))?;
    let mut alert = json!({"id": uuid::Uuid::new_v4().to_string(), "tenantID": tenant.id});
    if let Some(fields) = alert.as_object_mut() {
        for name in TAKEN {
            fields.extend(sample.alert.get(name).map(|value| (name.to_owned(), value.clone())));
        }
    }
    Ok(alert)
}

/// One Core for all tenants: an integration in each, and the push from there.
async fn join_kuma(
    stack: &Stack,
    admin: &Api,
    kuma: &Simulator,
    customers: &[Customer<'_>],
    table: &mut Table,
) -> Result<()> {
    let theirs = |customer: &Customer<'_>| json!({"id": customer.tenant.id, "name": customer.tenant.name});
    let there: Vec<Value> = customers.iter().map(theirs).collect();
    kuma.order("/configure", &json!({"token": KUMA_TOKEN, "tenants": there})).await?;
    let mut roles = Vec::new();
    for Customer { tenant, .. } in customers {
        let wanted = json!({
            "kind": "kuma-core", "tenantID": tenant.id, "name": format!("{MARK} KUMA"), "url": kuma.url, "pull": false,
            "secretID": secret(admin, tenant, "token", "KUMA token", KUMA_TOKEN).await?,
            "certificateSecretID": secret(admin, tenant, "certificate", "KUMA CA", &kuma.ca).await?,
        });
        join(admin, tenant, wanted, table).await?;
        roles.push(json!({"tenantID": tenant.id, "role": "operator"}));
    }
    let wanted = json!({"name": "Demo KUMA", "roles": roles, "operations": ["POST /bridge/alerts"]});
    let push = json!({
        "url": stack.url, "token": token(admin, wanted).await?, "ca": stack.ca,
        "alertIDField": "ALERT_ID", "alertURLField": "ALERT_URL",
    });
    kuma.order("/configure", &json!({ "irp": push })).await.map(drop)
}

async fn join_vision(
    stack: &Stack,
    admin: &Api,
    customer: &mut Customer<'_>,
    table: &mut Table,
) -> Result<()> {
    let Customer { tenant, vision, .. } = &*customer;
    let playbook = json!({
        "name": "Demo playbook", "roles": [{"tenantID": tenant.id, "role": "analyst"}],
        "operations": ["POST /alerts/close"],
    });
    let (status, issued) = admin.post("/bridge/v1/tokens", &playbook).await?;
    if status != StatusCode::CREATED {
        return Err(api::unexpected("issuing a token", status, &issued));
    }
    let fields = [
        "ALERT_ID",
        "ALERT_URL",
        "ALERT_NAME",
        "ALERT_STATUS",
        "ALERT_LAST_SEEN",
        "ALERT_ASSIGNEE",
        "ALERT_ASSETS",
        "ALERT_USERS",
        "ALERT_LOG",
    ];
    let connector = json!({
        "url": format!("{}/api/v1/alerts/close", stack.url), "token": issued.get("token"), "ca": stack.ca,
        "reason": "Responded",
    });
    let there = json!({
        "token": RVISION_TOKEN, "companies": [tenant.name], "fields": fields, "connector": connector,
    });
    vision.order("/configure", &there).await?;
    let wanted = json!({
        "kind": "r-vision", "tenantID": tenant.id, "name": format!("{MARK} R-Vision"), "url": vision.url,
        "secretID": secret(admin, tenant, "token", "R-Vision token", RVISION_TOKEN).await?,
        "certificateSecretID": secret(admin, tenant, "certificate", "R-Vision CA", &vision.ca).await?,
        "alertIDField": "ALERT_ID", "alertURLField": "ALERT_URL", "category": "Инцидент KUMA",
        "eventFields": ["Timestamp", "Name", "DeviceVendor", "SourceAddress", "SourceUserName", "Message"],
        "severity": {"low": "Низкий", "medium": "Средний", "high": "Высокий", "critical": "Критический"},
        "callerTokenID": issued.get("id"),
    });
    customer.target = join(admin, tenant, wanted, table).await?;
    Ok(())
}

/// Makes an integration and tries it out; gives its id.
async fn join(admin: &Api, tenant: &Tenant, wanted: Value, table: &mut Table) -> Result<String> {
    let (status, made) = admin.post(IRP, &wanted).await?;
    if status != StatusCode::CREATED {
        return Err(api::unexpected("making an integration", status, &made));
    }
    let id = text(&made, "id");
    let (status, report) = admin.post(&format!("{IRP}/{id}/test"), &json!({})).await?;
    if report.get("ok") != Some(&Value::Bool(true)) {
        return Err(api::unexpected("trying an integration out", status, &report));
    }
    table.row([
        text(&wanted, "name"),
        text(&wanted, "kind"),
        tenant.name.clone(),
        format!("ok: {}", checks(&report)),
    ]);
    Ok(id)
}

impl Customer<'_> {
    async fn detail(&self, admin: &Api) -> Result<Value> {
        Ok(admin.get(&format!("/bridge/v1/alerts/{}", text(&self.alert, "id"))).await?.1)
    }

    /// What the bridge says of the delivery to its R-Vision, once that is right.
    async fn delivery(&self, admin: &Api, right: impl Fn(&Value) -> bool) -> Result<Value> {
        until("the alert is not delivered", || async {
            let detail = self.detail(admin).await?;
            let all = detail.get("deliveries").and_then(Value::as_array).cloned().unwrap_or_default();
            Ok(all.into_iter().find(|one| text(one, "targetID") == self.target && right(one)))
        })
        .await
    }
}

/// How the alert stands in each system, once the close has reached them all.
async fn closed_everywhere(
    admin: &Api,
    kuma: &Simulator,
    customer: &Customer<'_>,
    number: &str,
) -> Result<String> {
    let id = text(&customer.alert, "id");
    let here = until("the alert is not closed", || async {
        Ok(Some(customer.detail(admin).await?).filter(|alert| text(alert, "status") == "closed"))
    });
    let here = here.await?;
    let there = until("KUMA's alert is not closed", || async {
        let state = kuma.state().await?;
        let all = state.get("closes").and_then(Value::as_array).cloned().unwrap_or_default();
        Ok(all.into_iter().find(|close| text(close, "id") == id && close.get("status") == Some(&json!(204))))
    });
    let there = there.await?;
    let mut table = Table::new(&["where", "what", "status", "reason"]);
    table.row([
        "R-Vision".to_owned(),
        format!("incident {number}"),
        "closed by the analyst".to_owned(),
        String::new(),
    ]);
    table.row([
        "bridge".to_owned(),
        format!("alert {id}"),
        text(&here, "status"),
        text(&here, "closingReason"),
    ]);
    table.row(["KUMA".to_owned(), format!("alert {id}"), "closed".to_owned(), text(&there, "reason")]);
    Ok(table.text())
}

/// Takes the integrations of a demo away, then the secrets that they used.
async fn clear(admin: &Api) -> Result<()> {
    forget(admin, IRP).await?;
    forget(admin, SECRETS).await
}
