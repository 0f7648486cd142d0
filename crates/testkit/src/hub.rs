//! A running hub: the real server program on free ports, on a SQLite file of its own or a database that is given, with a
//! licence authority that it trusts.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bastide_api::client::{Client, Secret};
use bastide_kube::licence::{Authority, LicenceRequest};
use bastide_model::{Clock as _, SystemClock};
use tempfile::TempDir;
use url::Url;

use crate::process::{Ending, Process, free_port, scratch_folder, tail};
use crate::programs::{choose_cryptography, program};
use crate::wait;
use crate::web::{self, Visitor};

/// How long the server may take to answer.
const READY_LIMIT: Duration = Duration::from_mins(1);

/// The site administrator that [`Hub::set_up`] makes.
pub const ADMINISTRATOR: &str = "admin@bastide.test";
/// The password of everybody in tests and in the demo.
pub const PASSWORD: &str = "correct horse battery";

/// How a hub is to be started.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Where everything is kept; a SQLite file in the hub's own folder when absent.
    pub database: Option<String>,
    /// The port for people, when it has to be a certain one.
    pub port: Option<u16>,
}

/// How much of a hub's log belongs to an error, in bytes: some dozen requests.
const LOG_TAIL: usize = 4_000;

/// The log of whoever listens at a port.
static LOGS: Mutex<BTreeMap<u16, PathBuf>> = Mutex::new(BTreeMap::new());

/// The end of the log of the hub at a port, if one was started there, with what it is.
pub(crate) fn log_at(port: u16) -> Option<String> {
    let path = LOGS.lock().unwrap_or_else(PoisonError::into_inner).get(&port).cloned()?;
    Some(format!("; the hub's log ends with:\n{}\n", tail(&path, LOG_TAIL)))
}

/// What a hub says when it has started, before the link of its first start.
const WELCOME: &str = "and the agents of clusters at ";

/// A running hub. Dropping it kills the server; [`Hub::stop`] ends it in order.
#[derive(Debug)]
pub struct Hub {
    server: Process,
    options: Options,
    port: u16,
    agent_port: u16,
    authority: AuthorityFiles,
    folder: TempDir,
}

#[derive(Debug)]
struct AuthorityFiles {
    certificate: PathBuf,
    key: PathBuf,
}

impl Hub {
    /// Starts a hub and waits until it answers.
    ///
    /// # Errors
    /// When the server was not built, cannot start or does not answer in time; the end of its log is in the message.
    pub async fn start(options: Options) -> Result<Self> {
        choose_cryptography();
        let folder = scratch_folder("hub")?;
        let authority = make_authority(folder.path())?;
        let port = options.port.map_or_else(free_port, Ok)?;
        let agent_port = free_port()?;
        let server = spawn(folder.path(), &options, &authority, port, agent_port)?;
        let mut hub = Self { server, options, port, agent_port, authority, folder };
        hub.wait_until_ready().await?;
        Ok(hub)
    }

    /// Ends the server in order and starts it again on the same ports and data.
    ///
    /// # Errors
    /// As for [`Hub::start`].
    pub async fn restart(self) -> Result<Self> {
        let Self { server, options, port, agent_port, authority, folder } = self;
        server.stop().await?;
        let server = spawn(folder.path(), &options, &authority, port, agent_port)?;
        let mut hub = Self { server, options, port, agent_port, authority, folder };
        hub.wait_until_ready().await?;
        Ok(hub)
    }

    async fn wait_until_ready(&mut self) -> Result<()> {
        let url = format!("{}/readyz", self.url());
        let client = web::builder().timeout(Duration::from_secs(5)).build()?;
        let server = &mut self.server;
        let ready = wait::until("the hub", READY_LIMIT, async || {
            server.check()?;
            let answer = client.get(&url).send().await;
            let answers = answer.is_ok_and(|answer| answer.status().is_success());
            // It answers a moment before it says what people begin with, which is written in one piece.
            Ok((answers && fs::read_to_string(server.log())?.contains(WELCOME)).then_some(()))
        });
        ready.await.with_context(|| self.server.log_tail())
    }

    /// Where people and programs reach it.
    pub fn url(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// Where agents reach it.
    pub fn agent_url(&self) -> String {
        format!("https://localhost:{}", self.agent_port)
    }

    /// Its folder, with its configuration, data, log and licence authority.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What it logged so far.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn log(&self) -> Result<String> {
        Ok(fs::read_to_string(self.server.log())?)
    }

    /// The end of what it logged, for an error that it has to do with.
    pub fn log_tail(&self) -> String {
        format!("the hub's log ends with:\n{}\n", tail(self.server.log(), LOG_TAIL))
    }

    /// Its process id.
    pub fn process_id(&self) -> u32 {
        self.server.id()
    }

    /// The secret of the one-time link that the first start printed.
    ///
    /// # Errors
    /// When there is none in the log.
    pub fn setup_secret(&self) -> Result<String> {
        let log = self.log()?;
        let (_, rest) = log.split_once("/setup?token=").context("the hub printed no set-up link")?;
        Ok(rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect())
    }

    /// Makes [`ADMINISTRATOR`] the site administrator and returns a client that acts as them.
    ///
    /// # Errors
    /// When the hub refuses.
    pub async fn set_up(&self) -> Result<Client> {
        let request = bastide_api::identity::SetupRequest {
            token: self.setup_secret()?,
            email: ADMINISTRATOR.to_owned(),
            name: "Site Administrator".to_owned(),
            password: PASSWORD.to_owned(),
        };
        self.client(None)?.set_up(&request).await?;
        self.client_as(ADMINISTRATOR).await
    }

    /// A browser without a session.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn visitor(&self) -> Result<Visitor> {
        Visitor::new(&self.url())
    }

    /// A personal token of somebody whose password is [`PASSWORD`].
    ///
    /// # Errors
    /// When the hub refuses.
    pub async fn token_of(&self, email: &str) -> Result<String> {
        let mut visitor = self.visitor()?;
        visitor.sign_in(email, PASSWORD).await?;
        visitor.new_token("test").await
    }

    /// A client of the API that acts as somebody whose password is [`PASSWORD`].
    ///
    /// # Errors
    /// When the hub refuses.
    pub async fn client_as(&self, email: &str) -> Result<Client> {
        self.client(Some(self.token_of(email).await?))
    }

    /// A client of the API with a token, or without.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn client(&self, token: Option<String>) -> Result<Client> {
        Ok(Client::new(Url::parse(&self.url())?, token.map(Secret::new).as_ref(), None)?)
    }

    /// A licence for a cluster, signed by the authority that this hub trusts.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn licence_for(&self, cluster_uid: &str, days: i64) -> Result<String> {
        let now = SystemClock.now();
        let request = LicenceRequest {
            cluster_uids: vec![cluster_uid.to_owned()],
            features: vec!["client-organizations".to_owned(), "databases".to_owned()],
            product_line: "bastide".to_owned(),
            tier: "enterprise".to_owned(),
            plan: "demo".to_owned(),
            flags: Vec::new(),
            not_before: now.plus_seconds(-3600),
            not_after: now.plus_seconds(days * 86_400),
        };
        let authority = Authority {
            certificate_pem: fs::read_to_string(&self.authority.certificate)?,
            key_pem: fs::read_to_string(&self.authority.key)?,
        };
        bastide_kube::licence::issue(&authority, &request).context("cannot issue a licence")
    }

    /// Files with certificate and key of the licence authority that this hub trusts.
    pub fn licence_authority(&self) -> (&Path, &Path) {
        (&self.authority.certificate, &self.authority.key)
    }

    /// Ends the server in order.
    ///
    /// # Errors
    /// When it does not end well.
    pub async fn stop(self) -> Result<()> {
        let log = self.server.log_tail();
        let status = self.server.stop().await?;
        ensure!(status.success(), "the hub ended with {status}\n{log}");
        Ok(())
    }
}

fn make_authority(folder: &Path) -> Result<AuthorityFiles> {
    let authority =
        bastide_kube::licence::authority("Test licences").context("cannot make a licence authority")?;
    let files = AuthorityFiles { certificate: folder.join("licences.pem"), key: folder.join("licences.key") };
    fs::write(&files.certificate, &authority.certificate_pem)?;
    fs::write(&files.key, &authority.key_pem)?;
    Ok(files)
}

fn spawn(
    folder: &Path,
    options: &Options,
    authority: &AuthorityFiles,
    port: u16,
    agent_port: u16,
) -> Result<Process> {
    let own = format!("sqlite:{}", folder.join("bastide.db").display());
    let database = options.database.as_deref().unwrap_or(&own);
    let configuration = format!(
        "database = {database:?}\nlisten = \"127.0.0.1:{port}\"\npublic_url = \"http://localhost:{port}\"\n\
         agent_listen = \"127.0.0.1:{agent_port}\"\nagent_url = \"https://localhost:{agent_port}\"\nshutdown_seconds = 5\n\
         [licence]\nauthorities = [{:?}]\n[log]\nformat = \"json\"\n",
        authority.certificate.display().to_string(),
    );
    let file = folder.join("hub.toml");
    fs::write(&file, configuration)?;
    let mut command = Command::new(program("bastide-server")?);
    command.arg("--config").arg(&file);
    let log = folder.join("hub.log");
    let own = [port, agent_port].map(|port| (port, log.clone()));
    LOGS.lock().unwrap_or_else(PoisonError::into_inner).extend(own);
    Process::start("bastide-server", &mut command, &log, Ending::Terminate)
}
