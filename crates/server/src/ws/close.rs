//! Why a connection ends, and how the client is told.

use actix_web::http::StatusCode;
use application::{Code, Error};

use crate::problem::Problem;

/// The close codes of the protocol (RFC 6455, section 7.4, and our own from 4000).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum CloseCode {
    /// What was sent breaks the WebSocket protocol.
    Protocol = 1002,
    /// Text that is not UTF-8.
    NotUtf8 = 1007,
    /// A message beyond the limit.
    TooBig = 1009,
    /// The server restarts: reconnect with jitter, and resume.
    Restarting = 1012,
    /// The client does not read what is sent to it.
    TooSlow = 4001,
    /// No answer to a ping.
    NoPong = 4002,
    /// Something that is no frame.
    BadFrame = 4400,
    /// Not, or no longer, authenticated.
    Unauthenticated = 4401,
    /// Authenticated as somebody else.
    Forbidden = 4403,
    /// No `hello` in time.
    NoHello = 4408,
    /// Too many connections.
    TooMany = 4429,
}

impl CloseCode {
    /// The number on the wire.
    pub const fn number(self) -> u16 {
        self as u16
    }
}

/// How a connection ends.
#[derive(Debug)]
pub enum End {
    /// The client said good-bye, or is gone.
    Gone,
    /// The server ends it, and says why.
    Farewell(Box<Farewell>),
}

/// Why the server ends a connection.
#[derive(Debug)]
pub struct Farewell {
    /// What was wrong.
    pub problem: Problem,
    /// The frame that was wrong, where one was.
    pub reply_to: Option<String>,
    /// The code.
    pub code: CloseCode,
}

impl End {
    /// An end for a reason.
    pub fn because(code: CloseCode, problem: impl Into<Problem>) -> Self {
        Self::in_answer_to(None, code, problem)
    }

    /// An end for a reason that lies in one frame.
    pub fn in_answer_to(reply_to: Option<String>, code: CloseCode, problem: impl Into<Problem>) -> Self {
        Self::Farewell(Box::new(Farewell { problem: problem.into(), reply_to, code }))
    }

    /// The client sent something that cannot be read.
    pub fn unreadable(code: CloseCode, slug: &'static str, detail: impl Into<String>) -> Self {
        Self::because(code, Problem::malformed(slug, detail))
    }

    /// The server goes away.
    pub fn restarting() -> Self {
        let detail = "The server restarts. Connect again after a random pause of a few seconds, and resume.";
        Self::because(CloseCode::Restarting, Error::new(Code::Unavailable, "restarting", detail))
    }

    /// The client does not read.
    pub fn too_slow() -> Self {
        let detail = "Too much waits for you, for too long. Connect again and resume.";
        Self::because(CloseCode::TooSlow, Problem::new(StatusCode::REQUEST_TIMEOUT, "too_slow", detail))
    }

    /// The client does not answer.
    pub fn no_pong() -> Self {
        let detail = "No pong came in time. Connect again and resume.";
        Self::because(CloseCode::NoPong, Problem::new(StatusCode::REQUEST_TIMEOUT, "no_pong", detail))
    }

    /// The client did not say who it is.
    pub fn no_hello() -> Self {
        let detail = "Nobody said hello in time. Send a hello frame with a token right after connecting.";
        Self::because(CloseCode::NoHello, Problem::new(StatusCode::REQUEST_TIMEOUT, "no_hello", detail))
    }

    /// The credential is not, or no longer, accepted.
    pub fn unauthenticated(reply_to: Option<String>) -> Self {
        Self::in_answer_to(reply_to, CloseCode::Unauthenticated, Error::unauthenticated())
    }

    /// Who is there could not be found out.
    pub fn unidentified(reply_to: Option<String>, problem: Problem) -> Self {
        let code = match problem.status() {
            StatusCode::TOO_MANY_REQUESTS => CloseCode::TooMany,
            status if status.is_client_error() => CloseCode::Unauthenticated,
            _ => CloseCode::Restarting,
        };
        Self::in_answer_to(reply_to, code, problem)
    }
}
