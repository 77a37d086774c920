//! The list of what is served, and the way from a URL to it.

use serde_json::Value;

use crate::call::{Api, Call, Resource, Route, Verb, matches};
use crate::rules::Rule;
use crate::{
    batch, compute, engine, enums, fields, knative, pages, parameters, partial, request, rpc, run,
    vpcaccess,
};

/// Every kind of resource. The order is that in which a document is completed: what is referred to
/// comes before what refers to it.
pub(crate) static RESOURCES: &[&Resource] = &[
    &compute::networks::RESOURCE,
    &compute::subnetworks::RESOURCE,
    &compute::addresses::RESOURCE,
    &compute::routers::RESOURCE,
    &compute::routes::RESOURCE,
    &compute::firewalls::RESOURCE,
    &compute::operations::RESOURCE,
    &vpcaccess::connectors::RESOURCE,
    &rpc::VPC_ACCESS_OPERATIONS,
    &run::services::RESOURCE,
    &run::revisions::RESOURCE,
    &run::jobs::RESOURCE,
    &rpc::RUN_OPERATIONS,
    &knative::services::RESOURCE,
    &knative::revisions::RESOURCE,
    &knative::jobs::RESOURCE,
];

/// The rules that no kind of resource owns: most methods of an API look at them.
pub(crate) fn shared_rules() -> impl Iterator<Item = &'static Rule> {
    [
        engine::RULES,
        request::RULES,
        batch::RULES,
        enums::RULES,
        fields::RULES,
        pages::RULES,
        parameters::RULES,
        partial::RULES,
        rpc::RULES,
        compute::RULES,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// The rules of every file.
pub(crate) fn rules() -> impl Iterator<Item = &'static Rule> {
    let owned = RESOURCES.iter().flat_map(|resource| resource.rules);
    shared_rules()
        .chain(owned.copied())
        .chain(run::rules())
        .chain(vpcaccess::rules())
        .chain(knative::rules())
}

/// The methods that are served, as Google calls them.
pub(crate) fn operations() -> impl Iterator<Item = &'static str> {
    routes().map(|route| route.operation)
}

/// All ways to them.
pub(crate) fn routes() -> impl Iterator<Item = &'static Route> {
    RESOURCES.iter().flat_map(|resource| resource.routes)
}

/// A method, and what its template matched.
pub(crate) struct Found {
    pub(crate) resource: &'static Resource,
    pub(crate) route: &'static Route,
    /// The decoded path after the API's prefix.
    pub(crate) path: String,
    pub(crate) parameters: Vec<(&'static str, String)>,
}

impl Found {
    /// The call that a request is, without any fault.
    pub(crate) fn into_call(self, host: String, query: Vec<(String, String)>, body: Value) -> Call {
        let Found {
            resource,
            route,
            path,
            parameters,
        } = self;
        let (fate, disturbance) = Default::default();
        Call {
            resource,
            route,
            path,
            parameters,
            host,
            query,
            body,
            fate,
            disturbance,
        }
    }
}

/// The method that serves a request, if one does. `path` is as it was sent, percent-encoded.
pub(crate) fn find(verb: Verb, path: &str) -> Option<Found> {
    Api::ALL.into_iter().find_map(|api| {
        let rest = path.strip_prefix(api.prefix())?;
        let segments: Vec<String> = rest.split('/').map(decode).collect::<Option<_>>()?;
        find_in(api, verb, &segments)
    })
}

/// The method of one API; `segments` are those of the decoded path after its prefix.
pub(crate) fn find_in(api: Api, verb: Verb, segments: &[String]) -> Option<Found> {
    RESOURCES
        .iter()
        .filter(|resource| resource.api == api)
        .flat_map(|resource| resource.routes.iter().map(move |route| (*resource, route)))
        .filter(|(_, route)| route.verb == verb)
        .find_map(|(resource, route)| {
            let parameters = matches(route.template, segments)?;
            Some(Found {
                resource,
                route,
                path: segments.join("/"),
                parameters,
            })
        })
}

/// The kind of resource that lives at a path of the state document.
pub(crate) fn at_home(api: Api, path: &str) -> Option<&'static Resource> {
    let segments: Vec<String> = path.split('/').map(str::to_owned).collect();
    RESOURCES
        .iter()
        .filter(|resource| resource.api == api)
        .find(|resource| {
            resource
                .homes
                .iter()
                .any(|home| matches(home, &segments).is_some())
        })
        .copied()
}

/// Undoes percent-encoding; `None` if what comes out is not UTF-8.
pub(crate) fn decode(text: &str) -> Option<String> {
    let hex = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = match rest {
            [b'%', high, low, ..] => hex(*high).zip(hex(*low)).map(|(high, low)| high << 4 | low),
            _ => None,
        };
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &rest[3..] } else { tail };
    }
    String::from_utf8(bytes).ok()
}
