//! Routes that OpenAI's libraries understand.

use actix_web::http::{Method, StatusCode};
use serde_json::json;

use crate::openai::{self, ChatAnswer, ChatRequest, ErrorBody, ModelList, ModelObject};
use crate::route::{Answer, Body, Parameter, Route, schema_of};
use crate::sse;

const TAG: &str = "openai";

pub fn routes() -> [Route; 3] {
    [
        Route::new(
            Method::POST,
            "/v1/chat/completions",
            "completion.create",
            TAG,
            "Asks a model, as OpenAI's chat completions do; kept only with store or a conversation",
            openai::create,
        )
        .body(Body::Json(schema_of::<ChatRequest>))
        .header(Parameter {
            name: "X-Colloquy-Conversation",
            description: "A conversation into which the last message is sent; the answer stays there too.",
            schema: json!({"type": "string", "format": "uuid"}),
        })
        .answer(
            Answer::json::<ChatAnswer<'_>>(StatusCode::OK, "The answer.")
                .or("text/event-stream", sse::stream_schema),
        ),
        Route::new(
            Method::GET,
            "/v1/models",
            "completion.list_models",
            TAG,
            "Lists the models",
            openai::list,
        )
        .answer(Answer::json::<ModelList>(StatusCode::OK, "The models.")),
        Route::new(
            Method::GET,
            "/v1/models/{model}",
            "completion.get_model",
            TAG,
            "Shows a model, by its full or an unambiguous bare name",
            openai::get,
        )
        .answer(Answer::json::<ModelObject>(StatusCode::OK, "The model.")),
    ]
    .map(|route| Route {
        failure: Some(Answer::json::<ErrorBody>(StatusCode::BAD_REQUEST, "An error in OpenAI's terms.")),
        ..route
    })
}
