//! A limit of time for a piece of work, and the end of what the work has started when the time is over.
//!
//! Within a limit every program leads a process group of its own, which is ended by its id: in order, then by force. As such a
//! group does not hear an interrupt at the terminal, a small shell beside each program, the guard, ends it when this program
//! is gone, however that came about. Without a limit programs are started as usual. Knows nothing of what they are.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use rustix::process::{Pid, Signal, kill_process_group};

use crate::command::summary;
use crate::say;

/// How long a program may take to end after it was asked to, before it is ended by force.
const PATIENCE: Duration = Duration::from_secs(if cfg!(test) { 1 } else { 10 });
/// How long the work may go on after everything that it has started was ended.
const LAST: Duration = Duration::from_secs(30);
/// Pause between two looks at whether a program has ended.
const INTERVAL: Duration = Duration::from_millis(20);

thread_local! {
    /// The limit of the work that this thread does.
    static PRESENT: RefCell<Option<Arc<Bounds>>> = const { RefCell::new(None) };
}

/// The work took too long: what it was doing.
#[derive(Debug)]
pub(crate) struct TooSlow {
    limit: Duration,
    doing: Vec<Doing>,
}

/// A program that ran, and the last line that it is known to have written.
#[derive(Debug, Clone)]
struct Doing {
    program: String,
    wrote: String,
}

impl fmt::Display for TooSlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it was not done after {} s, which is its limit", self.limit.as_secs_f64())?;
        for Doing { program, wrote } in &self.doing {
            write!(f, "; `{program}` was ended")?;
            if !wrote.is_empty() {
                write!(f, ", which wrote last: {wrote}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for TooSlow {}

/// A limit, and the programs that run within it, by their ids.
#[derive(Debug, Default)]
struct Bounds {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    over: bool,
    running: BTreeMap<u32, Doing>,
}

impl Bounds {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends everything that runs; what that was. Whoever started it waits for it, and takes it off the list.
    fn end(&self) -> Vec<Doing> {
        let doing = {
            let mut state = self.state();
            state.over = true;
            state.signal(Signal::TERM);
            state.running.values().cloned().collect()
        };
        wait_until(PATIENCE, || self.state().running.is_empty());
        self.state().signal(Signal::KILL);
        doing
    }
}

impl State {
    /// Only to programs that nobody has waited for yet: until then their ids are not given to others.
    fn signal(&self, signal: Signal) {
        self.running.keys().for_each(|id| send(*id, signal));
    }
}

/// Waits for a condition; whether it came about.
pub(crate) fn wait_until(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let began = Instant::now();
    loop {
        if condition() {
            return true;
        }
        if began.elapsed() > limit {
            return false;
        }
        thread::sleep(INTERVAL);
    }
}

fn send(group: u32, signal: Signal) {
    if let Some(group) = i32::try_from(group).ok().and_then(Pid::from_raw) {
        // The only possible error is that the group is gone already, which is what is wanted.
        let _ = kill_process_group(group, signal);
    }
}

/// Does the work. When it takes longer than the limit, what it has started is ended, and with it the work.
///
/// # Errors
/// Those of the work; [`TooSlow`] when the limit was reached.
pub(crate) fn within<T>(limit: Duration, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let bounds = Arc::<Bounds>::default();
    let (is_done, done) = channel::<()>();
    let watch = {
        let bounds = Arc::clone(&bounds);
        thread::spawn(move || {
            (done.recv_timeout(limit) == Err(RecvTimeoutError::Timeout)).then(|| {
                let doing = bounds.end();
                if done.recv_timeout(LAST) == Err(RecvTimeoutError::Timeout) {
                    // It waits for something that it has not started, such as a lock.
                    say::line(&format!("{}, and cannot be ended: giving up", TooSlow { limit, doing }));
                    std::process::exit(1);
                }
                doing
            })
        })
    };
    let before = PRESENT.replace(Some(bounds));
    let result = work();
    PRESENT.replace(before);
    drop(is_done);
    match watch.join() {
        Ok(Some(doing)) => Err(TooSlow { limit, doing }.into()),
        _ => result,
    }
}

/// As [`Command::status`], within the limit of this thread.
///
/// # Errors
/// When the program cannot be run, or the time is over.
pub(crate) fn status(command: &mut Command) -> io::Result<ExitStatus> {
    Running::start(command)?.wait()
}

/// As [`Command::output`], within the limit of this thread.
///
/// # Errors
/// When the program cannot be run, or the time is over.
pub(crate) fn output(command: &mut Command) -> io::Result<Output> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = Running::start(command)?;
    let (out, err) = (running.child.stdout.take(), running.child.stderr.take());
    let errors = thread::spawn(move || {
        let mut read = Vec::new();
        err.map_or(Ok(0), |mut err| err.read_to_end(&mut read)).map(|_| read)
    });
    let mut stdout = Vec::new();
    if let Some(mut out) = out {
        out.read_to_end(&mut stdout)?;
    }
    let stderr = errors.join().map_err(|_| io::Error::other("standard error could not be read"))??;
    Ok(Output { status: running.wait()?, stdout, stderr })
}

/// A program that runs. Dropping it ends it by force, unless it has ended.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    /// Where there is a limit.
    bounds: Option<(Arc<Bounds>, Guard)>,
    ended: Option<ExitStatus>,
}

impl Running {
    /// Starts a program within the limit of this thread.
    ///
    /// # Errors
    /// When it cannot be run, or the time is over.
    pub(crate) fn start(command: &mut Command) -> io::Result<Self> {
        let Some(bounds) = PRESENT.with_borrow(Clone::clone) else {
            return Ok(Self { child: command.spawn()?, bounds: None, ended: None });
        };
        // Before the program, so that there is no moment in which nobody would end it.
        let mut guard = Guard::start()?;
        // Nothing is started once the end has begun.
        let mut state = bounds.state();
        if state.over {
            return Err(io::Error::other("the time is over"));
        }
        let child = command.process_group(0).spawn()?;
        state.running.insert(child.id(), Doing { program: summary(command), wrote: String::new() });
        drop(state);
        guard.watch(child.id());
        Ok(Self { child, bounds: Some((bounds, guard)), ended: None })
    }

    /// Its standard output, if that is a pipe and was not taken yet.
    pub(crate) fn take_output(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Its standard input, in the same way.
    pub(crate) fn take_input(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// Remembers what it wrote, for who has to know what it was doing.
    pub(crate) fn wrote(&self, line: &str) {
        if let Some((bounds, _)) = &self.bounds
            && let Some(doing) = bounds.state().running.get_mut(&self.child.id())
        {
            line.trim().clone_into(&mut doing.wrote);
        }
    }

    /// Takes it out of the limit: it may stay when the work is done.
    pub(crate) fn outlive(&self) {
        if let Some((bounds, _)) = &self.bounds {
            bounds.state().running.remove(&self.child.id());
        }
    }

    /// Waits until it has ended.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub(crate) fn wait(&mut self) -> io::Result<ExitStatus> {
        if self.bounds.is_none() {
            return self.child.wait();
        }
        loop {
            if let Some(status) = self.has_ended()? {
                return Ok(status);
            }
            thread::sleep(INTERVAL);
        }
    }

    /// How it has ended, if it has.
    ///
    /// # Errors
    /// When that cannot be found out.
    pub(crate) fn has_ended(&mut self) -> io::Result<Option<ExitStatus>> {
        if self.ended.is_none() {
            // Nobody signals the group between the end of its leader, whose id is free from then on, and its removal.
            let mut state = self.bounds.as_ref().map(|(bounds, _)| bounds.state());
            self.ended = self.child.try_wait()?;
            if let (Some(_), Some(state)) = (&self.ended, &mut state) {
                state.running.remove(&self.child.id());
            }
        }
        if let (Some(_), Some((_, guard))) = (&self.ended, &mut self.bounds) {
            guard.dismiss();
        }
        Ok(self.ended)
    }

    /// Ends it by force, with everything in its group. Errors are not told: this is for destructors, which cannot fail.
    fn kill(&mut self) {
        if matches!(self.has_ended(), Ok(None)) {
            match self.bounds {
                Some(_) => send(self.child.id(), Signal::KILL),
                None => drop(self.child.kill()),
            }
            let _ = self.wait();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Ends a group when the pipe ends without the word that it is over.
const GUARD: &str = r#"
trap '' INT TERM HUP QUIT
read -r group || exit 0
read -r word && [ "$word" = over ] && exit 0
kill -s TERM -- "-$group"
tries=0
while kill -s 0 -- "-$group" && [ "$tries" -lt 100 ]; do
  tries=$((tries + 1))
  sleep 0.05
done
kill -s KILL -- "-$group"
"#;

/// The shell that outlives this program.
#[derive(Debug)]
struct Guard {
    shell: Child,
}

impl Guard {
    fn start() -> io::Result<Self> {
        // It holds none of this program's streams: whoever waits for their end must not wait for it.
        let mut command = Command::new("sh");
        command.args(["-c", GUARD]).process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Self { shell: command.spawn()? })
    }

    fn watch(&mut self, group: u32) {
        self.tell(&group.to_string());
    }

    fn dismiss(&mut self) {
        self.tell("over");
        drop(self.shell.stdin.take());
        // It does nothing any more but end.
        let _ = self.shell.wait();
    }

    fn tell(&mut self, line: &str) {
        if let Some(pipe) = &mut self.shell.stdin {
            // Without a guard the program is still waited for.
            let _ = writeln!(pipe, "{line}");
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.dismiss();
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use anyhow::Context as _;

    use super::*;
    use crate::scratch::Scratch;

    const SHORT: Duration = Duration::from_millis(300);
    const LONG: Duration = Duration::from_mins(1);

    fn shell(text: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", text]);
        command
    }

    /// A program whose child goes on for long; both write their ids.
    fn with_child(folder: &Path) -> Command {
        let mut command = shell("sleep 600 & echo $$ $! > ids; wait");
        command.current_dir(folder);
        command
    }

    fn is_there(id: i32) -> bool {
        rustix::process::test_kill_process(Pid::from_raw(id).unwrap()).is_ok()
    }

    /// The ids that the program writes, once it has.
    fn ids(folder: &Path) -> Vec<i32> {
        let read = || std::fs::read_to_string(folder.join("ids")).unwrap_or_default();
        assert!(wait_until(LONG, || read().ends_with('\n')), "nothing was written");
        read().split_whitespace().map(|id| id.parse().unwrap()).collect()
    }

    fn are_gone(ids: &[i32]) -> bool {
        ids.len() == 2 && wait_until(LONG, || !ids.iter().any(|id| is_there(*id)))
    }

    #[test]
    fn work_that_ends_in_time_is_left_alone() {
        let code = within(LONG, || Ok(status(&mut shell("exit 3"))?.code())).unwrap();
        assert_eq!(code, Some(3));
        let error = within(LONG, || -> Result<()> { anyhow::bail!("its own error") }).unwrap_err();
        assert_eq!(error.to_string(), "its own error");
        let read = within(LONG, || Ok(output(&mut shell("echo out; echo err >&2"))?)).unwrap();
        assert_eq!((read.stdout.as_slice(), read.stderr.as_slice()), (&b"out\n"[..], &b"err\n"[..]));
    }

    #[test]
    fn what_takes_too_long_is_ended_with_its_children_and_named_with_what_it_wrote() {
        let scratch = Scratch::new("limit");
        let mut command = with_child(&scratch.0);
        let error = within(SHORT * 10, || {
            let mut running = Running::start(&mut command)?;
            running.wrote("test one has been running for over 60 seconds\n");
            ids(&scratch.0);
            running.wait().context("the work went on")
        });
        let error = error.unwrap_err();
        assert!(error.is::<TooSlow>());
        let text = error.to_string();
        for part in ["after 3 s", "`sh -c sleep 600", "wrote last: test one has been running"] {
            assert!(text.contains(part), "{text}");
        }
        assert!(are_gone(&ids(&scratch.0)));
    }

    #[test]
    fn what_does_not_listen_is_ended_by_force() {
        let began = Instant::now();
        let error = within(SHORT, || Ok(output(&mut shell("trap '' TERM; while :; do sleep 1; done"))?));
        assert!(error.unwrap_err().is::<TooSlow>());
        assert!(began.elapsed() >= PATIENCE, "it was not asked first");
    }

    #[test]
    fn nothing_is_started_when_the_time_is_over() {
        let scratch = Scratch::new("over");
        let error = within(SHORT, || {
            status(&mut shell("sleep 600"))?;
            Ok(status(shell("echo > begun").current_dir(&scratch.0))?)
        });
        assert!(error.unwrap_err().is::<TooSlow>());
        assert!(!scratch.0.join("begun").exists());
    }

    #[test]
    fn what_may_outlive_the_work_is_not_ended_with_it() {
        let scratch = Scratch::new("outlives");
        let running = within(LONG, || {
            let running = Running::start(&mut with_child(&scratch.0))?;
            running.outlive();
            Ok(running)
        });
        let mut running = running.unwrap();
        assert!(running.has_ended().unwrap().is_none());
        let ids = ids(&scratch.0);
        drop(running);
        assert!(are_gone(&ids));
    }

    #[test]
    fn the_guard_ends_what_is_left_when_its_pipe_ends() {
        let scratch = Scratch::new("guard");
        let mut child = with_child(&scratch.0).process_group(0).spawn().unwrap();
        let mut guard = Guard::start().unwrap();
        guard.watch(child.id());
        let ids = ids(&scratch.0);
        // As when this program is gone.
        drop(guard.shell.stdin.take());
        child.wait().unwrap();
        assert!(are_gone(&ids));
    }

    #[test]
    fn without_a_limit_programs_are_started_as_usual() {
        let own = rustix::process::getpgrp();
        let mut running = Running::start(&mut shell("exec sleep 600")).unwrap();
        let child = Pid::from_raw(i32::try_from(running.child.id()).unwrap());
        assert_eq!(rustix::process::getpgid(child).unwrap(), own);
        running.kill();
        assert!(running.has_ended().unwrap().is_some());
    }
}
