//! From a request to an open socket.

use actix_http::ws::{HandshakeError, handshake};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use application::{Code, Error};
use domain::ConversationId;

use super::close::{CloseCode, End};
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
    // Whoever may not come in is told before the upgrade.
    let context = authenticate_upgrade(&call.state, &call.request).await?;
    let mut response = handshake(call.request.head()).map_err(|error| refused_handshake(&error))?;
    let info = RequestInfo::of(&call.request);
    let Some(socket) = call.state.sockets.admit() else {
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
    let connection = Connection::new(call.state.clone(), info, socket, out, identity, required);
    call.state.tasks.spawn_local(connection.run(call.payload));
    Ok(HttpResponse::from(response.map_into_boxed_body()))
}

/// Browsers do not show pages the status of a refused upgrade: the socket opens, says why, and closes.
fn too_many(info: &RequestInfo) -> OutboxBody {
    let detail = "The server holds as many connections as it can. Try again in a while.";
    let end = End::because(CloseCode::TooMany, Error::new(Code::Overloaded, "too_many_connections", detail));
    let End::Farewell { problem, code, .. } = end else { return OutboxBody::of([]) };
    let body = problem.body(None, &info.trace.trace_id.to_string());
    let frame = Encoded::new(&ErrorFrame { reply_to: None, channel: None, problem: &body });
    OutboxBody::of([frame.socket(), close_frame(code)])
}

fn refused_handshake(error: &HandshakeError) -> Problem {
    match error {
        HandshakeError::GetMethodRequired => Problem::method_not_allowed("GET".to_owned()),
        HandshakeError::NoWebsocketUpgrade
        | HandshakeError::NoConnectionUpgrade
        | HandshakeError::NoVersionHeader
        | HandshakeError::UnsupportedVersion => {
            let detail = "This address speaks WebSocket, version 13: ask for an upgrade.";
            Problem::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required", detail)
        }
        HandshakeError::BadWebsocketKey => {
            Problem::malformed("websocket_key", "Sec-WebSocket-Key is missing or malformed.")
        }
    }
}
