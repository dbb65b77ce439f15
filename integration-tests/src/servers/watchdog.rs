//! What ends the servers of a test process that is gone.
//!
//! A test process may end in ways that run no destructor: a panic that aborts, `kill -9`, or just
//! the end of `main` while a server is held by a static. So one shell per test process holds the
//! reading end of a pipe and is told what to end. When the process ends, however that happens, the
//! system closes the writing end, and the shell does its work.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use anyhow::{Context, Result, anyhow};

/// One line per order: `watch PID`, `forget PID`, `remove PATH`. At the end of its input it kills,
/// waits until what it killed is gone (5 s at most: a process that nobody reaps stays listed), and
/// removes the folders.
const SCRIPT: &str = r#"
pids=
while read -r verb thing; do
    case $verb in
        watch) pids="$pids $thing" ;;
        forget)
            kept=
            for pid in $pids; do [ "$pid" = "$thing" ] || kept="$kept $pid"; done
            pids=$kept
            ;;
        remove) set -- "$@" "$thing" ;;
    esac
done
for pid in $pids; do kill -9 "$pid" 2>/dev/null; done
for pid in $pids; do
    tries=0
    while kill -0 "$pid" 2>/dev/null && [ $tries -lt 50 ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
done
[ $# -eq 0 ] || rm -rf -- "$@"
"#;

#[derive(Debug)]
struct Watchdog {
    shell: Child,
    orders: ChildStdin,
}

impl Watchdog {
    fn start() -> Result<Self> {
        let mut shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C is for the test, and the watchdog has to survive it.
            .process_group(0)
            .spawn()
            .context("the watchdog cannot be started")?;
        let orders = shell.stdin.take().context("the watchdog does not listen")?;
        Ok(Self { shell, orders })
    }

    fn order(&mut self, verb: &str, thing: &str) -> Result<()> {
        writeln!(self.orders, "{verb} {thing}")
            .with_context(|| format!("the watchdog, process {}, is gone", self.shell.id()))
    }
}

/// The one of this process.
fn watchdog() -> Result<MutexGuard<'static, Watchdog>> {
    static WATCHDOG: OnceLock<Result<Mutex<Watchdog>, String>> = OnceLock::new();
    let started = WATCHDOG
        .get_or_init(|| Watchdog::start().map(Mutex::new).map_err(|error| format!("{error:#}")));
    match started {
        Ok(watchdog) => Ok(watchdog.lock().unwrap_or_else(PoisonError::into_inner)),
        Err(message) => Err(anyhow!("{message}")),
    }
}

/// Has a process killed when this one is gone.
pub(super) fn watch(pid: u32) -> Result<()> {
    watchdog()?.order("watch", &pid.to_string())
}

/// Leaves a process alone, which was reaped: its number may soon be another's.
pub(super) fn forget(pid: u32) -> Result<()> {
    watchdog()?.order("forget", &pid.to_string())
}

/// Has a folder removed when this process is gone.
pub(super) fn remove(folder: &Path) -> Result<()> {
    watchdog()?.order("remove", &folder.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wait;
    use std::os::unix::process::ExitStatusExt;
    use std::time::Duration;

    const LONG: Duration = Duration::from_secs(20);

    fn sleeper() -> Child {
        Command::new("sleep").arg("100").spawn().unwrap()
    }

    #[test]
    fn when_its_process_is_gone_it_ends_and_removes_what_it_was_told() {
        let mut watchdog = Watchdog::start().unwrap();
        let (mut watched, mut forgotten) = (sleeper(), sleeper());
        let folder = tempfile::tempdir().unwrap().keep();
        std::fs::write(folder.join("a file"), "x").unwrap();
        watchdog.order("watch", &watched.id().to_string()).unwrap();
        watchdog.order("watch", &forgotten.id().to_string()).unwrap();
        watchdog.order("forget", &forgotten.id().to_string()).unwrap();
        watchdog.order("remove", &folder.display().to_string()).unwrap();
        let Watchdog { mut shell, orders } = watchdog;
        assert!(watched.try_wait().unwrap().is_none());
        drop(orders);
        let status = wait::until("its end", LONG, || Ok(watched.try_wait()?)).unwrap();
        assert_eq!(status.signal(), Some(9));
        wait::until("the watchdog", LONG, || Ok(shell.try_wait()?)).unwrap();
        assert!(!folder.exists());
        assert!(forgotten.try_wait().unwrap().is_none());
        forgotten.kill().unwrap();
        forgotten.wait().unwrap();
    }
}
