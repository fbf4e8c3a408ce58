//! One TLS provider, no foreign licences. `deny.toml` says the same to cargo-deny; this holds where
//! cargo-deny is not installed.

use bridge_policy::{Result, graph::Graph, licence::satisfied, none, text};
use cargo_metadata::semver::Version;

/// Packages that bring a second TLS stack or a second provider.
const BANNED: [&str; 5] = ["ring", "openssl", "openssl-sys", "native-tls", "aws-lc-fips-sys"];
/// First release of aws-lc-sys that knows the switch of `.cargo/config.toml`.
const SWITCH_SINCE: Version = Version::new(0, 32, 3);

#[test]
fn no_second_tls_stack_is_built() -> Result<()> {
    let graph = Graph::load()?;
    let found = graph.built().filter(|package| BANNED.contains(&package.name.as_str()));
    none(&found.map(|package| format!("{} {} is built", package.name, package.version)).collect::<Vec<_>>())
}

#[test]
fn there_is_one_rustls_and_its_provider_is_aws_lc() -> Result<()> {
    let graph = Graph::load()?;
    let versions: Vec<&Version> = graph
        .built()
        .filter(|package| package.name.as_str() == "rustls")
        .map(|package| &package.version)
        .collect();
    assert!(matches!(versions.as_slice(), [one] if **one >= Version::new(0, 23, 0)), "rustls: {versions:?}");
    let providers: Vec<&str> = graph
        .built()
        .map(|package| package.name.as_str())
        .filter(|name| {
            ["aws-lc-rs", "ring", "rustls-openssl", "rustls-symcrypt", "rustls-rustcrypto", "rustls-graviola"]
                .contains(name)
        })
        .collect();
    assert_eq!(providers, ["aws-lc-rs"]);
    Ok(())
}

#[test]
fn jitter_entropy_is_left_out_of_the_build() -> Result<()> {
    let config = text(".cargo/config.toml")?;
    let switch = |line: &str| {
        line.split_once('=').is_some_and(|(name, value)| {
            name.trim() == "AWS_LC_SYS_NO_JITTER_ENTROPY" && value.trim() == "{ value = \"1\", force = true }"
        })
    };
    assert!(
        config.lines().any(switch),
        ".cargo/config.toml does not set AWS_LC_SYS_NO_JITTER_ENTROPY = {{ value = \"1\", force = true }}"
    );
    let graph = Graph::load()?;
    let old = graph
        .built()
        .filter(|package| package.name.as_str() == "aws-lc-sys" && package.version < SWITCH_SINCE);
    none(&old.map(|package| format!("aws-lc-sys {} ignores the switch", package.version)).collect::<Vec<_>>())
}

#[test]
fn every_licence_is_one_we_allow() -> Result<()> {
    let allowed = allowed_licences()?;
    let graph = Graph::load()?;
    let foreign = graph
        .built()
        .filter(|package| package.license.as_ref().is_none_or(|licence| !satisfied(licence, &allowed)));
    none(
        &foreign
            .map(|package| format!("{} {}: {:?}", package.name, package.version, package.license))
            .collect::<Vec<_>>(),
    )
}

#[test]
fn every_package_comes_from_the_registry_or_from_here() -> Result<()> {
    let graph = Graph::load()?;
    let stray = graph.built().filter(|package| match &package.source {
        Some(source) => !source.is_crates_io(),
        None => !graph.metadata.workspace_members.contains(&package.id),
    });
    none(
        &stray.map(|package| format!("{} comes from {:?}", package.name, package.source)).collect::<Vec<_>>(),
    )
}

/// The list `allow` of `deny.toml`.
fn allowed_licences() -> Result<Vec<String>> {
    let deny = text("deny.toml")?;
    let (_, list) = deny.split_once("\nallow = [").ok_or("deny.toml has no list of licences")?;
    let (list, _) = list.split_once(']').ok_or("the list of licences in deny.toml does not end")?;
    Ok(list.split('"').skip(1).step_by(2).map(ToOwned::to_owned).collect())
}
