use proptest::prelude::*;

use super::*;

fn form(text: &str) -> Result<String, AddressError> {
    text.parse::<Servers>().map(|servers| servers.to_string())
}

#[test]
fn a_list_has_one_form() {
    for (text, expected) in [
        ("DC1.Corp.Example:389", "dc1.corp.example:389"),
        (" dc1:389 , dc2:636 ", "dc1:389,dc2:636"),
        ("10.0.0.1:389", "10.0.0.1:389"),
        ("[2001:DB8:0::1]:389", "[2001:db8::1]:389"),
        ("dc_1:03268", "dc_1:3268"),
        ("почта.рф:389", "xn--80a1acny.xn--p1ai:389"),
    ] {
        assert_eq!(form(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn what_is_no_list_of_servers_is_refused_by_place() {
    use AddressError::{Count, Host, Port, Scheme, Twice};
    for (text, error) in [
        ("", Count),
        (" ", Count),
        ("a:1,b:1,c:1,d:1,e:1,f:1,g:1,h:1,i:1", Count),
        ("ldap://dc1:389", Scheme(1)),
        ("dc1:389,dc2:389/x", Scheme(2)),
        ("dc1", Port(1)),
        ("dc1:389,", Port(2)),
        ("dc1:0", Port(1)),
        ("dc1:65536", Port(1)),
        ("dc1:+389", Port(1)),
        ("dc1:x", Port(1)),
        ("2001:db8::1:389", Host(1)),
        ("[2001:db8::1%eth0]:389", Host(1)),
        ("[dc1]:389", Host(1)),
        (":389", Host(1)),
        ("dc1,dc2:389", Port(1)),
        ("dc 1:389", Host(1)),
        ("dc1.:389", Host(1)),
        ("-dc1:389", Host(1)),
        ("user@dc1:389", Host(1)),
        ("1.2.3:389", Host(1)),
        ("0x7f.1:389", Host(1)),
        ("%41:389", Host(1)),
        ("dc1:389,DC1:389", Twice(2)),
    ] {
        assert_eq!(form(text), Err(error), "{text}");
    }
    assert_eq!(form(&format!("{}:389", "a".repeat(3_000))), Err(Count));
    assert_eq!(form(&format!("{}:389", "a".repeat(64))), Err(Host(1)));
}

#[test]
fn hosts_are_compared_without_case_and_port() {
    let servers = |text: &str| text.parse::<Servers>().unwrap();
    let one = servers("dc1.corp:389,dc2.corp:389");
    assert_eq!(one.shared_host(&servers("x:1,DC2.corp:636")), Some(&Host::Name("dc2.corp".into())));
    assert_eq!(one.shared_host(&servers("dc3.corp:389")), None);
    assert!(servers("[::1]:389").shared_host(&servers("[0:0::1]:636")).is_some());
    assert_eq!((servers("a:1,10.0.0.1:1").without_name(), one.without_name()), (Some(2), None));
}

proptest! {
    #[test]
    fn what_is_accepted_is_its_own_form(text in "[a-zA-Z0-9.-]{1,12}:[0-9]{1,5}(,[a-z\\[\\]:0-9]{1,12}:[0-9]{1,5})?") {
        if let Ok(servers) = text.parse::<Servers>() {
            let json = serde_json::to_string(&servers).unwrap();
            prop_assert_eq!(serde_json::from_str::<Servers>(&json).unwrap(), servers.clone());
            prop_assert_eq!(form(&servers.to_string()), Ok(servers.to_string()));
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,60}") {
        let _ = form(&text);
    }
}
