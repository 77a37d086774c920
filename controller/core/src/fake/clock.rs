//! Virtual time: a future is polled until it waits, then the operation that ends next ends.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use crate::fake::Fake;

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended<T> {
    /// With this.
    With(T),
    /// Our process ended in the middle of it.
    Crashed,
}

impl<T> Ended<T> {
    /// What it ended with, unless it crashed.
    pub fn value(self) -> Option<T> {
        match self {
            Self::With(value) => Some(value),
            Self::Crashed => None,
        }
    }
}

/// Drives a future that waits for nothing but this cloud.
///
/// A future that waits although no operation runs can never end; it is reported as a crash too, because that is
/// what somebody would do to it.
pub fn run<T>(fake: &Fake, future: impl Future<Output = T>) -> Ended<T> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return Ended::With(value);
        }
        if fake.crashed() || fake.advance().is_none() {
            return Ended::Crashed;
        }
    }
}
