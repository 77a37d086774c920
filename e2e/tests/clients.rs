//! Google's own clients against the emulator: `gcloud`, and the libraries for Python. What they cannot do there, a
//! user cannot do either.
//!
//! A client that is not installed is skipped by name; with `CI=true` it fails.

#![allow(clippy::unwrap_used, clippy::panic)]

mod clients {
    pub(crate) mod python;
    pub(crate) mod session;
}

use std::time::Duration;

use clients::python;
use clients::session::{BINARY, PROJECT, REGION, Session, is_there, lacks};
use privatelink_e2e::privatelink::Privatelink;
use serde_json::{Value, json};

/// Operations take a moment, so that clients have to wait for them.
const LATENCY: Duration = Duration::from_millis(300);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gcloud_makes_shows_changes_and_removes_networks_subnetworks_and_firewalls() {
    let Some(session) = Session::gcloud(Duration::ZERO).await else {
        return;
    };
    let printed = session
        .works(
            "gcloud compute networks create n --subnet-mode=custom
            gcloud compute networks update n --bgp-routing-mode=global
            gcloud compute networks list --format='value(name, x_gcloud_bgp_routing_mode)'
            gcloud compute networks subnets create s --network=n --range=10.1.0.0/24
            gcloud compute networks subnets update s --enable-private-ip-google-access
            gcloud compute networks subnets list --format='value(name, ipCidrRange)'
            gcloud compute networks subnets describe s --format='value(privateIpGoogleAccess, network.basename())'
            gcloud compute firewall-rules create f --network=n --allow=tcp:80 --source-ranges=10.0.0.0/8
            gcloud compute firewall-rules update f --allow=tcp:443
            gcloud compute firewall-rules list --format='value(name, allowed[].map().firewall_rule().list())'
            gcloud compute firewall-rules describe f --format='value(direction, priority)'
            gcloud compute firewall-rules delete f
            gcloud compute networks describe n --format='value(subnetworks.basename())'
            gcloud compute networks subnets delete s
            gcloud compute networks delete n",
        )
        .await;
    for line in [
        "n\tGLOBAL",
        "s\t10.1.0.0/24",
        "True\tn",
        "f\ttcp:443",
        "INGRESS\t1000",
    ] {
        assert!(printed.lines().any(|it| it == line), "{line}:\n{printed}");
    }
    assert_eq!(session.cloud.state(), json!({}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gcloud_makes_shows_changes_and_removes_routers_nats_and_addresses() {
    let Some(session) = Session::gcloud(Duration::ZERO).await else {
        return;
    };
    let network = format!("projects/{PROJECT}/global/networks/n");
    let subnetwork = format!("projects/{PROJECT}/regions/{REGION}/subnetworks/s");
    let place = json!({ "network": network, "ipCidrRange": "10.1.0.0/24" });
    let state =
        json!({ "compute": { network: { "autoCreateSubnetworks": false }, subnetwork: place } });
    session.cloud.put_state(&state).await.unwrap();
    let before = session.cloud.state();
    let printed = session
        .works(
            "gcloud compute routers create r --network=n
            gcloud compute routers update r --advertisement-mode=custom --set-advertisement-groups=all_subnets
            gcloud compute routers list --format='value(name, network.basename())'
            gcloud compute routers describe r --format='value(bgp.advertiseMode)'
            gcloud compute addresses create a b
            gcloud compute addresses list --format='value(name, status)'
            gcloud compute routers nats create e --router=r --auto-allocate-nat-external-ips \\
                --nat-custom-subnet-ip-ranges=s
            gcloud compute routers nats update e --router=r --nat-external-ip-pool=a
            gcloud compute routers nats list --router=r --format='value(name, natIpAllocateOption)'
            gcloud compute routers nats describe e --router=r --format='value(natIps.basename())'
            gcloud compute addresses describe a --format='value(status, users.basename())'
            gcloud compute routers nats delete e --router=r
            gcloud compute routers delete r
            gcloud compute addresses delete a b",
        )
        .await;
    for line in [
        "r\tn",
        "CUSTOM",
        "b\tRESERVED",
        "e\tMANUAL_ONLY",
        "IN_USE\tr",
    ] {
        assert!(printed.lines().any(|it| it == line), "{line}:\n{printed}");
    }
    assert_eq!(session.cloud.state(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gcloud_makes_shows_changes_and_removes_connectors_and_services() {
    let Some(session) = Session::gcloud(Duration::ZERO).await else {
        return;
    };
    let network = format!("projects/{PROJECT}/global/networks/n");
    let subnetwork = format!("projects/{PROJECT}/regions/{REGION}/subnetworks/s");
    let place = json!({ "network": network, "ipCidrRange": "10.8.0.0/28" });
    let state =
        json!({ "compute": { network: { "autoCreateSubnetworks": false }, subnetwork: place } });
    session.cloud.put_state(&state).await.unwrap();
    let before = session.cloud.state();
    let printed = session
        .works(
            "connectors='gcloud compute networks vpc-access connectors'
            $connectors create c --region=$CLOUDSDK_RUN_REGION --subnet=s --min-instances=2 --max-instances=3
            $connectors update c --region=$CLOUDSDK_RUN_REGION --max-instances=5
            $connectors list --region=$CLOUDSDK_RUN_REGION --format='value(name.basename(), state)'
            $connectors describe c --region=$CLOUDSDK_RUN_REGION --format='value(subnet.name, maxInstances)'
            gcloud run deploy web --image=shop --no-allow-unauthenticated --set-env-vars=A=b
            gcloud run services update web --vpc-connector=c --vpc-egress=all-traffic --ingress=internal
            gcloud run services list --format='value(metadata.name, status.conditions[0].status)'
            gcloud run services describe web --format='json' > web.json
            gcloud run services get-iam-policy web --format='value(etag)'
            gcloud run revisions list --service=web --format='value(status.conditions[0].status)'
            gcloud run services update web --network=n --subnet=s --vpc-egress=private-ranges-only \\
                --clear-vpc-connector
            gcloud run services delete web
            $connectors delete c --region=$CLOUDSDK_RUN_REGION
            cat web.json",
        )
        .await;
    for line in ["c\tREADY", "s\t5", "web\tTrue", "ACAB"] {
        assert!(printed.lines().any(|it| it == line), "{line}:\n{printed}");
    }
    for part in [
        "\"run.googleapis.com/vpc-access-connector\": \"c\"",
        "\"run.googleapis.com/vpc-access-egress\": \"all-traffic\"",
        "\"run.googleapis.com/ingress\": \"internal\"",
    ] {
        assert!(printed.contains(part), "{part}:\n{printed}");
    }
    assert_eq!(session.cloud.state(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gcloud_sees_what_the_plan_names() {
    let Some(session) = Session::gcloud(Duration::ZERO).await else {
        return;
    };
    let service = |name: &str| format!("projects/{PROJECT}/locations/{REGION}/services/{name}");
    let network = format!("projects/{PROJECT}/global/networks/prod");
    let state = json!({
        "compute": { network: { "autoCreateSubnetworks": false } },
        "run": { service("orders"): {}, service("billing"): {} },
    });
    session.cloud.put_state(&state).await.unwrap();
    let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/../e2e/scenarios/plain");
    let privatelink = Privatelink::new(BINARY, &session.cloud.url(), scenario);
    let plan = privatelink
        .run(&["plan", "-o", "json", "declare.yaml"])
        .await
        .unwrap()
        .json();
    let named: Vec<String> = plan["steps"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|step| step["action"] == "create")
        .filter_map(|step| step["id"].as_str()?.rsplit('/').next().map(str::to_owned))
        .collect();
    assert!(named.len() >= 4, "{plan:#}");
    let applied = privatelink
        .run(&["apply", "--yes", "declare.yaml"])
        .await
        .unwrap();
    assert_eq!(applied.code, 0, "{}{}", applied.stdout, applied.stderr);
    let printed = session
        .works(
            "gcloud compute networks subnets list --format='value(name, privateIpGoogleAccess)'
            router=$(gcloud compute routers list --format='value(name)')
            gcloud compute routers nats list --router=$router --format='value(name)'
            gcloud compute networks vpc-access connectors list --region=$CLOUDSDK_RUN_REGION
            gcloud run services describe orders --format='value(spec.template.metadata.annotations)'
            gcloud run services describe billing --format='value(metadata.annotations)'
            echo $router",
        )
        .await;
    for name in named {
        assert!(printed.contains(&name), "{name}:\n{printed}");
    }
    for part in [
        "all-traffic",
        "run.googleapis.com/ingress=internal",
        "READY",
    ] {
        assert!(printed.contains(part), "{part}:\n{printed}");
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
    let log = session
        .cloud
        .send("GET", "/emulator/requests/log", &Value::Null)
        .await
        .unwrap();
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn google_cloud_run_for_python_sends_enums_as_numbers() {
    let Some(python) = python::with_google_clients().await else {
        return;
    };
    let session = Session::start(LATENCY).await;
    let printed = session.works(&format!("{python} run.py")).await;
    assert!(printed.contains("run: done"), "{printed}");
    let log = session
        .cloud
        .send("GET", "/emulator/requests/log", &Value::Null)
        .await
        .unwrap();
    let as_number = log
        .as_array()
        .unwrap()
        .iter()
        .any(|request| request["body"]["ingress"] == 2);
    assert!(as_number, "{log:#}");
    assert_eq!(session.cloud.state(), json!({}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn googles_other_clients_for_python_make_and_remove_networks_and_connectors() {
    let Some(python) = python::with_google_clients().await else {
        return;
    };
    let session = Session::start(LATENCY).await;
    let printed = session.works(&format!("{python} network.py")).await;
    assert!(printed.contains("network: done"), "{printed}");
    assert_eq!(session.cloud.state(), json!({}));
}

#[test]
fn a_client_that_is_missing_is_said_to_be() {
    assert!(is_there("bash") && !is_there("no-such-client"));
}
