//! A domain: a controller of Active Directory in small, reached over TLS, and domain authorization set up
//! with it.

use std::sync::Arc;

use bridge_slapd::{Authority, Hostile, Object, Script, Seen};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use serde_json::{Value, json};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::{Mutex, MutexGuard},
    task::{JoinHandle, JoinSet},
};
use tokio_rustls::TlsAcceptor;

use crate::{
    alerts::uuid,
    ncircc_settings::with,
    tenant::Tenant,
    vault::keep,
    world::{Reply, User},
};

pub(crate) const DOMAIN_AUTH: &str = "/bridge/v1/integrations/domain-auth";
pub(crate) const TEST: &str = "/bridge/v1/integrations/domain-auth/test";
pub(crate) const BASE: &str = "DC=corp,DC=test";
/// Everybody's.
pub(crate) const PASSWORD: &str = "canary-Passw0rd!";

static TURN: Mutex<()> = Mutex::const_new(());

/// There is one domain: whoever needs it waits for its turn, and finds it not configured. Keep what this
/// gives until the end of the test.
pub(crate) async fn turn(admin: &User) -> MutexGuard<'static, ()> {
    let turn = TURN.lock().await;
    let reply = admin.delete(DOMAIN_AUTH).await;
    assert!([204, 404].contains(&reply.status), "{reply:?}");
    turn
}

fn sid(rid: u32) -> Vec<u8> {
    // S-1-5-21-1-2-3-<rid>
    let parts = [21, 1, 2, 3, rid].into_iter().flat_map(u32::to_le_bytes);
    [1, 5, 0, 0, 0, 0, 0, 5].into_iter().chain(parts).collect()
}

pub(crate) fn group_dn(name: &str) -> String {
    format!("CN={name},OU=canary groups,{BASE}")
}

/// A group that is in others.
pub(crate) fn group(name: &str, rid: u32, above: &[&str]) -> Object {
    let group = Object::new(&group_dn(name), &[("objectClass", "group"), ("cn", name)]);
    let group = group.with("objectSid", &sid(rid));
    above.iter().fold(group, |group, above| group.with("memberOf", group_dn(above).as_bytes()))
}

/// A user in groups, with the e-mail address `<account>@corp.test`.
pub(crate) fn user(account: &str, rid: u32, above: &[&str]) -> Object {
    let mail = format!("{account}@corp.test");
    unaddressed(account, rid, above).with("mail", mail.as_bytes())
}

/// The same without an address.
pub(crate) fn unaddressed(account: &str, rid: u32, above: &[&str]) -> Object {
    let principal = format!("{account}@corp.test");
    let shown = format!("Canary {account}");
    let attributes = [
        ("objectClass", "user"),
        ("sAMAccountName", account),
        ("userPrincipalName", principal.as_str()),
        ("displayName", shown.as_str()),
    ];
    let user = Object::new(&format!("CN={account},OU=Staff,{BASE}"), &attributes)
        .with("objectSid", &sid(rid))
        .with_password(PASSWORD);
    above.iter().fold(user, |user, above| user.with("memberOf", group_dn(above).as_bytes()))
}

/// One whose right password the controller refuses with a code of its own.
pub(crate) fn refused(account: &str, rid: u32, code: &'static str) -> Object {
    Object { refused: Some(code), ..user(account, rid, &["Operators"]) }
}

/// What every domain here has: groups one in the other, and who signs in to try it out.
pub(crate) fn objects() -> Vec<Object> {
    let top = |dn: &str| Object::new(dn, &[("objectClass", "domain")]);
    vec![
        top(BASE),
        group("Operators", 601, &[]),
        group("Analysts", 602, &[]),
        group("Administrators", 603, &[]),
        group("Everything", 604, &[]),
        group("Night shift", 605, &["Shifts"]),
        group("Shifts", 606, &["Analysts"]),
        group("Others", 607, &[]),
        unaddressed("canary-service", 1000, &[]),
    ]
}

/// A running controller.
pub(crate) struct Controller {
    plain: Hostile,
    port: u16,
    pub(crate) ca_pem: String,
    task: JoinHandle<()>,
}

impl Controller {
    pub(crate) async fn start(objects: Vec<Object>) -> Self {
        let plain = Hostile::start(Script::Controller(objects)).await.unwrap();
        let authority = Authority::new(&format!("Corp {}", uuid())).unwrap();
        let pair = authority.server(&["localhost"]).unwrap();
        let chain = [&pair.certificate_pem, &authority.intermediate_pem]
            .map(|pem| CertificateDer::from_pem_slice(pem.as_bytes()).unwrap());
        let key = PrivateKeyDer::from_pem_slice(pair.key_pem.as_bytes()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain.into(), key)
            .unwrap();
        let (acceptor, behind) = (TlsAcceptor::from(Arc::new(config)), plain.port());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                connections.spawn(async move {
                    let mut near = acceptor.accept(stream).await.ok()?;
                    let mut far = TcpStream::connect(("127.0.0.1", behind)).await.ok()?;
                    copy_bidirectional(&mut near, &mut far).await.ok()
                });
            }
        });
        Self { plain, port, ca_pem: authority.root_pem, task }
    }

    /// Its address for TLS.
    pub(crate) fn url(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// Its address without TLS.
    pub(crate) fn plain_url(&self) -> String {
        format!("localhost:{}", self.plain.port())
    }

    /// How many sign-ins it has seen.
    pub(crate) fn binds(&self) -> usize {
        self.plain.seen().iter().filter(|seen| matches!(seen, Seen::Bind(_))).count()
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A controller, domain authorization with it, and two tenants that its groups have roles in.
pub(crate) struct Domain {
    pub(crate) admin: User,
    pub(crate) tenants: [Tenant; 2],
    pub(crate) controller: Controller,
    pub(crate) form: Value,
    _turn: MutexGuard<'static, ()>,
}

impl Domain {
    /// With these objects besides [`objects`], configured over TLS.
    pub(crate) async fn new(more: Vec<Object>) -> Self {
        let domain = Self::unconfigured(more).await;
        domain.admin.put(DOMAIN_AUTH, &domain.form).await.expect(201);
        domain
    }

    /// The same with nothing saved yet.
    pub(crate) async fn unconfigured(more: Vec<Object>) -> Self {
        let first = Tenant::new().await;
        let (admin, second) = (first.admin.clone(), Tenant::on(&first.admin.world).await);
        let turn = turn(&admin).await;
        let controller = Controller::start([objects(), more].concat()).await;
        let certificate = certificate(&Tenant::main(&admin.world).await, &controller.ca_pem).await;
        let tenants = [first, second];
        let form = form(&controller.url(), &certificate, &tenants);
        Self { admin, tenants, controller, form, _turn: turn }
    }

    /// The settings with some of them changed.
    pub(crate) async fn change(&self, changes: &Value) {
        self.admin.put(DOMAIN_AUTH, &with(self.form.clone(), changes)).await.expect(200);
    }

    pub(crate) async fn log_in(&self, user: &str) -> Reply {
        self.try_password(user, PASSWORD).await
    }

    pub(crate) async fn try_password(&self, user: &str, password: &str) -> Reply {
        post(&self.admin, &json!({"user": user, "password": password})).await
    }

    /// The holder of the session that a login gave.
    pub(crate) fn holder(&self, login: &Reply) -> User {
        assert_eq!(login.status, 201, "{}", login.text);
        self.admin.world.user(login.json()["token"].as_str().unwrap())
    }
}

/// Settings with the domain at this address for TLS, of whose groups two tenants have roles.
pub(crate) fn form(url: &str, certificate: &str, tenants: &[Tenant; 2]) -> Value {
    json!({
        "urls": url, "tlsMode": "ssl", "certificateSecretID": certificate, "baseDN": BASE,
        "timeoutSeconds": 10, "generalAdministratorsGroup": group_dn("Everything"),
        "roleGroups": [
            {
                "tenantID": tenants[0].id, "operator": group_dn("Operators"),
                // Written otherwise, and still the same.
                "analyst": group_dn("Analysts").to_lowercase(),
                "tenantAdministrator": group_dn("Administrators"),
            },
            {"tenantID": tenants[1].id, "analyst": group_dn("Operators")},
        ],
    })
}

/// A login, which takes no token.
pub(crate) async fn post(admin: &User, body: &Value) -> Reply {
    Reply::of(admin.world.request(&reqwest::Method::POST, "/bridge/v1/login").json(body)).await
}

pub(crate) async fn certificate(tenant: &Tenant, pem: &str) -> String {
    let wanted = json!({
        "tenantID": tenant.id, "type": "certificate", "name": format!("CA {}", uuid()),
        "value": {"certificate": pem},
    });
    keep(&tenant.admin, &wanted).await
}

pub(crate) async fn credentials(tenant: &Tenant, user: &str, password: &str) -> String {
    let wanted = json!({
        "tenantID": tenant.id, "type": "credentials", "name": format!("Reader {}", uuid()),
        "value": {"user": user, "password": password},
    });
    keep(&tenant.admin, &wanted).await
}
