//! The formats of technical values: checked here because NCIRCC checks them too, and brought into
//! one form so that a value is sent once.

use std::net::{Ipv4Addr, Ipv6Addr};

use url::Url;

use super::settings;

/// Longest domain name, and longest part of one, in characters.
const DOMAIN_LIMIT: usize = 253;
const LABEL_LIMIT: usize = 63;
/// Lengths of MD5, SHA-1 and SHA-256 in hexadecimal digits.
const HASH_LENGTHS: [usize; 3] = [32, 40, 64];

/// A value in its one form, or the rule that it breaks.
pub(super) type Checked = Result<String, &'static str>;

/// An IPv4 address.
pub(super) fn ipv4(text: &str) -> Checked {
    let address = text.parse::<Ipv4Addr>();
    address.map(|ip| ip.to_string()).map_err(|_| "must be an IPv4 address, for example 192.0.2.10")
}

/// An IPv6 address.
pub(super) fn ipv6(text: &str) -> Checked {
    let address = text.parse::<Ipv6Addr>();
    address.map(|ip| ip.to_string()).map_err(|_| "must be an IPv6 address, for example 2001:db8::10")
}

/// A domain name with at least one dot; one of another alphabet stays in it.
pub(super) fn domain(text: &str) -> Checked {
    let label = |label: &str| {
        !label.is_empty()
            && label.chars().count() <= LABEL_LIMIT
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
    };
    let fits = text.contains('.')
        && text.chars().count() <= DOMAIN_LIMIT
        && text.split('.').all(label)
        // The last part of an address of the older kind is a number, that of a name never is.
        && !text.rsplit('.').next().is_some_and(|last| last.chars().all(|c| c.is_ascii_digit()));
    if fits { Ok(text.to_lowercase()) } else { Err("must be a domain name, for example mail.example.com") }
}

/// An address with its scheme.
pub(super) fn uri(text: &str) -> Checked {
    let odd = |c: char| c.is_whitespace() || c.is_control();
    let fits = !text.contains(odd) && Url::parse(text).is_ok();
    if fits {
        Ok(text.to_owned())
    } else {
        Err("must be an address with its scheme, for example http://example.com/a")
    }
}

/// An e-mail address.
pub(super) fn email(text: &str) -> Checked {
    settings::email(text.into()).map_err(|_| "must be an e-mail address, for example user@example.com")
}

/// A hash of a file.
pub(super) fn hash(text: &str) -> Checked {
    let fits = HASH_LENGTHS.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if fits {
        Ok(text.to_ascii_lowercase())
    } else {
        Err("must be an MD5, SHA-1 or SHA-256 in hexadecimal digits")
    }
}

/// The id of a vulnerability: of CVE, or of the list that FSTEC of Russia keeps.
pub(super) fn vulnerability(text: &str) -> Checked {
    let upper = text.to_ascii_uppercase();
    let numbered = |rest: &str| {
        rest.split_once('-').is_some_and(|(year, number)| {
            let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
            year.len() == 4 && (4..=10).contains(&number.len()) && digits(year) && digits(number)
        })
    };
    let fits = ["CVE-", "BDU:"].into_iter().any(|list| upper.strip_prefix(list).is_some_and(numbered));
    if fits {
        Ok(upper)
    } else {
        Err("must be the id of a vulnerability, for example CVE-2020-1231 or BDU:2020-01231")
    }
}

/// A text whose format nobody published.
pub(super) fn free(text: &str) -> Checked {
    let odd = |c: char| c.is_control();
    let fits =
        !text.trim().is_empty() && text.chars().count() <= super::wire::TEXT_LIMIT && !text.contains(odd);
    if fits { Ok(text.trim().to_owned()) } else { Err("must be 1 to 5000 printable characters") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_format_takes_what_it_names_and_nothing_else() {
        type Format = fn(&str) -> Checked;
        let good: [(Format, &[(&str, &str)]); 7] = [
            (ipv4, &[("192.0.2.10", "192.0.2.10")]),
            (ipv6, &[("2001:DB8:0::10", "2001:db8::10"), ("::1", "::1")]),
            (
                domain,
                &[("Mail.Example.com", "mail.example.com"), ("пример.рф", "пример.рф"), ("_a.b", "_a.b")],
            ),
            (uri, &[("http://example.com/A?b", "http://example.com/A?b"), ("ftp://[::1]/", "ftp://[::1]/")]),
            (email, &[("User.x+y@example.com", "User.x+y@example.com")]),
            (hash, &[("D41D8CD98F00B204E9800998ECF8427E", "d41d8cd98f00b204e9800998ecf8427e")]),
            (vulnerability, &[("cve-2020-1231", "CVE-2020-1231"), ("BDU:2020-01231", "BDU:2020-01231")]),
        ];
        for (format, texts) in good {
            for (text, form) in texts {
                assert_eq!(format(text).as_deref(), Ok(*form));
            }
        }
        let bad: [(Format, &[&str]); 7] = [
            (ipv4, &["", "192.0.2", "192.0.2.256", "192.0.2.1/24", "192.0.2.1 ", "010.0.0.1", "::1"]),
            (ipv6, &["", "192.0.2.1", "2001:db8::1/64", "fe80::1%eth0", "[::1]"]),
            (
                domain,
                &["", "host", "a..b", ".a.b", "a.b.", "-a.b", "a b.c", "192.0.2.1", "a.1", "http://a.b"],
            ),
            (uri, &["", "example.com", "/path", "http://", "http://a b/", "http://exa\nmple.com"]),
            (
                email,
                &["", "user", "@example.com", "user@", "user@host", "a b@example.com", "a@b@example.com"],
            ),
            (hash, &["", "d41d8cd98f00b204e9800998ecf8427", "z41d8cd98f00b204e9800998ecf8427e"]),
            (vulnerability, &["", "CVE-2020-1", "CVE-20-1231", "CVE-2020", "MS08-067", "CVE-2020-1231 "]),
        ];
        for (format, texts) in bad {
            for text in texts {
                assert!(format(text).is_err(), "{text}");
            }
        }
        assert!(free(" a ").is_ok() && free(" ").is_err() && free(&"я".repeat(5_001)).is_err());
    }

    proptest! {
        #[test]
        fn a_form_is_its_own_form(text in "\\PC{0,80}") {
            for format in [ipv4, ipv6, domain, uri, email, hash, vulnerability, free] {
                if let Ok(form) = format(&text) {
                    prop_assert_eq!(format(&form), Ok(form.clone()));
                }
            }
        }
    }
}
