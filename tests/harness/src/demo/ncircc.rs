//! An incident's way to NCIRCC, once, and what NCIRCC says of it on the way back.

use bridge_harness::Stack;
use http::StatusCode;
use serde_json::{Value, json};

use super::{
    Tenant,
    api::{self, Api, text},
    keep::{SECRETS, checks, forget, is_ours, secret, until},
    samples::Sample,
    simulator::Simulator,
    step,
    table::{Table, paragraph},
    token,
};
use crate::{
    deploy::Deployment,
    failure::{Failure, Result, print},
    place::Repository,
};

const NCIRCC: &str = "/bridge/v1/integrations/ncircc";
const INCIDENTS: &str = "/bridge/v1/incidents";
const SYNC: &str = "ncircc-sync";
const TOKEN: &str = "demo-ncircc-token";
const COMPANY: &str = "ООО «Пример»";
const KIND: &str = "Malware infection";

/// What happened, for the account at the end.
pub(super) struct Told {
    /// The incident that was exported.
    pub(super) incident: String,
    /// Its registration number.
    pub(super) number: String,
    /// Its status at NCIRCC.
    pub(super) status: String,
    /// Number of NCIRCC's own notice.
    pub(super) notice: String,
}

/// Shows it, and takes the connection away again, however it went.
pub(super) async fn show(stack: &Stack, admin: &Api, tenants: &[Tenant], samples: &[Sample]) -> Result<Told> {
    let told = export(stack, admin, tenants, samples).await;
    let gone = let_go(admin).await.and(forget(admin, SECRETS).await);
    // What went wrong first is what a person should see.
    told.and_then(|told| gone.map(|()| told))
}

/// Takes the connection with NCIRCC away, if a demo made it: there is one only.
pub(super) async fn let_go(admin: &Api) -> Result<()> {
    let (status, settings) = admin.get(NCIRCC).await?;
    match status {
        StatusCode::NOT_FOUND => return Ok(()),
        StatusCode::OK => {}
        _ => return Err(api::unexpected("reading the connection with NCIRCC", status, &settings)),
    }
    let used = text(&settings, "tokenSecretID");
    if !admin.list(SECRETS).await?.iter().any(|one| text(one, "id") == used && is_ours(one)) {
        return Err(Failure::new(format!(
            "this stack has a connection with NCIRCC, and the demo needs one of its own: DELETE {NCIRCC} first, or \
             use another stack"
        )));
    }
    admin.delete(NCIRCC).await
}

async fn export(stack: &Stack, admin: &Api, tenants: &[Tenant], samples: &[Sample]) -> Result<Told> {
    let sample = samples.iter().find(|sample| text(&sample.alert, "priority") == "critical");
    let sample = sample.ok_or_else(|| Failure::new("no sample is critical"))?;
    let tenant = tenants.iter().find(|tenant| tenant.name == sample.tenant_name());
    let tenant = tenant.ok_or_else(|| Failure::new("a sample is of no tenant"))?;

    let there = Simulator::start("sim-ncircc").await?;
    connect(admin, tenant, &there).await?;
    let analyst = Api::new(stack, &analyst(admin, tenant).await?)?;
    let incident = escalate(&analyst, tenant, sample).await?;
    let id = text(&incident, "id");
    check(&analyst, &id).await?;
    let uuid = send(&analyst, &there, &id).await?;
    let acts = answer(&there, &uuid).await?;
    let told = come_back(stack, &analyst, &id, &acts).await?;
    there.stop().await?;
    Ok(told)
}

async fn connect(admin: &Api, tenant: &Tenant, there: &Simulator) -> Result<()> {
    step(
        11,
        &format!("{} is joined to NCIRCC, whose server leaves out a certificate", tenant.name),
        &format!("PUT {NCIRCC}, POST {NCIRCC}/test"),
    )?;
    there.order("/configure", &json!({"token": TOKEN, "company": COMPANY, "login": "demo"})).await?;
    let mut wanted = json!({
        "enabled": true, "url": there.url, "tenantID": tenant.id, "companyName": COMPANY,
        "companyScope": "Communication", "location": "RU-MUR", "requestsPerSecond": 10,
        "tokenSecretID": secret(admin, tenant, "token", "NCIRCC token", TOKEN).await?,
        "rootCASecretID": secret(admin, tenant, "certificate", "NCIRCC root CA", &there.ca).await?,
    });
    let mut table = Table::new(&["trusted", "saved", "test"]);
    let (status, report) = admin.post(&format!("{NCIRCC}/test"), &wanted).await?;
    let mut found = report.get("checks").and_then(Value::as_array).into_iter().flatten();
    let failed = found.find(|check| check.get("ok") == Some(&Value::Bool(false)));
    let failed = failed.filter(|check| text(check, "check") == "tls");
    let failed = failed.ok_or_else(|| api::unexpected("testing without the certificate", status, &report))?;
    let why = text(failed, "message");
    table.row(["the root".to_owned(), "no".to_owned(), "failed: tls (see below)".to_owned()]);

    let between = secret(admin, tenant, "certificate", "NCIRCC intermediate CA", &there.intermediate).await?;
    if let Some(fields) = wanted.as_object_mut() {
        fields.insert("rootCASecretID".to_owned(), between.into());
    }
    let (status, saved) = admin.put(NCIRCC, &wanted).await?;
    if !status.is_success() {
        return Err(api::unexpected("joining NCIRCC", status, &saved));
    }
    let (status, report) = admin.post(&format!("{NCIRCC}/test"), &json!({})).await?;
    if report.get("ok") != Some(&Value::Bool(true)) {
        return Err(api::unexpected("trying the connection out", status, &report));
    }
    table.row(["the intermediate".to_owned(), "yes".to_owned(), format!("ok: {}", checks(&report))]);
    print(&format!("{}\n{}", table.text(), paragraph(&format!("tls: {why}"))))?;
    Ok(())
}

async fn analyst(admin: &Api, tenant: &Tenant) -> Result<String> {
    let roles = json!([{"tenantID": tenant.id, "role": "analyst"}]);
    token(admin, json!({"name": "Demo analyst", "roles": roles})).await
}

/// Makes an incident of an alert.
async fn escalate(analyst: &Api, tenant: &Tenant, sample: &Sample) -> Result<Value> {
    step(12, "An analyst makes an incident of an alert", &format!("POST {INCIDENTS}"))?;
    let wanted = json!({
        "name": "Троян из письма на рабочем месте бухгалтера", "tenantID": tenant.id, "type": KIND,
        "description": "Вложение письма запущено, программа связалась с управляющим сервером.",
        "alertIDs": [sample.id()],
    });
    let (status, incident) = analyst.post(INCIDENTS, &wanted).await?;
    if status != StatusCode::CREATED {
        return Err(api::unexpected("making an incident", status, &incident));
    }
    let (status, alert) = analyst.get(&format!("/bridge/v1/alerts/{}", sample.id())).await?;
    if text(&alert, "status") != "escalated" {
        return Err(api::unexpected("the alert should be escalated", status, &alert));
    }
    let mut table = Table::new(&["what", "id", "priority", "status", "name"]);
    for (what, one, priority) in [("incident", &incident, &incident), ("its alert", &alert, &sample.alert)] {
        let [id, status, name] = ["id", "status", "name"].map(|field| text(one, field));
        table.row([what.to_owned(), id, text(priority, "priority"), status, name]);
    }
    print(&table.text())?;
    Ok(incident)
}

/// What the analyst fills in; the rest is known here.
fn form() -> Value {
    json!({
        "affectedSystemName": "Рабочее место БУХ-07", "affectedSystemHasConnection": true,
        "affectedSystemCategory": "Information resource is not a CII object",
        "availabilityImpact": "None", "integrityImpact": "Low", "confidentialityImpact": "High",
    })
}

fn with(mut form: Value, more: &Value) -> Value {
    if let (Some(fields), Some(more)) = (form.as_object_mut(), more.as_object()) {
        fields.extend(more.clone());
    }
    form
}

/// Everything is checked before anything is sent.
async fn check(analyst: &Api, id: &str) -> Result<()> {
    let place = format!("{INCIDENTS}/{id}/export");
    step(13, "A form with mistakes, and a dry run of a good one", &format!("POST {place}"))?;
    let wrong = json!({
        "location": "Мурманск", "detectedAt": "2100-01-01T00:00:00Z", "technical": {"indicators": {"asn": "64500"}},
    });
    let (status, refused) = analyst.post(&place, &with(form(), &wrong)).await?;
    let faults = refused.get("details").and_then(Value::as_array).cloned().unwrap_or_default();
    if status != StatusCode::BAD_REQUEST || faults.len() < 3 {
        return Err(api::unexpected("exporting with mistakes", status, &refused));
    }
    let mut table = Table::new(&["400, field", "rule", "what to do"]);
    for fault in &faults {
        table.row(["field", "rule", "fix"].map(|part| text(fault, part)));
    }
    print(&format!("{}\n", table.text()))?;

    let (status, preview) = analyst.post(&place, &with(form(), &json!({"dryRun": true}))).await?;
    let body = preview.get("body").and_then(Value::as_object);
    let body = body.ok_or_else(|| api::unexpected("trying an export", status, &preview))?;
    let mut table = Table::new(&["200, would be sent", ""]);
    for (field, value) in body {
        table.row([field.clone(), brief(value)]);
    }
    print(&table.text())?;
    Ok(())
}

/// A value of a notification in one line.
fn brief(value: &Value) -> String {
    match value {
        Value::String(text) => text.replace('\n', " | "),
        Value::Array(list) => list.iter().map(brief).collect::<Vec<_>>().join(", "),
        Value::Object(entry) if entry.contains_key("value") => {
            let function = entry.get("function").map(|function| format!(" ({})", brief(function)));
            format!("{}{}", text(value, "value"), function.unwrap_or_default())
        }
        other => other.to_string(),
    }
}

/// Exports, waits until NCIRCC has it, and tries again; gives its id there.
async fn send(analyst: &Api, there: &Simulator, id: &str) -> Result<String> {
    let place = format!("{INCIDENTS}/{id}/export");
    step(14, "The export, and another", &format!("POST {place}, GET {place}"))?;
    let mut table = Table::new(&["request", "answer"]);
    let (status, ordered) = analyst.post(&place, &form()).await?;
    if status != StatusCode::ACCEPTED {
        return Err(api::unexpected("exporting", status, &ordered));
    }
    table.row(["POST".to_owned(), format!("202 {}", text(&ordered, "state"))]);
    let sent = until("the export is not sent", || async {
        let (_, ledger) = analyst.get(&place).await?;
        Ok(Some(ledger).filter(|ledger| text(ledger, "state") == "sent"))
    });
    let sent = sent.await?;
    let uuid = text(&sent, "uuid");
    table.row([
        "GET".to_owned(),
        format!("200 {}, as {}, {uuid}", text(&sent, "state"), text(&sent, "identifier")),
    ]);
    let (status, again) = analyst.post(&place, &form()).await?;
    if status != StatusCode::CONFLICT {
        return Err(api::unexpected("exporting again", status, &again));
    }
    table.row(["POST".to_owned(), format!("409 {}", text(&again, "message"))]);
    let state = there.state().await?;
    let count = state.get("notifications").and_then(Value::as_array).map_or(0, Vec::len);
    if count != 1 {
        return Err(Failure::new(format!("NCIRCC should have one notification and has {count}")));
    }
    print(&format!("{}\n{}", table.text(), paragraph("NCIRCC has one notification.")))?;
    Ok(uuid)
}

/// What NCIRCC did.
struct Acts {
    /// Number of the notification.
    number: String,
    status: &'static str,
    comment: &'static str,
    /// Its own notice.
    notice: String,
    notice_number: String,
}

async fn answer(there: &Simulator, uuid: &str) -> Result<Acts> {
    step(15, "NCIRCC's turn: it works on that one, and sends a notice", "in the account, by its operators")?;
    let (status, comment, kind) =
        ("Принято решение", "Адрес управляющего сервера заблокирован.", "Угроза компьютерной атаки");
    let registered = there.order("/act", &json!({"act": "register", "uuid": uuid})).await?;
    there.order("/act", &json!({"act": "status", "uuid": uuid, "status": status})).await?;
    there.order("/act", &json!({"act": "comment", "uuid": uuid, "text": comment})).await?;
    let message = json!({
        "act": "message", "type": kind,
        "event_description": "Ожидается рассылка писем с вредоносными вложениями.",
    });
    let notice = there.order("/act", &message).await?;
    let acts = Acts {
        number: text(&registered, "number"),
        status,
        comment,
        notice: text(&notice, "uuid"),
        notice_number: text(&notice, "number"),
    };
    let mut table = Table::new(&["it", ""]);
    for (what, value) in [
        ("registers the notification", acts.number.as_str()),
        ("changes its status", status),
        ("comments on it", comment),
        ("sends a notice", &format!("{}, {kind}", acts.notice_number)),
    ] {
        table.row([what, value].map(str::to_owned));
    }
    print(&table.text())?;
    Ok(acts)
}

/// Runs the sync at once, and shows both incidents as they are then.
async fn come_back(stack: &Stack, analyst: &Api, id: &str, acts: &Acts) -> Result<Told> {
    step(
        16,
        &format!("{SYNC}, which runs every 5 minutes, is run now"),
        &format!("lambda:InvokeFunction, then GET {INCIDENTS}/{{id}}, GET {INCIDENTS}/{{id}}/comments"),
    )?;
    let deployment = deployment(stack)?;
    let notice_id = format!("ALRT-{}", acts.notice);
    let (own, notice) = until("the incidents do not show what NCIRCC did", || async {
        // Again, when a run of the schedule itself was in the way.
        deployment.run(SYNC).await?;
        let (_, own) = analyst.get(&format!("{INCIDENTS}/{id}")).await?;
        let (_, notice) = analyst.get(&format!("{INCIDENTS}/{notice_id}")).await?;
        let right = there(&own, "number") == acts.number
            && there(&own, "status") == acts.status
            && text(&notice, "name") == acts.notice_number;
        Ok(right.then_some((own, notice)))
    })
    .await?;
    let mut table = Table::new(&["incident", "priority", "exportToNCIRCC", "number", "status there"]);
    for one in [&own, &notice] {
        table.row([
            text(one, "id"),
            text(one, "priority"),
            text(one, "exportToNCIRCC"),
            there(one, "number"),
            there(one, "status"),
        ]);
    }
    let (status, comments) = analyst.get(&format!("{INCIDENTS}/{id}/comments")).await?;
    let said = comments.as_array().into_iter().flatten().find(|one| text(one, "text") == acts.comment);
    let said = said.ok_or_else(|| api::unexpected("the comment should be there", status, &comments))?;
    let said = format!("{} on {id}: {}", text(said, "author"), text(said, "text"));
    print(&format!("{}\n{}", table.text(), paragraph(&said)))?;
    Ok(Told {
        incident: id.to_owned(),
        number: there(&own, "number"),
        status: there(&own, "status"),
        notice: text(&notice, "name"),
    })
}

/// What an incident says of itself at NCIRCC.
fn there(incident: &Value, field: &str) -> String {
    incident.get("ncircc").map(|report| text(report, field)).unwrap_or_default()
}

/// The stack as something to give orders to.
fn deployment(stack: &Stack) -> Result<Deployment> {
    let dir = stack.ca.parent().ok_or_else(|| Failure::new("the stack has no directory"))?;
    Ok(Deployment {
        repository: Repository::find()?,
        dir: dir.to_owned(),
        endpoint: stack.aws_endpoint.clone(),
        name: stack.name.clone(),
    })
}
