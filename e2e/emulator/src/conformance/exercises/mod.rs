//! The exercises, by what they are about.

mod connectors;
mod jobs;
mod knative;
mod nats;
mod networks;
mod places;
mod requests;
mod routers;
mod services;
mod subnetworks;

use serde_json::{Value, json};

use crate::conformance::exercise::Exercise;

/// Google's sample, which answers every request with a greeting.
const IMAGE: &str = "us-docker.pkg.dev/cloudrun/container/hello";

/// Every exercise, in the order in which they run: what takes minutes comes last.
pub fn exercises() -> Vec<Exercise> {
    vec![
        requests::exercise(),
        networks::exercise(),
        subnetworks::exercise(),
        places::addresses(),
        places::firewalls(),
        places::routes(),
        routers::exercise(),
        nats::options(),
        nats::addresses(),
        jobs::exercise(),
        services::refusals(),
        services::changes(),
        services::broken(),
        knative::exercise(),
        connectors::refusals(),
        connectors::life(),
    ]
}

/// A service with nothing but an image.
pub(crate) fn plain_service() -> Value {
    json!({ "template": template() })
}

fn template() -> Value {
    json!({ "containers": [{ "image": IMAGE }] })
}

/// A service whose template has one more field.
fn service_with(field: &str, value: Value) -> Value {
    let mut service = plain_service();
    service["template"][field] = value;
    service
}

/// As a reference to the network of all exercises.
const NETWORK: &str = "projects/{project}/global/networks/~";
