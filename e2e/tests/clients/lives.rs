//! What a client does to every kind that is served: it makes one, lists it, shows it, changes it and removes it. Each
//! life has an emulator of its own and is lived once, whoever asks for it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use privatelink_emulator::{Observer, Reply};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::python;
use super::session::{PROJECT, REGION, Session, lacks};

/// Who lives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Client {
    /// The command line.
    Gcloud,
    /// The libraries for Python.
    Python,
}

impl Client {
    /// Both of them.
    pub(crate) const ALL: [Self; 2] = [Self::Gcloud, Self::Python];

    /// What people call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gcloud => "gcloud",
            Self::Python => "Python",
        }
    }

    /// All that it lives.
    pub(crate) fn lives(self) -> &'static [&'static Life] {
        match self {
            Self::Gcloud => &OF_GCLOUD,
            Self::Python => &OF_PYTHON,
        }
    }
}

static OF_GCLOUD: [&Life; 4] = [&NETWORKS, &ROUTERS, &SERVICES, &JOBS];
static OF_PYTHON: [&Life; 1] = [&PYTHON];

/// A script for one of the clients.
pub(crate) struct Life {
    client: Client,
    script: &'static str,
    /// Whether there is a network `n` with a subnetwork `s` in the beginning.
    placed: bool,
    /// How long operations take.
    latency: Duration,
    lived: OnceCell<Option<Arc<Lived>>>,
}

/// What came of it.
pub(crate) struct Lived {
    /// What the script printed.
    pub(crate) printed: String,
    /// The emulator's log of requests.
    pub(crate) log: Vec<Value>,
    /// What was asked for and not refused.
    pub(crate) asked: BTreeSet<Asked>,
    /// Whether the emulator kept in the end what it had in the beginning, and nothing else.
    pub(crate) left_nothing: bool,
}

/// A method that a client asked for, and that did not refuse.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Asked {
    /// As Google calls it, such as `compute.routes.get`.
    pub(crate) method: String,
    /// The command of `gcloud` that needed it, such as `gcloud.compute.routes.describe`; empty of other clients.
    pub(crate) command: String,
}

impl Asked {
    /// What writes down all that is asked for.
    fn into(heard: Arc<Mutex<BTreeSet<Self>>>) -> Observer {
        Observer::new(move |exchange| {
            let (Some(method), Reply::Sent(200..300, _)) = (exchange.operation, exchange.reply)
            else {
                return;
            };
            let mut words = exchange.user_agent.split(' ');
            let command = words.find_map(|word| word.strip_prefix("command/"));
            heard.lock().unwrap().insert(Self {
                method: method.to_owned(),
                command: command.unwrap_or_default().to_owned(),
            });
        })
    }
}

impl Life {
    const fn of_gcloud(placed: bool, script: &'static str) -> Self {
        Self {
            client: Client::Gcloud,
            script,
            placed,
            latency: Duration::ZERO,
            lived: OnceCell::const_new(),
        }
    }

    /// What came of it; `None` where its client is not there.
    pub(crate) async fn lived(&self) -> Option<Arc<Lived>> {
        self.lived.get_or_init(|| self.live()).await.clone()
    }

    async fn live(&self) -> Option<Arc<Lived>> {
        let script = match self.client {
            Client::Gcloud if lacks("gcloud") => return None,
            Client::Gcloud => self.script.to_owned(),
            Client::Python => {
                let python = python::with_google_clients().await?;
                format!("{python} {}", self.script)
            }
        };
        let asked: Arc<Mutex<BTreeSet<Asked>>> = Arc::default();
        let observers = vec![Asked::into(Arc::clone(&asked))];
        let session = Session::heard(self.latency, observers).await;
        if self.placed {
            session.cloud.put_state(&place()).await.unwrap();
        }
        let before = session.cloud.state();
        let printed = session.works(&script).await;
        let log = session.log().await;
        let asked = asked.lock().unwrap().clone();
        Some(Arc::new(Lived {
            printed,
            log,
            asked,
            left_nothing: session.cloud.state() == before,
        }))
    }
}

impl Lived {
    /// Fails unless each of these is a line of what was printed, and nothing was left.
    pub(crate) fn shows(&self, lines: &[&str]) {
        let printed = &self.printed;
        for line in lines {
            assert!(printed.lines().any(|it| it == *line), "{line}:\n{printed}");
        }
        assert!(self.left_nothing, "{printed}");
    }
}

fn place() -> Value {
    let network = format!("projects/{PROJECT}/global/networks/n");
    let subnetwork = format!("projects/{PROJECT}/regions/{REGION}/subnetworks/s");
    let within = json!({ "network": network, "ipCidrRange": "10.8.0.0/28" });
    json!({ "compute": { network: { "autoCreateSubnetworks": false }, subnetwork: within } })
}

pub(crate) static NETWORKS: Life = Life::of_gcloud(
    false,
    "gcloud compute networks create n --subnet-mode=custom
    gcloud compute networks update n --bgp-routing-mode=global
    gcloud compute networks list --format='value(name, x_gcloud_bgp_routing_mode)'
    gcloud compute networks subnets create s --network=n --range=10.1.0.0/24
    gcloud compute networks subnets update s --enable-private-ip-google-access
    gcloud compute networks subnets expand-ip-range s --prefix-length=23
    gcloud compute networks subnets list --format='value(name, ipCidrRange)'
    gcloud compute networks subnets describe s --format='value(privateIpGoogleAccess, network.basename())'
    gcloud compute networks describe n --format='value(subnetworks.basename())'
    gcloud compute firewall-rules create f --network=n --allow=tcp:80 --source-ranges=10.0.0.0/8
    gcloud compute firewall-rules update f --allow=tcp:443
    gcloud compute firewall-rules list --format='value(name, allowed[].map().firewall_rule().list())'
    gcloud compute firewall-rules describe f --format='value(direction, priority)'
    gcloud compute firewall-rules delete f
    gcloud compute routes create r --network=n --destination-range=192.0.2.0/24 \\
        --next-hop-gateway=default-internet-gateway
    gcloud compute routes list --filter=name=r --format='value(name, nextHopGateway.basename())'
    gcloud compute routes describe r --format='value(destRange, priority)'
    gcloud compute routes delete r
    gcloud compute networks subnets delete s
    gcloud compute networks delete n",
);

pub(crate) static ROUTERS: Life = Life::of_gcloud(
    true,
    "gcloud compute routers create r --network=n
    gcloud compute routers update r --advertisement-mode=custom --set-advertisement-groups=all_subnets
    gcloud compute routers list --format='value(name, network.basename())'
    gcloud compute routers describe r --format='value(bgp.advertiseMode)'
    gcloud compute addresses create a b
    gcloud compute addresses create g --global
    gcloud beta compute addresses update a --update-labels=team=payments
    gcloud beta compute addresses update g --global --update-labels=team=shop
    gcloud compute addresses list --format='value(name, status)'
    gcloud compute addresses list --global --format='value(name, addressType, labels)'
    gcloud compute addresses describe g --global --format='value(name, labels.team)'
    gcloud compute routers nats create e --router=r --auto-allocate-nat-external-ips --nat-custom-subnet-ip-ranges=s
    gcloud compute routers nats update e --router=r --nat-external-ip-pool=a
    gcloud compute routers nats list --router=r --format='value(name, natIpAllocateOption)'
    gcloud compute routers nats describe e --router=r --format='value(natIps.basename())'
    gcloud compute addresses describe a --format='value(status, users.basename(), labels.team)'
    gcloud compute operations list --format='value(operationType, targetLink.basename())'
    regional=$(gcloud compute operations list --regions=$CLOUDSDK_COMPUTE_REGION --limit=1 --format='value(name)')
    gcloud compute operations describe $regional --region=$CLOUDSDK_COMPUTE_REGION --format='value(status, region.basename())'
    global=$(gcloud compute operations list --global --limit=1 --format='value(name)')
    gcloud compute operations describe $global --global --format='value(targetLink.basename(), operationType)'
    gcloud compute routers nats delete e --router=r
    gcloud compute routers delete r
    gcloud compute addresses delete a b
    gcloud compute addresses delete g --global",
);

pub(crate) static SERVICES: Life = Life::of_gcloud(
    true,
    "connectors='gcloud compute networks vpc-access connectors'
    $connectors create c --region=$CLOUDSDK_RUN_REGION --subnet=s --min-instances=2 --max-instances=3
    $connectors update c --region=$CLOUDSDK_RUN_REGION --max-instances=5
    $connectors list --region=$CLOUDSDK_RUN_REGION --format='value(name.basename(), state)'
    $connectors describe c --region=$CLOUDSDK_RUN_REGION --format='value(subnet.name, maxInstances)'
    operations='gcloud compute networks vpc-access operations'
    $operations list --region=$CLOUDSDK_RUN_REGION --format='value(metadata.method, metadata.target.basename())'
    operation=$($operations list --region=$CLOUDSDK_RUN_REGION --limit=1 --format='value(name.basename())')
    $operations describe $operation --region=$CLOUDSDK_RUN_REGION --format='value(done, metadata.target.basename())'
    gcloud run deploy web --image=shop --no-allow-unauthenticated --set-env-vars=A=b
    first=$(gcloud run revisions list --service=web --format='value(metadata.name)')
    gcloud run services update web --vpc-connector=c --vpc-egress=all-traffic --ingress=internal
    gcloud run services list --format='value(metadata.name, status.conditions[0].status)'
    gcloud run services describe web --format='json' > web.json
    gcloud run services get-iam-policy web --format='value(etag)'
    gcloud run revisions describe $first --format='value(metadata.labels.\"serving.knative.dev/service\")'
    gcloud run revisions delete $first
    gcloud run revisions list --service=web --format='csv[no-heading](status.conditions[0].status, spec.containers[0].image)'
    gcloud run services update web --network=n --subnet=s --vpc-egress=private-ranges-only --clear-vpc-connector
    gcloud run services delete web
    $connectors delete c --region=$CLOUDSDK_RUN_REGION
    cat web.json",
);

pub(crate) static JOBS: Life = Life::of_gcloud(
    true,
    "gcloud run jobs create nightly --image=shop
    gcloud run jobs update nightly --tasks=3 --network=n --subnet=s --vpc-egress=all-traffic
    gcloud run jobs list --region=$CLOUDSDK_RUN_REGION --format='value(metadata.name, status.conditions[0].status)'
    gcloud run jobs list --format='value(metadata.labels.\"cloud.googleapis.com/location\")'
    gcloud run jobs describe nightly --format=json
    gcloud run jobs delete nightly",
);

/// Everything, through all of Google's libraries, in one process: they take seconds to load.
pub(crate) static PYTHON: Life = Life {
    client: Client::Python,
    script: "lives.py",
    placed: false,
    latency: Duration::from_millis(100),
    lived: OnceCell::const_new(),
};
