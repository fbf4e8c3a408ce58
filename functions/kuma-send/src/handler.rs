//! What a KUMA Core is told: that an alert was closed, and why.

use bridge_connect::Connector as Connections;
use bridge_delivery::{Broken, Connector, Work};
use bridge_domain::{
    CallError, Class,
    close::Reason,
    outbox::{Progress, Remote},
    target::Settings,
};

/// Closes alerts in KUMA Core.
#[derive(Debug)]
pub(crate) struct KumaCore {
    connections: Connections,
}

impl KumaCore {
    pub(crate) const fn new(connections: Connections) -> Self {
        Self { connections }
    }
}

impl Connector for KumaCore {
    async fn deliver(&self, work: Work<'_>) -> Result<Option<Progress>, Broken> {
        let Settings::KumaCore(settings) = &work.target.settings else { return Ok(None) };
        let Some(closing) = work.alert.closing.as_ref().filter(|_| settings.send_close) else {
            return Ok(None);
        };
        let reason: Reason = closing.reason.parse().map_err(|_| {
            CallError::new(
                Class::Permanent,
                "kuma-core",
                "the alert was closed for a reason that KUMA has not",
            )
        })?;
        let id = work.alert.id.as_str();
        let mut opened = self.connections.kuma(work.target).await?;
        match opened.with_fresh_token(|kuma| async move { kuma.close(id, reason).await }).await {
            // Closed before is closed: by an earlier attempt, or by somebody in KUMA.
            Ok(_) => Ok(Some(Progress {
                remote: Some(Remote { id: id.to_owned(), link: None }),
                files: None,
                closed: true,
            })),
            // An alert of another SIEM of the tenant.
            Err(error) if error.class == Class::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
