//! A server that leaves its intermediate certificate out, as KUMA's documents tell of NCIRCC's.

use bridge_domain::Class;

use super::*;

#[tokio::test]
async fn a_missing_intermediate_is_named_and_adding_it_cures() {
    let account = Simulator::start(SimulatorOptions::default()).await.unwrap();
    account.control.configure(&json!({ "token": TOKEN })).await.unwrap();
    let only_root = client(&account.url, &account.ca_pem, AMPLE, None);
    let create = only_root.create(&notification("1").to_string()).await;
    for error in [only_root.probe().await.unwrap_err(), create.unwrap_err()] {
        assert_eq!((error.class, error.code.as_ref()), (Class::Transient, "tls"));
        let said = said(&error);
        assert!(said.contains("unknown authority") && said.contains("INTERMEDIATE"), "{said}");
        assert!(said.contains("rootCASecretID") && !said.contains("certificateSecretID"), "{said}");
    }
    assert!(account.control.history().await.unwrap().is_empty());

    let both = format!("{}{}", account.ca_pem, account.intermediate_pem);
    for roots in [&account.intermediate_pem, &both] {
        client(&account.url, roots, AMPLE, None).probe().await.unwrap();
    }
}

#[tokio::test]
async fn a_server_that_sends_it_needs_only_the_root() {
    let options = SimulatorOptions { send_chain: true, ..SimulatorOptions::default() };
    let account = Simulator::start(options).await.unwrap();
    account.control.configure(&json!({ "token": TOKEN })).await.unwrap();
    client(&account.url, &account.ca_pem, AMPLE, None).probe().await.unwrap();
}

#[test]
fn settings_that_can_not_work_are_named_as_they_are_called() {
    let options = Options {
        roots_pem: Some("canary"),
        proxy: None,
        timeout: AMPLE,
        max_body: 1,
        names: bridge_ncircc::NAMES,
    };
    let error = Client::new("ncircc", "https://localhost", &options).unwrap_err();
    assert!(said(&error).contains("the secret in rootCASecretID"), "{error:?}");
    let options = Options { roots_pem: None, ..options };
    let http = Client::new("ncircc", "https://localhost", &options).unwrap();
    let error = Ncircc::new(http, &Secret::new("canary\n".to_owned())).unwrap_err();
    assert_eq!(error.class, Class::Permanent);
    assert!(said(&error).contains("the token in tokenSecretID"), "{error:?}");
}
