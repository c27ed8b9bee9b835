//! A reader of one run, who keeps to the contract.

use serde_json::{Value, json};

use super::Socket;

/// Tokens that end inside words, emoji, line breaks and markup.
pub const TOKENS: [&str; 24] = [
    "Der ",
    "Bär ",
    "isst ",
    "🍯",
    "👩‍👩",
    "‍👧 ",
    "und ",
    "schläft.\n",
    "\n```rust\n",
    "let x",
    " = ",
    "\"",
    "\\",
    "n\";\n",
    "```",
    "\n\n| a |",
    " b |\n",
    "|--",
    "-|---|\n",
    "𝄞",
    " 漢字",
    "\u{301}",
    " — ",
    "Ende",
];

/// A client of one run: keeps the parts it was told, by the rules of the contract.
#[derive(Debug, Clone, Default)]
pub struct Reader {
    /// The log that the position is of.
    pub epoch: String,
    /// The last position.
    pub position: u64,
    /// The text so far.
    pub parts: Vec<Value>,
    /// The frame that ended the run.
    pub last: Option<Value>,
}

impl Reader {
    /// Takes the next frame.
    pub fn take(&mut self, frame: &Value) {
        let kind = frame["type"].as_str().expect("a type");
        let position = frame["position"].as_u64().expect("a position");
        assert!(
            position > self.position || kind == "snapshot",
            "a position went back: {frame} after {}",
            self.position
        );
        self.position = position;
        match kind {
            "snapshot" => {
                frame["epoch"].as_str().expect("an epoch").clone_into(&mut self.epoch);
                self.parts.clone_from(frame["state"]["parts"].as_array().expect("parts"));
            }
            "part.started" => {
                assert_eq!(frame["part"], self.parts.len());
                self.parts.push(frame["content"].clone());
            }
            "delta" => {
                let index = usize::try_from(frame["part"].as_u64().expect("a part")).expect("an index");
                let text = self.parts[index]["text"].as_str().expect("a text").to_owned();
                self.parts[index]["text"] = json!(text + frame["text"].as_str().expect("a text"));
            }
            "run.completed" | "run.failed" | "run.cancelled" | "run.interrupted" => {
                self.last = Some(frame.clone());
            }
            _ => {}
        }
    }

    /// Subscribes where it left off.
    pub async fn subscribe(&mut self, socket: &mut Socket, channel: &str) -> Value {
        let resume = (!self.epoch.is_empty()).then_some((self.epoch.as_str(), self.position));
        let subscribed = socket.subscribe(channel, resume).await;
        subscribed["epoch"].as_str().expect("an epoch").clone_into(&mut self.epoch);
        subscribed
    }

    /// Reads frames of the run until it has text that it did not have, or the run is over.
    pub async fn read_a_little(&mut self, socket: &mut Socket, channel: &str) {
        let before = self.parts.clone();
        while self.parts == before && self.last.is_none() {
            let frame = socket.next().await;
            if frame["channel"] == channel && frame["type"] != "subscribed" {
                self.take(&frame);
            }
        }
    }
}
