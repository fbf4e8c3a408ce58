//! Why a sign-in is refused.

use std::fmt;

/// Why a sign-in is refused. Active Directory tells it as a Win32 error code in hexadecimal, after
/// `data` in the diagnostic text of result code 49.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BindFault {
    /// 525: there is no such user.
    UnknownUser,
    /// 52e, or a server that does not say more: the name or the password is wrong.
    WrongCredentials,
    /// 530: not at this time of the day.
    Hours,
    /// 531: not from this computer.
    Workstation,
    /// 532: the password has expired.
    PasswordExpired,
    /// 533: the account is disabled.
    Disabled,
    /// 701: the account has expired.
    AccountExpired,
    /// 773: the password must be changed first.
    MustChangePassword,
    /// 775: the account is locked out.
    LockedOut,
    /// Refused with another result code.
    Code(u32),
}

impl BindFault {
    /// The fault behind a result code other than success, and the text that came with it.
    pub(crate) fn of(code: u32, text: &str) -> Self {
        if code != 49 {
            return Self::Code(code);
        }
        match sub_code(text) {
            Some(0x525) => Self::UnknownUser,
            Some(0x530) => Self::Hours,
            Some(0x531) => Self::Workstation,
            Some(0x532) => Self::PasswordExpired,
            Some(0x533) => Self::Disabled,
            Some(0x701) => Self::AccountExpired,
            Some(0x773) => Self::MustChangePassword,
            Some(0x775) => Self::LockedOut,
            _ => Self::WrongCredentials,
        }
    }

    /// A word for telemetry.
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::UnknownUser => "bind_525",
            Self::WrongCredentials => "bind_52e",
            Self::Hours => "bind_530",
            Self::Workstation => "bind_531",
            Self::PasswordExpired => "bind_532",
            Self::Disabled => "bind_533",
            Self::AccountExpired => "bind_701",
            Self::MustChangePassword => "bind_773",
            Self::LockedOut => "bind_775",
            Self::Code(_) => "bind",
        }
    }
}

/// The number after `data` in a text of Active Directory.
fn sub_code(text: &str) -> Option<u32> {
    let (_, rest) = text.split_once("data ")?;
    let digits = rest.split(|c: char| !c.is_ascii_hexdigit()).next()?;
    u32::from_str_radix(digits, 16).ok()
}

impl fmt::Display for BindFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self {
            Self::UnknownUser => "there is no such user (525)",
            Self::WrongCredentials => "the user name or the password is wrong (52e)",
            Self::Hours => "the user may not sign in at this time (530)",
            Self::Workstation => "the user may not sign in from this computer (531)",
            Self::PasswordExpired => "the password has expired (532)",
            Self::Disabled => "the account is disabled (533)",
            Self::AccountExpired => "the account has expired (701)",
            Self::MustChangePassword => "the password must be changed first (773)",
            Self::LockedOut => "the account is locked out (775)",
            Self::Code(code) => return write!(f, "refuses the sign-in with LDAP result code {code}"),
        };
        write!(f, "refuses the sign-in: {why}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_code_of_active_directory_is_found() {
        let text = |code: &str| {
            format!(
                "80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data {code}, v4563\0"
            )
        };
        assert_eq!(BindFault::of(49, &text("775")), BindFault::LockedOut);
        assert_eq!(BindFault::of(49, &text("52e")), BindFault::WrongCredentials);
        assert_eq!(BindFault::of(49, &text("ffffffffff")), BindFault::WrongCredentials);
        assert_eq!(BindFault::of(49, ""), BindFault::WrongCredentials);
        assert_eq!(BindFault::of(53, &text("775")), BindFault::Code(53));
    }

    proptest! {
        #[test]
        fn any_text_is_read(code: u32, text in "\\PC{0,60}|.{0,5}data [0-9a-fA-F]{0,12}.{0,5}") {
            let _ = BindFault::of(code, &text).to_string();
        }
    }
}
