//! An answer in steps that is kept nowhere: from the provider's stream to chunks, one write for what arrived together.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use actix_web::body::{BodySize, MessageBody};
use application::models::{OpenedCompletion, provider_error};
use application::{Context, Error};
use bytes::Bytes;
use domain::PartDelta;
use domain::ports::{CompletionEvent, CompletionStream};
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::answer::Head;
use super::chunks::Chunks;
use crate::state::State;
use crate::watch::end_of_credential;

/// A write above this many bytes goes out before more is gathered.
const CHUNK: usize = 16 * 1024;

/// The body of a streamed answer. Dropping it, when the client is gone, stops the generation.
pub struct AnswerBody {
    stream: CompletionStream,
    chunks: Chunks,
    is_over: bool,
    /// Resolves when the credential is no longer accepted.
    ends: Pin<Box<dyn Future<Output = ()>>>,
    /// The shutdown waits for open streams.
    _open: TaskTrackerToken,
}

impl AnswerBody {
    /// The body of an answer that has begun.
    pub fn new(
        state: &State,
        context: &Context,
        opened: OpenedCompletion,
        head: &Head,
        includes_usage: bool,
    ) -> Self {
        Self {
            stream: opened.stream,
            chunks: Chunks::new(head, includes_usage),
            is_over: false,
            ends: Box::pin(end_of_credential(state.services(), context)),
            _open: state.tasks.token(),
        }
    }

    fn take(&mut self) -> Option<Bytes> {
        (self.chunks.len() > 0).then(|| self.chunks.take())
    }
}

impl MessageBody for AnswerBody {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        let this = self.get_mut();
        while !this.is_over && this.chunks.len() < CHUNK {
            match this.stream.as_mut().poll_next(context) {
                Poll::Ready(Some(Ok(event))) => match event {
                    CompletionEvent::Delta(PartDelta::Started(part)) => this.chunks.start(&part),
                    CompletionEvent::Delta(PartDelta::Appended { part, text }) => {
                        this.chunks.append(part, &text);
                    }
                    CompletionEvent::Finished { finish_reason, usage } => {
                        this.chunks.finish(finish_reason, usage);
                        this.is_over = true;
                    }
                },
                Poll::Ready(Some(Err(error))) => {
                    this.chunks.fail(&provider_error(error).into());
                    this.is_over = true;
                }
                Poll::Ready(None) => this.is_over = true,
                Poll::Pending if this.ends.as_mut().poll(context).is_ready() => {
                    this.chunks.fail(&Error::unauthenticated().into());
                    this.is_over = true;
                }
                Poll::Pending => {
                    return match this.take() {
                        Some(bytes) => Poll::Ready(Some(Ok(bytes))),
                        None => Poll::Pending,
                    };
                }
            }
        }
        Poll::Ready(this.take().map(Ok))
    }
}
