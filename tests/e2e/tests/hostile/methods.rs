//! Methods and paths that are not there.

use reqwest::Method;

use crate::world::World;

/// Every path of the API, and the methods it has.
const PATHS: [(&str, &[&str]); 20] = [
    ("/api/v1/alerts", &["GET"]),
    ("/api/v3/alerts/", &["GET"]),
    ("/api/v1/alerts/close", &["POST"]),
    ("/api/v2/tenants", &["GET"]),
    ("/api/v1/users/whoami", &["GET"]),
    ("/bridge/v1/alerts", &["POST"]),
    ("/bridge/v1/tenants", &["GET", "POST"]),
    ("/bridge/v1/tenants/none", &["GET", "PATCH"]),
    ("/bridge/v1/tenants/none/webhook-secret", &["GET", "POST", "DELETE"]),
    ("/bridge/v1/tokens", &["GET", "POST"]),
    ("/bridge/v1/incidents", &["GET", "POST"]),
    ("/bridge/v1/incidents/none", &["GET", "PATCH"]),
    ("/bridge/v1/incidents/none/comments", &["GET", "POST"]),
    ("/api/v3/incidents", &["GET"]),
    ("/api/v2.1/incidents/create", &["POST"]),
    ("/bridge/v1/integrations/ncircc", &["GET", "PUT", "DELETE"]),
    ("/bridge/v1/integrations/ncircc/test", &["POST"]),
    ("/bridge/v1/integrations/domain-auth", &["GET", "PUT", "DELETE"]),
    ("/bridge/v1/integrations/domain-auth/test", &["POST"]),
    ("/bridge/v1/login", &["POST", "DELETE"]),
];

#[tokio::test]
async fn a_method_that_a_path_does_not_have_is_refused() {
    let world = World::new().await;
    let methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "X"];
    for (path, known) in PATHS {
        for method in methods.into_iter().filter(|method| !known.contains(method)) {
            let request = world.by(&world.operator, &method.parse::<Method>().unwrap(), path).body("{}");
            let status = world.send(request).await.status;
            assert!((400..500).contains(&status), "{method} {path}: {status}");
        }
    }
    world.nothing_was_written().await;
}

#[tokio::test]
async fn a_header_does_not_change_the_method() {
    let world = World::new().await;
    for header in ["x-http-method-override", "x-http-method", "x-method-override"] {
        let request = world.by(&world.operator, &Method::GET, "/api/v1/alerts").header(header, "POST");
        assert_eq!(world.send(request).await.expect(200).text, "[]");
    }
}

#[tokio::test]
async fn a_path_that_is_not_there_is_refused() {
    let world = World::new().await;
    for path in [
        "/",
        "/api",
        "/api/v4/alerts",
        "/api/v1/alerts/none",
        "/api/v1/../../bridge/v1/tenants",
        "//bridge/v1/tenants",
        "/bridge/v1/tenants%2F..",
        "/bridge/v1/%74okens/%2e%2e/tenants",
        "/api/v1/alerts%00",
        "/api/v1/alerts;a=b",
        "/.env",
        "/.git/config",
        "/latest/meta-data/",
        "/2018-06-01/runtime/invocation/next",
    ] {
        let status =
            world.send(world.by(&world.stack.admin_token, &Method::POST, path).body("{}")).await.status;
        assert!((400..500).contains(&status), "{path}: {status}");
    }
}
