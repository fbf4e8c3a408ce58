//! Every route: closed without a token, closed to a token that is not allowed it, and never 401.

use reqwest::{Method, RequestBuilder, header::AUTHORIZATION};
use serde_json::json;

use crate::{
    alerts::{alert, text},
    contract,
    tenant::{Tenant, issue},
    world::{Reply, World},
};

const OPERATIONS: [&str; 16] = [
    "GET /alerts",
    "POST /alerts/close",
    "POST /bridge/alerts",
    "GET /tenants",
    "GET /users/whoami",
    "POST /bridge/tenants",
    "POST /bridge/tokens",
    "POST /bridge/secrets",
    "POST /bridge/integrations",
    "GET /incidents",
    "POST /incidents/create",
    "POST /incidents/assign",
    "POST /incidents/close",
    "POST /bridge/incidents/export",
    "GET /bridge/accounts",
    "GET /bridge/tasks",
];

/// The question that KUMA asks an R-Vision for its token.
const TOKEN_INFO: &str = "/api/v2/tokens/get_info_by_token";

/// Whether a route answers a KUMA that takes us for an R-Vision: it refuses in another form.
fn is_push(path: &str) -> bool {
    path == TOKEN_INFO || path == "/api/v2/incidents"
}

/// The same request, with a form where nothing else is looked at.
fn with_form(request: RequestBuilder, path: &str) -> RequestBuilder {
    if path == "/api/v2/incidents" { request.form(&[("company", "Nobody")]) } else { request }
}

/// Checks that a route refused, in its own form.
fn refused(reply: &Reply, path: &str, status: u16, message: &str) {
    if is_push(path) {
        let wanted = json!({"success": false, "error": message});
        assert_eq!((reply.status, reply.json()), (status, wanted), "{path}");
    } else {
        reply.refused(status, message, &json!(null));
    }
}

/// Where sessions begin, which takes no token, and end, which takes one of a session and no other. That no
/// other route takes none, tests/policy holds the description of the API to.
const LOGIN: &str = "/bridge/v1/login";

/// Every route of the API's description that wants a token: method and path.
fn routes() -> impl Iterator<Item = (Method, String)> {
    let all = contract::routes().iter().map(|route| (route.method.clone(), route.path.clone()));
    all.filter(|(method, path)| (method, path.as_str()) != (&Method::POST, LOGIN))
}

#[tokio::test]
async fn the_login_takes_no_token_and_none_helps() {
    assert_eq!(routes().count() + 1, contract::routes().len());
    let world = World::new();
    let admin = format!("Bearer {}", world.stack.admin_token);
    for token in ["", "Bearer a b", "Bearer kb_x_y", &admin] {
        for (body, status) in [
            ("", 400),
            ("[]", 400),
            ("{}", 400),
            (r#"{"user": "a b", "password": "x"}"#, 403),
            (r#"{"user": "a", "password": ""}"#, 403),
        ] {
            let request = world.request(&Method::POST, LOGIN).body(body);
            let request = if token.is_empty() { request } else { request.header(AUTHORIZATION, token) };
            Reply::of(request).await.expect(status);
        }
    }
}

/// What a token must be allowed for a route, after the description of the API.
fn operation(method: &Method, path: &str) -> &'static str {
    match (method.as_str(), path) {
        (_, path) if path.ends_with("/users/whoami") => "GET /users/whoami",
        (_, path) if path.starts_with("/bridge/v1/tenants") => "POST /bridge/tenants",
        (_, path) if path.starts_with("/bridge/v1/tokens") => "POST /bridge/tokens",
        (_, path) if path.starts_with("/bridge/v1/secrets") => "POST /bridge/secrets",
        (_, path) if path.starts_with("/bridge/v1/integrations") => "POST /bridge/integrations",
        ("POST", "/bridge/v1/alerts") | (_, "/api/v2/incidents" | TOKEN_INFO) => "POST /bridge/alerts",
        ("POST", path) if path.ends_with("/alerts/close") => "POST /alerts/close",
        (_, path) if path.starts_with("/bridge/v1/incidents/{id}/export") || path.ends_with("/decision") => {
            "POST /bridge/incidents/export"
        }
        ("GET", path) if path.contains("/incidents") => "GET /incidents",
        ("POST", path) if path.ends_with("/incidents/create") || path == "/bridge/v1/incidents" => {
            "POST /incidents/create"
        }
        (_, path) if path.contains("/incidents/") && path.ends_with("/close") => "POST /incidents/close",
        (_, path) if path.contains("/incidents/") => "POST /incidents/assign",
        ("GET", path) if path.ends_with("/alerts") || path == "/bridge/v1/alerts/{id}" => "GET /alerts",
        (_, path) if path.starts_with("/bridge/v1/accounts") => "GET /bridge/accounts",
        (_, path) if path.starts_with("/bridge/v1/tasks") => "GET /bridge/tasks",
        ("GET", path) if path.ends_with("/tenants") => "GET /tenants",
        other => panic!("which operation is {other:?}?"),
    }
}

#[tokio::test]
async fn without_a_readable_token_every_route_answers_400() {
    let world = World::new();
    let refused = |reply: Reply, path: &str| {
        if is_push(path) {
            assert_eq!((reply.status, &reply.json()["success"]), (400, &json!(false)), "{path}");
            return;
        }
        assert!(reply.json()["details"].as_str().unwrap().starts_with("Example: "), "{}", reply.text);
        reply.refused_with(400, "invalid authorization header");
        assert_eq!(reply.json()["message"], "invalid authorization header");
    };
    for (method, path) in routes() {
        let target = path.replace("{id}", "some-id");
        for slash in ["", "/"] {
            let request = world.request(&method, &format!("{target}{slash}"));
            refused(Reply::of(with_form(request, &path)).await, &path);
        }
        for header in ["Basic dXNlcjpwYXNz", "Bearer", "Bearer ", "Bearer a b", "Bearer a,Bearer b", "token"]
        {
            let request = world.request(&method, &target).header(AUTHORIZATION, header);
            refused(Reply::of(with_form(request, &path)).await, &path);
        }
    }
}

#[tokio::test]
async fn an_unknown_token_is_refused_by_every_route_with_403() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    let world = &tenant.admin.world;
    // One that never was, one whose secret half is wrong, one that looks like the stack's first.
    let (known, _) = user.token.rsplit_once('_').unwrap();
    let tokens = [
        "kb_00000000-0000-4000-8000-000000000000_c2VjcmV0".to_owned(),
        format!("{known}_c2VjcmV0"),
        format!("{}x", world.stack.admin_token),
    ];
    for (method, path) in routes() {
        let target = path.replace("{id}", &tenant.id);
        for token in &tokens {
            let request = with_form(world.user(token).request(&method, &target), &path);
            refused(&Reply::of(request).await, &path, 403, "access denied");
        }
    }
}

#[tokio::test]
async fn a_token_may_do_what_it_is_allowed_and_nothing_else() {
    let tenant = Tenant::new().await;
    let posted = alert(&tenant);
    tenant.admin.ingest(&posted).await.expect(202);
    for operation in OPERATIONS {
        let wanted = json!({"name": "Narrow", "generalAdministrator": true, "operations": [operation]});
        let token = issue(&tenant.admin, wanted).await;
        assert_eq!(token.answer["operations"], json!([operation]));
        for (method, path) in routes() {
            let target = path.replace("{id}", &tenant.id);
            let request = with_form(token.user.request(&method, &target), &path);
            let answer = Reply::of(request).await;
            if path == LOGIN {
                answer.refused_with(409, "the token is no session");
            } else if self::operation(&method, &path) == operation {
                // Let in; what happens there is another matter: mostly the body is missing.
                assert!([200, 201, 204, 400, 404].contains(&answer.status), "{method} {path}: {answer:?}");
            } else {
                refused(&answer, &path, 403, "access denied");
            }
        }
    }
    assert_eq!(tenant.admin.alert(text(&posted, "id")).await["status"], "new");
}

#[tokio::test]
async fn the_scheme_is_read_in_any_case_and_other_places_hold_no_token() {
    let world = World::new();
    let token = &world.stack.admin_token;
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let request = world.request(&Method::GET, "/api/v1/users/whoami");
        Reply::of(request.header(AUTHORIZATION, format!("{scheme} {token}"))).await.expect(200);
    }
    let request = world.request(&Method::GET, &format!("/api/v1/users/whoami?token={token}"));
    Reply::of(request.header("x-token", token)).await.refused_with(400, "invalid authorization header");
}

#[tokio::test]
async fn an_answer_carries_the_callers_correlation_id_and_is_not_to_be_stored() {
    let world = World::new();
    let request = world.admin().request(&Method::GET, "/api/v1/users/whoami");
    let answer = Reply::of(request.header("x-correlation-id", "case-42")).await.expect(200);
    assert_eq!(answer.header("x-correlation-id"), Some("case-42"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    let refused = Reply::of(world.request(&Method::GET, "/api/v1/users/whoami")).await;
    assert!(refused.header("x-correlation-id").is_some_and(|id| !id.is_empty()));
}
