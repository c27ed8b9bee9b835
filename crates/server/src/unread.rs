//! Bodies that nobody reads to their end: the connection is closed after the answer, so that nobody can hold it.
//!
//! Of a chunked body that was dropped, actix-http reads on for as long as the client likes. Of one that is still held
//! when its answer has been written it does not, and closes the connection after the disconnect timeout.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::http::header;
use actix_web::{HttpMessage as _, HttpResponse};
use bytes::Bytes;
use futures_util::Stream;

use crate::patience::InFlight;

/// The chunked body of a request.
pub struct Unread {
    _body: Rc<RefCell<Payload>>,
}

impl Unread {
    /// Holds the body of a request, which can still be read as before; `None` where it is not chunked.
    pub fn hold(request: &mut ServiceRequest) -> Option<Self> {
        if !request.headers().contains_key(header::TRANSFER_ENCODING) {
            return None;
        }
        let body = Rc::new(RefCell::new(request.take_payload()));
        let reader = Reader(Rc::clone(&body));
        request.set_payload(Payload::Stream { payload: Box::pin(reader) });
        Some(Self { _body: body })
    }
}

/// Reads the body that is held.
struct Reader(Rc<RefCell<Payload>>);

impl Stream for Reader {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_next(context)
    }
}

/// The body of an answer, and that of the request for as long as it is being written. Until then the request is at work.
pub struct Answer {
    body: BoxBody,
    _unread: Option<Unread>,
    _in_flight: Option<InFlight>,
}

impl Answer {
    /// Holds a request's body until the answer is written.
    pub fn to(
        unread: Option<Unread>,
        in_flight: Option<InFlight>,
        response: HttpResponse,
    ) -> HttpResponse<Self> {
        response.map_body(|_, body| Self { body, _unread: unread, _in_flight: in_flight })
    }
}

impl MessageBody for Answer {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}
