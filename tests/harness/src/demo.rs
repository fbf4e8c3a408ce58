//! `demo`: the ways of alerts from SIEMs to incident response platforms (IRP) and back, and of an incident
//! to NCIRCC.

mod api;
mod keep;
mod ncircc;
mod samples;
mod simulator;
mod table;
mod travel;

use std::{
    collections::HashSet,
    fmt::Write as _,
    time::{Duration, Instant},
};

use bridge_harness::Stack;
use http::StatusCode;
use serde_json::{Value, json};

use crate::{
    args::Options,
    failure::{Failure, Result, print},
    local,
    place::Repository,
    stop::unless_stopped,
};
use api::{Api, text};
use samples::Sample;
use table::Table;

/// The same query, byte for byte, that Security Vision's KUMA connector sends.
const POLL: &str = "/api/v1/alerts/?withEvents&status=new";

pub(crate) async fn demo(options: &Options) -> Result<u8> {
    let stack = local::ensure(options).await?;
    unless_stopped(show(&stack)).await
}

async fn show(stack: &Stack) -> Result<u8> {
    let admin = Api::new(stack, &stack.admin_token)?;
    // Of a demo that was cut off. Somebody's own connection is not touched: better told before the first step.
    ncircc::let_go(&admin).await?;
    let mut samples = samples::load(&Repository::find()?.root.join("events/alert-ingest"))?;

    step(1, "An MSSP has two tenants", "POST /bridge/v1/tenants")?;
    let mut tenants: Vec<Tenant> = Vec::new();
    for name in samples::tenant_names(&samples) {
        tenants.push(tenant(&admin, &name).await?);
    }
    print(
        &Table::new(&["tenant", "id", ""])
            .rows(tenants.iter().map(|t| [&t.name, &t.id, t.note].map(str::to_owned))),
    )?;
    for sample in &mut samples {
        let place = tenants.iter().find(|tenant| tenant.name == sample.tenant_name());
        let id = place.map(|tenant| tenant.id.as_str()).unwrap_or_default();
        sample.move_here(id)?;
    }

    step(2, "A token for the SIEM, which may only post, and one for the IRP", "POST /bridge/v1/tokens")?;
    let roles: Vec<Value> =
        tenants.iter().map(|tenant| json!({"tenantID": tenant.id, "role": "analyst"})).collect();
    let siem_token =
        token(&admin, json!({"name": "Demo SIEM", "roles": roles, "operations": ["POST /bridge/alerts"]}))
            .await?;
    let irp_token = token(&admin, json!({"name": "Demo IRP", "roles": roles})).await?;
    print("     issued; role analyst in both tenants\n")?;

    step(3, "The SIEM posts its alerts", "POST /bridge/v1/alerts")?;
    let siem = Api::new(stack, &siem_token)?;
    post(&siem, &samples).await?;

    step(4, "The IRP polls, as Security Vision does", &format!("GET {POLL}"))?;
    let irp = Api::new(stack, &irp_token)?;
    let posted: HashSet<&str> = samples.iter().map(Sample::id).collect();
    let seen = poll_until(&irp, |ids| posted.iter().all(|id| ids.contains(*id))).await?;
    print(&alerts_table(&seen, &tenants))?;
    check_events(&seen, &samples)?;

    step(5, "The IRP closes one, and tries again", "POST /api/v1/alerts/close")?;
    let closed = samples.first().ok_or_else(|| Failure::new("events/alert-ingest has no alerts"))?;
    close(&irp, closed).await?;

    step(6, "The next poll", &format!("GET {POLL}"))?;
    let left = poll_until(&irp, |ids| !ids.contains(closed.id())).await?;
    print(&alerts_table(&left, &tenants))?;

    let told = travel::show(stack, &admin, &tenants, &samples).await?;
    let reported = ncircc::show(stack, &admin, &tenants, &samples).await?;
    print(&account(stack, &samples, [seen.len(), left.len()], closed, &irp_token, &told, &reported))
}

struct Tenant {
    id: String,
    name: String,
    note: &'static str,
}

/// Creates a tenant, or finds the one of an earlier demo.
async fn tenant(admin: &Api, name: &str) -> Result<Tenant> {
    let (status, body) = admin.post("/bridge/v1/tenants", &json!({ "name": name })).await?;
    let (found, note) = match status {
        StatusCode::CREATED => (Some(body), "created"),
        StatusCode::CONFLICT => (admin.find("/bridge/v1/tenants", name).await?, "was there already"),
        _ => return Err(api::unexpected("creating a tenant", status, &body)),
    };
    let id = found.as_ref().map(|tenant| text(tenant, "id")).unwrap_or_default();
    if id.is_empty() {
        return Err(Failure::new(format!("the tenant {name} has no id, or is not listed")));
    }
    Ok(Tenant { id, name: name.to_owned(), note })
}

async fn token(admin: &Api, wanted: Value) -> Result<String> {
    let (status, body) = admin.post("/bridge/v1/tokens", &wanted).await?;
    match text(&body, "token") {
        token if status == StatusCode::CREATED && !token.is_empty() => Ok(token),
        _ => Err(api::unexpected("issuing a token", status, &body)),
    }
}

/// The first alert alone, the others as a batch: both forms are taken.
async fn post(siem: &Api, samples: &[Sample]) -> Result<()> {
    let mut table = Table::new(&["result", "id", "priority", "name", "events"]);
    let (alone, batch) = samples.split_at(1.min(samples.len()));
    let bodies = alone
        .iter()
        .map(|sample| sample.alert.clone())
        .chain([batch.iter().map(|sample| sample.alert.clone()).collect()]);
    let mut results = Vec::new();
    for body in bodies {
        let (status, answer) = siem.post("/bridge/v1/alerts", &body).await?;
        if status != StatusCode::ACCEPTED {
            return Err(api::unexpected("posting alerts", status, &answer));
        }
        results.extend(answer.get("results").and_then(Value::as_array).cloned().unwrap_or_default());
    }
    for sample in samples {
        let mine = results.iter().find(|result| text(result, "id") == sample.id());
        let result = mine.map(|result| text(result, "result")).unwrap_or_default();
        if result != "created" {
            return Err(Failure::new(format!("alert {} should be created: {mine:?}", sample.id())));
        }
        table.row([
            result,
            sample.id().to_owned(),
            text(&sample.alert, "priority"),
            text(&sample.alert, "name"),
            sample.events().to_string(),
        ]);
    }
    print(&table.text())?;
    Ok(())
}

/// Polls until the listing is as it should be; a listing may lag a moment behind a write.
async fn poll_until(irp: &Api, right: impl Fn(&HashSet<String>) -> bool) -> Result<Vec<Value>> {
    let started = Instant::now();
    loop {
        let (status, body) = irp.get(POLL).await?;
        let Value::Array(alerts) = body else {
            return Err(api::unexpected("polling", status, &body));
        };
        if right(&alerts.iter().map(|alert| text(alert, "id")).collect()) {
            return Ok(alerts);
        }
        if started.elapsed() > Duration::from_secs(5) {
            return Err(Failure::new("after 5 s the poll still does not show what it should"));
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn check_events(seen: &[Value], samples: &[Sample]) -> Result<()> {
    for sample in samples {
        let alert = seen.iter().find(|alert| text(alert, "id") == sample.id());
        let events = alert.map_or(0, samples::event_count);
        if events != sample.events() {
            return Err(Failure::new(format!(
                "alert {} was posted with {} events and shows {events}",
                sample.id(),
                sample.events()
            )));
        }
    }
    Ok(())
}

async fn close(irp: &Api, closed: &Sample) -> Result<()> {
    let body = json!({"id": closed.id(), "reason": "responded"});
    let mut table = Table::new(&["request", "answer"]);
    for (wanted, meaning) in
        [(StatusCode::NO_CONTENT, "closed"), (StatusCode::NOT_ACCEPTABLE, "alert already closed")]
    {
        let (status, answer) = irp.post("/api/v1/alerts/close", &body).await?;
        if status != wanted {
            return Err(api::unexpected("closing an alert", status, &answer));
        }
        table.row([body.to_string(), format!("{} {meaning}", status.as_u16())]);
    }
    print(&table.text())?;
    Ok(())
}

fn alerts_table(alerts: &[Value], tenants: &[Tenant]) -> String {
    const SHOWN: usize = 15;
    let mut table = Table::new(&["id", "priority", "name", "events", "tenant"]);
    for alert in alerts.iter().take(SHOWN) {
        let tenant = tenants.iter().find(|tenant| tenant.id == text(alert, "tenantID"));
        table.row([
            text(alert, "id"),
            text(alert, "priority"),
            text(alert, "name"),
            samples::event_count(alert).to_string(),
            tenant.map(|tenant| tenant.name.clone()).unwrap_or_default(),
        ]);
    }
    let mut out = table.text();
    if alerts.len() > SHOWN {
        let _ = writeln!(out, "     ... and {} more, of earlier runs", alerts.len() - SHOWN);
    }
    out
}

fn account(
    stack: &Stack,
    samples: &[Sample],
    [seen, left]: [usize; 2],
    closed: &Sample,
    token: &str,
    told: &travel::Told,
    reported: &ncircc::Told,
) -> String {
    let events: usize = samples.iter().map(Sample::events).sum();
    format!(
        "\nWhat happened\n\
         \x20 posted      {posted} alerts with {events} events, in two tenants\n\
         \x20 the IRP saw {seen} new alerts, each with all its events\n\
         \x20 closed      {closed} (responded); a second close was refused with 406\n\
         \x20 left        {left} new alerts\n\
         \x20 pushed      {pushed} alerts by KUMA, each an incident of its tenant's R-Vision\n\
         \x20 came back   incident {incident} was closed there, and with it the alert here and in KUMA\n\
         \x20 exported    {exported} to NCIRCC, once; it is {number} there, now \"{status}\"\n\
         \x20 noticed     {notice} of NCIRCC is an incident here too\n\
         \x20             (integrations and simulators of the demo are gone again)\n\n\
         Go on\n\
         \x20 API         {url}\n\
         \x20 IRP token   {token}\n\
         \x20 poll        curl --cacert {ca} -H 'authorization: Bearer {token}' '{url}{POLL}'\n\
         \x20 variables   source {env}\n\
         \x20 stop        make down\n\n",
        posted = samples.len(),
        closed = closed.id(),
        pushed = told.incidents,
        incident = told.closed,
        exported = reported.incident,
        number = reported.number,
        status = reported.status,
        notice = reported.notice,
        url = stack.url,
        ca = stack.ca.display(),
        env = stack.ca.with_file_name("stack.env").display(),
    )
}

fn step(number: u8, title: &str, request: &str) -> Result<()> {
    print(&format!("\n{number}. {title}\n     {request}\n\n")).map(drop)
}
