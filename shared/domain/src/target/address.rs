//! Addresses that an administrator may enter.

use url::Url;

/// Longest address, in bytes.
const LIMIT: usize = 2_048;

const BASE_RULE: &str = "must be https://host or https://host:port, without path, query and user";
const PROXY_RULE: &str = "must be http://host:port, without path, query and user";

/// The base address of a system, in one form whatever way it was written: `https://host[:port]`.
///
/// # Errors
/// Says what is allowed. Plain HTTP is not: a token goes over it.
pub(crate) fn base_address(text: &str) -> Result<String, String> {
    let url = parse(text, "https://").ok_or(BASE_RULE)?;
    let host = url.host_str().ok_or(BASE_RULE)?;
    Ok(url.port().map_or_else(|| format!("https://{host}"), |port| format!("https://{host}:{port}")))
}

/// The address of an HTTP proxy: `http://host:port`.
///
/// # Errors
/// Says what is allowed.
pub(crate) fn proxy_address(text: &str) -> Result<String, String> {
    let url = parse(text, "http://").ok_or(PROXY_RULE)?;
    let host = url.host_str().ok_or(PROXY_RULE)?;
    let port = url.port_or_known_default().ok_or(PROXY_RULE)?;
    // The parser does not tell an absent port from the usual one; nobody means port 80 by silence.
    let named = text.trim_end_matches('/').rsplit_once(':');
    match named {
        Some((_, digits)) if digits.parse() == Ok(port) => Ok(format!("http://{host}:{port}")),
        _ => Err(PROXY_RULE.to_owned()),
    }
}

/// A URL that is a host and a port and nothing else.
fn parse(text: &str, scheme: &str) -> Option<Url> {
    let starts = text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    // The parser takes white space and backslashes away, and an empty user.
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '\\' | '@');
    if !starts || text.len() > LIMIT || text.contains(odd) {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    (bare && url.port() != Some(0)).then_some(url)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_has_one_form() {
        for (text, form) in [
            ("https://irp.example.com", "https://irp.example.com"),
            ("HTTPS://IRP.Example.com/", "https://irp.example.com"),
            ("https://irp.example.com:443", "https://irp.example.com"),
            ("https://irp.example.com:3001", "https://irp.example.com:3001"),
            ("https://10.0.0.1:8443/", "https://10.0.0.1:8443"),
            ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
            ("https://почта.рф", "https://xn--80a1acny.xn--p1ai"),
        ] {
            assert_eq!(base_address(text).as_deref(), Ok(form), "{text}");
        }
        assert_eq!(proxy_address("http://proxy:80/").as_deref(), Ok("http://proxy:80"));
        assert_eq!(proxy_address("http://[::1]:3128").as_deref(), Ok("http://[::1]:3128"));
    }

    #[test]
    fn an_address_is_a_host_and_a_port_and_no_more() {
        for bad in [
            "",
            "irp.example.com",
            "http://irp.example.com",
            "ftp://irp.example.com",
            "https://",
            "https://irp/api",
            "https://irp//",
            "https://irp?x",
            "https://irp#x",
            "https://user@irp",
            "https://user:password@irp",
            "https://irp:0",
            "https://irp:65536",
            "https://irp:port",
            "https://a b",
            "https://a\nb",
            " https://irp",
            "https:\\\\irp",
            "https:irp",
            "https://%00",
            "https://[::1",
        ] {
            assert!(base_address(bad).is_err(), "{bad}");
        }
        assert!(base_address(&format!("https://{}", "a".repeat(LIMIT))).is_err());
        for bad in
            ["http://proxy", "http://proxy/", "https://proxy:3128", "http://u:p@proxy:1", "http://p:1/x"]
        {
            assert!(proxy_address(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_accepted_is_its_own_form(text in "https://[a-zA-Z0-9.-]{1,30}(:[0-9]{1,5})?/?") {
            if let Ok(form) = base_address(&text) {
                prop_assert_eq!(base_address(&form), Ok(form.clone()));
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in "(https?://)?\\PC{0,40}") {
            let _ = (base_address(&text), proxy_address(&text));
        }
    }
}
