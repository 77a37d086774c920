//! Being interrupted: nothing new is begun, and what is under way gets a while to end.

use std::time::Duration;

use futures::future::BoxFuture;
use privatelink_core::cloud::{Cloud, CloudError, CloudErrorKind, Listing, Scope, Write};
use privatelink_core::codes::Code;
use privatelink_core::kinds::{Id, Live};
use tokio::sync::watch;

/// How long calls under way may take after an interruption. A Cloud Run job has ten seconds between SIGTERM and
/// SIGKILL, and the report has to be written in them too.
const PATIENCE: Duration = Duration::from_secs(9);

/// What the user can do about an interrupted run.
pub(crate) const HELP: &str =
    "run it again: what was begun is found by its name, and nothing is done twice";

/// Completes when this process is asked to stop, by SIGINT or SIGTERM. The handlers are in place when this
/// returns, not only when it is first polled.
pub(crate) fn signal() -> impl Future<Output = ()> {
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

/// A cloud to which nothing more is written once the user has interrupted.
pub(crate) struct Interruptible<'a> {
    cloud: &'a dyn Cloud,
    interrupted: watch::Sender<bool>,
}

impl<'a> Interruptible<'a> {
    /// Not interrupted yet.
    pub(crate) fn new(cloud: &'a dyn Cloud) -> Self {
        Self {
            cloud,
            interrupted: watch::Sender::new(false),
        }
    }

    /// Stops writing at the signal; completes when what was under way has had its while.
    pub(crate) async fn out_of_patience(&self, signal: impl Future<Output = ()>) {
        signal.await;
        self.interrupted.send_replace(true);
        anstream::eprintln!(
            "interrupted: waiting for what is under way, at most {} s",
            PATIENCE.as_secs()
        );
        tokio::time::sleep(PATIENCE).await;
    }
}

impl Cloud for Interruptible<'_> {
    fn list<'a>(&'a self, scope: &'a Scope) -> BoxFuture<'a, Result<Listing, CloudError>> {
        self.cloud.list(scope)
    }

    fn get<'a>(&'a self, id: &'a Id) -> BoxFuture<'a, Result<Option<Live>, CloudError>> {
        self.cloud.get(id)
    }

    fn write<'a>(&'a self, write: &'a Write) -> BoxFuture<'a, Result<Option<Live>, CloudError>> {
        if !*self.interrupted.borrow() {
            return self.cloud.write(write);
        }
        let message = "it was not begun, because the run was interrupted";
        let error =
            CloudError::new(CloudErrorKind::Transient, Code::Interrupted, message).help(HELP);
        Box::pin(std::future::ready(Err(error)))
    }

    /// Waiting is the one thing that can be broken off without leaving anything undone.
    fn settle<'a>(&'a self, id: &'a Id) -> BoxFuture<'a, Result<(), CloudError>> {
        Box::pin(async move {
            let mut interrupted = self.interrupted.subscribe();
            tokio::select! {
                settled = self.cloud.settle(id) => settled,
                _ = interrupted.wait_for(|stop| *stop) => Ok(()),
            }
        })
    }
}
