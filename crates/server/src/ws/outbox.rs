//! What waits to be sent on one socket: filled by its connection, emptied by the body of its response.
//!
//! Everything here stays on one worker's thread.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use actix_web::body::{BodySize, MessageBody};
use bytes::Bytes;
use tokio::time::Instant;

/// A queue above this many bytes takes nothing more on its own: the connection waits until the client has read.
const ROOM: usize = 64 * 1024;

/// The most that is handed over at a time, in bytes: actix copies what it is given, but shared frames must stay shared.
const PIECE: usize = 16 * 1024;

/// The connection's end of the queue.
#[derive(Clone)]
pub struct Outbox(Rc<RefCell<Queue>>);

/// The response's end of the queue.
pub struct OutboxBody(Rc<RefCell<Queue>>);

#[derive(Default)]
struct Queue {
    frames: VecDeque<Bytes>,
    /// Whether a piece of the first frame has been taken already.
    is_within_frame: bool,
    bytes: usize,
    /// When something was last taken while there was no room.
    taken_at: Option<Instant>,
    body: Option<Waker>,
    connection: Option<Waker>,
    body_is_gone: bool,
    connection_is_gone: bool,
}

/// A new queue.
pub fn outbox() -> (Outbox, OutboxBody) {
    let queue = Rc::new(RefCell::new(Queue::default()));
    (Outbox(Rc::clone(&queue)), OutboxBody(queue))
}

impl Outbox {
    /// Adds bytes, whether there is room or not.
    pub fn push(&self, bytes: Bytes) {
        if bytes.is_empty() {
            return;
        }
        let mut queue = self.0.borrow_mut();
        queue.bytes += bytes.len();
        queue.frames.push_back(bytes);
        wake(&mut queue.body);
    }

    /// Whether the client reads well enough to be sent more.
    pub fn has_room(&self) -> bool {
        self.0.borrow().bytes < ROOM
    }

    /// When the client last took something while there was no room: it reads, if slowly.
    pub fn taken_at(&self) -> Option<Instant> {
        self.0.borrow().taken_at
    }

    /// Drops every frame that waits, but for the rest of one that has been taken in part.
    pub fn clear(&self) {
        let mut queue = self.0.borrow_mut();
        let kept = usize::from(queue.is_within_frame);
        queue.frames.truncate(kept);
        queue.bytes = queue.frames.iter().map(Bytes::len).sum();
    }

    /// Waits until there is room; at once where there is.
    pub async fn room(&self) {
        self.until(|queue| queue.bytes < ROOM).await;
    }

    /// Waits until the client is gone.
    pub async fn gone(&self) {
        self.until(|queue| queue.body_is_gone).await;
    }

    /// Waits until everything has been taken, or the client is gone.
    pub async fn empty(&self) {
        self.until(|queue| queue.bytes == 0 || queue.body_is_gone).await;
    }

    async fn until(&self, is_so: impl Fn(&Queue) -> bool) {
        poll_fn(|context| {
            let mut queue = self.0.borrow_mut();
            if is_so(&queue) {
                return Poll::Ready(());
            }
            // One task waits, perhaps for several things: they all have its waker.
            queue.connection = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

impl Queue {
    fn take_piece(&mut self) -> Option<Bytes> {
        if self.bytes >= ROOM {
            self.taken_at = Some(Instant::now());
        }
        let first = self.frames.front_mut()?;
        let piece = first.split_to(first.len().min(PIECE));
        self.is_within_frame = !first.is_empty();
        if !self.is_within_frame {
            self.frames.pop_front();
            if self.frames.is_empty() && self.frames.capacity() > 8 {
                self.frames = VecDeque::new();
            }
        }
        self.bytes -= piece.len();
        Some(piece)
    }
}

impl OutboxBody {
    /// A body that says these things and ends.
    pub fn of(frames: impl IntoIterator<Item = Bytes>) -> Self {
        let (outbox, body) = outbox();
        frames.into_iter().for_each(|frame| outbox.push(frame));
        body.0.borrow_mut().connection_is_gone = true;
        body
    }
}

/// Ends the response when the connection ends, however that happens.
pub struct EndsBody(Outbox);

impl EndsBody {
    /// A guard for the connection.
    pub const fn new(outbox: Outbox) -> Self {
        Self(outbox)
    }
}

impl Drop for EndsBody {
    fn drop(&mut self) {
        let mut queue = self.0.0.borrow_mut();
        queue.connection_is_gone = true;
        wake(&mut queue.body);
    }
}

impl MessageBody for OutboxBody {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        let mut queue = self.0.borrow_mut();
        if let Some(piece) = queue.take_piece() {
            wake(&mut queue.connection);
            return Poll::Ready(Some(Ok(piece)));
        }
        if queue.connection_is_gone {
            return Poll::Ready(None);
        }
        queue.body = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Drop for OutboxBody {
    fn drop(&mut self) {
        let mut queue = self.0.borrow_mut();
        queue.body_is_gone = true;
        wake(&mut queue.connection);
    }
}

fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(outbox: &Outbox) -> Vec<usize> {
        std::iter::from_fn(|| outbox.0.borrow_mut().take_piece()).map(|piece| piece.len()).collect()
    }

    #[test]
    fn large_frames_are_handed_over_in_pieces_of_the_same_memory() {
        let (outbox, _body) = outbox();
        let frame = Bytes::from(vec![7; 2 * PIECE + 1]);
        outbox.push(frame.clone());
        outbox.push(Bytes::from_static(b"ab"));
        let first = outbox.0.borrow_mut().take_piece().expect("there is a frame");
        assert_eq!(first.as_ptr(), frame.as_ptr());
        assert_eq!(taken(&outbox), [PIECE, 1, 2]);
        assert_eq!(outbox.0.borrow().bytes, 0);
    }

    #[test]
    fn a_frame_that_was_begun_is_finished_even_when_the_rest_is_dropped() {
        let (outbox, _body) = outbox();
        outbox.push(Bytes::from(vec![7; PIECE + 5]));
        outbox.push(Bytes::from_static(b"dropped"));
        assert!(outbox.0.borrow_mut().take_piece().is_some());
        outbox.clear();
        outbox.push(Bytes::from_static(b"farewell"));
        assert_eq!(taken(&outbox), [5, 8]);
        outbox.push(Bytes::from_static(b"dropped"));
        outbox.clear();
        assert_eq!(taken(&outbox), [0_usize; 0]);
    }

    #[test]
    fn whoever_takes_something_while_there_is_no_room_is_reading() {
        let (outbox, _body) = outbox();
        outbox.push(Bytes::from(vec![7; ROOM - 1]));
        assert!(outbox.0.borrow_mut().take_piece().is_some());
        assert_eq!(outbox.taken_at(), None, "there was room");
        outbox.push(Bytes::from(vec![7; ROOM]));
        assert!(outbox.0.borrow_mut().take_piece().is_some());
        assert!(outbox.taken_at().is_some());
    }
}
