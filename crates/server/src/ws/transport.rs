//! What the kernel does for connections whose clients do not read.

use actix_web::rt::net::TcpStream;
use socket2::SockRef;

use super::Settings;

/// Bounds what the kernel buffers for a client that does not read, and how long it waits for one. To be called for every
/// new connection: once its buffers are full, nothing but the kernel can end it.
pub fn tune(stream: &TcpStream, settings: &Settings) {
    let socket = SockRef::from(stream);
    if let Err(error) = socket.set_send_buffer_size(settings.send_buffer_bytes) {
        tracing::warn!(%error, "the kernel's send buffer could not be bounded");
    }
    #[cfg(target_os = "linux")]
    if let Err(error) = socket.set_tcp_user_timeout(Some(settings.user_timeout())) {
        tracing::warn!(%error, "the kernel's patience with clients could not be bounded");
    }
}
