//! A real PostgreSQL for tests, thrown away afterwards.
//!
//! Owns finding the programs, making a server and making databases in it. Knows no SQL and no driver: only the store
//! may link one, so databases are made with PostgreSQL's own `createdb`.

use std::env;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::process::{Ending, Process, free_port, scratch_folder};
use crate::wait;

/// The environment variable that names a server to use instead of a new one, as `postgres://user:password@host:port/`
/// with a user who may create databases and is no superuser, for whom the bounds of transactions would not hold.
pub const SERVER_VARIABLE: &str = "BASTIDE_TEST_POSTGRES";

/// Where Debian and its descendants keep one folder per release.
const DEBIAN_FOLDER: &str = "/usr/lib/postgresql";

/// How long a new server may take to accept connections.
const READY_LIMIT: Duration = Duration::from_mins(1);

/// A PostgreSQL server in which every test gets a database of its own.
#[derive(Debug)]
pub struct Postgres {
    programs: Programs,
    /// Address without the database: `postgres://user:password@host:port`.
    server: String,
    /// `None` for a server that somebody else runs.
    own: Option<Own>,
}

/// What belongs to a server of our own.
#[derive(Debug)]
struct Own {
    process: Process,
    /// Last, so that it is removed after the server is gone.
    folder: TempDir,
}

impl Postgres {
    /// Starts a server on 127.0.0.1 and waits until it accepts connections. It ends when this is dropped.
    ///
    /// # Errors
    /// When PostgreSQL is not installed: with what to install; when this runs as root and there is no other user to
    /// run it as; when the server does not start: with the end of its log.
    pub async fn start() -> Result<Self> {
        let programs = Programs::find()?;
        let user = ServerUser::find()?;
        let folder = scratch_folder("postgres")?;
        let password = random_text()?;
        let data = user.make_folder(folder.path())?;
        initialize(&programs, &user, folder.path(), &data, &password).await?;

        let port = free_port()?;
        let mut command = user.command(&programs.path("postgres"));
        command.arg("-D").arg(&data).arg("-p").arg(port.to_string());
        for setting in SETTINGS {
            command.arg("-c").arg(setting);
        }
        let log = folder.path().join("postgres.log");
        let mut process = Process::start("postgres", &mut command, &log, Ending::Quit)?;
        let state = data.join("postmaster.pid");
        wait::until("PostgreSQL to accept connections", READY_LIMIT, async || {
            process.check()?;
            Ok(is_ready(&state).then_some(()))
        })
        .await?;
        make_role(&programs, &format!("postgres://postgres:{password}@127.0.0.1:{port}"), &password).await?;
        let server = format!("postgres://{ROLE}:{password}@127.0.0.1:{port}");
        Ok(Self { programs, server, own: Some(Own { process, folder }) })
    }

    /// The server of this program: the one that `BASTIDE_TEST_POSTGRES` names, else one that is started on first use
    /// and ends with the program.
    ///
    /// # Errors
    /// As [`Postgres::start`]; when the variable is not an address.
    pub async fn shared() -> Result<&'static Self> {
        static SHARED: OnceCell<Postgres> = OnceCell::const_new();
        SHARED
            .get_or_try_init(async || match env::var_os(SERVER_VARIABLE).filter(|value| !value.is_empty()) {
                Some(address) => Self::existing(address),
                None => Self::start().await,
            })
            .await
    }

    fn existing(address: OsString) -> Result<Self> {
        let address =
            address.into_string().ok().with_context(|| format!("{SERVER_VARIABLE} is not UTF-8"))?;
        let server = server_part(&address).with_context(|| {
            format!("{SERVER_VARIABLE} must be like postgres://user:password@host:port/, without parameters")
        })?;
        Ok(Self { programs: Programs::find()?, server: server.to_owned(), own: None })
    }

    /// The address of the database that every server has, for [`SERVER_VARIABLE`] or to look around.
    pub fn url(&self) -> String {
        format!("{}/postgres", self.server)
    }

    /// The address of one of its databases for the superuser, when it is a server of our own.
    pub fn as_superuser(&self, url: &str) -> Option<String> {
        let own = self.own.is_some();
        own.then(|| url.replacen(&format!("//{ROLE}:"), "//postgres:", 1))
    }

    /// The path of one of PostgreSQL's programs, such as `psql`, of the release that the servers here have.
    ///
    /// # Errors
    /// When PostgreSQL is not installed: with what to install.
    pub fn program(name: &str) -> Result<PathBuf> {
        Ok(Programs::find()?.path(name))
    }

    /// Makes an empty database and gives its address. Its name is random, so callers need not agree on names.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn create_database(&self) -> Result<String> {
        let name = format!("test_{}", random_text()?);
        let output = tokio::process::Command::new(self.programs.path("createdb"))
            .arg(format!("--maintenance-db={}", self.url()))
            .args(["--no-password", "--template=template0", "--encoding=UTF8", &name])
            .kill_on_drop(true)
            .output()
            .await
            .context("cannot run createdb")?;
        ensure!(
            output.status.success(),
            "cannot make a database: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
        Ok(format!("{}/{name}", self.server))
    }

    /// Ends the server, if it is one of our own, and removes its data.
    ///
    /// # Errors
    /// When the server cannot be waited for, or its folder cannot be removed.
    pub async fn stop(self) -> Result<()> {
        if let Some(Own { process, folder }) = self.own {
            process.stop().await?;
            folder.close().context("cannot remove PostgreSQL's data")?;
        }
        Ok(())
    }
}

/// No write is made durable, as all of it is thrown away; room for the connections of many tests at the same time.
const SETTINGS: [&str; 7] = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=300",
    "autovacuum=off",
];

/// Makes the files of an empty server with the superuser `postgres`.
async fn initialize(
    programs: &Programs,
    user: &ServerUser,
    folder: &Path,
    data: &Path,
    password: &str,
) -> Result<()> {
    let password_file = folder.join("password");
    fs::write(&password_file, password).context("cannot write the password file")?;
    user.own(&password_file)?;
    let mut command = user.command(&programs.path("initdb"));
    command.arg("-D").arg(data).arg(format!("--pwfile={}", password_file.display())).args([
        "--username=postgres",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        "--no-sync",
    ]);
    let output = tokio::process::Command::from(command)
        .kill_on_drop(true)
        .output()
        .await
        .context("cannot run initdb")?;
    ensure!(output.status.success(), "initdb failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}

/// The user of the databases. Not the superuser: row-level security does not hold for that one.
const ROLE: &str = "bastide";

async fn make_role(programs: &Programs, server: &str, password: &str) -> Result<()> {
    let statement = format!("create role {ROLE} login createdb password '{password}'");
    let output = tokio::process::Command::new(programs.path("psql"))
        .args([&format!("{server}/postgres"), "--no-psqlrc", "--quiet", "--command", &statement])
        .kill_on_drop(true)
        .output()
        .await
        .context("cannot run psql")?;
    ensure!(
        output.status.success(),
        "cannot make a role: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(())
}

/// Whether the server says in its lock file that it accepts connections, as `pg_ctl` asks it. The state is the eighth
/// line, padded with spaces.
fn is_ready(lock_file: &Path) -> bool {
    fs::read_to_string(lock_file)
        .is_ok_and(|text| text.lines().nth(7).is_some_and(|state| state.trim() == "ready"))
}

/// `postgres://user:password@host:port` of an address with or without a database. `None` when it is not such an
/// address, or has parameters, which would be lost.
fn server_part(address: &str) -> Option<&str> {
    let rest = address.strip_prefix("postgres://").or_else(|| address.strip_prefix("postgresql://"))?;
    if rest.contains('?') || rest.starts_with('/') || rest.is_empty() {
        return None;
    }
    let scheme = address.len() - rest.len();
    let end = rest.find('/').map_or(address.len(), |at| scheme + at);
    address.get(..end)
}

/// 128 random bits as hexadecimal text.
fn random_text() -> Result<String> {
    let mut bytes = [0; 16];
    rustls::crypto::aws_lc_rs::default_provider()
        .secure_random
        .fill(&mut bytes)
        .map_err(|_| anyhow::anyhow!("the system gives no random numbers"))?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// The folder with PostgreSQL's programs.
#[derive(Debug)]
struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// The ones on the search path, else the newest that Debian installed.
    fn find() -> Result<Self> {
        let search_path = env::var_os("PATH").unwrap_or_default();
        Self::find_in(env::split_paths(&search_path), Path::new(DEBIAN_FOLDER)).context(
            "PostgreSQL's `initdb`, `postgres` and `createdb` were found neither on the search path nor in \
             /usr/lib/postgresql: install the package `postgresql`",
        )
    }

    fn find_in(mut search_path: impl Iterator<Item = PathBuf>, debian: &Path) -> Option<Self> {
        let complete =
            |folder: &Path| ["initdb", "postgres", "createdb"].iter().all(|name| folder.join(name).is_file());
        let folder = search_path.find(|folder| complete(folder)).or_else(|| {
            let releases = fs::read_dir(debian).into_iter().flatten().flatten();
            releases
                .filter_map(|entry| {
                    let release: u32 = entry.file_name().to_str()?.parse().ok()?;
                    Some((release, entry.path().join("bin")))
                })
                .filter(|(_, folder)| complete(folder))
                .max()
                .map(|(_, folder)| folder)
        })?;
        Some(Self { folder })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// The user that the server runs as. PostgreSQL refuses to run as root, so root runs it as another user.
#[derive(Debug, PartialEq, Eq)]
struct ServerUser {
    /// `None`: the user that this program runs as.
    ids: Option<(u32, u32)>,
}

impl ServerUser {
    fn find() -> Result<Self> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self { ids: None });
        }
        let users = fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
        let ids = ["postgres", "nobody"].iter().find_map(|name| ids_of(&users, name)).context(
            "PostgreSQL refuses to run as root, and there is no user `postgres` to run it as: install the package \
             `postgresql`, which makes that user, or run this as another user",
        )?;
        Ok(Self { ids: Some(ids) })
    }

    /// A program that is run as this user, with no groups of the caller.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        if let Some((user, group)) = self.ids {
            // Root's current folder may be closed to that user.
            command.uid(user).gid(group).current_dir("/");
        }
        command
    }

    /// Makes a folder of this user inside `folder`, which becomes theirs, too: they must be able to enter it.
    fn make_folder(&self, folder: &Path) -> Result<PathBuf> {
        let data = folder.join("data");
        fs::create_dir(&data).with_context(|| format!("cannot make {}", data.display()))?;
        self.own(folder)?;
        self.own(&data)?;
        Ok(data)
    }

    /// Gives them a file or folder.
    fn own(&self, path: &Path) -> Result<()> {
        match self.ids {
            None => Ok(()),
            Some((user, group)) => chown(path, Some(user), Some(group)).with_context(|| {
                format!("cannot give {} to the user that PostgreSQL runs as", path.display())
            }),
        }
    }
}

/// The user and group id of a user in the text of `/etc/passwd`.
fn ids_of(users: &str, name: &str) -> Option<(u32, u32)> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let found = fields.next()? == name;
        let user = fields.nth(1)?.parse().ok()?;
        let group = fields.next()?.parse().ok()?;
        found.then_some((user, group))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_release_is_found_by_number_and_only_if_complete() {
        let root = tempfile::tempdir().unwrap();
        for (release, programs) in [("9", 3), ("15", 3), ("16", 2), ("common", 3)]
            .map(|(name, count)| (root.path().join(name), count))
        {
            fs::create_dir_all(release.join("bin")).unwrap();
            for program in ["initdb", "postgres", "createdb"].iter().take(programs) {
                fs::write(release.join("bin").join(program), "").unwrap();
            }
        }
        let found = Programs::find_in(std::iter::empty(), root.path()).unwrap();
        assert_eq!(found.folder, root.path().join("15/bin"));
        // What is on the search path comes first.
        let path = [root.path().join("16/bin"), root.path().join("9/bin")];
        let found = Programs::find_in(path.into_iter(), root.path()).unwrap();
        assert_eq!(found.folder, root.path().join("9/bin"));
        assert!(Programs::find_in(std::iter::empty(), &root.path().join("absent")).is_none());
    }

    #[test]
    fn the_ids_of_a_user_are_read_by_the_whole_name() {
        let users = "root:x:0:0:root:/root:/bin/sh\npostgres2:x:7:8::/:/bin/sh\nbroken\npostgres:x:101:104::/:/bin/sh\n";
        assert_eq!(ids_of(users, "postgres"), Some((101, 104)));
        assert_eq!(ids_of(users, "post"), None);
    }

    #[test]
    fn an_address_is_taken_without_its_database() {
        for address in ["postgres://u:p@h:1", "postgres://u:p@h:1/", "postgres://u:p@h:1/postgres"] {
            assert_eq!(server_part(address), Some("postgres://u:p@h:1"), "{address}");
        }
        for wrong in ["", "postgres://", "postgres:///x", "mysql://u@h/x", "postgres://u@h/x?sslmode=require"]
        {
            assert_eq!(server_part(wrong), None, "{wrong}");
        }
    }
}
