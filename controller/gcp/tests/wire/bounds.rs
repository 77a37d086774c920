//! Lists and bodies that are longer than they should be.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use privatelink_core::cloud::{Cloud as _, CloudErrorKind, Scope, Write};
use privatelink_core::codes::Code;
use privatelink_core::kinds::NatRef;
use privatelink_gcp::{Options, connect};
use serde_json::json;

use crate::place::{Place, at, project, region};

#[tokio::test]
async fn a_list_that_is_too_long_is_not_read_to_its_end() {
    let services = "projects/acme-prod/locations/europe-west1/services";
    let many = (0..250).map(|number| (format!("{services}/s{number:03}"), json!({})));
    let state = json!({ "run": many.collect::<serde_json::Map<_, _>>() });
    let place = Place::with(state).await;
    let services = Scope::Services(project(), region());
    // A page has a hundred; so the second one is too much already, and the third is never asked for.
    for (most, pages) in [(250, Ok(3)), (249, Err(3)), (120, Err(2)), (99, Err(1))] {
        let google = connect(Options {
            endpoint: Some(place.emulator.url()),
            max_list_items: most,
            ..Options::default()
        });
        let google = google.await.unwrap();
        let listed = google.list(&services).await;
        let asked = google.calls()["run.projects.locations.services.list"];
        match listed {
            Ok(listing) => assert_eq!((listing.items.len(), Ok(asked)), (250, pages)),
            Err(error) => {
                assert_eq!(Err(asked), pages, "{most}");
                assert_eq!(
                    (error.kind, error.code),
                    (CloudErrorKind::Invalid, Code::ListTooLong)
                );
                assert!(
                    error.message.contains(&format!("more than {most} items")),
                    "{error}"
                );
            }
        }
    }
}

/// Answers one request with a body that does not end.
fn endless() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).unwrap();
        let head =
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n";
        stream.write_all(head).unwrap();
        let more = vec![b' '; 64 * 1024];
        // Until the client has had enough.
        while stream.write_all(&more).is_ok() {}
    });
    url
}

#[tokio::test]
async fn a_body_that_does_not_end_is_given_up() {
    let google = connect(Options {
        endpoint: Some(endless()),
        ..Options::default()
    });
    let google = google.await.unwrap();
    let entry = NatRef {
        router: at("r"),
        name: "ours".parse().unwrap(),
    };
    let error = google.write(&Write::DeleteNat(entry)).await.unwrap_err();
    assert_eq!(error.code, Code::AnswerUnparsable);
    assert!(error.message.contains("longer than 16 MiB"), "{error}");
}
