//! Whether the fields that the emulator knows are those of Google's messages.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use crate::call::{Api, Resource, Verb};
use crate::enums;
use crate::fields::{Field, Fields};
use crate::resources::RESOURCES;

use super::description::{Document, Schema};
use super::documents;

/// Compares tables of fields with the messages of one document.
struct Comparison<'a> {
    document: &'a Document,
    /// Whether enums travel as numbers, too.
    numbered: bool,
    wrong: Vec<String>,
}

impl<'a> Comparison<'a> {
    fn resolved(&self, schema: &'a Schema) -> &'a Schema {
        match &schema.reference {
            Some(name) => &self.document.schemas[name],
            None => schema,
        }
    }

    fn message(&mut self, at: &str, fields: Fields, schema: &'a Schema) {
        for (name, field) in fields {
            let at = format!("{at}.{name}");
            match schema.properties.get(*name) {
                Some(property) => self.field(&at, name, field, self.resolved(property)),
                None => self.wrong.push(format!("{at}: Google knows no such field")),
            }
        }
    }

    fn field(&mut self, at: &str, name: &str, field: &Field, schema: &'a Schema) {
        let item = || self.resolved(schema.items.as_deref().unwrap());
        match (field, schema.kind.as_str()) {
            (Field::Object(fields), "object") if schema.additional_properties.is_none() => {
                self.message(at, fields, schema);
            }
            (Field::List(fields), "array") if item().kind == "object" => {
                self.message(at, fields, item());
            }
            (Field::Words(words), "array") => self.values(at, words, item()),
            (Field::Word(words), "string") if !self.numbered => self.values(at, words, schema),
            (Field::Choice(values), "string") if self.numbered => {
                let words: Vec<&str> = values.iter().map(|(word, _)| *word).collect();
                self.values(at, &words, schema);
                if enums::numbers(name) != *values {
                    self.wrong.push(format!("{at}: answers have other numbers"));
                }
            }
            (_, _) if is_alike(field, schema) => {}
            (_, _) => self
                .wrong
                .push(format!("{at}: {field:?} is none of {}", told(schema))),
        }
    }

    /// Both have the same values.
    fn values(&mut self, at: &str, words: &[&str], schema: &Schema) {
        let ours: BTreeSet<&str> = words.iter().copied().collect();
        let theirs = schema.choices.iter().flatten().map(String::as_str);
        let theirs: BTreeSet<&str> = theirs.collect();
        if ours != theirs {
            self.wrong
                .push(format!("{at}: {ours:?} and not {theirs:?}"));
        }
    }
}

/// Whether a field without anything inside is described as being of its kind.
fn is_alike(field: &Field, schema: &Schema) -> bool {
    let of_texts = |schema: Option<&Schema>| {
        schema.is_some_and(|of| of.kind == "string" && of.choices.is_none())
    };
    match (field, schema.kind.as_str(), schema.format.as_deref()) {
        (Field::Output, _, _)
        | (Field::Bool, "boolean", None)
        | (Field::Duration, "string", Some("google-duration"))
        | (Field::Int, "integer", Some("int32" | "uint32"))
        | (Field::Long, "string", Some("int64"))
        | (Field::Real, "number", Some("float" | "double")) => true,
        // Fingerprints are compared, and not looked into.
        (Field::Text, "string", None | Some("byte")) => schema.choices.is_none(),
        (Field::Texts, "array", None) => of_texts(schema.items.as_deref()),
        (Field::Labels, "object", None) => of_texts(schema.additional_properties.as_deref()),
        (_, _, _) => false,
    }
}

/// A schema in one line.
fn told(schema: &Schema) -> String {
    serde_json::to_string(schema).unwrap()
}

/// The method that shows one resource, by which its message is found.
fn shown_by(resource: &Resource) -> Option<&'static str> {
    let of_one = resource
        .routes
        .iter()
        .filter(|route| route.verb == Verb::Get);
    let of_one = of_one.filter(|route| route.template.ends_with('}'));
    of_one.map(|route| route.operation).next()
}

#[test]
fn each_field_is_of_the_kind_that_google_says() {
    let Some(description) = documents::wanted() else {
        return;
    };
    let mut compared = 0;
    let mut wrong = Vec::new();
    for resource in RESOURCES.iter().filter(|it| !it.fields.is_empty()) {
        let named = |it: &&Document| (&*it.name, &*it.version) == resource.api.document();
        let document = description.documents.iter().find(named).unwrap();
        let method = shown_by(resource).unwrap();
        let method = document.methods.iter().find(|it| it.id == method).unwrap();
        let message = &method.response.as_ref().unwrap().name;
        let mut comparison = Comparison {
            document,
            numbered: matches!(resource.api, Api::Run | Api::VpcAccess),
            wrong: Vec::new(),
        };
        comparison.message(message, resource.fields, &document.schemas[message]);
        wrong.extend(comparison.wrong);
        compared += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared > 10, "{compared}");
}
