//! What a client is made from.

use bridge_domain::{
    CallError, Class, SecretId, TargetId, TenantId, Timestamp, ncircc::settings::Settings, target::Target,
};
use bridge_http::Names;

/// How a system is reached and signed in to, as the settings of a target or of NCIRCC have it.
pub(crate) struct Account<'a> {
    /// What its connections are kept under.
    pub(crate) id: &'a TargetId,
    /// When the settings were last changed.
    pub(crate) updated: Timestamp,
    /// Its name in errors.
    pub(crate) system: &'static str,
    pub(crate) url: &'a str,
    pub(crate) token: (&'a TenantId, &'a SecretId),
    pub(crate) certificate: Option<(&'a TenantId, &'a SecretId)>,
    pub(crate) proxy: Option<&'a str>,
    pub(crate) timeout_seconds: u16,
    pub(crate) max_body: usize,
    pub(crate) names: Names,
}

impl<'a> Account<'a> {
    pub(crate) fn of_target(target: &'a Target, system: &'static str, max_body: usize) -> Self {
        let connection = target.connection();
        Self {
            id: &target.id,
            updated: target.updated,
            system,
            url: &connection.url,
            token: (&target.tenant, &connection.secret),
            certificate: connection.certificate.as_ref().map(|secret| (&target.tenant, secret)),
            proxy: connection.proxy.as_deref(),
            timeout_seconds: connection.timeout_seconds,
            max_body,
            names: Names::default(),
        }
    }

    pub(crate) fn of_ncircc(id: &'a TargetId, settings: &'a Settings) -> Self {
        Self {
            id,
            updated: settings.updated,
            system: bridge_ncircc::SYSTEM,
            url: &settings.url,
            token: (&settings.token.tenant, &settings.token.id),
            certificate: settings.root_ca.as_ref().map(|place| (&place.tenant, &place.id)),
            proxy: settings.proxy.as_deref(),
            timeout_seconds: settings.timeout_seconds,
            max_body: bridge_ncircc::MAX_ANSWER,
            names: bridge_ncircc::NAMES,
        }
    }

    /// The failure of asking for a client of another system.
    pub(crate) fn of_another_kind(&self) -> CallError {
        CallError::new(Class::Permanent, self.system, "the target is of another kind").with_code("kind")
    }
}
