//! What lies in the queues between the functions.

use bridge_domain::{AlertId, TargetId, TenantId, outbox::Queued};
use serde::{Deserialize, Serialize};

/// A target may want something of an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// The tenant.
    #[serde(rename = "tenantID")]
    pub tenant: TenantId,
    /// The alert.
    #[serde(rename = "alertID")]
    pub alert: AlertId,
    /// The target.
    #[serde(rename = "targetID")]
    pub target: TargetId,
    /// A person wants a delivery tried again that was given up.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
}

impl From<&Queued> for Message {
    fn from(queued: &Queued) -> Self {
        Self {
            tenant: queued.tenant.clone(),
            alert: queued.alert.clone(),
            target: queued.target.clone(),
            again: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_reads_back_and_what_is_not_ours_is_refused() {
        let text = r#"{"tenantID":"t","alertID":"a","targetID":"g"}"#;
        let message: Message = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&message).unwrap(), text);
        assert!(!message.again);
        let again = Message { again: true, ..message };
        assert_eq!(serde_json::from_str::<Message>(&serde_json::to_string(&again).unwrap()).unwrap(), again);
        assert!(
            serde_json::from_str::<Message>(r#"{"tenantID":"t","alertID":"a","targetID":"g","x":1}"#)
                .is_err()
        );
    }
}
