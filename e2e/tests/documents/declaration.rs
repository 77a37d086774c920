//! The reference of the declaration, from the published schema.

use std::fmt::Write as _;

use serde_json::Value;

/// What holds where declarations are files, which the schema cannot say.
const ON_FILES: &str = "\
## On files

What is applied can move to no other source and no other destination ([PL0064](../codes/PL0064.md)). An API server has \
the declaration before and refuses every change of the four fields. A file has none, so `plan`, `drift` and `apply` \
compare both *ends*, the services that the link leads from and to with every default filled in, with those that the \
source's record names. Writing out `source.service.projectId` with the very value that it has by default is refused by \
a server and nothing on files; and a link that was never applied may still change there \
([decision](../decisions/0026-ends-on-files.md)).

Of each document the first 20 findings are told, errors before others, and in one more line how many there are beyond \
them; the same in JSON and YAML. A text of more than 1,000 characters is shortened in a finding. What is named together \
has limits, too ([PL0013](../codes/PL0013.md)).
";

/// The whole page.
pub(crate) fn page() -> String {
    let crd = serde_json::to_value(privatelink_crds::crd()).unwrap();
    let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
    let mut fields = String::new();
    let mut rules = String::new();
    visit(schema, "", &mut fields, &mut rules);
    format!(
        "# The declaration\n\n\
         <!-- Generated from the types in crds/src; do not edit. -->\n\n\
         A `PrivateLink` (`{}/{}`) says that one Cloud Run service shall reach another privately. The same schema and \
         the same rules hold on a Kubernetes API server and on files, but for those of PL0064, which compare a \
         declaration with the one before: [on files](#on-files) there is none. Paths start below `spec`.\n\n\
         ## Fields\n\n\
         | path | type | required, or default | meaning |\n| --- | --- | --- | --- |\n{fields}\n\
         ## Rules\n\n\
         What types alone cannot say. The code in brackets has [a page](codes.md).\n\n\
         | where | rule |\n| --- | --- |\n{rules}\n{ON_FILES}",
        privatelink_crds::GROUP,
        privatelink_crds::VERSION,
    )
}

fn visit(schema: &Value, path: &str, fields: &mut String, rules: &mut String) {
    for rule in schema["x-kubernetes-validations"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let whole = if path.is_empty() { "the whole" } else { path };
        writeln!(
            rules,
            "| `{whole}` | {} |",
            cell(rule["message"].as_str().unwrap_or_default())
        )
        .unwrap();
    }
    let required: Vec<&str> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        let presence = match (required.contains(&name.as_str()), property.get("default")) {
            (true, _) => "required".to_owned(),
            (false, Some(default)) => format!("`{default}`"),
            (false, None) => "-".to_owned(),
        };
        let meaning = cell(property["description"].as_str().unwrap_or_default());
        writeln!(
            fields,
            "| `{path}` | {} | {presence} | {meaning} |",
            shape(property)
        )
        .unwrap();
        visit(property, &path, fields, rules);
        if let Some(items) = property.get("items") {
            visit(items, &format!("{path}[]"), fields, rules);
        }
    }
}

/// The type in a few words, with its bounds.
fn shape(schema: &Value) -> String {
    let words = schema["enum"].as_array().map(|words| {
        let words: Vec<String> = words
            .iter()
            .filter_map(Value::as_str)
            .map(|word| format!("`{word}`"))
            .collect();
        words.join(", ")
    });
    match (words, schema["type"].as_str()) {
        (Some(words), _) => words,
        (None, Some("integer")) => {
            format!("{} to {}", schema["minimum"], schema["maximum"]).replace(".0", "")
        }
        (None, Some("array")) => {
            let item = if schema["items"]["type"] == "string" {
                "strings"
            } else {
                "objects"
            };
            format!("at most {} {item}", schema["maxItems"])
        }
        (None, Some("string")) => format!("string, at most {} characters", schema["maxLength"]),
        (None, Some(other)) => other.to_owned(),
        (None, None) => "anything".to_owned(),
    }
}

/// Text that fits into one cell of a table.
fn cell(text: &str) -> String {
    text.replace('\n', " ").replace('|', "\\|")
}
