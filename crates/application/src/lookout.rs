//! Looking for what other processes have done and no news has told.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::jitter::jittered;
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
        loop {
            let period = jittered(&*services.ports.ids, PERIOD);
            let looked = tokio::select! {
                () = stop.cancelled() => return,
                () = services.watches.is_due.notified() => services.watches.look(&services).await,
                () = services.lookout.wake.notified() => look(&services).await,
                () = tokio::time::sleep(period) => look(&services).await,
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
        people.sort_unstable();
        people.dedup();
        for page in people.chunks(PAGE) {
            for (user_id, head) in journal.heads(page).await? {
                services.hub.hear_of(user_id, head);
                services.watches.hear_of(user_id, head);
            }
        }
    }
    services.watches.look(services).await
}
