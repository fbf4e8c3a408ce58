//! What the forms of secrets and of integrations have in common.

use bridge_domain::{TenantId, access::Principal, form::Faults, query::Query};
use bridge_runtime::http::HttpError;

/// 400 that names every fault.
pub(crate) fn invalid(faults: Faults) -> HttpError {
    let details = serde_json::to_value(faults.into_vec()).unwrap_or_default();
    HttpError::bad_request("invalid body", details)
}

/// Which tenants a list is about: those that the user administers and, if any are named, among these.
pub(crate) fn tenant_filter(user: &Principal, query: &Query) -> impl Fn(&str) -> bool {
    let named: Vec<&str> = query.all("tenantID").collect();
    move |tenant| {
        (named.is_empty() || named.contains(&tenant))
            && tenant.parse::<TenantId>().is_ok_and(|tenant| user.grants.administers(&tenant))
    }
}
