//! The OpenAPI document as a page: complete on its own, without scripts and without other hosts.

mod example;
mod prose;
mod schema;
mod websocket;

use std::fmt::Write as _;

use serde_json::Value;

use crate::pages::{complete, escape, problem_rows};
use prose::{heading, inline};
use schema::{properties, type_of};

/// The page: HTTP as OpenAPI describes it, the WebSocket as AsyncAPI does.
pub fn page(document: &Value, sockets: &Value) -> String {
    let operations = operations(document);
    let tags: Vec<&Value> = document["tags"].as_array().into_iter().flatten().collect();
    let mut navigation = String::new();
    let mut content = String::new();
    for tag in tags {
        let name = text(&tag["name"]);
        let of_tag: Vec<&Operation<'_>> =
            operations.iter().filter(|operation| operation.value["tags"][0] == name).collect();
        if of_tag.is_empty() {
            continue;
        }
        push(&mut navigation, format_args!("<h2>{}</h2><ul>", escape(&heading(name))));
        push(
            &mut content,
            format_args!(
                "<h2 id=\"tag-{}\">{}</h2><p class=\"quiet\">{}</p>",
                escape(name),
                escape(&heading(name)),
                inline(text(&tag["description"]))
            ),
        );
        for operation in of_tag {
            let id = escape(text(&operation.value["operationId"]));
            push(&mut navigation, format_args!("<li><a href=\"#{id}\">{id}</a></li>"));
            content.push_str(&describe(document, operation));
        }
        navigation.push_str("</ul>");
    }
    navigation.push_str("<h2><a href=\"#websocket\">WebSocket</a></h2>");
    content.push_str(&websocket::section(sockets));
    navigation.push_str("<h2><a href=\"#problems\">Problems</a></h2>");
    content.push_str(
        "<h2 id=\"problems\">Problems</h2><p class=\"quiet\">The last part of <code>type</code>.</p>",
    );
    push(
        &mut content,
        format_args!("<div class=\"scroll\"><table><tbody>{}</tbody></table></div>", problem_rows()),
    );
    navigation.push_str("<h2>Schemas</h2><ul>");
    content.push_str("<h2 id=\"schemas\">Schemas</h2>");
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        let name = escape(name);
        push(&mut navigation, format_args!("<li><a href=\"#schema-{name}\">{name}</a></li>"));
        content.push_str(&schema::describe(&name, schema));
    }
    navigation.push_str("</ul>");
    complete(include_str!("page.html"))
        .replace("{{version}}", &escape(text(&document["info"]["version"])))
        .replace("{{navigation}}", &navigation)
        .replace("{{content}}", &content)
}

/// One operation and where it is found.
struct Operation<'a> {
    method: &'a str,
    path: &'a str,
    value: &'a Value,
}

fn operations(document: &Value) -> Vec<Operation<'_>> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths
        .flat_map(|(path, item)| {
            let methods = item.as_object().into_iter().flatten();
            methods.map(move |(method, value)| Operation { method, path, value })
        })
        .collect()
}

fn describe(document: &Value, operation: &Operation<'_>) -> String {
    let Operation { method, path, value } = operation;
    let id = escape(text(&value["operationId"]));
    let mut html = format!(
        "<section class=\"operation\" aria-labelledby=\"{id}\"><h3 id=\"{id}\"><span class=\"method {method}\">{}</span> \
         <code>{}</code></h3><p>{}.</p>",
        method.to_uppercase(),
        escape(path),
        inline(text(&value["summary"]).trim_end_matches('.'))
    );
    html.push_str(&parameters(value));
    if let Some(schema) = value.pointer("/requestBody/content/application~1json/schema") {
        let needed = if value["requestBody"]["required"] == true { "" } else { " (may be left out)" };
        push(&mut html, format_args!("<h4>Body{needed}: {}</h4>", type_of(schema)));
        if let Some(schema) = resolve(document, schema) {
            html.push_str(&properties(schema));
        }
    }
    html.push_str("<h4>Answers</h4><div class=\"scroll\"><table><tbody>");
    for (status, response) in value["responses"].as_object().into_iter().flatten() {
        let response = resolve(document, response).unwrap_or(response);
        let status = if status == "default" { "otherwise" } else { status };
        push(
            &mut html,
            format_args!("<tr><td>{}</td><td>{}", escape(status), inline(text(&response["description"]))),
        );
        for (media_type, content) in response["content"].as_object().into_iter().flatten() {
            push(
                &mut html,
                format_args!("<br><code>{}</code> {}", escape(media_type), type_of(&content["schema"])),
            );
        }
        html.push_str("</td></tr>");
    }
    html.push_str("</tbody></table></div>");
    for example in example::commands(document, operation) {
        push(&mut html, format_args!("<pre><code>{}</code></pre>", escape(&example)));
    }
    html.push_str("</section>");
    html
}

fn parameters(operation: &Value) -> String {
    let Some(parameters) = operation["parameters"].as_array() else { return String::new() };
    let mut html = "<h4>Parameters</h4><div class=\"scroll\"><table><tbody>".to_owned();
    for parameter in parameters {
        let needed =
            if parameter["required"] == true { " <span class=\"needed\">required</span>" } else { "" };
        push(
            &mut html,
            format_args!(
                "<tr><td><code>{}</code>{needed}<br><span class=\"needed\">{}</span></td><td>{}<br>{}</td></tr>",
                escape(text(&parameter["name"])),
                escape(text(&parameter["in"])),
                type_of(&parameter["schema"]),
                inline(text(&parameter["description"]))
            ),
        );
    }
    html.push_str("</tbody></table></div>");
    html
}

/// What a reference stands for.
fn resolve<'a>(document: &'a Value, value: &'a Value) -> Option<&'a Value> {
    match value.get("$ref").and_then(Value::as_str) {
        Some(reference) => document.pointer(reference.strip_prefix('#')?),
        None => Some(value),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn push(html: &mut String, part: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = html.write_fmt(part);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_shows_every_operation_and_schema_without_script_or_other_hosts() {
        let document = crate::openapi::document(&crate::routes::table());
        let page = page(&document, &crate::asyncapi::document());
        for operation in operations(&document) {
            assert!(page.contains(&format!("id=\"{}\"", text(&operation.value["operationId"]))));
        }
        for name in document["components"]["schemas"].as_object().into_iter().flatten().map(|(name, _)| name)
        {
            assert!(page.contains(&format!("id=\"schema-{name}\"")), "{name}");
        }
        assert!(!page.contains('`') && page.contains("OpenAI</h2>") && page.contains("run.interrupted"));
        assert!(!page.contains("<script") && !page.contains("style=") && !page.contains("{{"), "{page}");
        assert!(!page.contains("src=\"http") && !page.contains("href=\"http"));
    }
}
