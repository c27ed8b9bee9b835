//! The section about the WebSocket.

use serde_json::Value;

use super::prose::inline;
use super::text;
use crate::pages::escape;
use crate::ws::CloseCode;

const CODES: [CloseCode; 11] = [
    CloseCode::Protocol,
    CloseCode::NotUtf8,
    CloseCode::TooBig,
    CloseCode::Restarting,
    CloseCode::TooSlow,
    CloseCode::NoPong,
    CloseCode::BadFrame,
    CloseCode::Unauthenticated,
    CloseCode::Forbidden,
    CloseCode::NoHello,
    CloseCode::TooMany,
];

/// The section, from the AsyncAPI document.
pub fn section(document: &Value) -> String {
    let codes = CODES.iter().map(|code| row(&code.number().to_string(), meaning(*code))).collect::<String>();
    include_str!("websocket.html")
        .replace("{{from_client}}", &frames(document, "client."))
        .replace("{{from_server}}", &frames(document, "server."))
        .replace("{{close_codes}}", &codes)
}

fn frames(document: &Value, sender: &str) -> String {
    let messages = document["components"]["messages"].as_object().into_iter().flatten();
    messages
        .filter(|(key, _)| key.starts_with(sender))
        .map(|(_, message)| row(text(&message["name"]), text(&message["summary"])))
        .collect()
}

fn row(name: &str, meaning: &str) -> String {
    format!("<tr><td><code>{}</code></td><td>{}</td></tr>", escape(name), inline(meaning))
}

/// What a code means and what to do.
const fn meaning(code: CloseCode) -> &'static str {
    match code {
        CloseCode::Protocol => "What was sent breaks the rules of WebSocket framing.",
        CloseCode::NotUtf8 => "A frame is not UTF-8.",
        CloseCode::TooBig => "A frame is larger than `welcome` allows.",
        CloseCode::Restarting => "The server restarts. Connect again after a random pause, and resume.",
        CloseCode::TooSlow => {
            "The client reads more slowly than the server writes. Connect again and resume."
        }
        CloseCode::NoPong => "A ping was not answered in time.",
        CloseCode::BadFrame => "A frame is not an object that the protocol knows.",
        CloseCode::Unauthenticated => {
            "Not, or no longer, authenticated. An `error` frame before it says why."
        }
        CloseCode::Forbidden => "Authenticated as somebody else than before, or no longer allowed.",
        CloseCode::NoHello => "No `hello` came in time.",
        CloseCode::TooMany => "Too many connections. Try again later.",
    }
}
