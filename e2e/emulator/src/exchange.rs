//! What went over the wire, for those who want to watch: tests that hold it to Google's description, and
//! recordings.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

/// One request to one of Google's APIs, and what was answered. A request within a batch is one of its own.
#[derive(Clone, Copy, Debug)]
pub struct Exchange<'a> {
    /// The method that served it, as Google's description calls it; `None` if the emulator has none.
    pub operation: Option<&'a str>,
    /// The HTTP method.
    pub method: &'a str,
    /// The path as it was sent, percent-encoded.
    pub path: &'a str,
    /// The query as it was sent, without the question mark.
    pub query: &'a str,
    /// Who asked, as the client said; empty if it did not.
    pub user_agent: &'a str,
    /// The body of the request; empty if there was none.
    pub request: &'a [u8],
    /// What came back.
    pub reply: Reply<'a>,
}

/// What came back for a request.
#[derive(Clone, Copy, Debug)]
pub enum Reply<'a> {
    /// A status and a JSON body.
    Sent(u16, &'a Value),
    /// The same, of which half arrived: a fault was ordered.
    Truncated(u16, &'a Value),
    /// A body that a fault put in the place of the real one.
    Garbled(u16, &'a str),
    /// The connection was cut: a fault was ordered.
    Lost,
}

/// Is told of every exchange before its reply is sent.
#[derive(Clone)]
pub struct Observer(Arc<dyn Fn(&Exchange<'_>) + Send + Sync>);

impl Observer {
    /// An observer that calls a function.
    pub fn new(tell: impl Fn(&Exchange<'_>) + Send + Sync + 'static) -> Observer {
        Observer(Arc::new(tell))
    }

    pub(crate) fn tell(&self, exchange: &Exchange<'_>) {
        (self.0)(exchange);
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Observer")
    }
}
