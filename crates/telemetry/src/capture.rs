//! From `tracing` events and spans to lines.

use std::error::Error;
use std::fmt::{Debug, Write as _};
use std::io::Write;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use crate::redact;
use crate::render::{Line, Render};

/// The longest value of one field, in bytes; what is longer is cut.
const LONGEST_VALUE: usize = 16 * 1024;

/// Names with a meaning of their own in a line. A field of the same name is shown as `fields.<name>`.
const RESERVED: [&str; 4] = ["timestamp", "level", "target", "message"];

/// Writes one line for every event. The fields of the spans around it are part of the line; where names are equal,
/// the inner span and the event itself win.
pub struct Capture<W> {
    writer: W,
    render: Render,
}

impl<W> Capture<W> {
    /// A layer that renders lines and hands each of them to the writer in one piece.
    pub const fn new(writer: W, render: Render) -> Self {
        Self { writer, render }
    }
}

impl<S, W> Layer<S> for Capture<W>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: for<'writer> MakeWriter<'writer> + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().replace(fields);
        }
    }

    fn on_record(&self, id: &Id, record: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            record.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        for span in
            context.event_scope(event).into_iter().flat_map(tracing_subscriber::registry::Scope::from_root)
        {
            if let Some(of_span) = span.extensions().get::<Fields>() {
                fields.values.extend(of_span.values.clone());
            }
        }
        event.record(&mut fields);
        let mut timestamp = String::new();
        // A clock that cannot be written leaves the time empty; the line is still worth having.
        let _ = SystemTime.format_time(&mut Writer::new(&mut timestamp));
        let mut text = self.render.line(&Line {
            timestamp: &timestamp,
            level: *event.metadata().level(),
            target: fields.target.as_deref().unwrap_or(event.metadata().target()),
            message: &fields.message,
            fields: &fields.values,
        });
        text.push('\n');
        // Where the log itself cannot be written, there is nowhere left to say so.
        let _ = self.writer.make_writer_for(event.metadata()).write_all(text.as_bytes());
    }
}

/// The fields of one span, or of one event and everything around it.
#[derive(Default)]
struct Fields {
    message: String,
    /// The target of a record that came through the `log` crate.
    target: Option<String>,
    values: Map<String, Value>,
}

impl Fields {
    fn insert(&mut self, field: &Field, value: Value) {
        let name = field.name();
        let value = match value {
            _ if redact::is_secret(name) => Value::from(redact::MASK),
            Value::String(text) => Value::from(bounded(&redact::mask(&text))),
            value => value,
        };
        match (name, value) {
            ("message", Value::String(text)) => self.message = text,
            ("log.target", Value::String(text)) => self.target = Some(text),
            ("log.module_path" | "log.file" | "log.line", _) => {}
            (name, value) => {
                let reserved = RESERVED.contains(&name);
                let key = if reserved { format!("fields.{name}") } else { name.to_owned() };
                self.values.insert(key, value);
            }
        }
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        let number = serde_json::Number::from_f64(value);
        self.insert(field, number.map_or_else(|| Value::from(value.to_string()), Value::Number));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.insert(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.insert(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.insert(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.insert(field, value.into());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let mut text = value.to_string();
        let mut source = value.source();
        while let Some(cause) = source {
            // Writing to a String cannot fail.
            let _ = write!(text, ": {cause}");
            source = cause.source();
        }
        self.insert(field, text.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.insert(field, format!("{value:?}").into());
    }
}

/// The text, cut at a character where it is too long.
fn bounded(text: &str) -> String {
    if text.len() <= LONGEST_VALUE {
        return text.to_owned();
    }
    format!("{}…", &text[..text.floor_char_boundary(LONGEST_VALUE)])
}

#[cfg(test)]
#[path = "capture_tests.rs"]
mod tests;
