//! A request once it is known which method of which API it is, and the table by which that is found.

use serde_json::Value;

use crate::engine::{Answer, Engine};
use crate::faults::Disturbance;
use crate::fields::Fields;
use crate::rules::Rule;

/// The Google APIs that are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Api {
    Compute,
    Run,
    VpcAccess,
    /// Cloud Run's version 1, in the shape of Knative: other words for what `Run` keeps.
    Knative,
}

impl Api {
    pub(crate) const ALL: [Api; 4] = [Api::Compute, Api::Run, Api::VpcAccess, Api::Knative];

    /// What a URL path of this API begins with.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Api::Compute => "/compute/v1/",
            Api::Run => "/v2/",
            Api::VpcAccess => "/v1/",
            // Its paths begin in two ways.
            Api::Knative => "/",
        }
    }

    /// The API's own name: the key in the state document and the first word of its operations.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Api::Compute => "compute",
            Api::Run => "run",
            Api::VpcAccess => "vpcaccess",
            Api::Knative => "knative",
        }
    }
}

#[cfg(test)]
impl Api {
    /// The name and the version under which Google describes it.
    pub(crate) fn document(self) -> (&'static str, &'static str) {
        match self {
            Api::Compute => ("compute", "v1"),
            Api::Run => ("run", "v2"),
            Api::VpcAccess => ("vpcaccess", "v1"),
            Api::Knative => ("run", "v1"),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Verb {
    pub(crate) fn parse(method: &str) -> Option<Verb> {
        match method {
            "GET" => Some(Verb::Get),
            "POST" => Some(Verb::Post),
            "PUT" => Some(Verb::Put),
            "PATCH" => Some(Verb::Patch),
            "DELETE" => Some(Verb::Delete),
            _ => None,
        }
    }
}

pub(crate) type Handler = fn(&mut Engine, &Call) -> Answer;

/// One method of an API: `template` has `{parameters}` and may end in a `:verb`.
pub(crate) struct Route {
    pub(crate) verb: Verb,
    pub(crate) template: &'static str,
    pub(crate) operation: &'static str,
    pub(crate) handler: Handler,
}

/// Everything the engine must know of one kind of resource; each resource file exports one.
pub(crate) struct Resource {
    pub(crate) api: Api,
    /// The `kind` that Compute puts into bodies, such as `compute#network`; empty elsewhere.
    pub(crate) kind: &'static str,
    /// The fields of the resource, by which a state document is checked.
    pub(crate) fields: Fields,
    /// Where the resources live, as templates; empty for what is not kept in the state document.
    pub(crate) homes: &'static [&'static str],
    pub(crate) routes: &'static [Route],
    pub(crate) rules: &'static [&'static Rule],
    /// Fills in what a hand-written document leaves out, as if the resource had been inserted;
    /// it must return a complete resource unchanged.
    pub(crate) complete: fn(&mut Engine, &str, Value) -> Value,
    /// What a read shows: the stored value, plus fields that follow from other resources.
    pub(crate) render: fn(&Engine, &str, &Value) -> Value,
}

/// The usual `render`: what is stored is what is shown.
pub(crate) fn as_stored(_: &Engine, _: &str, value: &Value) -> Value {
    value.clone()
}

/// The `complete` of resources that are never in a document.
pub(crate) fn nothing_to_complete(_: &mut Engine, _: &str, value: Value) -> Value {
    value
}

/// How the long-running operation that a call starts is to end.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Fate {
    #[default]
    AsItComes,
    Fails(crate::operations::Failure),
    NeverEnds,
}

/// A request with its method found, its path decoded and its body parsed.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) resource: &'static Resource,
    pub(crate) route: &'static Route,
    /// The decoded path after the API's prefix: `projects/p/global/networks/n`.
    pub(crate) path: String,
    pub(crate) parameters: Vec<(&'static str, String)>,
    /// Whom the request was addressed to, in lower case and without a port.
    pub(crate) host: String,
    /// In the order in which they came: a name may be there twice.
    pub(crate) query: Vec<(String, String)>,
    /// `Null` when there was no body.
    pub(crate) body: Value,
    pub(crate) fate: Fate,
    pub(crate) disturbance: Disturbance,
}

impl Call {
    /// A parameter of the path; empty if the template has none of that name.
    pub(crate) fn parameter(&self, name: &str) -> &str {
        self.parameters
            .iter()
            .find_map(|(key, value)| (*key == name).then_some(value.as_str()))
            .unwrap_or_default()
    }

    /// A query parameter that is present and not empty: clients send `pageToken=` for "none".
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        let given = self.query.iter().rev().find(|(key, _)| key == name);
        given
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.query(name)
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// What the request of a list's second page, or of a later one, begins after.
    pub(crate) fn page_token(&self) -> Option<&str> {
        self.query("pageToken").or_else(|| self.query("continue"))
    }

    /// The path without its last segment: the resource that `.../setSomething` acts on.
    pub(crate) fn parent(&self) -> &str {
        self.path
            .rsplit_once('/')
            .map_or(self.path.as_str(), |(parent, _)| parent)
    }

    /// True for a request that can change nothing: reads, waits, and dry runs.
    pub(crate) fn is_read(&self) -> bool {
        let last = self.route.operation.rsplit('.').next().unwrap_or_default();
        self.route.verb == Verb::Get
            || matches!(last, "wait" | "getIamPolicy" | "testIamPermissions")
            || self.flag("validateOnly")
            || self.query("dryRun") == Some("all")
    }
}

/// Matches decoded path segments against a template and gives its parameters.
pub(crate) fn matches(
    template: &'static str,
    segments: &[String],
) -> Option<Vec<(&'static str, String)>> {
    let mut parameters = Vec::new();
    let mut rest = segments.iter();
    for part in template.split('/') {
        let segment = rest.next()?;
        let (part, segment) = match part.split_once(':') {
            Some((part, verb)) => (part, segment.strip_suffix(verb)?.strip_suffix(':')?),
            None => (part, segment.as_str()),
        };
        match part
            .strip_prefix('{')
            .and_then(|part| part.strip_suffix('}'))
        {
            Some(_) if segment.is_empty() || segment.contains('/') => return None,
            Some(name) => parameters.push((name, segment.to_owned())),
            None if part == segment => {}
            None => return None,
        }
    }
    rest.next().is_none().then_some(parameters)
}
