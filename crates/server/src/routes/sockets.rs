//! WebSockets.

use actix_web::http::{Method, StatusCode};

use crate::route::{Answer, Route};
use crate::ws;

const TAG: &str = "sockets";

/// Anyone may open a socket: who it is may be told by the first frame.
pub fn routes() -> [Route; 2] {
    let upgraded = || Answer::empty(StatusCode::SWITCHING_PROTOCOLS, "A WebSocket; see /api/asyncapi.json.");
    [
        Route::new(Method::GET, "/api/v1/ws", "socket.open", TAG, "Opens a WebSocket", ws::open)
            .for_anyone()
            .answer(upgraded()),
        Route::new(
            Method::GET,
            "/ws/chat/{conversation_id}",
            "socket.open_conversation",
            TAG,
            "Opens a WebSocket that is subscribed to a conversation",
            ws::open_conversation,
        )
        .for_anyone()
        .answer(upgraded()),
    ]
}
