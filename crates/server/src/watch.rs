//! How long somebody who is connected may stay: until the credential ends or expires.

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use application::events::Inbox;
use application::identities::CredentialWatch;
use application::{Context, Error, Services};
use domain::Actor;
use futures_util::{Stream, stream};
use tokio::sync::Notify;
use tokio::time::Instant;

/// Watches one credential for one connection.
pub struct Watch {
    /// Ends the watching when it is dropped.
    _ends: CredentialWatch,
    expires: Option<Instant>,
}

impl Watch {
    /// From now on, the end of the actor's credential arrives in the inbox.
    pub fn new(services: &Services, actor: &Arc<Actor>, inbox: &Arc<Inbox>) -> Self {
        let now = services.lease_clock.now();
        let expires = actor.expires_at.and_then(|at| {
            let left = u64::try_from(at.micros() - now.micros()).unwrap_or(0);
            Instant::now().checked_add(Duration::from_micros(left))
        });
        Self { _ends: services.watches.watch(actor, inbox), expires }
    }

    /// When the credential expires, where it does.
    pub const fn expires(&self) -> Option<Instant> {
        self.expires
    }

    /// Waits until the credential expires.
    pub async fn expired(&self) {
        match self.expires {
            Some(at) => tokio::time::sleep_until(at).await,
            None => std::future::pending().await,
        }
    }
}

/// Waits until the credential behind a request is no longer accepted.
pub fn end_of_credential(services: &Services, context: &Context) -> impl Future<Output = ()> + use<> {
    let wake = Arc::new(Notify::new());
    let inbox = Inbox::new(Arc::clone(&wake));
    let watch = Watch::new(services, &context.actor, &inbox);
    async move {
        let ended = async {
            while !inbox.has_ended() {
                wake.notified().await;
            }
        };
        tokio::select! {
            () = ended => {}
            () = watch.expired() => {}
        }
    }
}

/// The pieces of an answer as long as the credential behind the request is accepted; then an error cuts the answer off.
pub fn while_accepted<T, S: Stream<Item = Result<T, Error>>>(
    services: &Services,
    context: &Context,
    pieces: S,
) -> impl Stream<Item = Result<T, Error>> + use<T, S> {
    let (mut ends, mut pieces) = (Box::pin(end_of_credential(services, context)), Box::pin(pieces));
    let mut has_ended = false;
    stream::poll_fn(move |task| {
        if has_ended {
            return Poll::Ready(None);
        }
        has_ended = ends.as_mut().poll(task).is_ready();
        if has_ended {
            return Poll::Ready(Some(Err(Error::unauthenticated())));
        }
        pieces.as_mut().poll_next(task)
    })
}
