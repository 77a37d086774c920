//! The published schema, run on a value: types, bounds, patterns and the CEL rules.
//!
//! A server runs all this before it stores an object. Files never meet a server, so the same
//! document is compiled here once and walked for each declaration. Everything that is wrong is
//! found in one walk; nothing stops at the first.

mod breach;
mod compile;

use kube::core::cel::cel::{Context, Value as CelValue};
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
        Self { spec: compile::published(), functions: compile::functions() }
    }

    /// Everything that is wrong with a `spec`. Paths in the answer start with `spec`.
    ///
    /// With the former value, rules about change run too. Fields left out count with their
    /// default, as they do on a server.
    pub fn check(&self, spec: &Value, former: Option<&Value>) -> Vec<Violation> {
        let mut walk = Walk { rules: self, path: String::from("spec"), violations: Vec::new() };
        walk.node(&self.spec, spec, former);
        walk.violations
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self::new()
    }
}

struct Walk<'a> {
    rules: &'a Rules,
    path: String,
    violations: Vec<Violation>,
}

impl Walk<'_> {
    /// Checks a value and what is in it, and returns it as the rules above will see it.
    fn node(&mut self, node: &Node, value: &Value, former: Option<&Value>) -> CelValue {
        let before = self.violations.len();
        let seen = match (&node.shape, value) {
            (Shape::Object { properties, required }, Value::Object(fields)) => {
                self.object(properties, required, fields, former)
            }
            (Shape::List { item, least, most, is_set }, Value::Array(items)) => {
                self.count(items, *least, *most);
                if *is_set {
                    self.repeats(items);
                }
                self.list(item, items)
            }
            (Shape::Text(text), Value::String(word)) => {
                self.violations.extend(text.breach(word).map(|breach| self.at(breach)));
                word.as_str().into()
            }
            (Shape::Integer { least, most }, Value::Number(number)) => {
                self.integer(number, *least, *most)
            }
            (Shape::Boolean, Value::Bool(truth)) => CelValue::Bool(*truth),
            (Shape::Anything, _) => CelValue::Null,
            (expected, found) => {
                let breach = Breach::wrong_type(expected.name(), found);
                self.violations.push(self.at(breach));
                CelValue::Null
            }
        };
        // A rule on a value of the wrong shape would only fail in its own confusing way.
        let well_shaped = self.violations[before..].iter().all(|found| !found.breach.is_shape());
        if well_shaped && !node.rules.is_empty() {
            self.rules(node, &seen, former);
        }
        seen
    }

    fn object(
        &mut self,
        properties: &compile::Properties,
        required: &[String],
        fields: &serde_json::Map<String, Value>,
        former: Option<&Value>,
    ) -> CelValue {
        for name in fields.keys().filter(|name| !properties.contains_key(*name)) {
            let known = properties.keys().cloned().collect();
            let breach = Breach::UnknownField { name: name.clone(), known };
            self.violations.push(self.below(name, breach));
        }
        for name in required {
            if fields.get(name).is_none_or(Value::is_null) {
                self.violations.push(self.at(Breach::MissingField { name: name.clone() }));
            }
        }
        let mut seen = std::collections::HashMap::with_capacity(fields.len());
        for (name, property) in properties {
            let written = fields.get(name).filter(|value| !value.is_null());
            if let Some(value) = written.or(property.default.as_ref()) {
                let length = self.path.len();
                self.path.push('.');
                self.path.push_str(name);
                let former = former.and_then(|fields| fields.get(name));
                seen.insert(name.clone(), self.node(property, value, former));
                self.path.truncate(length);
            }
        }
        seen.into()
    }

    fn list(&mut self, item: &Node, items: &[Value]) -> CelValue {
        let mut seen = Vec::with_capacity(items.len());
        for (index, value) in items.iter().enumerate() {
            let length = self.path.len();
            self.path.push_str(&format!("[{index}]"));
            seen.push(self.node(item, value, None));
            self.path.truncate(length);
        }
        seen.into()
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
        for (index, item) in items.iter().enumerate() {
            if items[..index].contains(item) {
                let rule = format!("{item} is written twice");
                self.violations.push(self.at(Breach::Bound { rule }));
            }
        }
    }

    fn integer(&mut self, number: &serde_json::Number, least: i64, most: i64) -> CelValue {
        let Some(integer) = number.as_i64() else {
            let breach = Breach::wrong_type("a whole number", &Value::Number(number.clone()));
            self.violations.push(self.at(breach));
            return CelValue::Null;
        };
        if !(least..=most).contains(&integer) {
            let rule = format!("must be from {least} to {most}, not {integer}");
            self.violations.push(self.at(Breach::Bound { rule }));
        }
        CelValue::Int(integer)
    }

    fn rules(&mut self, node: &Node, seen: &CelValue, former: Option<&Value>) {
        let mut scope = self.rules.functions.new_inner_scope();
        scope.add_variable_from_value("self", seen.clone());
        if let Some(former) = former {
            scope.add_variable_from_value("oldSelf", compile::to_cel(former));
        }
        for rule in &node.rules {
            if rule.about_change && former.is_none() {
                continue;
            }
            if let Some(breach) = rule.breach(&scope) {
                let violation = match &rule.field {
                    Some(field) => self.below(field, breach),
                    None => self.at(breach),
                };
                self.violations.push(violation);
            }
        }
    }

    fn at(&self, breach: Breach) -> Violation {
        Violation { path: self.path.clone(), breach }
    }

    fn below(&self, field: &str, breach: Breach) -> Violation {
        Violation { path: format!("{}.{field}", self.path), breach }
    }
}
