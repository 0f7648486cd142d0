//! Child processes of tests and of the demo, and the promise that none of them outlives its owner.
//!
//! Three nets, each for what the one before cannot catch: [`Process::stop`] ends a child in order; dropping a
//! [`Process`] kills it, so a failing test leaves nothing; and the reaper, a small shell that waits for the end of a
//! pipe, does the same when the whole program is gone without running any destructor (a static, a signal, a crash).
//! Knows nothing of what the children are.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::wait;

/// How long a child may take to end after it was asked to, before it is killed.
const PATIENCE: Duration = Duration::from_secs(10);

/// How much of a child's log an error shows, in bytes.
const LOG_TAIL: usize = 2000;

/// How a child is asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// `SIGTERM`, what most servers expect.
    Terminate,
    /// `SIGQUIT`, by which PostgreSQL ends at once, connections or not.
    Quit,
}

impl Ending {
    fn signal(self) -> Signal {
        match self {
            Self::Terminate => Signal::TERM,
            Self::Quit => Signal::QUIT,
        }
    }

    /// The name that the shell's `kill` knows it by.
    fn shell_name(self) -> &'static str {
        match self {
            Self::Terminate => "TERM",
            Self::Quit => "QUIT",
        }
    }
}

/// A running child. It leads a process group of its own, so that an interrupt at the terminal reaches only the owner,
/// which then ends its children in order; signals go to the group, so that grandchildren end too.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
    ending: Ending,
}

impl Process {
    /// Starts `command` with its output, both streams, in the file `log` and nothing on its standard input.
    ///
    /// # Errors
    /// When the log cannot be made or the program cannot be started.
    pub fn start(name: &str, command: &mut Command, log: &Path, ending: Ending) -> Result<Self> {
        let output = File::create(log).with_context(|| format!("cannot make {}", log.display()))?;
        let errors = output.try_clone().with_context(|| format!("cannot share {}", log.display()))?;
        // Before the child, so that there is no moment in which it could be orphaned for lack of a reaper.
        reaper(None)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {name} ({})", command.get_program().display()))?;
        let process = Self { name: name.to_owned(), child, log: log.to_owned(), ending };
        reaper(Some(&format!("watch {} {}", process.id(), ending.shell_name())))?;
        Ok(process)
    }

    /// What it is called in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The file that it writes to.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Whether it still runs.
    ///
    /// # Errors
    /// When it has ended: with its status and the end of its log.
    pub fn check(&mut self) -> Result<()> {
        match self.child.try_wait().with_context(|| format!("cannot ask for the state of {}", self.name))? {
            None => Ok(()),
            Some(status) => {
                bail!("{} ended with {status}; its log ends with:\n{}", self.name, self.log_tail())
            }
        }
    }

    /// The end of its log, for messages.
    pub fn log_tail(&self) -> String {
        tail(&self.log, LOG_TAIL)
    }

    /// Asks it to end, and waits until it has. It is killed when it takes longer than ten seconds.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub async fn stop(mut self) -> Result<ExitStatus> {
        self.ask_to_end();
        let asked = Instant::now();
        loop {
            let state = self.child.try_wait().with_context(|| format!("cannot wait for {}", self.name))?;
            if let Some(status) = state {
                return Ok(status);
            }
            if asked.elapsed() > PATIENCE {
                self.signal(Signal::KILL);
                return self.child.wait().with_context(|| format!("cannot wait for {}", self.name));
            }
            tokio::time::sleep(wait::INTERVAL).await;
        }
    }

    /// Asks it to end, without waiting; [`Process::stop`] or dropping it does that.
    pub fn ask_to_end(&mut self) {
        self.signal(self.ending.signal());
    }

    /// Ends it now and waits for that. Errors are not told: this is for destructors, which cannot fail.
    fn kill(&mut self) {
        if self.ending == Ending::Quit {
            // PostgreSQL's own children are in other groups: it must end them before it is gone itself.
            self.signal(Signal::QUIT);
            let asked = Instant::now();
            while matches!(self.child.try_wait(), Ok(None)) && asked.elapsed() < PATIENCE {
                std::thread::sleep(wait::INTERVAL);
            }
        }
        self.signal(Signal::KILL);
        let _ = self.child.wait();
    }

    /// Sends a signal to the group. Only while the child has not been waited for: until then its id is not reused.
    fn signal(&mut self, signal: Signal) {
        if matches!(self.child.try_wait(), Ok(None))
            && let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw)
        {
            // The only possible error is that the group is gone already, which is what is wanted.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.kill();
        }
        let _ = reaper(Some(&format!("forget {}", self.child.id())));
    }
}

/// The end of a file as text, as many bytes; nothing when it cannot be read.
pub(crate) fn tail(path: &Path, bytes: usize) -> String {
    let text = fs::read(path).unwrap_or_default();
    let tail = text.get(text.len().saturating_sub(bytes)..).unwrap_or_default();
    String::from_utf8_lossy(tail).trim().to_owned()
}

/// A folder for throw-away data, removed when it is dropped or, at the latest, when this program is gone.
///
/// # Errors
/// When the folder cannot be made.
pub fn scratch_folder(name: &str) -> Result<tempfile::TempDir> {
    let folder = tempfile::Builder::new()
        .prefix(&format!("bastide-{name}-"))
        .tempdir()
        .context("cannot make a folder for throw-away data")?;
    reaper(Some(&format!("folder {}", folder.path().display())))?;
    Ok(folder)
}

/// What the reaper runs. It reads a line per event and remembers; when the pipe ends, this program is gone, and it
/// ends what is left: first with the signal given for it, then, after five seconds, by force.
const REAPER: &str = r#"
trap '' INT TERM HUP QUIT
watched=' '
folders=
while read -r word rest; do
  case $word in
    watch) watched="$watched${rest% *}:${rest#* } " ;;
    forget)
      case $watched in
        *" $rest:"*) after=${watched#*" $rest:"}; watched="${watched%%" $rest:"*} ${after#* }" ;;
      esac ;;
    folder) folders="$folders$rest
" ;;
  esac
done
for entry in $watched; do kill -s "${entry#*:}" -- "-${entry%:*}"; done
tries=0
for entry in $watched; do
  while kill -s 0 -- "-${entry%:*}" && [ "$tries" -lt 100 ]; do
    tries=$((tries + 1))
    sleep 0.05
  done
  kill -s KILL -- "-${entry%:*}"
done
printf '%s' "$folders" | while IFS= read -r folder; do rm -rf -- "$folder"; done
"#;

/// Tells the reaper a line; starts it if this is the first. `None` only makes sure that it runs.
fn reaper(line: Option<&str>) -> Result<()> {
    static PIPE: Mutex<Option<ChildStdin>> = Mutex::new(None);
    let mut pipe = PIPE.lock().unwrap_or_else(PoisonError::into_inner);
    let pipe = match &mut *pipe {
        Some(pipe) => pipe,
        none => none.insert(start_reaper()?),
    };
    match line {
        Some(line) => writeln!(pipe, "{line}").context("cannot tell the reaper of child processes"),
        None => Ok(()),
    }
}

fn start_reaper() -> Result<ChildStdin> {
    // In a group of its own, as an interrupt at the terminal must not end it before the others. It holds none of this
    // program's streams: whoever waits for their end must not wait for the reaper.
    Command::new("sh")
        .args(["-c", REAPER])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .context("cannot start `sh`, which ends child processes after this program")?
        .stdin
        .take()
        .context("the reaper has no standard input")
}

/// A port of 127.0.0.1 that nobody listens on and that this program has not been given before.
///
/// For servers that cannot be given port 0. The ports lie below the range from which systems take the local ports of
/// outgoing connections, so that none of those can come between asking and listening; where the search begins depends
/// on the process id, so that programs which ask at the same time seldom try the same ports.
///
/// # Errors
/// When there is no free port in the range.
pub fn free_port() -> Result<u16> {
    const FIRST: u16 = 12_000;
    const COUNT: u16 = 18_000;
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    let first_offset = u64::from(std::process::id()).wrapping_mul(7919) % u64::from(COUNT);
    let (low, high) =
        (FIRST..FIRST + COUNT).partition::<Vec<u16>, _>(|port| u64::from(port - FIRST) < first_offset);
    for port in high.into_iter().chain(low) {
        if !given.contains(&port) && is_free(port) {
            given.insert(port);
            return Ok(port);
        }
    }
    bail!("no free port between {FIRST} and {}", FIRST + COUNT)
}

fn is_free(port: u16) -> bool {
    let listened: io::Result<TcpListener> = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    listened.is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper(folder: &Path) -> Process {
        let mut command = Command::new("sh");
        command.args(["-c", "echo started; sleep 600 & wait"]);
        Process::start("sleeper", &mut command, &folder.join("log"), Ending::Terminate).unwrap()
    }

    fn group_runs(id: u32) -> bool {
        let group = Pid::from_raw(i32::try_from(id).unwrap()).unwrap();
        rustix::process::test_kill_process_group(group).is_ok()
    }

    #[tokio::test]
    async fn a_stopped_child_is_gone_with_its_children() {
        let folder = scratch_folder("test").unwrap();
        let mut process = sleeper(folder.path());
        let id = process.id();
        process.check().unwrap();
        process.stop().await.unwrap();
        wait::until(
            "the group to end",
            Duration::from_secs(10),
            async || Ok((!group_runs(id)).then_some(())),
        )
        .await
        .unwrap();
    }

    #[tokio::test]
    async fn a_dropped_child_is_gone_with_its_children() {
        let folder = scratch_folder("test").unwrap();
        let process = sleeper(folder.path());
        let id = process.id();
        drop(process);
        wait::until(
            "the group to end",
            Duration::from_secs(10),
            async || Ok((!group_runs(id)).then_some(())),
        )
        .await
        .unwrap();
    }

    #[tokio::test]
    async fn a_child_that_ends_by_itself_is_reported_with_its_log() {
        let folder = scratch_folder("test").unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo it went wrong >&2; exit 7"]);
        let mut process =
            Process::start("short", &mut command, &folder.path().join("log"), Ending::Terminate).unwrap();
        let error = wait::until("it to end", Duration::from_secs(10), async || Ok(process.check().err()))
            .await
            .unwrap()
            .to_string();
        assert!(
            error.contains("short ended with exit status: 7") && error.contains("it went wrong"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn the_reaper_ends_what_is_left_when_the_pipe_ends_and_nothing_else() {
        let folder = scratch_folder("test").unwrap();
        // Started without the type, so that no destructor is there to do the reaper's work.
        let mut children: Vec<Child> =
            (0..3).map(|_| Command::new("sleep").arg("600").process_group(0).spawn().unwrap()).collect();
        let doomed = folder.path().join("with a space");
        fs::create_dir_all(doomed.join("inner")).unwrap();

        let mut pipe = start_reaper().unwrap();
        for child in &children {
            writeln!(pipe, "watch {} TERM", child.id()).unwrap();
        }
        writeln!(pipe, "folder {}", doomed.display()).unwrap();
        writeln!(pipe, "forget {}", children[1].id()).unwrap();
        drop(pipe);

        wait::until("the folder to be removed", Duration::from_secs(20), async || {
            // Children are waited for, as a process that nobody has waited for still counts as there.
            for index in [0, 2] {
                children[index].try_wait()?;
            }
            Ok((!doomed.exists()).then_some(()))
        })
        .await
        .unwrap();
        assert!(children[0].try_wait().unwrap().is_some());
        assert!(children[2].try_wait().unwrap().is_some());
        assert!(children[1].try_wait().unwrap().is_none(), "the forgotten child was ended");
        children[1].kill().unwrap();
        children[1].wait().unwrap();
    }

    #[test]
    fn no_port_is_given_twice() {
        let ports: BTreeSet<u16> = (0..50).map(|_| free_port().unwrap()).collect();
        assert_eq!(ports.len(), 50);
    }
}
