//! Looking for what other processes have done and no news has told.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::jitter::jittered;
use crate::providers::ConnectedProviders;
use crate::{Error, Services};

/// About how often the newest positions are looked at without being told to, and new connections' credentials again.
const PERIOD: Duration = Duration::from_secs(3);
/// The least time between two looks.
const LEAST_PAUSE: Duration = Duration::from_millis(200);
/// How many people's newest positions are asked for at a time.
const PAGE: usize = 1_000;

/// Finds out what escaped this process, for whoever is connected to it: news of other processes can be lost.
#[derive(Default)]
pub struct Lookout {
    wake: Notify,
}

impl Lookout {
    /// News may have been lost.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Looks about every three seconds, and when it is woken, until `stop` is cancelled.
    pub async fn keep_looking(services: Arc<Services>, stop: CancellationToken) {
        let mut is_due_at = Instant::now() + jittered(&*services.ports.ids, PERIOD);
        loop {
            // News of credentials do not put off the look at everything else, however many there are.
            let is_woken = tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep_until(is_due_at) => true,
                () = services.lookout.wake.notified() => true,
                () = services.watches.is_due.notified() => false,
            };
            let looked = if is_woken {
                is_due_at = Instant::now() + jittered(&*services.ports.ids, PERIOD);
                look(&services).await
            } else {
                services.watches.look(&services).await
            };
            if let Err(error) = looked {
                tracing::debug!(%error, "what other processes did could not be looked at");
                services.lookout.wake();
            }
            tokio::time::sleep(LEAST_PAUSE).await;
        }
    }
}

/// Looks at everything once.
pub(crate) async fn look(services: &Services) -> Result<(), Error> {
    let journal = &services.ports.journal;
    if !journal.commits_alone() {
        let mut people = services.hub.owners();
        people.extend(services.watches.people());
        people.extend(services.hub.guests.people());
        people.sort_unstable();
        people.dedup();
        for page in people.chunks(PAGE) {
            for (user_id, head) in journal.heads(page).await? {
                services.hub.hear_of(user_id, head);
                services.watches.hear_of(user_id, head);
                services.hub.guests.hear_of(user_id, head);
            }
        }
    }
    let (credentials, guests, providers) = tokio::join!(
        services.watches.look(services),
        services.hub.guests.look(services),
        ConnectedProviders::look(services),
    );
    credentials.and(guests).and(providers)
}
