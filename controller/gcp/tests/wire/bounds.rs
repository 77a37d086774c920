//! Lists and bodies that are longer than they should be.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use privatelink_core::cloud::{Cloud as _, CloudErrorKind, Scope, Write};
use privatelink_core::codes::Code;
use privatelink_core::kinds::NatRef;
use privatelink_gcp::{Google, Options, connect};
use reqwest::Method;
use serde_json::json;

use crate::lists::every_scope;
use crate::nats::ours;
use crate::place::{Place, at, furnished, project, region};

/// Another connection to the place, which reads no list with more items.
async fn at_most(place: &Place, most: usize) -> Google {
    let options = Options {
        endpoint: Some(place.emulator.url()),
        max_list_items: most,
        ..Options::default()
    };
    connect(options).await.unwrap()
}

#[tokio::test]
async fn every_list_has_a_bound() {
    let place = Place::with(furnished()).await;
    for scope in every_scope() {
        let whole = place.list(scope.clone()).await.unwrap();
        let count = whole.items.len();
        let read = at_most(&place, count).await.list(&scope).await;
        assert_eq!(read.as_ref(), Ok(&whole), "{scope}");
        let most = count - 1;
        let error = at_most(&place, most).await.list(&scope).await.unwrap_err();
        let message = format!("cannot list the {scope}: it has more than {most} items");
        assert_eq!(
            (error.kind, error.code, error.message),
            (CloudErrorKind::Invalid, Code::ListTooLong, message)
        );
    }
}

/// A router's record of operations is a list too. Without it nobody can tell whose entries a write overwrites.
#[tokio::test]
async fn a_record_of_a_router_that_is_too_long_is_said_to_be() {
    let place = Place::with(furnished()).await;
    let router = "/compute/v1/projects/acme-prod/regions/europe-west1/routers/r";
    for time in ["first", "second", "third"] {
        let body = json!({ "description": time });
        place.send(Method::PATCH, router, &body).await;
    }
    // Before the write, and only after it: it is the fourth operation itself.
    for (most, written) in [(2, false), (3, true)] {
        let google = at_most(&place, most).await;
        let write = Write::PutNat(ours());
        let error = google.write(&write).await.unwrap_err();
        assert_eq!(error.code, Code::ListTooLong, "{error}");
        let message =
            format!("its record of operations cannot be read: it has more than {most} items");
        assert!(error.message.ends_with(&message), "{error}");
        let sent = google.calls().contains_key("compute.routers.patch");
        assert_eq!(sent, written, "{most}");
    }
}

#[tokio::test]
async fn a_list_that_is_too_long_is_not_read_to_its_end() {
    let services = "projects/acme-prod/locations/europe-west1/services";
    let many = (0..250).map(|number| (format!("{services}/s{number:03}"), json!({})));
    let state = json!({ "run": many.collect::<serde_json::Map<_, _>>() });
    let place = Place::with(state).await;
    let services = Scope::Services(project(), region());
    // A page has a hundred; so the second one is too much already, and the third is never asked for.
    for (most, pages) in [(250, Ok(3)), (249, Err(3)), (120, Err(2)), (99, Err(1))] {
        let google = at_most(&place, most).await;
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
