//! A process that is killed at one of its writes when that has been accepted, and before the reply to it is sent: what
//! it asked for happens, and it never knows.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use privatelink_e2e::cloud::Cloud;
use privatelink_e2e::privatelink::Privatelink;
use privatelink_e2e::rehearsal::Act;
use privatelink_e2e::transcript::is_write;
use privatelink_emulator::Observer;
use tokio::process::Child;

/// Who is to be killed, and when.
#[derive(Debug, Default)]
pub(crate) struct Doom {
    process: Option<Child>,
    /// How many more writes it is told of.
    writes_left: u64,
}

/// Kills from within the exchange: the emulator tells of each one before it sends the reply.
pub(crate) fn executioner(doom: &Arc<Mutex<Doom>>) -> Observer {
    let doom = Arc::clone(doom);
    Observer::new(move |exchange| {
        if !exchange.operation.is_some_and(is_write) {
            return;
        }
        let mut doom = doom.lock().unwrap();
        // The runs that put things in order again are let alone.
        let Some(left) = doom.writes_left.checked_sub(1) else {
            return;
        };
        doom.writes_left = left;
        if left == 0
            && let Some(process) = &mut doom.process
        {
            process.start_kill().unwrap();
        }
    })
}

/// Plays the act until its write `k` has been accepted. False if the run ended before that.
pub(crate) async fn kill_once_accepted(
    cloud: &Cloud,
    doom: &Mutex<Doom>,
    privatelink: &Privatelink,
    act: &Act,
    k: u64,
) -> bool {
    cloud.order(&act.faults).await.unwrap();
    cloud.reset_requests().await.unwrap();
    {
        // No write of it gets past the executioner before that one knows the process.
        let mut doom = doom.lock().unwrap();
        doom.process = Some(privatelink.command(&act.arguments).spawn().unwrap());
        doom.writes_left = k;
    }
    let patience = Instant::now() + Duration::from_secs(100);
    loop {
        let ended = {
            let mut doom = doom.lock().unwrap();
            let process = doom.process.as_mut().unwrap();
            let ended = process.try_wait().unwrap();
            if ended.is_some() {
                *doom = Doom::default();
            }
            ended
        };
        if let Some(status) = ended {
            // Only a signal leaves no code.
            return status.code().is_none();
        }
        assert!(Instant::now() < patience, "write {k} never came");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
