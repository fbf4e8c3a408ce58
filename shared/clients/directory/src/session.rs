//! One open connection: the LDAP library behind the guard, and the requests that are made over it.

use std::{os::unix, sync::Arc, time::Duration};

use ldap3::{
    Ldap, LdapConnAsync, LdapConnSettings, LdapError, LdapResult, Scope, StdStream, controls::RawControl,
};
use tokio::{
    net::UnixStream,
    task::JoinHandle,
    time::{Instant, timeout},
};

use crate::{
    bind::BindFault,
    carry::{self, Meter},
    credentials::Credentials,
    entry::Entry,
    fault::{Fault, Stage},
    guard::Awaited,
    transport::{Stream, within},
};

/// What the answer to one request may cost in memory, in bytes: a page of 500 users with every
/// attribute takes a tenth of it.
pub(crate) const MAX_ANSWER: usize = 48 * 1024 * 1024;
/// How long a good-bye may take.
const FAREWELL: Duration = Duration::from_secs(1);

/// What a search asks for.
pub(crate) struct Question<'a> {
    pub(crate) base: &'a str,
    pub(crate) scope: Scope,
    pub(crate) filter: &'a str,
    pub(crate) attributes: &'a [String],
    pub(crate) controls: Vec<RawControl>,
    /// Most entries of the answer.
    pub(crate) limit: usize,
}

/// The whole answer to one search request.
pub(crate) struct Reply {
    pub(crate) entries: Vec<Entry>,
    pub(crate) references: u64,
    pub(crate) result: LdapResult,
}

/// One open connection.
pub(crate) struct Session {
    ldap: Ldap,
    meter: Arc<Meter>,
    driver: JoinHandle<Result<(), LdapError>>,
    carrier: JoinHandle<()>,
    /// After a failure the state of the connection is not known: nothing more is asked over it.
    spent: bool,
}

impl Session {
    /// Puts the library and the guard in front of a stream.
    pub(crate) async fn over(stream: Box<dyn Stream>) -> Result<Self, Fault> {
        let (near, far) = UnixStream::pair().map_err(|_| Fault::Unreachable)?;
        let far: unix::net::UnixStream = far.into_std().map_err(|_| Fault::Unreachable)?;
        let settings = LdapConnSettings::new().set_std_stream(StdStream::Unix(far));
        let (connection, ldap) =
            LdapConnAsync::with_settings(settings, "ldapi:///").await.map_err(|_| Fault::Unreachable)?;
        let meter = Arc::new(Meter::new(MAX_ANSWER));
        let guarding = Arc::clone(&meter);
        let carrier = tokio::spawn(async move { carry::carry(stream, near, &guarding).await });
        // In a task of its own: a panic in there ends the task, and the request sees the end.
        let driver = tokio::spawn(connection.drive());
        Ok(Self { ldap, meter, driver, carrier, spent: false })
    }

    /// Signs in.
    pub(crate) async fn bind(&mut self, credentials: &Credentials, deadline: Instant) -> Result<(), Fault> {
        self.begin(Awaited::Bind, 0)?;
        let bind = self.ldap.simple_bind(credentials.user(), credentials.password());
        let answer = within(deadline, Stage::Bind, async { Ok(bind.await) }).await?;
        let result = answer.map_err(|error| self.lost(&error))?;
        match result.rc {
            0 => {}
            8 | 13 => return Err(Fault::TlsRequired),
            51 => return Err(Fault::Busy),
            52 => return Err(Fault::Unavailable),
            code => return Err(Fault::Bind(BindFault::of(code, &result.text))),
        }
        self.spent = false;
        Ok(())
    }

    /// Makes one search request and reads its whole answer until `deadline`.
    pub(crate) async fn ask(&mut self, question: Question<'_>, deadline: Instant) -> Result<Reply, Fault> {
        self.begin(Awaited::Search, question.limit)?;
        let answer = within(deadline, Stage::Search, self.reply(question)).await;
        match &answer {
            Ok(_) => self.spent = false,
            // What still comes is for nobody: the library would warn of it, with all that is in it.
            Err(_) => self.end(),
        }
        answer
    }

    async fn reply(&mut self, question: Question<'_>) -> Result<Reply, Fault> {
        let started = self
            .ldap
            .with_controls(question.controls)
            .streaming_search(question.base, question.scope, question.filter, question.attributes.to_vec())
            .await;
        let mut stream = started.map_err(|error| self.lost(&error))?;
        let mut references = 0_u64;
        while let Some(item) = stream.next().await.map_err(|error| self.lost(&error))? {
            if !item.is_ref() {
                return Err(Fault::Unexpected);
            }
            references += 1;
        }
        let id = u32::try_from(stream.ldap_handle().last_id()).map_err(|_| Fault::Unexpected)?;
        let entries = self.meter.entries(id).map_err(Fault::of_breach)?;
        Ok(Reply { entries, references, result: stream.finish().await })
    }

    /// Says good-bye, for at most a second.
    pub(crate) async fn close(mut self) {
        if !self.spent {
            let _ = timeout(FAREWELL, self.ldap.unbind()).await;
            let _ = timeout(FAREWELL, &mut self.carrier).await;
        }
    }

    fn end(&self) {
        self.driver.abort();
        self.carrier.abort();
    }

    /// Starts a request. Until it has succeeded, the connection counts as spent.
    fn begin(&mut self, awaited: Awaited, most: usize) -> Result<(), Fault> {
        if self.spent {
            return Err(Fault::Spent);
        }
        self.spent = true;
        self.meter.begin(awaited, most);
        Ok(())
    }

    /// Why the library did not get an answer.
    fn lost(&self, error: &LdapError) -> Fault {
        match (self.meter.breach(), error) {
            (Some(breach), _) => Fault::of_breach(breach),
            (None, LdapError::FilterParsing) => Fault::FilterRefused,
            _ => Fault::Closed,
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests {
    use bridge_domain::secret::Secret;
    use proptest::{prelude::*, sample::Index};
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _, duplex},
        runtime::Builder,
    };

    use super::*;

    /// Gives `bytes` to a session that waits for an answer, and hangs up.
    async fn answered(bytes: &[u8], binding: bool) {
        let (near, mut far) = duplex(1 << 20);
        let mut session = Session::over(Box::new(near)).await.unwrap();
        let bytes = bytes.to_vec();
        let server = tokio::spawn(async move {
            let mut request = [0; 512];
            let _ = far.read(&mut request).await;
            let _ = far.write_all(&bytes).await;
        });
        let deadline = Instant::now() + Duration::from_secs(10);
        if binding {
            let credentials = Credentials::new("a@b", Secret::new("c".to_owned())).unwrap();
            let _ = session.bind(&credentials, deadline).await;
        } else {
            let attributes = ["cn".to_owned()];
            let question = Question {
                base: "",
                scope: Scope::Subtree,
                filter: "(cn=*)",
                attributes: &attributes,
                controls: Vec::new(),
                limit: 10,
            };
            let _ = session.ask(question, deadline).await;
        }
        server.await.unwrap();
        session.end();
        let panicked = |ended: Result<_, tokio::task::JoinError>| ended.is_err_and(|error| error.is_panic());
        assert!(!panicked((&mut session.driver).await.map(drop)), "the library panicked");
        assert!(!panicked((&mut session.carrier).await), "the guard panicked");
    }

    fn run(messages: &[Vec<u8>], binding: bool) {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(answered(&messages.concat(), binding));
    }

    fn change(message: &mut Vec<u8>, kind: u8, at: Index, byte: u8) {
        if message.is_empty() {
            return;
        }
        let at = at.index(message.len());
        match kind {
            0 => message[at] = byte,
            1 => message[at] ^= 1 << (byte % 8),
            2 => message.insert(at, byte),
            3 => drop(message.remove(at)),
            4 => message.truncate(at),
            5 => message[at] = [0x02, 0x04, 0x0a, 0x30, 0x31, 0x64, 0x65, 0xa0][usize::from(byte % 8)],
            _ => message.extend_from_within(at..),
        }
    }

    proptest! {
        #[test]
        fn nothing_that_a_server_sends_makes_the_library_panic(
            parts in prop::collection::vec((any::<Index>(), prop::collection::vec((0..7_u8, any::<Index>(), any::<u8>()), 0..4)), 1..4),
            binding: bool,
        ) {
            let samples = bridge_slapd::samples();
            let messages: Vec<Vec<u8>> = parts
                .into_iter()
                .map(|(sample, changes)| {
                    let mut message = samples[sample.index(samples.len())].clone();
                    for (kind, at, byte) in changes {
                        change(&mut message, kind, at, byte);
                    }
                    message
                })
                .collect();
            run(&messages, binding);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>, binding: bool) {
            run(&[bytes], binding);
        }
    }

    #[test]
    fn the_samples_are_good_messages() {
        use crate::guard::{Breach, check};
        let expected = [Ok(()), Ok(()), Ok(()), Ok(()), Ok(())];
        for (sample, expected) in bridge_slapd::samples().iter().zip(expected) {
            assert_eq!(check(sample, Awaited::Search).map(drop), expected);
        }
        for sample in &bridge_slapd::samples()[5..7] {
            assert_eq!(check(sample, Awaited::Bind).map(drop), Ok(()));
            assert_eq!(check(sample, Awaited::Search), Err(Breach::Unexpected));
        }
    }
}
