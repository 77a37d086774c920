//! Connections that can be cut, so that a fault can lose a reply as a network does.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// What is to happen to the next bytes that are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Cut {
    #[default]
    None,
    /// Nothing more is written, and the connection is reset.
    Reset,
    /// Nothing more is written, and the connection is closed.
    Closed,
    /// The head and half of the body are written, then nothing more.
    WithinBody,
}

/// The handle by which a request handler cuts its own connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cord(Arc<Mutex<Cut>>);

impl Cord {
    pub(crate) fn reset(&self) {
        self.set(Cut::Reset);
    }

    pub(crate) fn cut_within_body(&self) {
        self.set(Cut::WithinBody);
    }

    fn set(&self, cut: Cut) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = cut;
    }

    fn get(&self) -> Cut {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    cord: Cord,
}

/// Accepts connections and ties a cord to each.
#[derive(Debug)]
pub(crate) struct Wires(pub(crate) TcpListener);

impl axum::serve::Listener for Wires {
    type Io = Wire;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Wire, SocketAddr) {
        let (stream, address) = axum::serve::Listener::accept(&mut self.0).await;
        // Without it, small replies wait for the client's acknowledgement of the one before.
        if let Err(error) = stream.set_nodelay(true) {
            eprintln!("no TCP_NODELAY for {address}: {error}");
        }
        (
            Wire {
                stream,
                cord: Cord::default(),
            },
            address,
        )
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, Wires>> for Cord {
    fn connect_info(stream: IncomingStream<'_, Wires>) -> Cord {
        stream.io().cord.clone()
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let end = match self.cord.get() {
            Cut::None => bytes.len(),
            Cut::Reset => {
                // Without it the client would see an orderly end.
                let reset = self.stream.set_zero_linger();
                let end = reset.err().unwrap_or(io::ErrorKind::ConnectionReset.into());
                return Poll::Ready(Err(end));
            }
            Cut::Closed => return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into())),
            Cut::WithinBody => {
                let head = bytes.windows(4).position(|four| four == b"\r\n\r\n");
                let body = head.map_or(0, |end| end + 4);
                body + (bytes.len() - body) / 2
            }
        };
        let written = Pin::new(&mut self.stream).poll_write(context, &bytes[..end]);
        if end < bytes.len() && matches!(written, Poll::Ready(Ok(_))) {
            self.cord.set(Cut::Closed);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
