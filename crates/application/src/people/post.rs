//! Mail on its way: sent in the background, few at a time, and tried again where that is worth it.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use domain::ports::{Mail, MailError, Mailer, Quota, RateLimiter};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::{Code, Error, Ports};

/// How many mails, and how many errands that may end in one, are on their way at one time.
const PLACES: usize = 256;
/// The pauses between attempts.
const PAUSES: [Duration; 3] = [Duration::from_millis(500), Duration::from_secs(5), Duration::from_secs(30)];
/// The most mails to one address within an hour: nobody is flooded by what strangers ask for in their name.
const TO_ONE_ADDRESS: Quota =
    Quota { name: "mail", limit: NonZeroU32::new(30).unwrap(), window: Duration::from_hours(1) };

/// Mail on its way.
pub struct Post {
    mailer: Option<Arc<dyn Mailer>>,
    rate_limiter: Arc<dyn RateLimiter>,
    places: Arc<Semaphore>,
    tasks: TaskTracker,
    /// There is no time left for pauses: what waits is tried once more.
    hurry: CancellationToken,
    /// There is no time left at all.
    end: CancellationToken,
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
            hurry: CancellationToken::new(),
            end: CancellationToken::new(),
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
        let (limiter, hurry) = (Arc::clone(&self.rate_limiter), self.hurry.clone());
        let subject = mail.subject.clone();
        let errand = async move {
            if limiter.check(mail.to.as_str(), TO_ONE_ADDRESS).await.allowed {
                deliver(&*mailer, mail, &hurry).await;
            } else {
                tracing::warn!(subject = mail.subject, "a mail was left out: too many to one address");
            }
        };
        if let Err(error) = self.start(Some(subject), errand) {
            tracing::warn!(%error, "a mail was left out: too many are on their way");
        }
    }

    /// Does something soon that takes a time of its own, whatever the asker gets at once: so nobody learns from the time
    /// what there was to do.
    ///
    /// # Errors
    /// `overloaded` when too much is on its way; then nothing is done.
    pub fn run(&self, errand: impl Future<Output = ()> + Send + 'static) -> Result<(), Error> {
        self.start(None, errand)
    }

    /// Begins what may end in a mail, whose subject is known or not yet.
    fn start(
        &self,
        subject: Option<String>,
        errand: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), Error> {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            let detail = "Too many people ask for mail at this moment. Try again in a minute.";
            return Err(
                Error::new(Code::Overloaded, "overloaded", detail).retry_after(Duration::from_mins(1))
            );
        };
        let end = self.end.clone();
        let work = async move {
            if end.run_until_cancelled(errand).await.is_none() {
                tracing::warn!(subject, "a mail was given up: the server has stopped before it was sent");
            }
            drop(place);
        };
        self.tasks.spawn_on(work, &self.runtime);
        Ok(())
    }

    /// Waits for what is on its way, for at most this time; then the log tells what is given up. To be called when nothing
    /// new can come.
    pub async fn shut_down(&self, longest: Duration) {
        self.hurry.cancel();
        self.tasks.close();
        if tokio::time::timeout(longest, self.tasks.wait()).await.is_err() {
            self.end.cancel();
            self.tasks.wait().await;
        }
    }
}

async fn deliver(mailer: &dyn Mailer, mail: Mail, hurry: &CancellationToken) {
    let mut pauses = PAUSES.into_iter();
    loop {
        let is_last = hurry.is_cancelled();
        let error = match mailer.send(mail.clone()).await {
            Ok(()) => return,
            Err(error) => error,
        };
        match (&error, pauses.next().filter(|_| !is_last)) {
            (MailError::Unreachable(_), Some(pause)) => {
                tracing::warn!(%error, subject = mail.subject, "a mail could not be sent yet, and will be tried again");
                hurry.run_until_cancelled(tokio::time::sleep(pause)).await;
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
            hurry: CancellationToken::new(),
            end: CancellationToken::new(),
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
    async fn what_waits_at_the_end_is_tried_once_more_and_then_given_up() {
        let away = || MailError::Unreachable("away".to_owned());
        for (faults, attempts, taken) in [(2, 3, 1), (3, 3, 0), (4, 3, 0)] {
            let faults = Mutex::new(std::iter::repeat_with(away).take(faults).collect());
            let mailbox = Arc::new(Mailbox { faults, ..Mailbox::default() });
            let post = post(&mailbox);
            post.send(mail());
            // Within the second pause.
            tokio::time::sleep(Duration::from_secs(1)).await;
            let since = tokio::time::Instant::now();
            post.shut_down(Duration::from_secs(10)).await;
            assert!(since.elapsed() < Duration::from_secs(1));
            assert_eq!((*mailbox.attempts.lock(), *mailbox.taken.lock()), (attempts, taken));
        }
        let post = post(&Arc::default());
        post.run(std::future::pending()).expect("there is room");
        let since = tokio::time::Instant::now();
        post.shut_down(Duration::from_secs(10)).await;
        assert_eq!(since.elapsed().as_secs(), 10, "nothing waits for ever");
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
