//! The emulator's exercises, sent with the user's credentials.

use std::time::Duration;

use privatelink_core::ids::{ProjectId, Region};
use privatelink_emulator::conformance::{NoAnswer, Reply, Request, Sending, Wire};
use privatelink_gcp::{Google, Verbatim};
use serde_json::{Value, json};

use crate::cli::Global;

/// How long a second lasts in pauses against a stand-in on this machine, unless a time scale says it.
const BRISK: f64 = 0.05;

/// A time in which a second lasts so many seconds; for ever, if no time is that long.
pub(super) fn scaled(time: Duration, scale: f64) -> Duration {
    Duration::try_from_secs_f64(time.as_secs_f64() * scale).unwrap_or(Duration::MAX)
}

/// Sends through the one way out to Google.
pub(super) struct Sender<'a> {
    google: &'a Google,
    project: &'a ProjectId,
    region: &'a Region,
    /// How long a second lasts.
    scale: f64,
}

impl<'a> Sender<'a> {
    pub(super) fn new(
        google: &'a Google,
        project: &'a ProjectId,
        region: &'a Region,
        global: &Global,
    ) -> Self {
        // Plain http is allowed to this machine only.
        let plain = |endpoint: &str| endpoint.starts_with("http:");
        let brisk = global.endpoint.as_deref().is_some_and(plain);
        let usual = if brisk { BRISK } else { 1.0 };
        Self {
            google,
            project,
            region,
            scale: global.time_scale.unwrap_or(usual),
        }
    }

    async fn answer(&self, request: &Request) -> Result<Reply, NoAnswer> {
        let body = if request.body.is_null() {
            String::new()
        } else {
            request.body.to_string()
        };
        let verbatim = Verbatim {
            project: self.project,
            region: self.region,
            method: request.method,
            url: &request.url,
            body: &body,
        };
        let answered = self.google.send_verbatim(verbatim).await;
        let answered = answered.map_err(|error| NoAnswer(error.message))?;
        read(answered.status, &answered.body)
    }
}

/// A refusal need not be JSON; a success that is not was cut short on the way.
fn read(status: u16, body: &[u8]) -> Result<Reply, NoAnswer> {
    if body.is_empty() {
        let body = Value::Null;
        return Ok(Reply { status, body });
    }
    match serde_json::from_slice(body) {
        Ok(body) => Ok(Reply { status, body }),
        Err(_) if status == 200 => Err(NoAnswer("the answer was cut short".to_owned())),
        Err(_) => {
            let body = json!({ "error": { "message": String::from_utf8_lossy(body) } });
            Ok(Reply { status, body })
        }
    }
}

impl Wire for Sender<'_> {
    fn send<'a>(&'a self, request: &'a Request) -> Sending<'a, Result<Reply, NoAnswer>> {
        Box::pin(self.answer(request))
    }

    fn pause(&self, time: Duration) -> Sending<'_, ()> {
        Box::pin(tokio::time::sleep(scaled(time, self.scale)))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::scaled;

    #[test]
    fn a_time_scale_makes_times_shorter_or_longer() {
        let minute = Duration::from_mins(1);
        assert_eq!(scaled(minute, 0.05), Duration::from_secs(3));
        assert_eq!(scaled(minute, 2.0), Duration::from_mins(2));
        assert_eq!(scaled(minute, f64::MAX), Duration::MAX);
    }
}
