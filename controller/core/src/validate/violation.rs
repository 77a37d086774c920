//! A breach of the schema, said to the person who wrote it.

use ipnet::Ipv4Net;
use privatelink_crds::schema::{Breach, Violation};

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Origin};
use crate::ids::{LinkName, ResourceName};
use crate::near::nearest;

/// Fields that the API keeps for later, with what to write today.
const RESERVED: &[(&str, &str)] = &[
    (
        "spec.source.job",
        "only `service` can be a source in this version",
    ),
    (
        "spec.source.workerPool",
        "only `service` can be a source in this version",
    ),
    (
        "spec.destination.invoker",
        "grant roles/run.invoker to the source's service account yourself",
    ),
    ("spec.egress.directVpc", "write `connector` instead"),
    ("spec.egress.profile", "write `connector` instead"),
    (
        "spec.access.privateDns",
        "leave `access` out; Private Google Access is used",
    ),
    (
        "spec.access.privateServiceConnect",
        "leave `access` out; Private Google Access is used",
    ),
    (
        "spec.access.internalLoadBalancer",
        "leave `access` out; Private Google Access is used",
    ),
    (
        "spec.access.profile",
        "leave `access` out; Private Google Access is used",
    ),
];

/// What to write for required fields whose choice needs a word.
const REQUIRED: &[(&str, &str)] = &[
    (
        "spec.destination.ingress",
        "write `ingress: Internal` to admit internal traffic alone, which cuts off every caller that comes over the internet; or InternalAndCloudLoadBalancing, All, Unmanaged",
    ),
    (
        "spec.network",
        "write `network: {name: NAME}`, the VPC network that the source's traffic enters",
    ),
    (
        "spec.egress",
        "write `egress: {connector: {managed: {subnetwork: {managed: {cidr: 10.8.0.0/28}}}}}` with a free /28",
    ),
    ("spec.source", "write `source: {service: {name: NAME}}`"),
    (
        "spec.destination",
        "write `destination: {service: {name: NAME}, ingress: Internal}`",
    ),
    (
        "spec.projectId",
        "write the id of the project that the services are in",
    ),
    (
        "spec.region",
        "write the region that the services are in, such as europe-west1",
    ),
];

/// Fields that are the only one of a choice, with what may be written there.
const ONLY: &[(&str, &str)] = &[
    ("service", "{name: NAME}"),
    (
        "connector",
        "{managed: {subnetwork: {managed: {cidr: 10.8.0.0/28}}}}",
    ),
    ("privateGoogleAccess", "{}"),
];

/// Objects for which a bare name is written, and what stands around the name in the object that is meant.
const NAMED: &[(&str, [&str; 2])] = &[
    ("spec.network", ["network: {name: ", "}"]),
    ("spec.source", ["source: {service: {name: ", "}}"]),
    ("spec.source.service", ["service: {name: ", "}"]),
    (
        "spec.destination",
        ["destination: {service: {name: ", "}, ingress: Internal}"],
    ),
    ("spec.destination.service", ["service: {name: ", "}"]),
    ("spec.egress.connector.existing", ["existing: {name: ", "}"]),
    (
        "spec.egress.connector.managed.subnetwork.existing",
        ["existing: {name: ", "}"],
    ),
];

/// The findings for all breaches of one declaration. A field that is only misspelled does not count as missing, too.
pub fn diagnose_all(
    violations: &[Violation],
    origin: &Origin,
    link: Option<&LinkName>,
) -> Vec<Diagnostic> {
    let told = violations
        .iter()
        .filter(|violation| !is_misspelled(violation, violations));
    told.map(|violation| diagnose(violation, origin, link))
        .collect()
}

/// Whether a missing field is there under a name that is nearly its own.
fn is_misspelled(missing: &Violation, violations: &[Violation]) -> bool {
    let Breach::MissingField { name: wanted } = &missing.breach else {
        return false;
    };
    violations.iter().any(|other| match &other.breach {
        Breach::UnknownField { name, known } => {
            place_of(&other.path) == missing.path
                && nearest(name, known.iter().map(String::as_str)) == Some(wanted)
        }
        Breach::WrongType { .. }
        | Breach::MissingField { .. }
        | Breach::NotAllowed { .. }
        | Breach::Pattern { .. }
        | Breach::Bound { .. }
        | Breach::Rule { .. } => false,
    })
}

/// The finding for a breach of the schema.
fn diagnose(violation: &Violation, origin: &Origin, link: Option<&LinkName>) -> Diagnostic {
    let Violation { path, breach } = violation;
    let (code, message, help) = explain(path, breach);
    let diagnostic = Diagnostic::new(code, origin.clone(), message);
    let mut diagnostic = diagnostic.field(path.clone()).help(help);
    diagnostic.link = link.cloned();
    diagnostic
}

/// The code of a breach, what is wrong, and what to write instead.
type Explained = (Code, String, String);

fn explain(path: &str, breach: &Breach) -> Explained {
    match breach {
        Breach::UnknownField { name, known } => unknown_field(path, name, known),
        Breach::WrongType { expected, found } => (
            Code::WrongType,
            format!("`{path}` must be {expected}, not {found}"),
            of_type(path, expected, found),
        ),
        Breach::MissingField { name } => missing_field(path, name),
        Breach::NotAllowed { value, allowed } => (
            Code::UnknownValue,
            format!("`{value}` is not a value of `{path}`"),
            one_of(value, allowed),
        ),
        Breach::Pattern { value, pattern: _ } => (
            Code::NameInvalid,
            format!("`{value}` is not spelled as `{path}` must be"),
            spelling(path).to_owned(),
        ),
        Breach::Bound { rule } => (
            Code::ValueOutOfBounds,
            format!("`{path}`: {rule}"),
            "change it, or leave the field out if it has a default".to_owned(),
        ),
        Breach::Rule {
            message,
            code,
            value,
        } => {
            let code = code.as_deref().and_then(|code| code.parse().ok());
            let code = code.unwrap_or(Code::ValueOutOfBounds);
            let only = (code == Code::NotExactlyOne)
                .then(|| only_choice(path, message))
                .flatten();
            let (message, help) = only.unwrap_or_else(|| {
                let message = format!("`{path}`: {message}");
                (message, instead(code, value.as_deref()))
            });
            (code, message, help)
        }
    }
}

fn unknown_field(path: &str, name: &str, known: &[String]) -> Explained {
    let reserved = RESERVED.iter().find(|(field, _)| *field == path);
    if let Some((_, instead)) = reserved {
        let message = format!("`{path}` does not work in this version");
        return (Code::NotInThisVersion, message, (*instead).to_owned());
    }
    let place = place_of(path);
    let message = format!("`{place}` has no field `{name}`");
    (Code::UnknownField, message, one_of(name, known))
}

fn missing_field(path: &str, name: &str) -> Explained {
    let field = format!("{path}.{name}");
    let help = REQUIRED.iter().find(|(of, _)| *of == field).map_or_else(
        || format!("add `{name}` under `{path}`"),
        |(_, help)| (*help).to_owned(),
    );
    let message = format!("`{path}` lacks `{name}`");
    (Code::MissingField, message, help)
}

/// Where a field is.
fn place_of(path: &str) -> &str {
    path.rsplit_once('.')
        .map_or("the document", |(place, _)| place)
}

/// What to say where one field is all the choice that this version has: the message and the help.
fn only_choice(path: &str, message: &str) -> Option<(String, String)> {
    let (_, only) = message.rsplit_once(": ")?;
    let (_, written) = ONLY.iter().find(|(field, _)| *field == only)?;
    Some((
        format!("`{path}` lacks `{only}`"),
        format!("add `{only}: {written}`"),
    ))
}

/// What to write instead of what breaks a rule.
fn instead(code: Code, written: Option<&str>) -> String {
    let help = match code {
        Code::RangeInvalid | Code::RangeNotSlash28 => {
            let meant = written.and_then(meant_range);
            return meant.unwrap_or_else(|| "write a /28, such as 10.8.0.0/28".to_owned());
        }
        Code::NotExactlyOne => "write exactly one of them",
        Code::RoutingUnreachable => "leave `routing` out, or write `AllTraffic`",
        Code::InstancesOutOfOrder => "lower `minInstances` or raise `maxInstances`",
        Code::FieldImmutable => "declare a link of another name, and take this one away",
        _ => "write what the rule asks for",
    };
    help.to_owned()
}

/// The /28 around an address that was written for one: every range of a declaration is a connector's.
fn meant_range(written: &str) -> Option<String> {
    let (address, _) = written.split_once('/').unwrap_or((written, ""));
    let network = Ipv4Net::new(address.parse().ok()?, 28).ok()?.trunc();
    Some(format!("did you mean `{network}`?"))
}

/// `did you mean ...?` when something is near, otherwise the whole choice.
fn one_of(written: &str, choice: &[String]) -> String {
    match nearest(written, choice.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None if choice.is_empty() => "nothing may be written here; write `{}`".to_owned(),
        None => format!("write one of: {}", choice.join(", ")),
    }
}

/// What to write instead of a value of another type.
fn of_type(path: &str, expected: &str, found: &str) -> String {
    quote_hint(path, expected, found)
        .or_else(|| object_around(path, expected, found))
        .unwrap_or_else(|| format!("write {expected}"))
}

/// The object that is meant where only its name is written.
fn object_around(path: &str, expected: &str, found: &str) -> Option<String> {
    let (_, [before, after]) = NAMED.iter().find(|(field, _)| *field == path)?;
    let name = found.strip_prefix("the text \"")?.strip_suffix('"')?;
    let is_name = name
        .parse::<ResourceName>()
        .is_ok_and(|name| !["null", "true", "false"].contains(&name.as_str()));
    (expected == "an object" && is_name).then(|| format!("write `{before}{name}{after}`"))
}

/// YAML reads a bare `no` or `123` as something else than a text. Only names can be such words;
/// for other fields the rule of their spelling helps more.
fn quote_hint(path: &str, expected: &str, found: &str) -> Option<String> {
    let scalar = found.starts_with("the number") || found.starts_with("the boolean");
    let hint = if path.rsplit('.').next() == Some("name") {
        "put it in quotes"
    } else {
        spelling(path)
    };
    (expected == "a text" && scalar).then(|| hint.to_owned())
}

/// The rule behind the pattern of a field, in words.
fn spelling(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or(path) {
        "projectId" => {
            "a project id is 6 to 30 lower-case letters, digits and hyphens, starting with a letter; not the project number"
        }
        "region" => "a region is written like europe-west1",
        _ => {
            "lower-case letters, digits and hyphens, starting with a letter and not ending with a hyphen"
        }
    }
}
