//! One alert, which a push named.

use bridge_domain::AlertId;
use bridge_runtime::batch::{Failure, Record};

use crate::session::{Session, Taken};

/// Attempts while the Core shows no such alert, some half an hour: it pushes what it can already
/// show, but a copy of its database may lag.
const ABSENT_ATTEMPTS: u32 = 10;

pub(crate) async fn read(
    session: &Session<'_>,
    id: &AlertId,
    url: Option<&str>,
    record: &Record,
) -> Result<(), Failure> {
    let ids = std::slice::from_ref(id);
    let known = session.app.store.known(ids).await?.remove(id);
    let known = known.filter(|(tenant, _)| *tenant == session.tenant.id).map(|(_, known)| known);
    match session.take(id, url, known.as_ref()).await? {
        Taken::Stored(_) => Ok(()),
        // Another Core of the tenant has brought it: the push was meant for that one.
        Taken::Absent if known.is_some() => Ok(()),
        Taken::Absent if record.receive_count < ABSENT_ATTEMPTS => {
            Err(Failure::Retry { after: None, reason: "KUMA Core does not show the alert yet".into() })
        }
        Taken::Absent => Err(Failure::Dead {
            reason: "KUMA Core does not show the alert: it has none, or the token's user may not see it"
                .into(),
        }),
        Taken::Foreign => {
            Err(Failure::Dead { reason: "the alert is of another tenant of that KUMA Core".into() })
        }
        Taken::Refused(reason) => Err(Failure::Dead { reason: reason.into() }),
    }
}
