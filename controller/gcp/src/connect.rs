//! One connection to Google per process: credentials, the SDK's clients, and the raw one.

use std::time::Duration;

use google_cloud_auth::credentials::{self, Credentials};
use google_cloud_compute_v1::client::{
    Addresses, Networks, RegionOperations, Routers, Routes, Subnetworks,
};
use google_cloud_gax::client_builder::Error as BuildError;
use google_cloud_gax::retry_policy::NeverRetry;
use google_cloud_run_v2::client::{Revisions, Services};
use google_cloud_vpcaccess_v1::client::VpcAccessService;
use privatelink_core::codes::Code;

use crate::Google;
use crate::attempt::Attempts;
use crate::backoff::Patience;
use crate::endpoint::{Endpoint, EndpointError};
use crate::nats::RouterLocks;
use crate::proxy;
use crate::rates::Rates;
use crate::raw::{Raw, token};
use crate::words;

/// How long the first access token may take. The SDK itself would try for almost a minute.
const TOKEN_DEADLINE: Duration = Duration::from_secs(5);

/// The longest list that is read by default: ten times what ten thousand links were measured with.
pub const MAX_LIST_ITEMS: usize = 200_000;

/// How to reach Google.
#[derive(Debug, Clone)]
pub struct Options {
    /// Sends every API to this base instead of Google's own. Plain http is allowed on loopback only; then it
    /// is a stand-in: no credentials are looked for or sent.
    pub endpoint: Option<String>,
    /// Rates to keep to. `None`: the default ones, or no limit against a stand-in.
    pub rates: Option<Rates>,
    /// How hard calls are tried. `None`: as by default, with shorter pauses against a stand-in.
    pub patience: Option<Patience>,
    /// Against a stand-in only: behave as towards Google, with the default rates and patience, where every second is
    /// that many seconds long. Above 0.
    pub time_scale: Option<f64>,
    /// A list with more items than this is not read to its end, and is an error.
    pub max_list_items: usize,
    /// How we introduce ourselves: `name/version`.
    pub user_agent: String,
}

impl Default for Options {
    fn default() -> Self {
        let user_agent = concat!("privatelink/", env!("CARGO_PKG_VERSION")).to_owned();
        Self {
            endpoint: None,
            rates: None,
            patience: None,
            time_scale: None,
            max_list_items: MAX_LIST_ITEMS,
            user_agent,
        }
    }
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The endpoint is not usable.
    #[error("the endpoint is not usable")]
    Endpoint(#[source] EndpointError),
    /// A proxy stands between here and a stand-in on this machine.
    #[error("{variable} would send requests for {host} through a proxy")]
    Proxied {
        /// The environment variable.
        variable: &'static str,
        /// The host of the endpoint.
        host: String,
    },
    /// Google's time cannot be made to run faster.
    #[error("a time scale is for an emulator on this machine, and --endpoint names none")]
    TimeScale,
    /// No credentials, or ones that cannot be read.
    #[error("no Google Cloud credentials can be used: {0}")]
    CredentialsMissing(String),
    /// Credentials that Google does not accept.
    #[error("Google Cloud rejected the credentials: {0}")]
    CredentialsRejected(String),
    /// A client could not be made, for example because this machine has no certificates of authorities.
    #[error("the client for Google Cloud cannot be made: {0}")]
    Client(String),
}

impl ConnectError {
    /// Its page.
    pub fn code(&self) -> Code {
        match self {
            Self::Endpoint(_) | Self::Proxied { .. } | Self::TimeScale => Code::EndpointInvalid,
            Self::CredentialsMissing(_) => Code::CredentialsMissing,
            Self::CredentialsRejected(_) => Code::CredentialsRejected,
            Self::Client(_) => Code::Unreachable,
        }
    }

    /// What the user can do.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Endpoint(_) => {
                "write --endpoint http://127.0.0.1:PORT for an emulator, or leave it out for Google Cloud"
            }
            Self::TimeScale => {
                "leave out --time-scale and PRIVATELINK_TIME_SCALE, or write --endpoint http://127.0.0.1:PORT"
            }
            Self::Proxied { .. } => "set NO_PROXY=127.0.0.1,localhost and run again",
            Self::CredentialsMissing(_) => {
                "run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS to a key file; \
                 to try it without Google Cloud, run `privatelink demo`"
            }
            Self::CredentialsRejected(_) => {
                "run `gcloud auth application-default login` again, or check that the service account and its key still exist"
            }
            Self::Client(_) => "install the ca-certificates package, and check the proxy settings",
        }
    }
}

/// The SDK's clients. Each has connections of its own, so each is made once.
pub(crate) struct Clients {
    pub(crate) networks: Networks,
    pub(crate) routes: Routes,
    pub(crate) subnetworks: Subnetworks,
    pub(crate) addresses: Addresses,
    pub(crate) routers: Routers,
    pub(crate) region_operations: RegionOperations,
    pub(crate) connectors: VpcAccessService,
    pub(crate) services: Services,
    pub(crate) revisions: Revisions,
}

/// Connects: checks the endpoint, finds credentials and probes them, and makes the clients. Nothing else is
/// asked of Google yet.
pub async fn connect(options: Options) -> Result<Google, ConnectError> {
    // The SDK and reqwest are built without a TLS provider of their own and panic without one. An error only
    // means that somebody in this process has installed one already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let endpoint = options
        .endpoint
        .as_deref()
        .map(Endpoint::parse)
        .transpose()
        .map_err(ConnectError::Endpoint)?;
    let stand_in = endpoint.as_ref().is_some_and(|endpoint| endpoint.stand_in);
    if let Some(endpoint) = endpoint.as_ref().filter(|endpoint| endpoint.stand_in) {
        let found = proxy::in_the_way(&endpoint.host, |name| std::env::var(name).ok());
        if let Some(variable) = found {
            return Err(ConnectError::Proxied {
                variable,
                host: endpoint.host.clone(),
            });
        }
    }
    if options.time_scale.is_some() && !stand_in {
        return Err(ConnectError::TimeScale);
    }
    let credentials = if stand_in {
        credentials::anonymous::Builder::new().build()
    } else {
        probed().await?
    };
    let base = endpoint.as_ref().map(|endpoint| endpoint.base.as_str());
    let clients = clients(&credentials, base)
        .await
        .map_err(|error| ConnectError::Client(causes(&error)))?;
    let raw = Raw::new(credentials, base, stand_in, &options.user_agent)
        .map_err(|error| ConnectError::Client(causes(&error)))?;
    let (rates, patience) = demeanour(&options, stand_in);
    Ok(Google {
        clients,
        raw,
        attempts: Attempts::new(rates, patience),
        router_locks: RouterLocks::default(),
        max_list_items: options.max_list_items,
        user_agent: options.user_agent,
    })
}

/// How fast and how patiently to ask.
fn demeanour(options: &Options, stand_in: bool) -> (Option<Rates>, Patience) {
    let (rates, patience) = match options.time_scale {
        Some(scale) => (
            Some(Rates::default().scaled(scale)),
            Patience::default().scaled(scale),
        ),
        None if stand_in => (None, Patience::brisk()),
        None => (Some(Rates::default()), Patience::default()),
    };
    (
        options.rates.or(rates),
        options.patience.unwrap_or(patience),
    )
}

/// Application Default Credentials that have yielded a token.
async fn probed() -> Result<Credentials, ConnectError> {
    let found = credentials::Builder::default().build();
    let credentials = found.map_err(|error| ConnectError::CredentialsMissing(causes(&error)))?;
    match tokio::time::timeout(TOKEN_DEADLINE, token(&credentials)).await {
        Ok(Ok(_)) => Ok(credentials),
        Ok(Err(error)) if error.is_transient() => {
            let why = words::token_failure(&error);
            Err(ConnectError::CredentialsMissing(format!(
                "no access token could be had ({why})"
            )))
        }
        Ok(Err(error)) => Err(ConnectError::CredentialsRejected(words::token_failure(
            &error,
        ))),
        Err(_) => {
            let seconds = TOKEN_DEADLINE.as_secs();
            Err(ConnectError::CredentialsMissing(format!(
                "no access token could be had within {seconds} s"
            )))
        }
    }
}

async fn clients(credentials: &Credentials, base: Option<&str>) -> Result<Clients, BuildError> {
    macro_rules! client {
        ($client:ty) => {{
            let builder = <$client>::builder()
                .with_credentials(credentials.clone())
                .with_retry_policy(NeverRetry);
            match base {
                Some(base) => builder.with_endpoint(base),
                None => builder,
            }
            .build()
            .await?
        }};
    }
    Ok(Clients {
        networks: client!(Networks),
        routes: client!(Routes),
        subnetworks: client!(Subnetworks),
        addresses: client!(Addresses),
        routers: client!(Routers),
        region_operations: client!(RegionOperations),
        connectors: client!(VpcAccessService),
        services: client!(Services),
        revisions: client!(Revisions),
    })
}

/// An error with all of its causes in one line.
fn causes(error: &dyn std::error::Error) -> String {
    let mut words = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(next) = cause {
        let text = next.to_string();
        if !words.iter().any(|said| said.contains(&text)) {
            words.push(text);
        }
        cause = next.source();
    }
    words::neutral(&words.join(": "))
}
