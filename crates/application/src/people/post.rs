//! Mail on its way: sent in the background, few at a time, and tried again where that is worth it.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use domain::ports::{Mail, MailError, Mailer, Quota, RateLimiter};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use crate::{Code, Error, Ports};

/// How many mails, and how many errands that may end in one, are on their way at one time.
const PLACES: usize = 256;
/// The pauses between attempts.
const PAUSES: [Duration; 3] = [Duration::from_millis(500), Duration::from_secs(5), Duration::from_secs(30)];
/// How long a shutdown waits for what is on its way.
const FAREWELL: Duration = Duration::from_secs(5);
/// The most mails to one address within an hour: nobody is flooded by what strangers ask for in their name.
const TO_ONE_ADDRESS: Quota =
    Quota { name: "mail", limit: NonZeroU32::new(30).unwrap(), window: Duration::from_hours(1) };

/// Mail on its way.
pub struct Post {
    mailer: Option<Arc<dyn Mailer>>,
    rate_limiter: Arc<dyn RateLimiter>,
    places: Arc<Semaphore>,
    tasks: TaskTracker,
    runtime: Handle,
}

impl Post {
    /// Over the mailer, where there is one. Works on the present tokio runtime.
    pub fn new(ports: &Ports) -> Self {
        Self {
            mailer: ports.mailer.clone(),
            rate_limiter: Arc::clone(&ports.rate_limiter),
            places: Arc::new(Semaphore::new(PLACES)),
            tasks: TaskTracker::new(),
            runtime: Handle::current(),
        }
    }

    /// Whether mail can be sent at all.
    pub const fn is_open(&self) -> bool {
        self.mailer.is_some()
    }

    /// Sends a mail soon. Without a mail server it is left out, and so is one too many to the same address; what could
    /// not be sent is told in the log.
    pub fn send(&self, mail: Mail) {
        let Some(mailer) = self.mailer.clone() else { return };
        let limiter = Arc::clone(&self.rate_limiter);
        let errand = async move {
            if limiter.check(mail.to.as_str(), TO_ONE_ADDRESS).await.allowed {
                deliver(&*mailer, mail).await;
            } else {
                tracing::warn!(subject = mail.subject, "a mail was left out: too many to one address");
            }
        };
        if let Err(error) = self.run(errand) {
            tracing::warn!(%error, "a mail was left out: too many are on their way");
        }
    }

    /// Does something soon that takes a time of its own, whatever the asker gets at once: so nobody learns from the time
    /// what there was to do.
    ///
    /// # Errors
    /// `overloaded` when too much is on its way; then nothing is done.
    pub fn run(&self, errand: impl Future<Output = ()> + Send + 'static) -> Result<(), Error> {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            let detail = "Too many people ask for mail at this moment. Try again in a minute.";
            return Err(
                Error::new(Code::Overloaded, "overloaded", detail).retry_after(Duration::from_mins(1))
            );
        };
        let work = async move {
            errand.await;
            drop(place);
        };
        self.tasks.spawn_on(work, &self.runtime);
        Ok(())
    }

    /// Waits a little for what is on its way.
    pub async fn shut_down(&self) {
        self.tasks.close();
        if tokio::time::timeout(FAREWELL, self.tasks.wait()).await.is_err() {
            tracing::warn!(mails = self.tasks.len(), "mails were not sent before the end");
        }
    }
}

async fn deliver(mailer: &dyn Mailer, mail: Mail) {
    for pause in PAUSES.into_iter().map(Some).chain([None]) {
        let error = match mailer.send(mail.clone()).await {
            Ok(()) => return,
            Err(error) => error,
        };
        match (&error, pause) {
            (MailError::Unreachable(_), Some(pause)) => {
                tracing::info!(%error, subject = mail.subject, "a mail will be tried again");
                tokio::time::sleep(pause).await;
            }
            (MailError::Unreachable(_) | MailError::Refused(_), _) => {
                tracing::warn!(%error, subject = mail.subject, "a mail could not be sent");
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use domain::Email;
    use parking_lot::Mutex;
    use testing::fakes::CountingRateLimiter;

    use super::*;

    /// Fails as planned, then takes everything.
    #[derive(Default)]
    struct Mailbox {
        faults: Mutex<Vec<MailError>>,
        taken: Mutex<usize>,
        attempts: Mutex<usize>,
    }

    #[async_trait]
    impl Mailer for Mailbox {
        async fn send(&self, _: Mail) -> Result<(), MailError> {
            *self.attempts.lock() += 1;
            if let Some(fault) = self.faults.lock().pop() {
                return Err(fault);
            }
            *self.taken.lock() += 1;
            Ok(())
        }
    }

    fn post(mailbox: &Arc<Mailbox>) -> Post {
        let mailer: Arc<dyn Mailer> = mailbox.clone();
        Post {
            mailer: Some(mailer),
            rate_limiter: Arc::new(CountingRateLimiter::default()),
            places: Arc::new(Semaphore::new(PLACES)),
            tasks: TaskTracker::new(),
            runtime: Handle::current(),
        }
    }

    fn mail() -> Mail {
        let to = Email::new("ada@example.org").expect("the address is valid");
        Mail { to, subject: "subject".to_owned(), text: "text".to_owned() }
    }

    async fn idle(post: &Post) {
        post.tasks.close();
        post.tasks.wait().await;
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_work_later_is_tried_again_and_what_is_refused_is_not() {
        let away = || MailError::Unreachable("away".to_owned());
        for (faults, attempts, taken) in [
            (vec![], 1, 1),
            (vec![away(), away()], 3, 1),
            (vec![away(), away(), away(), away()], 4, 0),
            (vec![MailError::Refused("no".to_owned())], 1, 0),
        ] {
            let mailbox = Arc::new(Mailbox { faults: Mutex::new(faults), ..Mailbox::default() });
            let post = post(&mailbox);
            post.send(mail());
            idle(&post).await;
            assert_eq!((*mailbox.attempts.lock(), *mailbox.taken.lock()), (attempts, taken));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_flooded() {
        let mailbox = Arc::new(Mailbox::default());
        let post = post(&mailbox);
        for _ in 0..100 {
            post.send(mail());
        }
        idle(&post).await;
        assert_eq!(*mailbox.taken.lock(), 30);
    }
}
