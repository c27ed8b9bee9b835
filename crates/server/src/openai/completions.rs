//! `POST /v1/chat/completions`

use actix_web::HttpResponse;
use actix_web::http::header;
use application::models::ChatCompletion;
use application::{Context, Error};

use super::answer::{ChatAnswer, Head};
use super::kept;
use super::request::ChatRequest;
use super::stream::AnswerBody;
use crate::context::authenticate;
use crate::json;
use crate::route::{Call, Handling, Outcome};
use crate::state::State;

/// Asks a model. With `store: true` or a conversation named in a header, the exchange is kept.
pub fn create(call: Call) -> Handling {
    Box::pin(handle(call))
}

async fn handle(call: Call) -> Outcome {
    call.context().await?;
    let conversation = kept::named_conversation(&call.request)?;
    let Call { request, payload, state, .. } = call;
    let settings = &state.settings;
    let body =
        json::read_bytes(&request, payload, settings.max_prompt_bytes, settings.body_timeout()).await?;
    let chat = ChatRequest::read(&body)?;
    drop(body);
    // A prompt may have taken long to arrive.
    let context = authenticate(&state, &request).await?;
    if chat.stream == Some(true) {
        state.refuse_while_stopping()?;
    }
    if conversation.is_some() || chat.store == Some(true) {
        // Boxed, so that exchanges that are not kept do not carry the room that keeping takes.
        return Box::pin(kept::answer(&state, context, &request, conversation, chat)).await;
    }
    answer(&state, &context, chat).await
}

async fn answer(state: &State, context: &Context, mut chat: ChatRequest) -> Outcome {
    let completion = ChatCompletion {
        model: chat.model()?,
        messages: chat.take_messages()?,
        parameters: chat.parameters(),
        extra: std::mem::take(&mut chat.extra),
    };
    if chat.stream == Some(true) {
        let opened = completion.open(&state.bus, context).await?;
        let head = head(state, opened.model.as_str());
        let body = AnswerBody::new(state, context, opened, &head, chat.includes_usage());
        return Ok(event_stream().body(body));
    }
    let (model, completion) = completion.complete(&state.bus, context).await?;
    let head = head(state, model.as_str());
    let whole = ChatAnswer::new(&head, &completion.parts, completion.finish_reason, completion.usage);
    json_answer(&whole)
}

/// What identifies an answer that begins now.
pub fn head(state: &State, model: &str) -> Head {
    let ports = &state.services().ports;
    Head {
        id: format!("chatcmpl-{}", ports.ids.uuid().simple()),
        created: ports.clock.now().seconds(),
        model: model.to_owned(),
    }
}

/// A whole answer.
pub fn json_answer(answer: &ChatAnswer<'_>) -> Outcome {
    let json = serde_json::to_vec(answer).map_err(Error::internal)?;
    Ok(HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "application/json")).body(json))
}

/// The head of a streamed answer.
pub fn event_stream() -> actix_web::HttpResponseBuilder {
    let mut head = HttpResponse::Ok();
    head.insert_header((header::CONTENT_TYPE, "text/event-stream; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("x-accel-buffering", "no"));
    head
}
