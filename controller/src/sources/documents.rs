//! Reads the documents of one text into declarations.

// A finding is made once per mistake and moved once.
#![allow(clippy::result_large_err)]

use std::sync::Arc;

use privatelink_core::codes::Code;
use privatelink_core::declare::Declared;
use privatelink_core::diagnostic::{Diagnostic, Origin};
use privatelink_core::ids::LinkName;
use privatelink_core::validate::{diagnose_all, is_near};
use privatelink_crds::schema::{Breach, Rules, Violation};
use privatelink_crds::{GROUP, KIND, PrivateLinkSpec, VERSION};
use serde_json::{Map, Value};

use super::{Sources, positions, text};

/// More documents than this are not read, whatever they are: memory is bounded by this.
const MOST_DOCUMENTS: usize = 100_000;

/// Reads texts with rules that are compiled once.
pub(super) struct Reader {
    rules: Rules,
    /// How many documents were met.
    documents: usize,
    /// The first document of this text that is not ours, and how many more there are.
    skipped: Option<(Diagnostic, usize)>,
}

impl Reader {
    pub(super) fn new() -> Self {
        Self {
            rules: Rules::new(),
            documents: 0,
            skipped: None,
        }
    }

    /// Whether one more document is read. The first that is not is said.
    fn admits(&mut self, origin: &Origin, sources: &mut Sources) -> bool {
        self.documents += 1;
        if self.documents == MOST_DOCUMENTS + 1 {
            sources.complete = false;
            let message = format!(
                "from here on, documents are not read: there are more than {MOST_DOCUMENTS}"
            );
            let help =
                "declare less in one set: name fewer files, and give the others a set of their own";
            // Always kept, however much else was found.
            sources
                .diagnostics
                .push(Diagnostic::new(Code::TooLarge, origin.clone(), message).help(help));
        }
        self.documents <= MOST_DOCUMENTS
    }

    /// Adds what one text declares. What it holds of other APIs is one word to say: of what kustomize and helm write, that
    /// may be nearly all.
    pub(super) fn read(&mut self, path: &Arc<str>, text: &str, sources: &mut Sources) {
        self.read_documents(path, text, sources);
        let Some((mut first, more)) = self.skipped.take() else {
            return;
        };
        match more {
            0 => {}
            1 => first
                .message
                .push_str(", and one more document here is not"),
            more => {
                let more = format!(", and {more} more documents here are not");
                first.message.push_str(&more);
            }
        }
        sources.add(first);
    }

    fn skip(&mut self, message: String, origin: Origin) {
        if let Some((_, more)) = &mut self.skipped {
            *more += 1;
        } else {
            let found = Diagnostic::new(Code::OtherKindSkipped, origin, message);
            self.skipped = Some((found, 0));
        }
    }

    fn read_documents(&mut self, path: &Arc<str>, text: &str, sources: &mut Sources) {
        for (line, chunk) in text::chunks(text) {
            let origin = Origin::File {
                path: path.clone(),
                line,
                column: 1,
            };
            if !self.admits(&origin, sources) {
                return;
            }
            match text::parse(chunk) {
                Ok(value) => self.value(value, Some(chunk), origin, sources),
                Err(error) => self.unparsed(&error, chunk, &origin, sources),
            }
        }
    }

    /// A text that does not parse says nothing about what it declares. One with a field written
    /// twice does: it is read with the later value, so that everything else wrong with it is found
    /// too, and is then broken.
    fn unparsed(
        &mut self,
        error: &text::ParseError,
        chunk: &str,
        origin: &Origin,
        sources: &mut Sources,
    ) {
        let repeated = error
            .is_repetition()
            .then(|| positions::repeated(chunk))
            .flatten();
        let Some((value, repeated)) = repeated else {
            sources.complete = false;
            sources.documents += 1;
            sources.add(error.diagnostic(origin));
            return;
        };
        let (declared, broken) = (sources.declared.len(), sources.named_broken.len());
        self.value(value, Some(chunk), origin.clone(), sources);
        let names = sources.declared.drain(declared..).map(|found| found.name);
        sources.named_broken.extend(names);
        for mut found in repeated.into_iter().map(|field| field.diagnostic(origin)) {
            found.link = sources.named_broken.get(broken).cloned();
            sources.add(found);
        }
    }

    /// One document: ours, a list of documents, or something else that lives in the same file.
    ///
    /// The items of the list that is the whole `chunk` are found in it; those of a list within a
    /// list are all said to be where that list is.
    fn value(&mut self, value: Value, chunk: Option<&str>, origin: Origin, sources: &mut Sources) {
        let mut fields = match value {
            Value::Null => return,
            Value::Object(fields) => fields,
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                let message = "a document must be an object with apiVersion and kind".to_owned();
                sources.complete = false;
                sources.documents += 1;
                sources.add(Diagnostic::new(Code::KindMissing, origin, message));
                return;
            }
        };
        let word = |name: &str| {
            fields
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let (api, kind) = (word("apiVersion"), word("kind"));
        let (api, kind) = (api.as_str(), kind.as_str());
        let (group, version) = api.split_once('/').unwrap_or(("", api));
        let is_list = (api, kind) == ("v1", "List") || (group, kind) == (GROUP, "PrivateLinkList");
        if is_list && let Some(Value::Array(items)) = fields.remove("items") {
            let lines = chunk.map_or_else(Vec::new, positions::item_lines);
            for (index, item) in items.into_iter().enumerate() {
                let origin = positions::item_origin(&origin, lines.get(index).copied());
                if !self.admits(&origin, sources) {
                    return;
                }
                self.value(item, None, origin, sources);
            }
        } else if group == GROUP && !kind.is_empty() {
            let known = (version == VERSION && kind == KIND).then_some(());
            let wrong = known
                .is_none()
                .then(|| unknown_kind(version, kind, &origin));
            self.declaration(fields, wrong, origin, sources);
        } else if kind == KIND && is_near(group, GROUP) {
            let wrong = unknown_group(group, &origin);
            self.declaration(fields, Some(wrong), origin, sources);
        } else if !api.is_empty() && !kind.is_empty() {
            self.skip(format!("a {kind} of {api} is not ours"), origin);
        } else if fields.contains_key("spec") || !api.is_empty() || !kind.is_empty() {
            let wrong = kind_missing(api, &origin);
            self.declaration(fields, Some(wrong), origin, sources);
        } else {
            let message = "a document without apiVersion, kind and spec is not ours".to_owned();
            self.skip(message, origin);
        }
    }

    /// A document that means to be ours; `wrong` is what is already known to be wrong with it.
    fn declaration(
        &mut self,
        mut fields: Map<String, Value>,
        wrong: Option<Diagnostic>,
        origin: Origin,
        sources: &mut Sources,
    ) {
        sources.documents += 1;
        let name = match link_name(&fields, &origin) {
            Ok(name) => Some(name),
            Err(diagnostic) => {
                // A name that cannot be read may be that of a link which is live.
                sources.complete = false;
                sources.add(diagnostic);
                None
            }
        };
        let mut found: Vec<Diagnostic> = wrong.into_iter().collect();
        let top = diagnose_all(&wrong_at_the_top(&fields), &origin, name.as_ref());
        found.extend(top.into_iter().map(|told| match told.code {
            // There is no line to show of what is not there.
            Code::MissingField => told.field("metadata"),
            _ => told,
        }));
        let spec = fields.remove("spec");
        let spec = spec.and_then(|spec| self.spec(spec, &origin, name.as_ref(), &mut found));
        match (name, spec) {
            (Some(name), Some(spec)) if found.is_empty() => {
                sources.declared.push(Declared { name, spec, origin });
            }
            (Some(name), _) => sources.named_broken.push(name),
            (None, _) => {}
        }
        for finding in found {
            sources.add(finding);
        }
    }

    /// The spec, when it has the right shape. When not, everything that is wrong with it is said
    /// here, because nobody will look at it again.
    fn spec(
        &mut self,
        mut spec: Value,
        origin: &Origin,
        name: Option<&LinkName>,
        found: &mut Vec<Diagnostic>,
    ) -> Option<PrivateLinkSpec> {
        if !self.rules.is_well_shaped(&spec) || !found.is_empty() {
            let violations = self.rules.check(spec, None);
            found.extend(diagnose_all(&violations, origin, name));
            return None;
        }
        drop_nulls(&mut spec);
        match serde_json::from_value(spec) {
            Ok(spec) => Some(spec),
            Err(error) => {
                let message = format!("the declaration cannot be read: {error}");
                found.push(Diagnostic::new(Code::WrongType, origin.clone(), message).field("spec"));
                None
            }
        }
    }
}

/// A group that is nearly ours: what is skipped for a slip would be undone with `--prune`.
fn unknown_group(group: &str, origin: &Origin) -> Diagnostic {
    let message = format!("`{group}` is not the group of a {KIND}");
    Diagnostic::new(Code::UnknownKind, origin.clone(), message)
        .field("apiVersion")
        .help(format!("write `apiVersion: {GROUP}/{VERSION}`"))
}

fn unknown_kind(version: &str, kind: &str, origin: &Origin) -> Diagnostic {
    if kind == KIND {
        let message = format!("{GROUP} has no version `{version}`");
        Diagnostic::new(Code::UnknownVersion, origin.clone(), message)
            .field("apiVersion")
            .help(format!("write `apiVersion: {GROUP}/{VERSION}`"))
    } else {
        let message = format!("{GROUP} has no kind `{kind}`");
        Diagnostic::new(Code::UnknownKind, origin.clone(), message)
            .field("kind")
            .help(format!("write `kind: {KIND}`"))
    }
}

fn kind_missing(api: &str, origin: &Origin) -> Diagnostic {
    let (field, line) = if api.is_empty() {
        ("apiVersion", format!("apiVersion: {GROUP}/{VERSION}"))
    } else {
        ("kind", format!("kind: {KIND}"))
    };
    Diagnostic::new(
        Code::KindMissing,
        origin.clone(),
        format!("the document lacks `{field}`"),
    )
    .field(field)
    .help(format!("write `{line}`"))
}

fn link_name(fields: &Map<String, Value>, origin: &Origin) -> Result<LinkName, Diagnostic> {
    let metadata = fields.get("metadata");
    let text = |field: &str| metadata.and_then(|metadata| metadata.get(field));
    let Some(name) = text("name").filter(|name| !name.is_null()) else {
        let message = "the declaration has no `metadata.name`".to_owned();
        return Err(Diagnostic::new(Code::NameMissing, origin.clone(), message)
            .field("metadata")
            .help("write `metadata: {name: SOURCE-to-DESTINATION}`"));
    };
    let namespace = text("namespace").filter(|namespace| !namespace.is_null());
    let namespace = namespace.map_or(Some(LinkName::DEFAULT_NAMESPACE), Value::as_str);
    let (Some(name), Some(namespace)) = (name.as_str(), namespace) else {
        let message = "`metadata.name` and `metadata.namespace` must be texts".to_owned();
        return Err(
            Diagnostic::new(Code::LinkNameInvalid, origin.clone(), message)
                .field("metadata.name")
                .help("put it in quotes"),
        );
    };
    LinkName::new(namespace, name).map_err(|error| {
        let rest_is_right = LinkName::new(LinkName::DEFAULT_NAMESPACE, name).is_ok();
        let (field, written) = if rest_is_right {
            ("namespace", namespace)
        } else {
            ("name", name)
        };
        Diagnostic::new(Code::LinkNameInvalid, origin.clone(), error.to_string())
            .field(format!("metadata.{field}"))
            .help(respelled(field, written))
    })
}

/// What to write for a name that Kubernetes does not accept: the nearest one that it does. The rule is in the message.
fn respelled(field: &str, written: &str) -> String {
    let written = written.to_lowercase();
    let letters = written.chars().map(|c| match c {
        'a'..='z' | '0'..='9' | '-' => c,
        _ => '-',
    });
    let near: String = letters.take(MOST_LETTERS).collect();
    let near = near.trim_matches('-');
    if near.is_empty() {
        return format!("write a name such as `{field}: orders-to-billing`");
    }
    format!("write `{field}: {near}`")
}

/// In a name as Kubernetes takes it.
const MOST_LETTERS: usize = 63;

const TOP: [&str; 5] = ["apiVersion", "kind", "metadata", "spec", "status"];

/// The fields of a document that nobody knows, and its spec if it has none.
fn wrong_at_the_top(fields: &Map<String, Value>) -> Vec<Violation> {
    let unknown = fields.keys().filter(|field| !TOP.contains(&field.as_str()));
    let unknown = unknown.map(|field| Violation {
        path: field.clone(),
        breach: Breach::UnknownField {
            name: field.clone(),
            known: TOP.iter().map(ToString::to_string).collect(),
        },
    });
    let lacks = (!fields.contains_key("spec")).then(|| Violation {
        path: "the document".to_owned(),
        breach: Breach::MissingField {
            name: "spec".to_owned(),
        },
    });
    unknown.chain(lacks).collect()
}

/// A server drops a written `null` as if the field had been left out.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
