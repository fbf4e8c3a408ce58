//! Posts that are signed by the Standard Webhooks scheme instead of carrying a token.

use std::{
    io::Write as _,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::{
    Method, RequestBuilder,
    header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE},
};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::{
    alerts::{alert, results, text, uuid, with},
    tenant::Tenant,
    world::{Reply, World},
};

/// A sender that signs: written after the specification, not after the bridge's own code.
pub(crate) struct Signer {
    pub(crate) world: Arc<World>,
    pub(crate) tenant: String,
    pub(crate) secret: String,
    /// Seconds that the sender's clock is ahead.
    pub(crate) ahead: i64,
}

impl Signer {
    pub(crate) fn new(tenant: &Tenant, secret: &str) -> Self {
        Self {
            world: Arc::clone(&tenant.admin.world),
            tenant: tenant.id.clone(),
            secret: secret.to_owned(),
            ahead: 0,
        }
    }

    fn timestamp(&self) -> i64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        i64::try_from(now).unwrap() + self.ahead
    }

    pub(crate) fn sign(&self, id: &str, timestamp: i64, body: &str) -> String {
        let key = STANDARD.decode(self.secret.strip_prefix("whsec_").unwrap()).unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }

    /// The three headers for a body.
    pub(crate) fn headers(&self, body: &str) -> [(&'static str, String); 3] {
        let (id, timestamp) = (format!("msg_{}", uuid()), self.timestamp());
        let signature = self.sign(&id, timestamp, body);
        [("webhook-id", id), ("webhook-timestamp", timestamp.to_string()), ("webhook-signature", signature)]
    }

    fn request(&self, headers: &[(&'static str, String)]) -> RequestBuilder {
        let target = format!("/bridge/v1/alerts?tenantID={}", self.tenant);
        let request = self.world.request(&Method::POST, &target).header(CONTENT_TYPE, "application/json");
        headers.iter().fold(request, |request, (name, value)| request.header(*name, value))
    }

    pub(crate) async fn post(&self, alerts: &Value) -> Reply {
        let body = alerts.to_string();
        Reply::of(self.request(&self.headers(&body)).body(body)).await
    }
}

/// Makes or rotates the signing secret of a tenant, which must succeed.
pub(crate) async fn rotate(tenant: &Tenant, overlap_hours: Option<u16>) -> String {
    let target = format!("/bridge/v1/tenants/{}/webhook-secret", tenant.id);
    let body = overlap_hours.map_or_else(|| json!({}), |hours| json!({"overlapHours": hours}));
    let made = tenant.admin.post(&target, &body).await.expect(201).json();
    text(&made, "secret").to_owned()
}

#[tokio::test]
async fn a_signed_post_needs_no_token() {
    let tenant = Tenant::new().await;
    let signer = Signer::new(&tenant, &rotate(&tenant, None).await);
    let (named, homeless) = (alert(&tenant), with(&alert(&tenant), json!({"tenantID": null})));
    let answer = signer.post(&json!([named, homeless])).await.expect(202).json();
    assert_eq!(results(&answer), ["created", "created"]);
    let user = tenant.analyst().await;
    assert_eq!(user.alert(text(&homeless, "id")).await["tenantName"], tenant.name);
    let again = signer.post(&named).await.expect(202).json();
    assert_eq!(results(&again), ["duplicate"]);
}

#[tokio::test]
async fn a_message_that_is_replayed_changes_nothing() {
    let tenant = Tenant::new().await;
    let signer = Signer::new(&tenant, &rotate(&tenant, None).await);
    let body = alert(&tenant).to_string();
    let headers = signer.headers(&body);
    for result in ["created", "duplicate", "duplicate"] {
        let answer = Reply::of(signer.request(&headers).body(body.clone())).await.expect(202).json();
        assert_eq!(results(&answer), [result]);
    }
}

#[tokio::test]
async fn a_signature_opens_no_disabled_tenant() {
    let tenant = Tenant::new().await;
    let signer = Signer::new(&tenant, &rotate(&tenant, None).await);
    tenant.disable().await;
    let answer = signer.post(&alert(&tenant)).await.expect(400).json();
    assert_eq!(results(&answer), ["rejected tenantID"]);
    assert_eq!(answer["results"][0]["message"], "tenant disabled");
}

#[tokio::test]
async fn a_signature_is_good_for_its_own_tenant_only() {
    let tenant = Tenant::new().await;
    let other = Tenant::on(&tenant.admin.world).await;
    let secret = rotate(&tenant, None).await;
    let signer = Signer::new(&tenant, &secret);
    let answer = signer.post(&json!([alert(&other), alert(&tenant)])).await.expect(202).json();
    assert_eq!(results(&answer), ["rejected tenantID", "created"]);
    signer.post(&alert(&other)).await.expect(400);
    assert!(other.analyst().await.search("").await.is_empty());

    // Another tenant's name in the URL, with a secret of its own or without, or a tenant of nobody.
    for tenant in [other.id.clone(), "nobody".to_owned()] {
        let stray = Signer { tenant, ..Signer::new(&other, &secret) };
        stray.post(&alert(&other)).await.refused(403, "access denied", &json!(null));
    }
    rotate(&other, None).await;
    Signer::new(&other, &secret).post(&alert(&other)).await.refused(403, "access denied", &json!(null));
}

#[tokio::test]
async fn a_wrong_secret_and_a_changed_body_are_refused() {
    let tenant = Tenant::new().await;
    let signer = Signer::new(&tenant, &rotate(&tenant, None).await);
    let denied = |reply: Reply| reply.refused(403, "access denied", &json!(null));

    let forger = Signer::new(&tenant, &format!("whsec_{}", STANDARD.encode([7; 32])));
    denied(forger.post(&alert(&tenant)).await);

    let body = alert(&tenant).to_string();
    let headers = signer.headers(&body);
    denied(Reply::of(signer.request(&headers).body(format!("{body} "))).await);
    // Each part is signed: another id or another time does not go with the signature.
    for (place, value) in [(0, "msg_other".to_owned()), (1, (signer.timestamp() - 7).to_string())] {
        let mut changed = headers.clone();
        changed[place].1 = value;
        denied(Reply::of(signer.request(&changed).body(body.clone())).await);
    }
    assert!(tenant.analyst().await.search("").await.is_empty());
    Reply::of(signer.request(&headers).body(body)).await.expect(202);
}

#[tokio::test]
async fn five_minutes_of_difference_are_tolerated_and_no_more() {
    let tenant = Tenant::new().await;
    let mut signer = Signer::new(&tenant, &rotate(&tenant, None).await);
    for (ahead, taken) in [(-310, false), (-270, true), (270, true), (330, false)] {
        signer.ahead = ahead;
        let answer = signer.post(&alert(&tenant)).await;
        if taken {
            answer.expect(202);
        } else {
            let why = "webhook-timestamp is more than 300 seconds from the server's time";
            answer.refused(400, "invalid signature", &json!(why));
        }
    }
}

#[tokio::test]
async fn a_missing_or_malformed_header_is_named() {
    let tenant = Tenant::new().await;
    let signer = Signer::new(&tenant, &rotate(&tenant, None).await);
    let body = alert(&tenant).to_string();
    let good = signer.headers(&body);
    let malformed = |name: &str| json!(format!("header {name} is missing or malformed"));
    for place in [0, 1] {
        let mut headers = good.to_vec();
        let (name, _) = headers.remove(place);
        let answer = Reply::of(signer.request(&headers).body(body.clone())).await;
        answer.refused(400, "invalid signature", &malformed(name));
    }
    for (place, value) in [(0, "a.b"), (1, "now"), (1, "1e9"), (2, "v1,%%%"), (2, "v2,AAAA"), (2, "AAAA")] {
        let mut headers = good.clone();
        value.clone_into(&mut headers[place].1);
        let answer = Reply::of(signer.request(&headers).body(body.clone())).await;
        answer.refused(400, "invalid signature", &malformed(headers[place].0));
    }
    // Without a signature there is nobody to be: the same as for a missing token.
    let answer = Reply::of(signer.request(&good[..2]).body(body.clone())).await;
    answer.refused_with(400, "invalid authorization header");
    // The tenant is named by the URL.
    let nowhere = signer.world.request(&Method::POST, "/bridge/v1/alerts");
    let nowhere = good.iter().fold(nowhere, |request, (name, value)| request.header(*name, value));
    let answer = Reply::of(nowhere.body(body)).await;
    assert_eq!(answer.json()["details"], "tenantID");
    answer.refused_with(400, "a signed request names its tenant");
}

#[tokio::test]
async fn one_good_signature_of_several_is_enough() {
    let tenant = Tenant::new().await;
    let signer = Signer::new(&tenant, &rotate(&tenant, None).await);
    let body = alert(&tenant).to_string();
    let mut headers = signer.headers(&body);
    let stale = Signer::new(&tenant, &format!("whsec_{}", STANDARD.encode([7; 32])));
    let (timestamp, id) = (headers[1].1.parse().unwrap(), headers[0].1.clone());
    headers[2].1 = format!("{} v1a,AAAA {}", stale.sign(&id, timestamp, &body), headers[2].1);
    Reply::of(signer.request(&headers).body(body)).await.expect(202);
}

#[tokio::test]
async fn what_is_signed_is_the_body_before_compression() {
    let tenant = Tenant::new().await;
    let signer = Signer::new(&tenant, &rotate(&tenant, None).await);
    let body = alert(&tenant).to_string();
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(body.as_bytes()).unwrap();
    let request = signer.request(&signer.headers(&body)).header(CONTENT_ENCODING, "gzip");
    Reply::of(request.body(packed.finish().unwrap())).await.expect(202);
}

#[tokio::test]
async fn a_token_counts_more_than_a_signature() {
    let tenant = Tenant::new().await;
    let signer = Signer::new(&tenant, &rotate(&tenant, None).await);
    let body = alert(&tenant).to_string();
    let headers = signer.headers(&body);
    let request = signer.request(&headers).header(AUTHORIZATION, "Bearer kb_unknown_token");
    Reply::of(request.body(body)).await.refused(403, "access denied", &json!(null));
}
