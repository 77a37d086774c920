//! How requests leave: whoever runs the exercises brings a [`Wire`].

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use serde_json::Value;

/// What a [`Wire`] hands back.
pub type Sending<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// A request to Google.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: &'static str,
    /// The whole URL, with Google's own host.
    pub url: String,
    /// The body; `Null` if there is none.
    pub body: Value,
}

/// An answer, be it an error.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body; `Null` if it was empty.
    pub body: Value,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoAnswer(pub String);

/// Sends requests with the caller's credentials, each of them once.
pub trait Wire {
    /// Sends one request. An error of Google's is an answer.
    fn send<'a>(&'a self, request: &'a Request) -> Sending<'a, Result<Reply, NoAnswer>>;

    /// Lets time pass. Where nothing is slow, that may be less.
    fn pause(&self, time: Duration) -> Sending<'_, ()>;
}
