//! A run that has to end before it is done: nothing new is begun, and what is under way gets a while to end.

use std::time::Duration;

use futures::future::BoxFuture;
use privatelink_core::cloud::{Cloud, CloudError, CloudErrorKind, Listing, Scope, Write};
use privatelink_core::codes::Code;
use privatelink_core::kinds::{Id, Live};
use tokio::sync::watch;

use crate::record::{Phase, Record};
use crate::say::say_line;

/// How long calls under way may take after the run was told to end. A Cloud Run job has ten seconds between SIGTERM
/// and SIGKILL, and the report has to be written in them too.
const PATIENCE: Duration = Duration::from_secs(9);

/// What the user can do about a run that ended early.
const HELP: &str = "run it again: what was begun is found by its name, and nothing is done twice";

/// Why a run ends before it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// A signal.
    Interrupted,
    /// Its time is over.
    TimeUp,
}

impl Stop {
    /// Its page.
    pub(crate) fn code(self) -> Code {
        match self {
            Self::Interrupted => Code::Interrupted,
            Self::TimeUp => Code::TimeUp,
        }
    }

    /// What happened, as it follows "because" or "when".
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Interrupted => "the run was interrupted",
            Self::TimeUp => "the time was up",
        }
    }

    /// The error of what it kept from being done.
    pub(crate) fn error(self, message: String) -> CloudError {
        CloudError::new(CloudErrorKind::Transient, self.code(), message).help(HELP)
    }
}

/// Completes when this process is asked to stop: by SIGINT, SIGTERM, or SIGHUP, which comes when its terminal goes away,
/// with the connection of an ssh session for one. The handlers are in place when this returns, not only when it is first
/// polled.
pub(crate) fn signal() -> impl Future<Output = ()> {
    let hung_up = hangups();
    let asked = asked_to_stop();
    async move {
        tokio::select! {
            () = asked => {}
            () = hung_up => {}
        }
    }
}

/// Completes when somebody asks this process to stop, by SIGINT or SIGTERM. SIGHUP then has no effect: a terminal that
/// goes away can send it more than once, by the shell and by the kernel, and nobody is there who could have changed
/// their mind.
#[cfg(feature = "emulator")]
pub(crate) fn deliberate_signal() -> impl Future<Output = ()> {
    let hangups = hangups();
    let asked = asked_to_stop();
    async move {
        asked.await;
        drop(hangups);
    }
}

fn asked_to_stop() -> impl Future<Output = ()> {
    #[cfg(unix)]
    let terminate = {
        use tokio::signal::unix::{SignalKind, signal};
        (
            signal(SignalKind::interrupt()),
            signal(SignalKind::terminate()),
        )
    };
    async move {
        #[cfg(unix)]
        if let (Ok(mut interrupt), Ok(mut terminate)) = terminate {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
        if tokio::signal::ctrl_c().await.is_err() {
            // Without a handler the default one ends the process.
            std::future::pending::<()>().await;
        }
    }
}

/// Completes when the terminal goes away; never where whoever began this process has seen to it that this does not end
/// it, as `nohup` does. A handler would take that back, so there is none then.
///
/// Only Linux says what is ignored without unsafe code. Elsewhere SIGHUP is heard under `nohup`, too: a run that ends in
/// order before its time can be done again, and one that is killed leaves things that cost something.
fn hangups() -> impl Future<Output = ()> {
    #[cfg(unix)]
    let hangup = {
        use tokio::signal::unix::{SignalKind, signal};
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let kind = SignalKind::hangup();
        (!ignores(&status, kind.as_raw_value())).then(|| signal(kind))
    };
    async move {
        #[cfg(unix)]
        if let Some(Ok(mut hangup)) = hangup {
            hangup.recv().await;
            return;
        }
        std::future::pending::<()>().await;
    }
}

/// Whether a process with this status, as Linux has it in `/proc`, ignores a signal: `SigIgn` has a bit for each, the
/// lowest one for signal 1.
#[cfg(unix)]
fn ignores(status: &str, signal: i32) -> bool {
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    let bit = u32::try_from(signal - 1).ok();
    let set = mask.zip(bit).and_then(|(mask, bit)| mask.checked_shr(bit));
    set.is_some_and(|mask| mask & 1 == 1)
}

/// A cloud that can be told that the run is to end.
pub(crate) struct Interruptible<'a> {
    cloud: &'a dyn Cloud,
    record: &'a Record,
    stop: watch::Sender<Option<Stop>>,
}

impl<'a> Interruptible<'a> {
    /// Not stopped yet. The record tells what the run is at.
    pub(crate) fn new(cloud: &'a dyn Cloud, record: &'a Record) -> Self {
        Self {
            cloud,
            record,
            stop: watch::Sender::new(None),
        }
    }

    /// From now on nothing is begun, and what only reads is given up.
    pub(crate) fn stop(&self, why: Stop) {
        self.stop.send_replace(Some(why));
    }

    /// Completes when what was under way has ended, or has had its while.
    pub(crate) async fn wound_up(&self, why: Stop) {
        say_line(&format!(
            "{}: waiting for what is under way, at most {} s",
            why.words(),
            PATIENCE.as_secs()
        ));
        let ended = self.record.nothing_under_way();
        // Over or not, the report tells what is left.
        let _ = tokio::time::timeout(PATIENCE, ended).await;
    }

    /// Reads, unless the run is to end. In the first look at the world, what was not read is an error then, and the
    /// turn goes on to its report; later on there is more to report than a world that was not read.
    async fn read<T>(
        &self,
        what: String,
        reading: impl Future<Output = Result<T, CloudError>>,
    ) -> Result<T, CloudError> {
        let mut stop = self.stop.subscribe();
        let why = tokio::select! {
            biased;
            why = stop.wait_for(Option::is_some) => why.ok().and_then(|why| *why),
            answer = reading => return answer,
        };
        if self.record.phase() == Phase::LookingAgain {
            std::future::pending::<()>().await;
        }
        let why = why.unwrap_or(Stop::Interrupted);
        Err(why.error(format!("{what}: it was not read, because {}", why.words())))
    }
}

impl Cloud for Interruptible<'_> {
    fn list<'a>(&'a self, scope: &'a Scope) -> BoxFuture<'a, Result<Listing, CloudError>> {
        Box::pin(self.read(format!("cannot list the {scope}"), self.cloud.list(scope)))
    }

    fn get<'a>(&'a self, id: &'a Id) -> BoxFuture<'a, Result<Option<Live>, CloudError>> {
        Box::pin(self.read(format!("cannot read {id}"), self.cloud.get(id)))
    }

    fn write<'a>(&'a self, write: &'a Write) -> BoxFuture<'a, Result<Option<Live>, CloudError>> {
        let stop = *self.stop.borrow();
        match stop {
            None => self.cloud.write(write),
            Some(why) => {
                let message = format!("it was not begun, because {}", why.words());
                Box::pin(std::future::ready(Err(why.error(message))))
            }
        }
    }

    /// Waiting is the one thing that can be broken off without leaving anything undone.
    fn settle<'a>(&'a self, id: &'a Id) -> BoxFuture<'a, Result<(), CloudError>> {
        Box::pin(async move {
            let mut stop = self.stop.subscribe();
            tokio::select! {
                settled = self.cloud.settle(id) => settled,
                _ = stop.wait_for(Option::is_some) => Ok(()),
            }
        })
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::ignores;

    #[test]
    fn what_is_ignored_is_read_from_the_status_of_the_process() {
        let status = |mask: &str| {
            format!("Name:\tprivatelink\nSigBlk:\t0000000000000001\nSigIgn:\t{mask}\n")
        };
        let under_nohup = status("0000000000001001");
        assert!(ignores(&under_nohup, 1) && ignores(&under_nohup, 13));
        assert!(!ignores(&under_nohup, 2) && !ignores(&under_nohup, 15));
        assert!(!ignores(&status("0000000000001000"), 1));
        for odd in ["", "SigIgn:\n", "SigIgn:\tall of them\n"] {
            assert!(!ignores(odd, 1), "{odd}");
        }
    }
}
