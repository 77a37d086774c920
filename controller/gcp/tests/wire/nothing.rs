//! Answers in which nothing is said: something stands between us and Google. What was not read is never taken for absent.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use privatelink_core::cloud::{Cloud as _, Scope, Write};
use privatelink_core::codes::Code;
use privatelink_core::kinds::{Id, NatRef, RevisionRef, RouteRef};
use privatelink_gcp::{Options, connect};

use crate::lists::every_scope;
use crate::place::{at, network, project, service};

/// Answers every request alike, for as long as the test runs.
fn always(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream: TcpStream = stream.unwrap();
            let mut request = [0; 16 * 1024];
            let _ = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    url
}

const NO_CONTENT: &str = "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
const EMPTY: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const NO_FIELDS: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\
                         connection: close\r\n\r\n{}";

fn every_id() -> [Id; 8] {
    let route = RouteRef {
        project: project(),
        name: "default-route".parse().unwrap(),
    };
    let revision = RevisionRef {
        service: service("orders"),
        name: "orders-00001-xyz".into(),
    };
    [
        Id::Network(network()),
        Id::Route(route),
        Id::Subnetwork(at("a")),
        Id::Address(at("ip")),
        Id::Router(at("r")),
        Id::Connector(at("c")),
        Id::ServiceEgress(service("orders")),
        Id::Revision(revision),
    ]
}

#[tokio::test]
async fn an_answer_without_a_word_is_no_empty_list_and_no_object() {
    for answer in [NO_CONTENT, EMPTY, NO_FIELDS] {
        let google = connect(Options {
            endpoint: Some(always(answer)),
            ..Options::default()
        });
        let google = google.await.unwrap();
        for scope in every_scope() {
            let listed = google.list(&scope).await;
            // An empty list of these three is an object without fields.
            let may_be_empty = matches!(
                scope,
                Scope::Connectors(..) | Scope::Services(..) | Scope::Jobs(..)
            );
            if answer == NO_FIELDS && may_be_empty {
                assert!(listed.unwrap().items.is_empty());
                continue;
            }
            let error = listed.expect_err(&scope.to_string());
            assert_eq!(error.code, Code::AnswerUnparsable, "{scope}: {error}");
        }
        for id in every_id() {
            let error = google.get(&id).await.expect_err(&id.to_string());
            assert_eq!(error.code, Code::AnswerUnparsable, "{id}: {error}");
        }
        let entry = NatRef {
            router: at("r"),
            name: "ours".parse().unwrap(),
        };
        // A list of entries that was not read is not one from which ours is gone.
        let error = google.write(&Write::DeleteNat(entry)).await.unwrap_err();
        assert_eq!(error.code, Code::AnswerUnparsable, "{error}");
        let sent = google.calls();
        assert!(!sent.contains_key("compute.routers.patch"), "{sent:?}");
    }
}
