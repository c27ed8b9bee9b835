//! Parameters that several routes share.

use serde_json::json;

use crate::route::Parameter;

/// `limit` and `after`: which page of a list.
pub fn page() -> [Parameter; 2] {
    [
        Parameter {
            name: "limit",
            description: "How many items, 1 to 200.",
            schema: json!({"type": "integer", "minimum": 1, "maximum": 200, "default": 50}),
        },
        Parameter {
            name: "after",
            description: "What the previous page gave as `next`.",
            schema: json!({"type": "string", "minLength": 1, "maxLength": 200}),
        },
    ]
}

/// `fields`: which fields the answer has. The names are filled in from the schema.
pub fn fields() -> Parameter {
    Parameter {
        name: "fields",
        description: "Only these fields, separated by commas.",
        schema: json!({"type": "array", "minItems": 1, "items": {"type": "string"}}),
    }
}

/// A yes or no.
pub fn boolean(name: &'static str, description: &'static str) -> Parameter {
    Parameter { name, description, schema: json!({"type": "boolean"}) }
}

/// An identifier of something that the list is narrowed to.
pub fn id(name: &'static str, description: &'static str) -> Parameter {
    Parameter { name, description, schema: json!({"type": "string", "format": "uuid"}) }
}

/// A moment.
pub fn moment(name: &'static str, description: &'static str) -> Parameter {
    Parameter { name, description, schema: json!({"type": "string", "format": "date-time"}) }
}

/// `If-None-Match`: the version that the client has.
pub fn if_none_match() -> Parameter {
    Parameter {
        name: "If-None-Match",
        description: "The entity tag that you have; the answer is 304 while it is the present one.",
        schema: json!({"type": "string"}),
    }
}

/// `If-Match`: the version that the client expects.
pub fn if_match() -> Parameter {
    Parameter {
        name: "If-Match",
        description: "The entity tag that the change was made from; another version refuses it with 412.",
        schema: json!({"type": "string", "pattern": r#"^(\*|"[1-9][0-9]{0,8}")$"#, "examples": ["\"1\""]}),
    }
}

/// `Idempotency-Key`: the client's name for the attempt.
pub fn idempotency_key() -> Parameter {
    Parameter {
        name: "Idempotency-Key",
        description: "Your name for this attempt: a repetition with the same key and body has the same result and \
                      no further effect, for 24 hours.",
        schema: json!({"type": "string", "pattern": "^[!-~]{1,255}$"}),
    }
}
