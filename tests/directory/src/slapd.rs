//! `OpenLDAP`'s server as a process.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    process::{Child, Command},
    time::{Instant, sleep},
};

use crate::{Authority, Pair, StartError, people, schema};

/// How long it may take to start.
const START: Duration = Duration::from_secs(30);
/// How often it is started anew when somebody else took its port.
const ATTEMPTS: u32 = 3;

/// What a server is to be like.
#[derive(Clone, Copy, Debug, Default)]
pub struct SlapdOptions<'a> {
    /// How many people it holds.
    pub people: usize,
    /// What it shows to clients, and whether with the intermediate's certificate.
    pub tls: Option<(&'a Authority, &'a Pair, bool)>,
    /// Further lines of its settings, before those of the database.
    pub settings: &'a str,
    /// Further lines of the settings of its database.
    pub database: &'a str,
}

/// A running server, which ends when this is dropped.
#[derive(Debug)]
pub struct Slapd {
    port: u16,
    tls_port: u16,
    directory: PathBuf,
    child: Child,
}

impl Slapd {
    /// Starts one on ports of this machine's 127.0.0.1.
    ///
    /// # Errors
    /// When `infra/local/tools.sh` has not put the program there, or it does not serve.
    pub async fn start(options: SlapdOptions<'_>) -> Result<Self, StartError> {
        // It takes no port of the system's choice, so two are chosen for it; somebody may be faster.
        let mut attempts = 1;
        loop {
            match Self::attempt(&options).await {
                Err(_) if attempts < ATTEMPTS => attempts += 1,
                result => return result,
            }
        }
    }

    async fn attempt(options: &SlapdOptions<'_>) -> Result<Self, StartError> {
        let tools = tools()?;
        let held = [TcpListener::bind("127.0.0.1:0").await?, TcpListener::bind("127.0.0.1:0").await?];
        let [port, tls_port] = [held[0].local_addr()?.port(), held[1].local_addr()?.port()];
        let directory = std::env::temp_dir().join(format!("bridge-slapd-{}-{port}", std::process::id()));
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(directory.join("db"))?;
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o700))?;
        write_settings(&directory, &tools, options)?;
        fs::write(directory.join("people.ldif"), people::ldif(options.people))?;
        run(&tools.join("slapadd"), &directory, &["-q", "-l", "people.ldif"]).await?;
        let mut urls = format!("ldap://127.0.0.1:{port}");
        if options.tls.is_some() {
            urls = format!("{urls} ldaps://127.0.0.1:{tls_port}");
        }
        let log = fs::File::create(directory.join("log"))?;
        let mut program = Command::new(tools.join("slapd"));
        program
            .args(["-d", "0", "-f", "slapd.conf", "-h", &urls])
            .current_dir(&directory)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true);
        drop(held);
        let mut server = Self { port, tls_port, directory, child: program.spawn()? };
        server.ready(options.tls.is_some()).await?;
        Ok(server)
    }

    async fn ready(&mut self, tls: bool) -> Result<(), StartError> {
        let until = Instant::now() + START;
        let ports = if tls { vec![self.port, self.tls_port] } else { vec![self.port] };
        for port in ports {
            while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                if self.child.try_wait()?.is_some() || Instant::now() > until {
                    let log = fs::read_to_string(self.directory.join("log")).unwrap_or_default();
                    return Err(format!("slapd does not serve: {log}").into());
                }
                sleep(Duration::from_millis(10)).await;
            }
        }
        // Whoever took the port meanwhile is not it.
        match self.child.try_wait()? {
            None => Ok(()),
            Some(_) => Err("slapd has ended".into()),
        }
    }

    /// The port for LDAP.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The port for LDAP over TLS.
    #[must_use]
    pub const fn tls_port(&self) -> u16 {
        self.tls_port
    }

    /// Stops it where it is: the system still takes connections for it, and nothing is answered.
    ///
    /// # Errors
    /// When it does not run any more.
    pub async fn freeze(&self) -> Result<(), StartError> {
        self.signal("STOP").await
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// When it does not run any more.
    pub async fn thaw(&self) -> Result<(), StartError> {
        self.signal("CONT").await
    }

    /// Ends it: connections are refused from now on.
    ///
    /// # Errors
    /// When it can not be ended.
    pub async fn stop(&mut self) -> Result<(), StartError> {
        Ok(self.child.kill().await?)
    }

    /// The shell's own `kill`: always there, and no unsafe code is needed.
    async fn signal(&self, name: &str) -> Result<(), StartError> {
        let id = self.child.id().ok_or("slapd has ended")?;
        let status = Command::new("/bin/sh").args(["-c", &format!("kill -s {name} {id}")]).status().await?;
        if status.success() { Ok(()) } else { Err("slapd can not be signalled".into()) }
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        let _ = self.child.start_kill();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

async fn run(program: &Path, directory: &Path, args: &[&str]) -> Result<(), StartError> {
    let output = Command::new(program)
        .args(["-f", "slapd.conf"])
        .args(args)
        .current_dir(directory)
        .stdin(Stdio::null())
        .output()
        .await?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{}: {}", program.display(), String::from_utf8_lossy(&output.stderr)).into())
}

fn write_settings(directory: &Path, tools: &Path, options: &SlapdOptions<'_>) -> Result<(), StartError> {
    fs::write(directory.join("ad.schema"), schema::schema())?;
    let schemas: String = ["core", "cosine", "inetorgperson"]
        .map(|name| format!("include {}/schema/{name}.schema\n", tools.display()))
        .concat();
    let mut tls = "";
    if let Some((authority, pair, whole)) = options.tls {
        let between = if whole { authority.intermediate_pem.as_str() } else { "" };
        fs::write(directory.join("server.pem"), format!("{}{between}", pair.certificate_pem))?;
        fs::write(directory.join("server.key"), &pair.key_pem)?;
        tls = "TLSCertificateFile server.pem\nTLSCertificateKeyFile server.key\nTLSVerifyClient never\n";
    }
    let text = format!(
        "{schemas}include ad.schema\nmodulepath {}/modules\nmoduleload back_mdb\npidfile pid\nargsfile args\n\
         {tls}{}\ndatabase mdb\nsuffix \"{}\"\ndirectory db\nmaxsize 1073741824\ndbnosync\n\
         index objectClass,sAMAccountName,userPrincipalName,objectGUID,sAMAccountType eq\n\
         access to attrs=userPassword by anonymous auth by * none\naccess to * by users read by * none\n{}\n",
        tools.display(),
        options.settings,
        people::BASE,
        options.database
    );
    Ok(fs::write(directory.join("slapd.conf"), text)?)
}

/// Where `infra/local/tools.sh` has put the programs.
fn tools() -> Result<PathBuf, StartError> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).ok_or("there is no checkout")?;
    let tools = root.join(".tools/slapd");
    if tools.join("slapd").exists() {
        return Ok(tools);
    }
    Err(format!("{} is not there: run `infra/local/tools.sh slapd`", tools.display()).into())
}
