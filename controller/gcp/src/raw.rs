//! Requests that the SDK cannot make: it drops empty lists from a PATCH, so the last NAT entry of a router
//! could never be removed; it knows no `connectors.patch`; and it hands out no answer in Google's own text.
//! They use the same credentials, and go through the same [`crate::attempt`] as all others.

use std::borrow::Cow;
use std::time::Duration;

use google_cloud_auth::credentials::{CacheableResource, Credentials};
use google_cloud_gax::error::rpc::Status;
use google_cloud_gax::error::{CredentialsError, Error};
use reqwest::header::{HOST, HeaderMap};
use reqwest::{Client, Method, RequestBuilder, StatusCode};

use crate::attempt::Api;
use crate::failure::{Failure, Nature};

/// The longest body that is read. A router with all the NAT entries that it may have is a hundredth of it.
const LONGEST_BODY: usize = 16 * 1024 * 1024;

/// Sends and receives JSON as text.
pub(crate) struct Raw {
    client: Client,
    credentials: Credentials,
    /// Instead of `https://` and the API's own host.
    base: Option<String>,
}

impl Raw {
    pub(crate) fn new(
        credentials: Credentials,
        base: Option<&str>,
        stand_in: bool,
        user_agent: &str,
    ) -> Result<Self, reqwest::Error> {
        let builder = Client::builder()
            .user_agent(user_agent)
            .connect_timeout(Duration::from_secs(10));
        // A stand-in on this machine is never behind a proxy.
        let builder = if stand_in {
            builder.no_proxy()
        } else {
            builder
        };
        Ok(Self {
            client: builder.build()?,
            credentials,
            base: base.map(str::to_owned),
        })
    }

    /// Sends one request and returns the body of a successful answer. `path` starts with a slash.
    pub(crate) async fn send(
        &self,
        api: Api,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<String>,
    ) -> Result<String, Failure> {
        let base = self.base.as_deref().map_or_else(
            || Cow::from(format!("https://{}", api.service())),
            Cow::from,
        );
        let request = self
            .client
            .request(method, format!("{base}{path}"))
            .query(query);
        let (status, headers, body) = self.exchange(request, body).await?;
        if status.is_success() {
            let text = String::from_utf8(body);
            return text.map_err(|_| Failure::new(Nature::Unparsable, "the body is not UTF-8"));
        }
        let status = status.as_u16();
        let body = body.into();
        Err(match Status::try_from(&body) {
            Ok(said) => Error::service_with_http_metadata(said, Some(status), Some(headers)),
            Err(_) => Error::http(status, headers, body),
        }
        .into())
    }

    /// Sends one request to a host of Google's, and returns whatever is answered. A stand-in is told whom
    /// the request is addressed to: one of the hosts says which region is meant.
    pub(crate) async fn send_verbatim(
        &self,
        host: &str,
        method: Method,
        path: &str,
        body: Option<String>,
    ) -> Result<(u16, Vec<u8>), Failure> {
        let request = match self.base.as_deref() {
            Some(base) => self
                .client
                .request(method, format!("{base}{path}"))
                .header(HOST, host),
            None => self.client.request(method, format!("https://{host}{path}")),
        };
        let (status, _, body) = self.exchange(request, body).await?;
        Ok((status.as_u16(), body))
    }

    async fn exchange(
        &self,
        request: RequestBuilder,
        body: Option<String>,
    ) -> Result<(StatusCode, HeaderMap, Vec<u8>), Failure> {
        let mut request = request.headers(self.headers().await?);
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body);
        }
        let response = request.send().await.map_err(unreached)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = whole(response).await?;
        Ok((status, headers, body))
    }

    async fn headers(&self) -> Result<HeaderMap, Failure> {
        match token(&self.credentials).await {
            Ok(CacheableResource::New { data, .. }) => Ok(data),
            // Only an answer to a request that named an entity tag, which ours does not.
            Ok(CacheableResource::NotModified) => Ok(HeaderMap::new()),
            Err(error) => Err(Error::authentication(error).into()),
        }
    }
}

/// The body, unless it does not seem to end.
async fn whole(mut response: reqwest::Response) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreached)? {
        if body.len() + chunk.len() > LONGEST_BODY {
            let why = format!("the body is longer than {} MiB", LONGEST_BODY / 1024 / 1024);
            return Err(Failure::new(Nature::Unparsable, &why));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The headers that carry the access token, fetched or from the cache.
// The type of the argument belongs to the crate `http`, which is not worth a dependency for its default.
#[allow(clippy::default_trait_access)]
pub(crate) async fn token(
    credentials: &Credentials,
) -> Result<CacheableResource<HeaderMap>, CredentialsError> {
    credentials.headers(Default::default()).await
}

/// The address is left out: it is known, and may be long.
fn unreached(error: reqwest::Error) -> Failure {
    let error = error.without_url();
    let error = if error.is_timeout() {
        Error::timeout(error)
    } else {
        Error::io(error)
    };
    error.into()
}
