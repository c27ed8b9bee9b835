//! From a request to an open socket.

use actix_http::ResponseBuilder;
use actix_http::ws::{HandshakeError, handshake};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use application::{Code, Error};
use domain::ConversationId;

use super::close::CloseCode;
use super::connection::Connection;
use super::decoder::close_frame;
use super::outbox::{OutboxBody, outbox};
use super::session::Identity;
use crate::context::authenticate_upgrade;
use crate::frames::{Channel, Encoded, ErrorFrame};
use crate::problem::Problem;
use crate::request::RequestInfo;
use crate::route::{Call, Handling, Outcome};

/// `GET /api/v1/ws`
pub fn open(call: Call) -> Handling {
    Box::pin(upgrade(call, None))
}

/// `GET /ws/chat/{conversation_id}`
pub fn open_conversation(call: Call) -> Handling {
    Box::pin(async move {
        let id: ConversationId = call.id("conversation_id")?;
        upgrade(call, Some(Channel::Conversation(id))).await
    })
}

async fn upgrade(call: Call, required: Option<Channel>) -> Outcome {
    call.state.refuse_while_stopping()?;
    // Whoever may not come in is told before the upgrade.
    let context = authenticate_upgrade(&call.state, &call.request).await?;
    let mut response = match checked_handshake(&call.request) {
        Ok(response) => response,
        Err(error) => return Ok(refuse_handshake(&call.request, error)),
    };
    let info = RequestInfo::of(&call.request);
    let sockets = &call.state.sockets;
    let stranger = if context.is_none() { sockets.admit_stranger(info.address) } else { None };
    let admitted = sockets.admit().filter(|_| context.is_some() || stranger.is_some());
    let Some(socket) = admitted else {
        let body =
            response.message_body(too_many(&info)).map_err(|error| Error::internal(error.to_string()))?;
        return Ok(HttpResponse::from(body.map_into_boxed_body()));
    };
    let identity = match context {
        Some(context) => Some(Identity::of(&call.state, context).await?),
        None => None,
    };
    let (out, body) = outbox();
    let response = response.message_body(body).map_err(|error| Error::internal(error.to_string()))?;
    let connection = Connection::new(call.state.clone(), info, socket, out, (identity, stranger), required);
    call.state.tasks.spawn_local(connection.run(call.payload));
    Ok(HttpResponse::from(response.map_into_boxed_body()))
}

/// Browsers do not show pages the status of a refused upgrade: the socket opens, says why, and closes.
fn too_many(info: &RequestInfo) -> OutboxBody {
    let detail = "The server holds as many connections as it can. Try again in a while.";
    let problem = Problem::from(Error::new(Code::Overloaded, "too_many_connections", detail));
    let body = problem.body(None, &info.trace.trace_id.to_string());
    let frame = Encoded::new(&ErrorFrame { reply_to: None, channel: None, problem: &body });
    OutboxBody::of([frame.socket(), close_frame(CloseCode::TooMany)])
}

/// The handshake of RFC 6455, section 4.2: a key is 16 bytes in base64, which the library does not look at.
fn checked_handshake(request: &HttpRequest) -> Result<ResponseBuilder, HandshakeError> {
    let response = handshake(request.head())?;
    let key = request.headers().get(header::SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes);
    let is_key = key.and_then(|key| key.strip_suffix(b"==")).is_some_and(|digits| {
        digits.len() == 22 && digits.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(byte))
    });
    if is_key { Ok(response) } else { Err(HandshakeError::BadWebsocketKey) }
}

/// Says what is wrong, and where the version is the wrong one or missing, which one is spoken here.
fn refuse_handshake(request: &HttpRequest, error: HandshakeError) -> HttpResponse {
    match error {
        HandshakeError::GetMethodRequired => Problem::method_not_allowed("GET".to_owned()).respond(request),
        HandshakeError::NoWebsocketUpgrade
        | HandshakeError::NoConnectionUpgrade
        | HandshakeError::NoVersionHeader
        | HandshakeError::UnsupportedVersion => {
            let detail = "This address speaks WebSocket, version 13: ask for an upgrade.";
            let mut answer =
                Problem::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required", detail).respond(request);
            let headers = answer.headers_mut();
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
            answer
        }
        HandshakeError::BadWebsocketKey => {
            let detail = "Sec-WebSocket-Key is missing or malformed.";
            Problem::malformed("websocket_key", detail).respond(request)
        }
    }
}
