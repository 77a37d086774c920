//! Raw bytes at the emulator's two doors, the wire and the replayer: every kept input, and many that are changed
//! from them. None may panic, hang, or be answered with an error of the server; what is refused is refused in words.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use privatelink_emulator::discovery::Held;
use privatelink_emulator::replay::{Recording, RecordingError, Replayer};
use privatelink_emulator::{Emulator, Options};
use serde_json::{Value, json};

#[path = "../../corpus/mutate.rs"]
mod mutate;

/// Panics of any thread, the server's too, which answers nothing then.
static PANICS: AtomicUsize = AtomicUsize::new(0);

fn count_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Ordering::SeqCst);
        usual(panic);
    }));
}

fn folder(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../corpus")
        .join(name)
}

fn state() -> Value {
    let region = "projects/p/regions/europe-west1";
    let location = "projects/p/locations/europe-west1";
    json!({
        "compute": {
            "projects/p/global/networks/n": {},
            format!("{region}/subnetworks/s"): { "network": "projects/p/global/networks/n", "ipCidrRange": "10.8.0.0/28" },
            format!("{region}/routers/r"): { "network": "projects/p/global/networks/n" },
        },
        "run": { format!("{location}/services/s"): {} },
        "vpcaccess": { format!("{location}/connectors/c"): { "network": "n", "ipCidrRange": "10.8.2.0/28" } },
    })
}

/// The bytes as a request: its head with the line ends of HTTP, and the length of its body.
fn request(bytes: &[u8]) -> Vec<u8> {
    let end = bytes.windows(2).position(|pair| pair == b"\n\n");
    let (head, body) = match end {
        Some(end) => (&bytes[..end], &bytes[end + 2..]),
        None => (bytes, &b""[..]),
    };
    let mut sent = Vec::with_capacity(bytes.len() + 100);
    for line in head.split(|byte| *byte == b'\n') {
        sent.extend_from_slice(line);
        sent.extend_from_slice(b"\r\n");
    }
    let length = format!(
        "content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    sent.extend_from_slice(length.as_bytes());
    sent.extend_from_slice(body);
    sent
}

/// What comes back, until the server hangs up. One that waits for more than it was sent is told after a while that
/// no more comes; it hangs up then.
fn ask(address: &str, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    // The server may refuse before it has read everything.
    let _sent = stream.write_all(bytes);
    let mut answer = Vec::new();
    for patience in [Duration::from_secs(5), Duration::from_mins(1)] {
        stream.set_read_timeout(Some(patience)).unwrap();
        match stream.read_to_end(&mut answer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                let _gone = stream.shutdown(Shutdown::Write);
            }
            Ok(_) | Err(_) => return answer,
        }
    }
    panic!("no end of the answer in a minute");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_bytes_make_the_server_panic_or_hang() {
    count_panics();
    let violations = send_all(2, json!([])).await;
    assert_eq!(violations, [""; 0]);
    // Once more with parameters of queries as they come, so that they reach what reads them. Google would have refused
    // these; everything else is held to what it says.
    let lax = json!(["request.parameter.unknown", "request.parameter.type"]);
    let mut violations = send_all(4, lax).await;
    let forgiven = violations.extract_if(.., |told| {
        let place = told.split(", ").nth(1).unwrap_or_default();
        place.starts_with("query")
    });
    println!("{} parameters that Google refuses", forgiven.count());
    assert_eq!(violations, [""; 0]);
}

/// Sends the corpus, and what a seed makes of it, to an emulator without some of its rules. Answers with what is not as
/// Google says, whatever was sent.
async fn send_all(seed: u64, off: Value) -> Vec<String> {
    let held = Held::new();
    let options = Options {
        observers: held.observers(),
        ..Options::default()
    };
    let emulator = Emulator::start(options).await.unwrap();
    let address = emulator.url().replace("http://", "");
    let rules = json!({ "off": off }).to_string();
    let rules = format!("PUT /emulator/rules HTTP/1.1\nhost: localhost\n\n{rules}");
    let mut tried = 0;
    let mut statuses = BTreeMap::new();
    for (name, bytes) in mutate::inputs(&folder("requests"), seed, mutate::cases(1_000)) {
        // Rules, faults and state that an input has put there would hide what the next one does.
        if tried % 20 == 0 {
            let answer = ask(&address, &request(rules.as_bytes()));
            assert!(answer.starts_with(b"HTTP/1.1 200"), "{answer:?}");
            ask(
                &address,
                b"DELETE /emulator/faults HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
            );
            emulator.put_state(&state()).unwrap();
        }
        let answer = tokio::task::block_in_place(|| ask(&address, &request(&bytes)));
        let status = String::from_utf8_lossy(&answer[..answer.len().min(12)]).into_owned();
        let shown = String::from_utf8_lossy(&bytes);
        *statuses.entry(status.clone()).or_insert(0_usize) += 1;
        assert_eq!(PANICS.load(Ordering::SeqCst), 0, "{name}: {shown}");
        let unserved = status.ends_with("500");
        assert!(
            !unserved,
            "{name}: {shown}\n{}",
            String::from_utf8_lossy(&answer)
        );
        assert!(
            status.starts_with("HTTP/1.") || answer.is_empty(),
            "{name}: {status}"
        );
        tried += 1;
    }
    println!("{tried} requests: {statuses:?}");
    assert!(tried > 30, "the corpus is missing");
    if let Some(methods) = held.methods() {
        assert!(methods.len() > 5, "{methods:?}");
    }
    held.take_violations()
}

#[test]
fn no_bytes_make_the_replayer_panic_or_hang() {
    let mut tried = 0;
    for (name, bytes) in mutate::inputs(&folder("recordings"), 3, mutate::cases(600)) {
        let text = String::from_utf8_lossy(&bytes);
        let begun = Instant::now();
        let replayed = std::panic::catch_unwind(|| match Recording::parse("r.log", &text) {
            Ok(recordings) => {
                let lines = recordings
                    .iter()
                    .flat_map(|it| Replayer::default().play(it));
                lines.map(|line| line.to_string().len()).sum::<usize>()
            }
            Err(error) => {
                // Where it is, and in it where JSON goes wrong.
                let said = error.to_string();
                assert!(said.starts_with("r.log"), "{said}");
                if let RecordingError::Json { source, .. } = &error {
                    assert!(source.line() > 0, "{source}");
                }
                0
            }
        });
        assert!(replayed.is_ok(), "{name}: {text}");
        assert!(begun.elapsed() < Duration::from_mins(1), "{name}");
        tried += 1;
    }
    println!("{tried} recordings");
    assert!(tried > 8, "the corpus is missing");
}
