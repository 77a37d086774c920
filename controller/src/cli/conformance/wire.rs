//! The emulator's exercises, sent with the user's credentials.

use std::time::Duration;

use privatelink_core::ids::{ProjectId, Region};
use privatelink_emulator::conformance::{NoAnswer, Reply, Request, Sending, Wire};
use privatelink_gcp::{Google, Verbatim};
use serde_json::{Value, json};

/// How much shorter pauses are against a stand-in on this machine.
const BRISK: u32 = 20;

/// Sends through the one way out to Google.
pub(super) struct Sender<'a> {
    google: &'a Google,
    project: &'a ProjectId,
    region: &'a Region,
    /// A stand-in on this machine answers.
    brisk: bool,
}

impl<'a> Sender<'a> {
    pub(super) fn new(
        google: &'a Google,
        project: &'a ProjectId,
        region: &'a Region,
        endpoint: Option<&str>,
    ) -> Self {
        Self {
            google,
            project,
            region,
            // Plain http is allowed to this machine only.
            brisk: endpoint.is_some_and(|endpoint| endpoint.starts_with("http:")),
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
        let time = if self.brisk { time / BRISK } else { time };
        Box::pin(tokio::time::sleep(time))
    }
}
