//! Google's own clients against the emulator: `gcloud`, and the libraries for Python. What they cannot do there, a
//! user cannot do either.
//!
//! A client that is not installed is skipped by name; with `CI=true` it fails.

#![allow(clippy::unwrap_used, clippy::panic)]

mod clients {
    pub(crate) mod commands;
    pub(crate) mod lives;
    pub(crate) mod matrix;
    pub(crate) mod named;
    pub(crate) mod python;
    pub(crate) mod session;
}

use std::collections::BTreeSet;
use std::time::Duration;

use clients::lives::{self, Asked, Client};
use clients::session::{PROJECT, Session, lacks};
use clients::{commands, matrix, named, python};
use privatelink_e2e::skipped::is_there;
use serde_json::Value;

/// Operations take a moment, so that clients have to wait for them.
const LATENCY: Duration = Duration::from_millis(300);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gcloud_makes_shows_changes_and_removes_networks_subnetworks_firewalls_and_routes() {
    let Some(lived) = lives::NETWORKS.lived().await else {
        return;
    };
    lived.shows(&[
        "n\tGLOBAL",
        "s\t10.1.0.0/23",
        "True\tn",
        "f\ttcp:443",
        "INGRESS\t1000",
        "r\tdefault-internet-gateway",
        "192.0.2.0/24\t1000",
    ]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gcloud_makes_shows_changes_and_removes_routers_nats_and_addresses() {
    let Some(lived) = lives::ROUTERS.lived().await else {
        return;
    };
    lived.shows(&[
        "r\tn",
        "CUSTOM",
        "b\tRESERVED",
        "g\tEXTERNAL\tteam=shop",
        "g\tshop",
        "e\tMANUAL_ONLY",
        "IN_USE\tr\tpayments",
        "setLabels\ta",
        "setLabels\tg",
        "DONE\teurope-west1",
        "g\tinsert",
    ]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gcloud_makes_shows_changes_and_removes_connectors_services_and_revisions() {
    let Some(lived) = lives::SERVICES.lived().await else {
        return;
    };
    // One revision is left in the list after the other one was deleted.
    lived.shows(&["c\tREADY", "s\t5", "web\tTrue", "ACAB", "web", "True,shop"]);
    let service = "google.cloud.vpcaccess.v1.VpcAccessService";
    lived.shows(&[
        &format!("{service}.CreateConnector\tc"),
        &format!("{service}.UpdateConnector\tc"),
        "True\tc",
    ]);
    let printed = &lived.printed;
    assert_eq!(printed.matches("\nTrue,shop\n").count(), 1, "{printed}");
    for part in [
        "\"run.googleapis.com/vpc-access-connector\": \"c\"",
        "\"run.googleapis.com/vpc-access-egress\": \"all-traffic\"",
        "\"run.googleapis.com/ingress\": \"internal\"",
    ] {
        assert!(printed.contains(part), "{part}:\n{printed}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gcloud_makes_shows_changes_and_removes_jobs() {
    let Some(lived) = lives::JOBS.lived().await else {
        return;
    };
    lived.shows(&["nightly\tTrue", "europe-west1"]);
    let printed = &lived.printed;
    for part in [
        "\"taskCount\": 3",
        "\"run.googleapis.com/vpc-access-egress\": \"all-traffic\"",
    ] {
        assert!(printed.contains(part), "{part}:\n{printed}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn googles_libraries_for_python_do_the_same_and_send_enums_as_numbers() {
    let Some(lived) = lives::PYTHON.lived().await else {
        return;
    };
    lived.shows(&[
        "networks: done",
        "routers: done",
        "connectors: done",
        "run: done",
        "knative: done",
    ]);
    let is_number = |request: &Value| request["body"]["ingress"] == 2;
    assert!(lived.log.iter().any(is_number), "{:#?}", lived.log);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_client_does_to_each_kind_whatever_google_offers() {
    let mut deeds = Vec::new();
    for client in Client::ALL {
        let all = client.lives().iter().map(|life| life.lived());
        let all = futures::future::join_all(all).await;
        let there = all.iter().flatten();
        let asked: BTreeSet<Asked> = there.flat_map(|lived| lived.asked.clone()).collect();
        // The client is not there, which has been said.
        if asked.is_empty() {
            continue;
        }
        deeds.push(matrix::hold(client, &asked));
        match client {
            Client::Gcloud => commands::are_on_the_page(&asked),
            Client::Python => matrix::hold_methods(&asked),
        }
    }
    if let [gcloud, python] = deeds.as_slice() {
        matrix::is_on_the_page(gcloud, python);
    }
}

/// The installed one is asked, in its last release and in its first drafts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gcloud_has_none_of_the_commands_that_it_is_said_not_to_have() {
    let Some(session) = Session::gcloud(Duration::ZERO).await else {
        return;
    };
    for command in matrix::no_commands() {
        for track in ["", "alpha "] {
            let asked = format!("gcloud {track}{command} --help");
            let printed = session.fails(&asked).await;
            assert!(printed.contains("Invalid choice"), "{asked}: {printed}");
        }
    }
    let there = "gcloud compute networks vpc-access operations list --help";
    session.works(there).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_clients_see_what_the_plan_names() {
    let Some(session) = Session::gcloud(Duration::ZERO).await else {
        return;
    };
    let named = named::applied(&session).await;
    named::gcloud_describes(&session, &named).await;
    if let Some(python) = python::with_google_clients().await {
        named::python_describes(&session, &python, &named).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gcloud_waits_for_compute_operations() {
    let Some(session) = Session::gcloud(LATENCY).await else {
        return;
    };
    let create = "gcloud compute networks create n --subnet-mode=custom";
    let printed = session.works(create).await;
    assert!(printed.contains("Created ["), "{printed}");
    assert_eq!(session.counted("compute.globalOperations.wait").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gcloud_asks_for_two_compute_objects_in_one_batch() {
    let Some(session) = Session::gcloud(LATENCY).await else {
        return;
    };
    let printed = session.works("gcloud compute addresses create a b").await;
    assert_eq!(printed.matches("Created [").count(), 2, "{printed}");
    assert_eq!(session.counted("compute.addresses.insert").await, 2);
    // One of them is refused, and the other is deleted all the same.
    let printed = session
        .fails("gcloud compute addresses delete a no-such")
        .await;
    assert!(
        printed.contains("Deleted [") && printed.contains("addresses/no-such' was not found"),
        "{printed}"
    );
    assert_eq!(
        session.cloud.state()["compute"].as_object().unwrap().len(),
        1
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gcloud_names_the_region_in_an_absolute_request_line() {
    let Some(session) = Session::gcloud(Duration::ZERO).await else {
        return;
    };
    let deploy = "gcloud run deploy web --image=shop --no-allow-unauthenticated --region=us-east4";
    session.works(deploy).await;
    let path = format!("projects/{PROJECT}/locations/us-east4/services/web");
    let services = &session.cloud.state()["run"];
    assert!(services[&path].is_object(), "{services:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gcloud_percent_encodes_path_segments() {
    let Some(session) = Session::gcloud(Duration::ZERO).await else {
        return;
    };
    // The colon of a project within a domain travels as %3A.
    let create = "gcloud compute networks create n --subnet-mode=custom --project=example.com:shop";
    session.works(create).await;
    let log = Value::Array(session.log().await);
    assert!(
        log.to_string().contains("/projects/example.com%3Ashop/"),
        "{log:#}"
    );
    let networks = &session.cloud.state()["compute"];
    assert!(
        networks["projects/example.com:shop/global/networks/n"].is_object(),
        "{networks:#}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gcloud_waits_for_the_conditions_of_a_service() {
    let Some(session) = Session::gcloud(Duration::from_secs(2)).await else {
        return;
    };
    let deploy = "gcloud run deploy web --no-allow-unauthenticated --image";
    let printed = session.works(&format!("{deploy}=shop")).await;
    assert!(
        printed.contains("is serving 100 percent of traffic"),
        "{printed}"
    );
    assert!(session.counted("run.namespaces.services.get").await > 2);
    let printed = session
        .fails(&format!("{deploy}=gcr.io/emulator/fails"))
        .await;
    assert!(
        printed.contains("is not ready and cannot serve traffic"),
        "{printed}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gcloud_is_told_which_api_it_was_not_pointed_at() {
    if lacks("curl") {
        return;
    }
    let session = Session::start(Duration::ZERO).await;
    let printed = session.fails("curl -sS -x http://$CLOUDSDK_PROXY_ADDRESS:$CLOUDSDK_PROXY_PORT https://dns.googleapis.com/").await;
    assert!(printed.contains("501"), "{printed}");
    assert_eq!(session.counted("unknown").await, 1);
}

#[test]
fn a_client_that_is_missing_is_said_to_be() {
    assert!(is_there("sh") && !is_there("no-such-client"));
}
