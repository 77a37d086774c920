//! The regions that there are.

use crate::call::Call;
use crate::compute::REGION_UNKNOWN;
use crate::engine::Engine;
use crate::refusal::{ErrorAnswer, Refusal};

/// Google Cloud's regions, sorted.
pub(crate) const REGIONS: &[&str] = &[
    "africa-south1",
    "asia-east1",
    "asia-east2",
    "asia-northeast1",
    "asia-northeast2",
    "asia-northeast3",
    "asia-south1",
    "asia-south2",
    "asia-southeast1",
    "asia-southeast2",
    "australia-southeast1",
    "australia-southeast2",
    "europe-central2",
    "europe-north1",
    "europe-north2",
    "europe-southwest1",
    "europe-west1",
    "europe-west10",
    "europe-west12",
    "europe-west2",
    "europe-west3",
    "europe-west4",
    "europe-west6",
    "europe-west8",
    "europe-west9",
    "me-central1",
    "me-central2",
    "me-west1",
    "northamerica-northeast1",
    "northamerica-northeast2",
    "northamerica-south1",
    "southamerica-east1",
    "southamerica-west1",
    "us-central1",
    "us-east1",
    "us-east4",
    "us-east5",
    "us-south1",
    "us-west1",
    "us-west2",
    "us-west3",
    "us-west4",
];

/// Refuses a call to a region that does not exist.
pub(crate) fn check(engine: &Engine, call: &Call) -> Result<(), Refusal> {
    let region = call.parameter("region");
    let unknown = !region.is_empty() && !REGIONS.contains(&region);
    engine.refuse_if(&REGION_UNKNOWN, unknown, || {
        ErrorAnswer::invalid_field("region", region, "Unknown region.")
    })
}
