//! Asking the directory: who signs in, with which groups.

use std::time::Duration;

use bridge_connect::Reach;
use bridge_directory::{Credentials, Error, Fault, Verified};
use bridge_domain::{
    CallError, Class,
    login::{LoginName, Refusal, Settings},
    secret::Secret,
};
use bridge_runtime::http::{HttpError, RETRY_AFTER, Request};
use tokio::time::timeout;

use crate::{
    app::App,
    refused::{Failure, Refused},
};

/// Time left for what comes after the directory.
const RESERVE: Duration = Duration::from_secs(3);
/// What is read of an account.
const ATTRIBUTES: [&str; 4] = ["mail", "displayName", "sAMAccountName", "userPrincipalName"];

/// The account, if it is one of the domain and the password is its own.
pub(crate) async fn verified(
    app: &App,
    settings: &Settings,
    (name, password): (&LoginName, Secret),
    request: &Request,
) -> Result<Verified, Failure> {
    let budget = request.deadline.budget(request.received, RESERVE);
    let reach = Reach::from(settings).sharing(budget);
    let directory = app.vault.directory(reach).await.map_err(unusable)?;
    // A plain name, and a base without a domain.
    let credentials =
        Credentials::new(&name.bind_name(&settings.base_dn), password).map_err(|_| Refusal::BadName)?;
    let attributes = ATTRIBUTES.into_iter().filter_map(|name| name.parse().ok());
    let asked = directory.verify(&credentials, settings.base_dn.as_str(), attributes);
    match timeout(budget, asked).await {
        Ok(result) => result.map_err(failure),
        Err(_) => Err(busy("no answer in time").into()),
    }
}

fn failure(error: Error) -> Failure {
    let refused = match error.fault {
        Fault::Bind(fault) => Refused::sign_in(fault),
        Fault::NotFound => Some(Refused::Elsewhere),
        _ => None,
    };
    match refused {
        Some(refused) => Failure::Refused(refused),
        None if error.worth_repeat() => busy(format!("{} {}", error.class(), error.public())).into(),
        None => {
            let class = Class::Permanent;
            unusable(CallError { class, ..CallError::from(error) }).into()
        }
    }
}

/// Servers are named in the log alone: whoever knocks need not know them.
fn busy(detail: impl Into<std::borrow::Cow<'static, str>>) -> HttpError {
    HttpError::unavailable("the directory does not answer, try again later", RETRY_AFTER).with_detail(detail)
}

fn unusable(error: CallError) -> HttpError {
    let detail = format!("{} {} {}", error.system, error.code, error.public);
    let passing = matches!(error.class, Class::Transient | Class::RateLimited);
    let mut error = HttpError::from(error);
    if !passing {
        error.message = "the directory can not be asked: a test of domain authorization tells why".into();
    }
    error.with_detail(detail)
}

#[cfg(test)]
mod tests {
    use bridge_directory::BindFault;

    use super::*;

    fn of(fault: Fault) -> Failure {
        let server = "dc1.canary.test:636".parse::<bridge_domain::ldap::address::Servers>().unwrap();
        failure(Error { fault, server: server.iter().next().cloned(), earlier: Vec::new() })
    }

    #[test]
    fn what_the_directory_says_of_a_user_refuses_and_all_else_is_a_fault() {
        for (fault, word) in [
            (Fault::Bind(BindFault::Disabled), "bind_533"),
            (Fault::Bind(BindFault::WrongCredentials), "bind_52e"),
            (Fault::NotFound, "elsewhere"),
        ] {
            assert!(matches!(of(fault), Failure::Refused(refused) if refused.as_str() == word), "{fault:?}");
        }
        for (fault, status) in [
            (Fault::Refused, 503),
            (Fault::Busy, 503),
            (Fault::Bind(BindFault::Code(53)), 502),
            (Fault::BaseNotFound, 502),
            (Fault::NoToken, 502),
            (Fault::TlsRequired, 502),
        ] {
            let Failure::Failed(error) = of(fault) else { panic!("{fault:?}") };
            assert_eq!(error.status.as_u16(), status, "{fault:?}");
            assert!(!error.message.contains("canary") && error.detail_for_log.contains("dc1.canary.test"));
            assert_eq!(error.retry_after.is_some(), status == 503, "{fault:?}");
        }
    }
}
