//! The published schema, run on a value: types, bounds, patterns and the CEL rules.
//!
//! A server runs all this before it stores an object. Files never meet a server, so the same
//! document is compiled here once and walked for each declaration. Everything that is wrong is
//! found in one walk; nothing stops at the first.

mod breach;
mod compile;
mod rule;

use std::collections::HashSet;

use kube::core::cel::cel::Context;
use serde_json::Value;

pub use breach::{Breach, Violation};
use compile::{Node, Shape};

/// The compiled schema of a declaration's `spec`.
pub struct Rules {
    spec: Node,
    functions: Context<'static>,
}

impl Rules {
    /// Compiles the schema that [`crd`](crate::crd) publishes.
    pub fn new() -> Self {
        Self {
            spec: compile::published(),
            functions: compile::functions(),
        }
    }

    /// Everything that is wrong with a `spec`. Paths in the answer start with `spec`.
    ///
    /// With the former value, rules about change run too. As on a server, a written `null` counts
    /// as left out, and what is left out counts with its default.
    pub fn check(&self, mut spec: Value, former: Option<&Value>) -> Vec<Violation> {
        self.spec.complete(&mut spec);
        let mut walk = Walk::new(&self.functions);
        walk.node(&self.spec, &spec, former);
        walk.violations
    }

    /// Whether a `spec` can be read as one: fields, types and words; much cheaper than a check.
    pub fn is_well_shaped(&self, spec: &Value) -> bool {
        self.spec.is_shaped_like(spec)
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self::new()
    }
}

struct Walk<'a> {
    functions: &'a Context<'static>,
    path: String,
    violations: Vec<Violation>,
}

impl<'a> Walk<'a> {
    fn new(functions: &'a Context<'static>) -> Self {
        Self {
            functions,
            path: String::from("spec"),
            violations: Vec::new(),
        }
    }

    /// Checks a value and what is in it.
    fn node(&mut self, node: &Node, value: &Value, former: Option<&Value>) {
        let before = self.violations.len();
        match (&node.shape, value) {
            (
                Shape::Object {
                    properties,
                    required,
                },
                Value::Object(fields),
            ) => {
                self.object(properties, required, fields, former);
            }
            (
                Shape::List {
                    item,
                    least,
                    most,
                    is_set,
                },
                Value::Array(items),
            ) => {
                self.count(items, *least, *most);
                if *is_set {
                    self.repeats(items);
                }
                self.list(item, items);
            }
            (Shape::Text(text), Value::String(word)) => {
                self.violations
                    .extend(text.breach(word).map(|breach| self.at(breach)));
            }
            (Shape::Integer { least, most }, Value::Number(number)) => {
                self.integer(number, *least, *most);
            }
            (Shape::Boolean, Value::Bool(_)) | (Shape::Anything, _) => {}
            (expected, found) => {
                let breach = Breach::wrong_type(expected.name(), found);
                self.violations.push(self.at(breach));
            }
        }
        // A rule on a value of the wrong shape would only fail in its own confusing way.
        if self.violations[before..]
            .iter()
            .all(|found| !found.breach.is_shape())
        {
            self.rules(node, value, former);
        }
    }

    fn object(
        &mut self,
        properties: &compile::Properties,
        required: &[String],
        fields: &serde_json::Map<String, Value>,
        former: Option<&Value>,
    ) {
        for name in fields.keys().filter(|name| !properties.contains_key(*name)) {
            let known = properties.keys().cloned().collect();
            let breach = Breach::UnknownField {
                name: name.clone(),
                known,
            };
            self.violations.push(self.below(name, breach));
        }
        for name in required.iter().filter(|name| !fields.contains_key(*name)) {
            self.violations
                .push(self.at(Breach::MissingField { name: name.clone() }));
        }
        for (name, property) in properties {
            if let Some(value) = fields.get(name) {
                let length = self.path.len();
                self.path.push('.');
                self.path.push_str(name);
                self.node(property, value, former.and_then(|fields| fields.get(name)));
                self.path.truncate(length);
            }
        }
    }

    fn list(&mut self, item: &Node, items: &[Value]) {
        for (index, value) in items.iter().enumerate() {
            let length = self.path.len();
            self.path.extend(["[", &index.to_string(), "]"]);
            self.node(item, value, None);
            self.path.truncate(length);
        }
    }

    fn count(&mut self, items: &[Value], least: usize, most: usize) {
        let count = items.len();
        if count < least {
            let rule = format!("at least {least} must be written");
            self.violations.push(self.at(Breach::Bound { rule }));
        }
        if count > most {
            let rule = format!("at most {most} may be written, not {count}");
            self.violations.push(self.at(Breach::Bound { rule }));
        }
    }

    fn repeats(&mut self, items: &[Value]) {
        let mut seen = HashSet::new();
        for item in items {
            if !seen.insert(item) {
                let rule = format!("{item} is written twice");
                self.violations.push(self.at(Breach::Bound { rule }));
            }
        }
    }

    fn integer(&mut self, number: &serde_json::Number, least: i64, most: i64) {
        let breach = match number.as_i64() {
            Some(integer) if (least..=most).contains(&integer) => return,
            Some(integer) => Breach::Bound {
                rule: format!("must be from {least} to {most}, not {integer}"),
            },
            None => Breach::wrong_type("a whole number", &Value::Number(number.clone())),
        };
        self.violations.push(self.at(breach));
    }

    fn rules(&mut self, node: &Node, value: &Value, former: Option<&Value>) {
        for rule in &node.rules {
            if let Some(breach) = rule.breach(self.functions, value, former) {
                let violation = match &rule.field {
                    Some(field) => self.below(field, breach),
                    None => self.at(breach),
                };
                self.violations.push(violation);
            }
        }
    }

    fn at(&self, breach: Breach) -> Violation {
        Violation {
            path: self.path.clone(),
            breach,
        }
    }

    fn below(&self, field: &str, breach: Breach) -> Violation {
        Violation {
            path: format!("{}.{field}", self.path),
            breach,
        }
    }
}
