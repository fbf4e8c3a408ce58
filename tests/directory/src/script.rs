//! What a hostile server does, and the answers it gives.

use crate::{
    ber::{element, list, number, octets},
    controller::Object,
    hostile::Question,
};

/// When a server leaves the standard, or does what only some servers do.
#[derive(Clone, Debug)]
pub enum Script {
    /// Refuses the sign-in.
    RefuseBind(u32, &'static str),
    /// Answers nothing to the sign-in.
    SilentBind,
    /// Answers the sign-in with these bytes.
    RawBind(Vec<u8>),
    /// Refuses `StartTLS`.
    RefuseStartTls(u32),
    /// Answers nothing to `StartTLS`.
    SilentStartTls,
    /// Sends a sign-in response behind its consent to `StartTLS`, as somebody in between would.
    InjectAfterStartTls,
    /// Hangs up at `StartTLS`.
    HangUpAtStartTls,
    /// Sends one entry, then these bytes instead of the rest; the id of the search is put into the place
    /// of a byte 0xEE, if there is one.
    Raw(Vec<u8>),
    /// Sends one entry and nothing more.
    Stall,
    /// Sends one entry and hangs up.
    HangUp,
    /// Sends entries without an end.
    Flood,
    /// Sends the same page with the same cookie, again and again.
    SamePage,
    /// Sends empty pages with ever new cookies.
    EmptyPages,
    /// Fails at the second page with this code.
    SecondPage(u32),
    /// Sends the second page without a paging control.
    PagingLost,
    /// Knows no paging: so many entries at once.
    NoPaging(usize),
    /// Pages as Samba does: so many pages, the same cookie with each.
    OneCookie(usize),
    /// References to other servers between the entries, and one page.
    References,
    /// A group of so many members, sent in parts of 1500 as Active Directory does.
    Members(usize),
    /// The same, but a part is left out.
    MembersWithGap,
    /// The same, but the second part comes again and again.
    MembersAgain,
    /// A controller of Active Directory that keeps to the rules.
    Controller(Vec<Object>),
}

/// A message.
pub(crate) fn message(id: u32, operation: &[u8], controls: &[u8]) -> Vec<u8> {
    list(0x30, &[number(0x02, id), operation.to_vec(), controls.to_vec()])
}

/// A result: of a bind (0x61), a search (0x65) or an extended operation (0x78).
pub(crate) fn result(tag: u8, code: u32, text: &str) -> Vec<u8> {
    list(tag, &[number(0x0a, code), octets(""), octets(text)])
}

/// The controls of a result with a paging cookie.
pub(crate) fn paged(cookie: &str) -> Vec<u8> {
    let value = list(0x30, &[number(0x02, 0), octets(cookie)]);
    list(0xa0, &[list(0x30, &[octets("1.2.840.113556.1.4.319"), octets(value)])])
}

/// An entry.
pub(crate) fn entry(dn: impl AsRef<[u8]>, attributes: &[(String, Vec<Vec<u8>>)]) -> Vec<u8> {
    let attributes: Vec<Vec<u8>> = attributes
        .iter()
        .map(|(name, values)| {
            let values: Vec<Vec<u8>> = values.iter().map(octets).collect();
            list(0x30, &[octets(name), list(0x31, &values)])
        })
        .collect();
    list(0x64, &[octets(dn), list(0x30, &attributes)])
}

/// An entry with nothing but a number.
pub(crate) fn numbered(number: usize) -> Vec<u8> {
    let name = format!("u{number}");
    let dn = format!("CN={name},DC=corp,DC=test");
    let guid = (number as u128).to_be_bytes().to_vec();
    entry(dn, &[("cn".to_owned(), vec![name.into_bytes()]), ("objectGUID".to_owned(), vec![guid])])
}

impl Script {
    /// What this script sends for a search.
    pub(crate) fn answer(&self, question: &Question) -> Vec<Vec<u8>> {
        let id = question.id;
        let done = |code: u32, controls: &[u8]| message(id, &result(0x65, code, ""), controls);
        let entry = |at: usize| message(id, &numbered(at), &[]);
        match self {
            Self::Raw(bytes) => {
                let byte = u8::try_from(id).unwrap_or_default();
                let bytes = bytes.iter().map(|b| if *b == 0xee { byte } else { *b }).collect();
                vec![entry(1), bytes]
            }
            Self::Stall | Self::HangUp => vec![entry(1)],
            Self::SamePage => vec![entry(1), entry(2), done(0, &paged("same"))],
            Self::EmptyPages => vec![done(0, &paged(&format!("cookie {id}")))],
            Self::SecondPage(code) if question.page > 1 => vec![entry(2), done(*code, &[])],
            Self::PagingLost if question.page > 1 => vec![entry(2), done(0, &[])],
            Self::SecondPage(_) | Self::PagingLost => vec![entry(1), done(0, &paged("more"))],
            Self::NoPaging(count) => (0..*count).map(entry).chain([done(0, &[])]).collect(),
            Self::OneCookie(pages) => {
                let last = question.page >= *pages;
                vec![entry(question.page), done(0, &paged(if last { "" } else { "7" }))]
            }
            Self::References => {
                let reference = |host: &str| {
                    let url = format!("ldap://{host}/CN=Configuration,DC=corp,DC=test");
                    message(id, &list(0x73, &[octets(url)]), &[])
                };
                let (one, two) = (reference("ForestDnsZones.corp.test"), reference("corp.test"));
                vec![entry(1), one, entry(2), two, done(0, &paged(""))]
            }
            Self::Members(count) => {
                vec![message(id, &members(question, *count, 0), &[]), done(0, &paged(""))]
            }
            Self::MembersWithGap => {
                let shift = usize::from(question.range > 0) * 100;
                vec![message(id, &members(question, 5000, shift), &[]), done(0, &paged(""))]
            }
            Self::MembersAgain => {
                let first = Question { range: question.range.min(1500), ..question.clone() };
                vec![message(id, &members(&first, 5000, 0), &[]), done(0, &paged(""))]
            }
            _ => vec![done(0, &paged(""))],
        }
    }
}

/// A group, with the members from the one that was asked for on.
fn members(question: &Question, count: usize, shift: usize) -> Vec<u8> {
    let first = question.range + shift;
    let end = (first + 1500).min(count);
    let values = (first..end).map(|at| format!("CN=u{at},DC=corp,DC=test").into_bytes()).collect();
    let last = if end == count { "*".to_owned() } else { (end - 1).to_string() };
    let mut attributes = vec![(format!("member;range={first}-{last}"), values)];
    if question.range == 0 {
        attributes.insert(0, ("member".to_owned(), Vec::new()));
    }
    entry("CN=All,DC=corp,DC=test", &attributes)
}

/// A Notice of Disconnection (RFC 4511, 4.4.1); `misplaced` as Active Directory writes it.
#[must_use]
pub fn notice(code: u32, misplaced: bool) -> Vec<u8> {
    let name = element(0x8a, b"1.3.6.1.4.1.1466.20036");
    let (inside, behind) = if misplaced { (Vec::new(), name) } else { (name, Vec::new()) };
    let operation = list(0x78, &[number(0x0a, code), octets(""), octets("going down"), inside]);
    message(0, &operation, &behind)
}

/// Well-formed messages with the id 1, such as servers send: to be changed by who tests a reader.
#[must_use]
pub fn samples() -> Vec<Vec<u8>> {
    let attributes = [
        ("objectGUID".to_owned(), vec![(0..16).collect()]),
        ("member;range=0-1".to_owned(), vec![b"CN=a".to_vec(), b"CN=b".to_vec()]),
        ("description".to_owned(), Vec::new()),
    ];
    let referral = list(0xa3, &[octets("ldap://dc2.corp.test/DC=corp")]);
    let referred = list(0x65, &[number(0x0a, 10), octets("DC=corp"), octets("elsewhere"), referral]);
    let signed = list(0x61, &[number(0x0a, 0), octets(""), octets(""), element(0x87, b"token")]);
    let critical = [octets("1.2.840.113556.1.4.319"), element(0x01, &[0xff]), octets("value")];
    let controls = list(0xa0, &[list(0x30, &critical), list(0x30, &[octets("1.2.3")])]);
    vec![
        message(1, &entry("CN=a,DC=corp,DC=test", &attributes), &[]),
        message(1, &result(0x65, 0, ""), &paged("cookie")),
        message(1, &result(0x65, 4, "size limit"), &controls),
        message(1, &referred, &[]),
        message(1, &list(0x73, &[octets("ldap://corp.test/DC=corp")]), &[]),
        message(1, &result(0x61, 49, "data 52e"), &[]),
        message(1, &signed, &[]),
        message(1, &result(0x78, 0, ""), &[]),
        notice(52, false),
        notice(52, true),
    ]
}
