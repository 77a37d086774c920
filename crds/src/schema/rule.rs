//! One CEL rule, and the parts of a value that it looks at.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, HashMap};

use kube::core::cel::cel::common::ast::{EntryExpr, Expr, IdedExpr};
use kube::core::cel::cel::{Context, Program, Value as CelValue};
use serde_json::Value;

use super::breach::Breach;

/// Verdicts remembered per rule; beyond that they are worked out again.
const REMEMBERED: usize = 4096;

/// One CEL rule.
///
/// Handing a value to the interpreter copies all of it, and ten thousand declarations differ in few
/// places that rules look at. So a rule sees only the fields that its own text selects, and its
/// verdict on the same fields is remembered.
pub(super) struct Rule {
    text: String,
    message: String,
    /// Compiled when the first value comes by: most declarations never meet most rules.
    compiled: OnceCell<Compiled>,
    verdicts: RefCell<HashMap<Value, Option<Breach>>>,
    /// Where the finding belongs, below the rule's own place.
    pub(super) field: Option<String>,
}

/// A rule's text, understood.
struct Compiled {
    /// A rule that cannot be compiled refuses everything, so that it is noticed.
    program: Result<Program, String>,
    view: View,
    about_change: bool,
}

impl Compiled {
    fn new(text: &str) -> Self {
        let program = Program::compile(text).map_err(|error| error.to_string());
        let (about_change, view) = match &program {
            Ok(program) => (
                program.references().has_variable("oldSelf"),
                View::of(program.expression()),
            ),
            Err(_) => (false, View::Whole),
        };
        Self {
            program,
            view,
            about_change,
        }
    }
}

impl Rule {
    /// Reads one entry of `x-kubernetes-validations`.
    pub(super) fn new(schema: &Value) -> Self {
        let text = schema["rule"].as_str().unwrap_or_default();
        Self {
            text: text.to_owned(),
            message: schema["message"].as_str().unwrap_or(text).to_owned(),
            compiled: OnceCell::new(),
            field: schema["fieldPath"]
                .as_str()
                .map(|path| path.trim_start_matches('.').to_owned()),
            verdicts: RefCell::default(),
        }
    }

    fn compiled(&self) -> &Compiled {
        self.compiled.get_or_init(|| Compiled::new(&self.text))
    }

    /// What to say when the rule does not hold. A rule about change holds without a former value.
    pub(super) fn breach(
        &self,
        functions: &Context<'_>,
        value: &Value,
        former: Option<&Value>,
    ) -> Option<Breach> {
        let compiled = self.compiled();
        let seen = compiled.view.of_value(value);
        match (compiled.about_change, former) {
            (true, None) => None,
            (true, Some(former)) => self.judge(functions, &seen, Some(former)),
            (false, _) => {
                if let Some(verdict) = self.verdicts.borrow().get(&seen) {
                    return verdict.clone();
                }
                let verdict = self.judge(functions, &seen, None);
                let mut verdicts = self.verdicts.borrow_mut();
                if verdicts.len() < REMEMBERED {
                    verdicts.insert(seen, verdict.clone());
                }
                verdict
            }
        }
    }

    fn judge(
        &self,
        functions: &Context<'_>,
        value: &Value,
        former: Option<&Value>,
    ) -> Option<Breach> {
        let mut scope = functions.new_inner_scope();
        scope.add_variable_from_value("self", to_cel(value));
        if let Some(former) = former {
            scope.add_variable_from_value("oldSelf", to_cel(former));
        }
        let verdict = match &self.compiled().program {
            Ok(program) => program.execute(&scope).map_err(|error| error.to_string()),
            Err(error) => Err(error.clone()),
        };
        match verdict {
            Ok(CelValue::Bool(true)) => None,
            Ok(_) => Some(Breach::rule(&self.message, value)),
            Err(error) => {
                let message = format!("{} [{error}]", self.message);
                Some(Breach::rule(&message, value))
            }
        }
    }
}

/// The parts of `self` that an expression looks at.
enum View {
    /// All of it.
    Whole,
    /// Whether it is there.
    Presence,
    /// Some of its fields.
    Fields(BTreeMap<String, View>),
}

impl View {
    fn of(expression: &IdedExpr) -> Self {
        let mut view = Self::Fields(BTreeMap::new());
        view.look(&expression.expr);
        view
    }

    fn look(&mut self, expression: &Expr) {
        if let Some((path, is_test)) = path(expression) {
            return self.mark(&path, is_test);
        }
        match expression {
            Expr::Select(select) => self.look(&select.operand.expr),
            Expr::Call(call) => {
                call.target
                    .iter()
                    .for_each(|target| self.look(&target.expr));
                call.args
                    .iter()
                    .for_each(|argument| self.look(&argument.expr));
            }
            Expr::Comprehension(of) => {
                for part in [
                    &of.iter_range,
                    &of.accu_init,
                    &of.loop_cond,
                    &of.loop_step,
                    &of.result,
                ] {
                    self.look(&part.expr);
                }
            }
            Expr::List(list) => list
                .elements
                .iter()
                .for_each(|element| self.look(&element.expr)),
            Expr::Map(map) => map
                .entries
                .iter()
                .for_each(|entry| self.look_entry(&entry.expr)),
            Expr::Struct(of) => of
                .entries
                .iter()
                .for_each(|entry| self.look_entry(&entry.expr)),
            Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => {}
        }
    }

    fn look_entry(&mut self, entry: &EntryExpr) {
        match entry {
            EntryExpr::StructField(field) => self.look(&field.value.expr),
            EntryExpr::MapEntry(entry) => {
                self.look(&entry.key.expr);
                self.look(&entry.value.expr);
            }
        }
    }

    fn mark(&mut self, path: &[&str], is_test: bool) {
        match (path, &mut *self) {
            (_, Self::Whole) => {}
            ([], _) if !is_test => *self = Self::Whole,
            ([], _) => {}
            ([first, rest @ ..], Self::Fields(fields)) => {
                let field = fields.entry((*first).to_owned()).or_insert(Self::Presence);
                field.mark(rest, is_test);
            }
            ([_, ..], Self::Presence) => {
                *self = Self::Fields(BTreeMap::new());
                self.mark(path, is_test);
            }
        }
    }

    fn of_value(&self, value: &Value) -> Value {
        match (self, value) {
            (Self::Presence, _) => Value::Bool(true),
            (Self::Fields(views), Value::Object(fields)) => {
                let seen = |(name, view): (&String, &Self)| {
                    fields
                        .get(name)
                        .map(|field| (name.clone(), view.of_value(field)))
                };
                Value::Object(views.iter().filter_map(seen).collect())
            }
            (Self::Whole | Self::Fields(_), value) => value.clone(),
        }
    }
}

/// `self.a.b` as its fields, and whether `has` only asks for its presence.
fn path(expression: &Expr) -> Option<(Vec<&str>, bool)> {
    match expression {
        Expr::Ident(name) if name == "self" => Some((Vec::new(), false)),
        Expr::Select(select) => {
            let (mut path, _) = path(&select.operand.expr)?;
            path.push(&select.field);
            Some((path, select.test))
        }
        Expr::Ident(_)
        | Expr::Call(_)
        | Expr::Comprehension(_)
        | Expr::List(_)
        | Expr::Literal(_)
        | Expr::Map(_)
        | Expr::Struct(_)
        | Expr::Unspecified => None,
    }
}

/// A value as rules see it.
fn to_cel(value: &Value) -> CelValue {
    match value {
        Value::Null => CelValue::Null,
        Value::Bool(truth) => CelValue::Bool(*truth),
        Value::Number(number) => number.as_i64().map_or(CelValue::Null, CelValue::Int),
        Value::String(word) => word.as_str().into(),
        Value::Array(items) => items.iter().map(to_cel).collect::<Vec<_>>().into(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, field)| (name.clone(), to_cel(field)))
            .collect::<HashMap<_, _>>()
            .into(),
    }
}
