//! Google Cloud's REST surface for private Cloud Run networking, on loopback and in memory.
//!
//! One port speaks Cloud Run v2 (services, revisions, jobs), Serverless VPC Access v1 (connectors) and Compute
//! Engine v1 (networks, subnetworks, routers, addresses, routes, firewalls), each under the path that Google
//! gives it: `/v2/projects/...`, `/v1/projects/...`, `/compute/v1/projects/...`. Google's own clients work against
//! it: Cloud Run v1 shows the same services and jobs in the shape of Knative, as `gcloud` wants them; batches, absolute
//! request lines and enums as numbers are understood. It behaves rather than
//! only answers: operations take time, servers fill in defaults, what is in use cannot be deleted.
//!
//! Everything it claims about Google Cloud is a [`Rule`] that says whether it was *recorded*, is
//! *documented*, or is *guessed*; `GET /emulator/rules` lists them. Beside Google's APIs there are:
//!
//! | endpoint | what it does |
//! | --- | --- |
//! | `GET`, `PUT /emulator/state` | the whole state as one JSON document; `{}` empties it |
//! | `GET /emulator/requests` | how many requests there were, per method and per operation |
//! | `GET /emulator/requests/log` | the requests themselves, in order, and when they came; without credentials |
//! | `POST /emulator/requests:reset` | forgets them |
//! | `GET`, `PUT`, `DELETE /emulator/faults` | orders misbehaviour |
//! | `GET /emulator/rules`, `PUT /emulator/rules` | the rules; `{"off": ["id"]}` switches some off |
//!
//! [`replay`] holds it to recorded traffic, [`discovery`] to Google's own description of its APIs, and
//! [`conformance`] to the real thing; `docs/reference/emulator.md` shows every fault.
//!
//! # How it is built
//!
//! `server` turns HTTP into a `Call` and an answer into HTTP; `engine` answers a call, synchronously
//! and without knowing of HTTP. What exists is in `store`, what is under way in `operations`. Each
//! resource is one file that brings its routes, its fields, its rules and its tests, and one line in
//! `resources`.

mod batch;
mod call;
mod callers;
mod clock;
mod compute;
pub mod conformance;
mod control;
mod credentials;
pub mod discovery;
mod document;
mod engine;
mod enums;
mod exchange;
mod faults;
mod fields;
mod filter;
mod identity;
mod journal;
mod knative;
mod masks;
mod operations;
mod pages;
mod parameters;
mod partial;
mod record;
mod refusal;
pub mod replay;
mod reply;
mod request;
mod resources;
mod rpc;
mod rules;
mod run;
mod server;
mod store;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod unheeded;
mod vpcaccess;
mod wire;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use exchange::{Exchange, Observer, Reply};
pub use rules::{Provenance, Rule};

use server::Server;

/// How long a shutdown waits for requests in flight.
const PATIENCE: Duration = Duration::from_secs(5);

/// How an emulator is to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; must be a loopback address. Port 0 is the kernel's choice.
    pub listen: SocketAddr,
    /// How long a long-running operation takes.
    pub operation_latency: Duration,
    /// A file with a state document: loaded at the start if it exists, written after changes and at
    /// the end.
    pub state: Option<PathBuf>,
    /// A file with a list of faults, in force from the start; see `PUT /emulator/faults`.
    pub faults: Option<PathBuf>,
    /// Are told of every exchange with one of Google's APIs.
    pub observers: Vec<Observer>,
    /// A HAR file for every exchange, which must not be there yet; a folder gets a file for each process.
    pub record: Option<PathBuf>,
    /// What every wait is multiplied by: operations, latencies and spans of faults, `Retry-After`. 1 is
    /// as told, 0.01 a hundredth.
    pub time_scale: f64,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            operation_latency: Duration::ZERO,
            state: None,
            faults: None,
            observers: Vec::new(),
            record: None,
            time_scale: 1.0,
        }
    }
}

/// A running emulator. Dropping it stops it.
#[derive(Debug)]
pub struct Emulator {
    address: SocketAddr,
    server: Arc<Server>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

/// Every rule that the emulator knows.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    resources::rules()
}

/// Every method that is served, as Google's description of its APIs calls it, such as `compute.networks.insert`. One
/// that both versions of an API have is there twice.
pub fn methods() -> impl Iterator<Item = &'static str> {
    resources::operations()
}

impl Emulator {
    /// Starts to listen. Needs a tokio runtime.
    ///
    /// # Errors
    /// If the address is not loopback or is taken, if the time scale is no such number, if the state file or the
    /// file of faults cannot be read, or if the recording is there already or cannot be written.
    pub async fn start(options: Options) -> io::Result<Emulator> {
        let Options {
            listen,
            operation_latency,
            state,
            faults,
            mut observers,
            record,
            time_scale,
        } = options;
        if !time_scale.is_finite() || time_scale < 0.0 {
            let text = format!("a time scale is a number from 0 up, and {time_scale} is none");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        if !listen.ip().is_loopback() {
            let text =
                format!("the emulator listens on loopback addresses only, and {listen} is none");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let listener = TcpListener::bind(listen).await.map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("nothing can listen on {listen}: {error}"),
            )
        })?;
        let address = listener.local_addr()?;
        if let Some(path) = record {
            observers.push(record::observer(&path, format!("http://{address}"))?);
        }
        let server = Server::new(operation_latency, time_scale, state, observers);
        server.load()?;
        if let Some(faults) = faults {
            server.load_faults(&faults)?;
        }
        let server = Arc::new(server);
        let (stop, stopped) = watch::channel(false);
        let serving = tokio::spawn(server::serve(
            Arc::clone(&server),
            listener,
            stopped.clone(),
        ));
        let saving = tokio::spawn(server::save_changes(Arc::clone(&server), stopped));
        Ok(Emulator {
            address,
            server,
            stop,
            tasks: vec![serving, saving],
        })
    }

    /// The base of every URL: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Replaces the whole state, as `PUT /emulator/state` does.
    ///
    /// # Errors
    /// If it is no state document; nothing is changed then.
    pub fn put_state(&self, document: &serde_json::Value) -> io::Result<()> {
        self.server
            .put_state(document)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    /// The whole state, as `GET /emulator/state` answers it.
    pub fn state(&self) -> serde_json::Value {
        self.server.state()
    }

    /// Lets requests in flight and operations under way end, and writes the state file.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        for task in self.tasks.drain(..) {
            // Neither a task that panicked nor a client that never hangs up is waited for.
            let abort = task.abort_handle();
            if tokio::time::timeout(PATIENCE, task).await.is_err() {
                abort.abort();
            }
        }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        // A request that is still being computed has the engine, and may have it for long.
        let (done, finished) = mpsc::channel();
        let server = Arc::clone(&self.server);
        std::thread::spawn(move || {
            server.finish();
            done.send(())
        });
        if finished.recv_timeout(PATIENCE).is_err() {
            self.server.say_unsaved();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_emulator_ends_while_an_answer_is_still_computed() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let emulator = runtime
            .block_on(Emulator::start(Options::default()))
            .unwrap();
        let server = Arc::clone(&emulator.server);
        // A request has the engine for as long as its answer is computed.
        let engine = server.engine();
        let (done, ended) = mpsc::channel();
        std::thread::spawn(move || {
            runtime.block_on(emulator.shutdown());
            done.send(())
        });
        let ended = ended.recv_timeout(Duration::from_mins(1));
        drop(engine);
        ended.unwrap();
    }
}
