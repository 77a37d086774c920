//! How names are spelled, as patterns that a server checks.

/// 6 to 30 characters, optionally behind the domain of an old organisation.
pub const PROJECT_ID: &str = r"^([a-z0-9-]+(\.[a-z0-9-]+)+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$";

/// Words and a number: `europe-west1`.
pub const REGION: &str = r"^[a-z]+(-[a-z]+)+[0-9]{1,2}$";

/// A Cloud Run service: at most 49 characters.
pub const SERVICE: &str = r"^[a-z]([a-z0-9-]{0,47}[a-z0-9])?$";

/// A Compute resource: at most 63 characters.
pub const RESOURCE: &str = r"^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$";

/// A Serverless VPC Access connector: at most 25 characters
/// (docs/reference/google-cloud.md#connector-name).
pub const CONNECTOR: &str = r"^[a-z]([a-z0-9-]{0,23}[a-z0-9])?$";
