//! Google's description of an API, as its discovery documents have it: methods, parameters, schemas.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// The documents that describe what the emulator serves.
pub(super) const FILES: [&str; 4] = [
    "compute.v1.json",
    "run.v1.json",
    "run.v2.json",
    "vpcaccess.v1.json",
];

/// The API whose document is so large that only what the emulator serves of it is kept.
const LARGE: &str = "compute";

/// What Google says about the methods and messages of its APIs.
#[derive(Debug, Deserialize, Serialize)]
pub struct Description {
    pub(super) documents: Vec<Document>,
}

/// One API in one version.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Document {
    pub(super) name: String,
    pub(super) version: String,
    /// Query parameters that every method takes.
    pub(super) parameters: BTreeMap<String, Parameter>,
    pub(super) methods: Vec<Method>,
    pub(super) schemas: BTreeMap<String, Schema>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Method {
    pub(super) id: String,
    #[serde(rename = "httpMethod")]
    pub(super) verb: String,
    /// The path below the API's root, with each segment that varies in braces.
    pub(super) flat_path: Template,
    #[serde(default)]
    pub(super) parameters: BTreeMap<String, Parameter>,
    pub(super) request: Option<Reference>,
    pub(super) response: Option<Reference>,
}

/// A path, with each segment that varies in braces.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(from = "String", into = "String")]
pub(super) struct Template {
    pub(super) text: String,
    /// How many segments there are: that tells almost every other method apart, and at once.
    pub(super) segments: usize,
}

impl From<String> for Template {
    fn from(text: String) -> Template {
        let segments = text.split('/').count();
        Template { text, segments }
    }
}

impl From<Template> for String {
    fn from(template: Template) -> String {
        template.text
    }
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Reference {
    #[serde(rename = "$ref")]
    pub(super) name: String,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Parameter {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) format: Option<String>,
    pub(super) location: String,
    pub(super) pattern: Option<String>,
    #[serde(rename = "enum")]
    pub(super) choices: Option<Vec<String>>,
    pub(super) minimum: Option<String>,
    pub(super) maximum: Option<String>,
    pub(super) required: bool,
    pub(super) repeated: bool,
    pub(super) description: Remark,
}

/// A message, or what a field of one holds.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Schema {
    #[serde(rename = "$ref", skip_serializing_if = "Option::is_none")]
    pub(super) reference: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) format: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pattern: Option<String>,
    #[serde(rename = "enum", skip_serializing_if = "Option::is_none")]
    pub(super) choices: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) default: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) items: Option<Box<Schema>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) properties: BTreeMap<String, Schema>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) additional_properties: Option<Box<Schema>>,
    #[serde(skip_serializing_if = "Annotations::is_empty")]
    pub(super) annotations: Annotations,
    #[serde(skip_serializing_if = "Remark::is_empty")]
    pub(super) description: Remark,
}

/// Compute's way of saying which methods need a field.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Annotations {
    pub(super) required: Vec<String>,
}

impl Annotations {
    fn is_empty(&self) -> bool {
        self.required.is_empty()
    }
}

/// What a text says that is meant for people: Cloud Run and VPC Access mark what is required in no other way.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(from = "String", into = "String")]
pub(super) struct Remark {
    pub(super) required: bool,
}

impl Remark {
    fn is_empty(&self) -> bool {
        !self.required
    }
}

impl From<String> for Remark {
    fn from(text: String) -> Remark {
        Remark {
            required: text.starts_with("Required."),
        }
    }
}

impl From<Remark> for String {
    fn from(remark: Remark) -> String {
        if remark.required { "Required." } else { "" }.to_owned()
    }
}

/// A discovery document as Google publishes it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Published {
    name: String,
    version: String,
    service_path: String,
    parameters: BTreeMap<String, Parameter>,
    schemas: BTreeMap<String, Schema>,
    resources: BTreeMap<String, Collection>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Collection {
    methods: BTreeMap<String, Method>,
    resources: BTreeMap<String, Collection>,
}

impl Collection {
    fn flatten(self, methods: &mut Vec<Method>) {
        methods.extend(self.methods.into_values());
        for inner in self.resources.into_values() {
            inner.flatten(methods);
        }
    }
}

impl Description {
    /// Reads the four documents of a folder.
    ///
    /// # Errors
    /// If one is missing, or is no discovery document.
    pub fn read(folder: &Path) -> io::Result<Description> {
        let read = |file| {
            let path = folder.join(file);
            let text = std::fs::read(&path)?;
            Document::parse(&text).map_err(|error| {
                let text = format!("{} is no discovery document: {error}", path.display());
                io::Error::new(io::ErrorKind::InvalidData, text)
            })
        };
        let documents = FILES.into_iter().map(read).collect::<io::Result<_>>()?;
        Ok(Description { documents })
    }

    /// The names of all methods that Google offers in these APIs, served or not, such as `compute.networks.insert`.
    pub fn methods(&self) -> impl Iterator<Item = &str> {
        let methods = self.documents.iter().flat_map(|document| &document.methods);
        methods.map(|method| method.id.as_str())
    }

    /// Leaves of the largest document only what is said about these methods, so that it loads in no time. The
    /// other methods stay known by name and path.
    pub(super) fn keep(&mut self, served: &BTreeSet<&str>) {
        for document in &mut self.documents {
            if document.name == LARGE {
                document.keep(served);
            }
        }
    }
}

impl Document {
    pub(super) fn parse(text: &[u8]) -> serde_json::Result<Document> {
        let published: Published = serde_json::from_slice(text)?;
        let mut methods = Vec::new();
        for collection in published.resources.into_values() {
            collection.flatten(&mut methods);
        }
        for method in &mut methods {
            let whole = format!("/{}{}", published.service_path, method.flat_path.text);
            method.flat_path = Template::from(whole);
        }
        Ok(Document {
            name: published.name,
            version: published.version,
            parameters: published.parameters,
            methods,
            schemas: published.schemas,
        })
    }

    fn keep(&mut self, served: &BTreeSet<&str>) {
        let mut reached = BTreeSet::new();
        for method in &mut self.methods {
            if !served.contains(method.id.as_str()) {
                method.parameters.clear();
                method.request = None;
                method.response = None;
            }
            for reference in [&method.request, &method.response].into_iter().flatten() {
                reach(&self.schemas, &reference.name, &mut reached);
            }
        }
        self.schemas.retain(|name, _| reached.contains(name));
    }
}

/// Adds a message, and those that it may hold.
fn reach(schemas: &BTreeMap<String, Schema>, name: &str, reached: &mut BTreeSet<String>) {
    if !reached.insert(name.to_owned()) {
        return;
    }
    let mut inside: Vec<&Schema> = schemas.get(name).into_iter().collect();
    while let Some(schema) = inside.pop() {
        if let Some(name) = &schema.reference {
            reach(schemas, name, reached);
        }
        inside.extend(schema.properties.values());
        inside.extend(schema.items.as_deref());
        inside.extend(schema.additional_properties.as_deref());
    }
}
