//! Samba as a controller of Active Directory.

use std::{
    fs,
    io::Write as _,
    net::{Ipv4Addr, TcpListener as BlockingListener},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::{Command as BlockingCommand, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use tokio::{
    io::{AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
    process::{Child, Command},
    task::{JoinHandle, JoinSet},
    time::{Instant, sleep},
};

use crate::{Authority, Changes, Pair, StartError};

/// How long it may take to start.
const START: Duration = Duration::from_mins(1);
/// How often it is started anew when somebody else took its address.
const ATTEMPTS: u32 = 3;
/// It ends itself then, if nobody else does.
const LONGEST: &str = "--maximum-runtime=1800";
/// Its ports can not be chosen: LDAP, and LDAP over TLS.
const PORTS: [u16; 2] = [389, 636];
/// Its settings, which `infra/local/tools.sh` has made the domain with.
const SETTINGS: &str = include_str!("../../../infra/local/smb.conf");

/// A running controller of the domain `corp.test` (`CORP`), which ends when this is dropped. It shows a
/// certificate for `localhost` with that of the intermediate authority.
#[derive(Debug)]
pub struct Samba {
    /// Who has signed its certificate.
    pub authority: Authority,
    ports: [u16; 2],
    forwarders: [JoinHandle<()>; 2],
    server: Server,
}

/// The process with its children, and its files.
#[derive(Debug)]
struct Server {
    directory: PathBuf,
    address: Ipv4Addr,
    child: Option<Child>,
}

impl Samba {
    /// Starts one with a domain of its own, in which these changes are made first. `None` where Samba can
    /// not be had: then that is printed.
    ///
    /// # Errors
    /// When it is there and does not serve, or refuses a change.
    pub async fn start(changes: &Changes) -> Result<Option<Self>, StartError> {
        let Some(tools) = tools()? else { return Ok(None) };
        let authority = Authority::new("Samba")?;
        let pair = authority.server(&["localhost"])?;
        let mut server = Server::prepare(&tools, (&authority, &pair))?;
        server.apply(changes).await?;
        let mut attempts = 1;
        loop {
            match server.serve(&tools).await {
                Err(_) if attempts < ATTEMPTS => attempts += 1,
                result => break result?,
            }
        }
        let [plain, tls] = PORTS;
        let ((port, first), (tls_port, second)) =
            (forward(server.address, plain).await?, forward(server.address, tls).await?);
        Ok(Some(Self { authority, ports: [port, tls_port], forwarders: [first, second], server }))
    }

    /// The port for LDAP, at 127.0.0.1.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.ports[0]
    }

    /// The port for LDAP over TLS, at 127.0.0.1.
    #[must_use]
    pub const fn tls_port(&self) -> u16 {
        self.ports[1]
    }

    /// Makes changes, all or none, while it runs.
    ///
    /// # Errors
    /// When one of them is refused.
    pub async fn apply(&self, changes: &Changes) -> Result<(), StartError> {
        self.server.apply(changes).await
    }

    /// The values of an attribute of the entries that a filter finds, as Samba's own tool writes them:
    /// numbers that are bytes as text.
    ///
    /// # Errors
    /// When the filter is none.
    pub async fn values(&self, filter: &str, attribute: &str) -> Result<Vec<String>, StartError> {
        let text = self.server.tool("ldbsearch", &["-b", crate::BASE, filter, attribute], "").await?;
        // A line that goes on in the next one.
        let whole = text.replace("\n ", "");
        let value = |line: &str| -> Option<Result<String, StartError>> {
            let value = line.strip_prefix(attribute)?.strip_prefix(':')?;
            Some(match value.strip_prefix(": ") {
                Some(encoded) => BASE64
                    .decode(encoded)
                    .map_err(Into::into)
                    .and_then(|bytes| String::from_utf8(bytes).map_err(Into::into)),
                None => Ok(value.trim_start().to_owned()),
            })
        };
        whole.lines().filter_map(value).collect()
    }
}

impl Drop for Samba {
    fn drop(&mut self) {
        for forwarder in &self.forwarders {
            forwarder.abort();
        }
    }
}

impl Server {
    /// A domain of its own.
    fn prepare(tools: &Path, (authority, pair): (&Authority, &Pair)) -> Result<Self, StartError> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let home = std::env::temp_dir().join(format!("bridge-samba-{}-{number}", std::process::id()));
        let _ = fs::remove_dir_all(&home);
        fs::create_dir_all(&home)?;
        // From here on it is removed, whatever happens.
        let server = Self { directory: home.clone(), address: Ipv4Addr::LOCALHOST, child: None };
        fs::set_permissions(&home, fs::Permissions::from_mode(0o700))?;
        for part in ["private", "state"] {
            let mut copy = BlockingCommand::new("cp");
            if !copy.arg("-a").arg(tools.join("domain").join(part)).arg(&home).status()?.success() {
                return Err("the domain can not be copied".into());
            }
        }
        for part in ["run", "cache"] {
            fs::create_dir(home.join(part))?;
        }
        fs::write(home.join("root.pem"), &authority.root_pem)?;
        fs::write(
            home.join("server.pem"),
            format!("{}{}", pair.certificate_pem, authority.intermediate_pem),
        )?;
        let key = home.join("server.key");
        fs::write(&key, &pair.key_pem)?;
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600))?;
        server.write_settings()?;
        Ok(server)
    }

    fn write_settings(&self) -> Result<(), StartError> {
        let home = self.directory.display().to_string();
        let settings = SETTINGS.replace("@HOME@", &home).replace("@ADDRESS@", &self.address.to_string());
        Ok(fs::write(self.directory.join("smb.conf"), settings)?)
    }

    async fn serve(&mut self, tools: &Path) -> Result<(), StartError> {
        self.end();
        self.address = free_address()?;
        self.write_settings()?;
        let log = fs::File::create(self.directory.join("log"))?;
        let mut program = Command::new(tools.join("run"));
        program
            .args(["samba", "--configfile=smb.conf", "--interactive", "--model=standard"])
            .args(["--no-process-group", LONGEST])
            .current_dir(&self.directory)
            // It ends when this is closed, also by the end of this process.
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0);
        self.child = Some(program.spawn()?);
        self.ready().await
    }

    /// Ends the whole group: it has a process for each connection.
    fn end(&mut self) {
        if let Some(group) = self.child.take().as_ref().and_then(Child::id) {
            let kill = format!("kill -s KILL -- -{group}");
            let _ = BlockingCommand::new("/bin/sh").args(["-c", &kill]).stderr(Stdio::null()).status();
        }
    }

    async fn ready(&mut self) -> Result<(), StartError> {
        let until = Instant::now() + START;
        for port in PORTS {
            while TcpStream::connect((self.address, port)).await.is_err() {
                self.alive(until)?;
                sleep(Duration::from_millis(20)).await;
            }
        }
        // Whoever took the address meanwhile is not it.
        self.alive(until)
    }

    fn alive(&mut self, until: Instant) -> Result<(), StartError> {
        let ended = self.child.as_mut().is_none_or(|child| !matches!(child.try_wait(), Ok(None)));
        if ended || Instant::now() > until {
            let log = fs::read_to_string(self.directory.join("log")).unwrap_or_default();
            return Err(format!("Samba does not serve: {log}").into());
        }
        Ok(())
    }

    async fn apply(&self, changes: &Changes) -> Result<(), StartError> {
        if changes.ldif().is_empty() {
            return Ok(());
        }
        self.tool("ldbmodify", &[], changes.ldif()).await.map(drop)
    }

    /// Runs a tool on the database of the domain.
    async fn tool(&self, name: &str, args: &[&str], input: &str) -> Result<String, StartError> {
        let tools = tools()?.ok_or("Samba has gone")?;
        let mut child = Command::new(tools.join("run"))
            .args([name, "-H", "private/sam.ldb", "--configfile=smb.conf"])
            .args(args)
            .current_dir(&self.directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // When it does not read all of it, it says why itself.
            let _ = stdin.write_all(input.as_bytes()).await;
        }
        let output = child.wait_with_output().await?;
        if output.status.success() {
            return Ok(String::from_utf8(output.stdout)?);
        }
        Err(format!("{name}: {}", String::from_utf8_lossy(&output.stderr)).into())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// An address of this machine at which nobody has taken the ports. Processes begin at different ones.
fn free_address() -> Result<Ipv4Addr, StartError> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    for _ in 0..100 {
        let number = std::process::id().wrapping_mul(16).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let [_, second, third, fourth] = number.to_be_bytes();
        let address = Ipv4Addr::new(127, 64 | (second & 63), third, fourth.clamp(1, 254));
        if PORTS.iter().all(|port| BlockingListener::bind((address, *port)).is_ok()) {
            return Ok(address);
        }
    }
    Err("no address of this machine is free for Samba".into())
}

/// Hands connections on from a port of 127.0.0.1.
async fn forward(address: Ipv4Addr, to: u16) -> Result<(u16, JoinHandle<()>), StartError> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let task = tokio::spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((mut near, _)) = listener.accept().await {
            connections.spawn(async move {
                let mut far = TcpStream::connect((address, to)).await.ok()?;
                copy_bidirectional(&mut near, &mut far).await.ok()
            });
            // Those that have ended.
            while connections.try_join_next().is_some() {}
        }
    });
    Ok((port, task))
}

/// Where `infra/local/tools.sh` has put it; `None` when it was left out.
fn tools() -> Result<Option<PathBuf>, StartError> {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).ok_or("there is no checkout")?;
    let tools = checkout.join(".tools/samba");
    // Whose process this is owns this directory.
    let root = fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    if root && tools.join("stamp").exists() {
        return Ok(Some(tools));
    }
    if std::env::var_os("REQUIRE_SAMBA").is_some_and(|value| value == "1") {
        return Err(format!(
            "{} is not there, or not root's: run `infra/local/tools.sh samba`",
            tools.display()
        )
        .into());
    }
    // Not by the macro, whose words nobody sees of a test that passes.
    let _ = writeln!(
        std::io::stderr(),
        "no Samba here (`infra/local/tools.sh samba` says why): a test with it is left out"
    );
    Ok(None)
}
