//! Finding the accounts of the Inventory table.

use std::collections::BTreeSet;

use bridge_domain::{
    TenantId, Timestamp,
    import::engine::End,
    ldap::{
        account::{Account, Entry, Received},
        account_search::{Field, Search},
        guid::Guid,
    },
    query::Query,
    search::PAGE_SIZE,
};
use bridge_store::{ImportRun, Inventory};

const DAY: i64 = 24 * 60 * 60;

struct Bench {
    inventory: Inventory,
    /// Kept running.
    _engine: bridge_engine::Engine,
}

/// A person of a directory: a number, and what the directory says.
struct Person {
    number: u32,
    dn: String,
    attributes: Vec<(&'static str, Vec<String>)>,
}

impl Person {
    fn new(number: u32, dn: &str, attributes: &[(&'static str, &[&str])]) -> Self {
        let owned = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
        let attributes = attributes.iter().map(|(name, values)| (*name, owned(values))).collect();
        Self { number, dn: dn.to_owned(), attributes }
    }

    /// One of many.
    fn numbered(number: u32) -> Self {
        let name = format!("user{number:05}");
        let group = format!("CN=Group {}", number % 7);
        Self::new(
            number,
            &format!("CN={name},DC=x"),
            &[("sAMAccountName", &[&name]), ("memberOf", &[&group])],
        )
    }
}

fn noon(day: i64) -> Timestamp {
    "2026-11-01T12:00:00Z".parse::<Timestamp>().unwrap().plus_seconds(day * DAY)
}

fn guid(number: u32) -> Guid {
    let mut bytes = [7; 16];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    Guid::from_bytes(&bytes).unwrap()
}

fn read(tenant: &str, connection: &str, person: &Person, now: Timestamp) -> Received {
    let mut attributes =
        vec![("objectGUID".to_owned(), vec![guid(person.number).external().bytes().to_vec()])];
    for (name, values) in &person.attributes {
        attributes
            .push(((*name).to_owned(), values.iter().map(|value| value.clone().into_bytes()).collect()));
    }
    let entry = Entry::new(person.dn.clone(), attributes);
    Received::read(tenant.parse().unwrap(), connection.parse().unwrap(), entry, now).unwrap()
}

impl Bench {
    async fn start() -> Self {
        let engine = bridge_engine::Engine::start().await.unwrap();
        let inventory = Inventory::new(&engine.config, bridge_engine::INVENTORY.parse().unwrap());
        Self { inventory, _engine: engine }
    }

    /// A complete import of a connection.
    async fn import(&self, tenant: &str, connection: &str, people: &[Person], now: Timestamp) {
        let id = connection.parse().unwrap();
        let mut run = ImportRun::begin(self.inventory.clone(), id, now, 90).await.unwrap();
        for share in people.chunks(500) {
            let page = share.iter().map(|person| read(tenant, connection, person, now)).collect();
            run.page(page).await.unwrap();
        }
        run.finish(End::Complete, true).await.unwrap();
    }

    async fn search(&self, tenants: &[&str], query: &str, now: Timestamp) -> Vec<Account> {
        let search = Search::parse(&Query::parse(query)).unwrap();
        let tenants: BTreeSet<TenantId> = tenants.iter().map(|id| id.parse().unwrap()).collect();
        self.inventory.search(&search, &tenants, now).await.unwrap().accounts
    }

    /// The tenants and numbers of those that are found.
    async fn found(&self, tenants: &[&str], query: &str, now: Timestamp) -> Vec<(String, u32)> {
        let number = |account: &Account| {
            let bytes = account.id.external();
            u32::from_be_bytes(bytes.bytes()[..4].try_into().unwrap())
        };
        let accounts = self.search(tenants, query, now).await;
        accounts.iter().map(|account| (account.tenant.to_string(), number(account))).collect()
    }
}

fn ivan(number: u32) -> Person {
    let mut person = Person::new(
        number,
        "CN=Иван,OU=Old,DC=x",
        &[
            ("sAMAccountName", &["Ivan"]),
            ("userPrincipalName", &["Ivan@X.ru"]),
            ("mail", &["I.Petrov@X.ru"]),
            ("displayName", &["Петров Иван"]),
            ("sn", &["Петров"]),
            ("userAccountControl", &["512"]),
        ],
    );
    let groups = (0..300).map(|n| format!("CN=Group {n},DC=x")).collect();
    person.attributes.push(("memberOf", groups));
    person
}

fn with_sid(mut person: Person) -> Person {
    person.attributes.push(("objectSid", vec!["S-1-5-21-7".to_owned()]));
    person
}

/// Every field, in another case than the directory's.
const EVERY_FIELD: [&str; 9] = [
    "objectSid=s-1-5-21-7",
    "sAMAccountName=IVAN",
    "userPrincipalName=IVAN@x.RU",
    "mail=i.petrov@x.ru",
    "distinguishedName=cn%3D%D0%B8%D0%B2%D0%B0%D0%BD,ou%3Dold,dc%3Dx",
    "displayName=%D0%BF%D0%B5%D1%82%D1%80%D0%BE%D0%B2%20%D0%B8%D0%B2%D0%B0%D0%BD",
    "sn=%D0%9F%D0%95%D0%A2%D0%A0%D0%9E%D0%92",
    "memberOf=cn%3Dgroup%20150,dc%3Dx",
    "userAccountControl=512",
];

#[tokio::test]
async fn an_account_is_found_by_every_field_and_in_its_tenant_only() {
    let bench = Bench::start().await;
    let mut everybody: Vec<Person> = (100..140).map(Person::numbered).collect();
    everybody.push(with_sid(ivan(1)));
    bench.import("one", "c1", &everybody, noon(0)).await;
    bench.import("other", "c2", &[with_sid(ivan(2))], noon(0)).await;
    assert_eq!(EVERY_FIELD.len(), Field::ALL.len());
    let (one, other) = (("one".to_owned(), 1), ("other".to_owned(), 2));
    for query in EVERY_FIELD {
        assert_eq!(bench.found(&["one"], query, noon(1)).await, std::slice::from_ref(&one), "{query}");
        assert_eq!(bench.found(&["other"], query, noon(1)).await, std::slice::from_ref(&other), "{query}");
        let both = [one.clone(), other.clone()];
        assert_eq!(bench.found(&["other", "one"], query, noon(1)).await, both, "{query}");
        assert!(bench.found(&[], query, noon(1)).await.is_empty(), "{query}");
        // Every field has to fit.
        let narrower = format!("{query}&{}", if query.starts_with("sn=") { "mail=x" } else { "sn=x" });
        assert!(bench.found(&["one"], &narrower, noon(1)).await.is_empty(), "{narrower}");
    }
    let several = "sAMAccountName=ivan&sAMAccountName=USER00105&sAMAccountName=nobody";
    let found: BTreeSet<_> = bench.found(&["one"], several, noon(1)).await.into_iter().collect();
    assert_eq!(found, BTreeSet::from([one.clone(), ("one".to_owned(), 105)]));
    let all = "userAccountControl=512&memberOf=CN%3DGroup%207,DC%3Dx&mail=i.petrov@x.ru";
    assert_eq!(bench.found(&["one"], all, noon(1)).await, [one]);
}

#[tokio::test]
async fn pages_hold_everybody_once_by_name() {
    let bench = Bench::start().await;
    let everybody: Vec<Person> = (0..1_100).rev().map(Person::numbered).collect();
    bench.import("one", "c1", &everybody, noon(0)).await;
    bench.import("two", "c2", &everybody[..10], noon(0)).await;
    for (query, wanted) in [("a=", None), ("memberOf=cn%3Dgroup%203", Some(3))] {
        let query = if wanted.is_none() { "" } else { query };
        let mut seen = Vec::new();
        for page in 1.. {
            let part = bench.found(&["two", "one"], &format!("{query}&page={page}"), noon(1)).await;
            assert!(part.len() <= PAGE_SIZE);
            let last = part.len() < PAGE_SIZE;
            seen.extend(part);
            if last {
                break;
            }
        }
        let of = |tenant: &str, from: u32| {
            let numbers = (from..1_100).filter(move |number| wanted.is_none_or(|group| number % 7 == group));
            numbers.map(|number| (tenant.to_owned(), number)).collect::<Vec<_>>()
        };
        let expected: Vec<_> = of("one", 0).into_iter().chain(of("two", 1_090)).collect();
        assert_eq!(seen, expected, "{query}");
        assert!(bench.found(&["one"], &format!("{query}&page=99"), noon(1)).await.is_empty());
    }
}

#[tokio::test]
async fn who_is_gone_is_in_no_answer_and_moves_no_page() {
    let bench = Bench::start().await;
    let everybody: Vec<Person> = (0..300).map(Person::numbered).collect();
    bench.import("one", "c1", &everybody, noon(0)).await;
    bench.import("one", "c1", &everybody[20..], noon(1)).await;
    for (now, gone) in [(noon(80), 0), (noon(95), 20)] {
        let first = bench.found(&["one"], "", now).await;
        let second = bench.found(&["one"], "page=2", now).await;
        let numbers: Vec<u32> = first.into_iter().chain(second).map(|(_, number)| number).collect();
        assert_eq!(numbers, (gone..300).collect::<Vec<_>>());
        let name = "sAMAccountName=user00007";
        assert_eq!(bench.found(&["one"], name, now).await.is_empty(), gone > 0);
        assert_eq!(bench.inventory.account_of(guid(7), |_| true, now).await.unwrap().is_none(), gone > 0);
        let wanted = BTreeSet::from([("one".parse().unwrap(), Field::AccountName, "user00007".to_owned())]);
        let named = bench.inventory.named(&wanted, now, |account| account.id).await.unwrap();
        assert_eq!(named.is_empty(), gone > 0);
    }
    let expiring = bench.search(&["one"], "sAMAccountName=user00007", noon(80)).await;
    assert!(expiring[0].expires.is_some_and(|at| at <= noon(95)));
}

#[tokio::test]
async fn who_moved_is_found_under_the_new_name_only() {
    let bench = Bench::start().await;
    bench.import("one", "c1", &[ivan(1)], noon(0)).await;
    let mut moved = ivan(1);
    moved.dn = "CN=Иван,OU=New,DC=x".to_owned();
    moved.attributes[0].1 = vec!["petrov".to_owned()];
    bench.import("one", "c1", &[moved], noon(1)).await;
    for (query, count) in [
        ("distinguishedName=cn%3D%D0%B8%D0%B2%D0%B0%D0%BD,ou%3Dold,dc%3Dx", 0),
        ("distinguishedName=cn%3D%D0%B8%D0%B2%D0%B0%D0%BD,ou%3Dnew,dc%3Dx", 1),
        ("sAMAccountName=ivan", 0),
        ("sAMAccountName=petrov", 1),
        ("", 1),
    ] {
        assert_eq!(bench.found(&["one"], query, noon(1)).await.len(), count, "{query}");
    }
}

#[tokio::test]
async fn who_has_several_addresses_is_found_by_each() {
    let bench = Bench::start().await;
    let two = Person::new(1, "CN=a", &[("mail", &["a@x", "b@x"])]);
    bench.import("one", "c1", &[two, Person::new(2, "CN=b", &[("mail", &["b@x"])])], noon(0)).await;
    bench.import("two", "c2", &[Person::new(3, "CN=c", &[("mail", &["B@x"])])], noon(0)).await;
    let (one, two, three) = (("one".to_owned(), 1), ("one".to_owned(), 2), ("two".to_owned(), 3));
    assert_eq!(bench.found(&["one", "two"], "mail=A@x", noon(0)).await, std::slice::from_ref(&one));
    assert_eq!(bench.found(&["one", "two"], "mail=b@x", noon(0)).await, [one, two, three]);
}

#[tokio::test]
async fn who_is_in_too_many_groups_for_a_digest_is_found_all_the_same() {
    let bench = Bench::start().await;
    let mut member = Person::numbered(400);
    member.attributes[1].1 = (0..1_500).map(|n| format!("CN=Many {n}")).collect();
    let mut everybody: Vec<Person> = (0..400).map(Person::numbered).collect();
    everybody.push(member);
    bench.import("one", "c1", &everybody, noon(0)).await;
    let number = ("one".to_owned(), 400);
    assert_eq!(
        bench.found(&["one"], "memberOf=cn%3DMANY%201499", noon(0)).await,
        std::slice::from_ref(&number)
    );
    assert!(bench.found(&["one"], "memberOf=cn%3Dmany%201500", noon(0)).await.is_empty());
    assert_eq!(bench.found(&["one"], "page=2", noon(0)).await.last(), Some(&number));
}

#[tokio::test]
async fn of_one_that_several_connections_bring_the_newest_that_is_still_there_is_shown() {
    let bench = Bench::start().await;
    bench.import("one", "a", &[ivan(1)], noon(0)).await;
    bench.import("one", "b", &[ivan(1)], noon(2)).await;
    bench.import("two", "c", &[ivan(1)], noon(3)).await;
    let shown = async |tenant: Option<&str>| {
        let sees = |id: &TenantId| tenant.is_none_or(|tenant| id.as_str() == tenant);
        let found = bench.inventory.account_of(guid(1), sees, noon(4)).await.unwrap();
        found.map(|account| account.connection.to_string())
    };
    assert_eq!(shown(None).await.as_deref(), Some("c"));
    assert_eq!(shown(Some("one")).await.as_deref(), Some("b"));
    assert_eq!(shown(Some("three")).await, None);
    bench.import("one", "b", &[], noon(4)).await;
    assert_eq!(shown(Some("one")).await.as_deref(), Some("a"), "b has it no longer");
}

#[tokio::test]
async fn names_in_events_are_looked_up_in_one_tenant() {
    let bench = Bench::start().await;
    bench.import("one", "c1", &[with_sid(ivan(1))], noon(0)).await;
    bench.import("two", "c2", &[ivan(2)], noon(0)).await;
    let name = |tenant: &str, field, term: &str| (tenant.parse().unwrap(), field, term.to_owned());
    let wanted = BTreeSet::from([
        name("one", Field::AccountName, "ivan"),
        name("one", Field::ObjectSid, "s-1-5-21-7"),
        name("one", Field::PrincipalName, "nobody@x"),
        name("two", Field::ObjectSid, "s-1-5-21-7"),
        name("two", Field::Surname, "петров"),
    ]);
    let found = bench.inventory.named(&wanted, noon(0), |account| account.id).await.unwrap();
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|((tenant, ..), ids)| tenant.as_str() == "one" && *ids == [guid(1)]));
    assert!(bench.inventory.named(&BTreeSet::new(), noon(0), |_| ()).await.unwrap().is_empty());
}
