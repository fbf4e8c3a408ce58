//! Why nobody is logged in, and what the answer says of it.

use bridge_directory::BindFault;
use bridge_domain::{CallError, login::Refusal};
use bridge_runtime::http::HttpError;

/// Whoever knocks is told why, in words that stay the same and name nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// By a rule of ours.
    Rule(Refusal),
    /// By the directory.
    SignIn(BindFault),
    /// The account is none of the base: it may be one of a domain that the controller trusts.
    Elsewhere,
}

impl Refused {
    /// What a refused sign-in means; `None` when it says nothing of the user.
    pub(crate) const fn sign_in(fault: BindFault) -> Option<Self> {
        match fault {
            BindFault::Code(_) => None,
            fault => Some(Self::SignIn(fault)),
        }
    }

    /// The word for logs.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Rule(refusal) => refusal.as_str(),
            Self::SignIn(fault) => fault.class(),
            Self::Elsewhere => "elsewhere",
        }
    }

    /// What the answer says.
    pub(crate) fn message(self) -> String {
        match self {
            Self::Rule(refusal) => refusal.to_string(),
            // Nobody learns here which names there are.
            Self::SignIn(BindFault::UnknownUser | BindFault::WrongCredentials) => {
                "the user name or the password is wrong".to_owned()
            }
            Self::SignIn(fault) => format!("the directory {fault}"),
            Self::Elsewhere => "the account is not below the base DN of domain authorization".to_owned(),
        }
    }
}

/// Why there is no session.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Nobody is let in with this.
    Refused(Refused),
    /// It could not be found out.
    Failed(HttpError),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Refused::Rule(refusal))
    }
}

impl From<HttpError> for Failure {
    fn from(error: HttpError) -> Self {
        Self::Failed(error)
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        Self::Failed(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_user_and_a_wrong_password_are_told_alike() {
        let told = |fault| Refused::sign_in(fault).unwrap().message();
        assert_eq!(told(BindFault::UnknownUser), told(BindFault::WrongCredentials));
        assert_eq!(
            told(BindFault::LockedOut),
            "the directory refuses the sign-in: the account is locked out (775)"
        );
        assert_eq!(Refused::sign_in(BindFault::Code(53)), None);
        assert_eq!(Refused::Rule(Refusal::NoEmail).message(), Refusal::NoEmail.to_string());
    }
}
