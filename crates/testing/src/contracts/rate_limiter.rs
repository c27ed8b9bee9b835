//! What every [`RateLimiter`] does.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use domain::ports::{Quota, RateLimiter};

const LIMIT: u32 = 5;

/// Long enough that nothing comes back while a test runs.
fn quota(name: &'static str) -> Quota {
    let limit = NonZeroU32::new(LIMIT).expect("more than nothing");
    Quota { name, limit, window: Duration::from_hours(1) }
}

/// As many requests pass as the quota says; the next one is told when to come back.
pub async fn a_quota_is_used_up_and_no_more(port: Arc<dyn RateLimiter>) {
    for used in 1..=LIMIT {
        let decision = port.check("ada", quota("contract")).await;
        assert!(decision.allowed, "request {used} of {LIMIT}");
        assert_eq!(decision.remaining, LIMIT - used);
    }
    let refused = port.check("ada", quota("contract")).await;
    assert!(!refused.allowed);
    assert_eq!(refused.remaining, 0);
    assert!(refused.reset_after > Duration::ZERO && refused.reset_after <= Duration::from_hours(1));
}

/// What one key uses up is not missing for another, nor under another quota.
pub async fn keys_and_quotas_do_not_mix(port: Arc<dyn RateLimiter>) {
    for _ in 0..=LIMIT {
        port.check("ada", quota("contract")).await;
    }
    assert!(port.check("bob", quota("contract")).await.allowed);
    assert!(port.check("ada", quota("another")).await.allowed);
}

/// Requests that come at one time get no more than the quota.
pub async fn a_quota_holds_for_requests_at_one_time(port: Arc<dyn RateLimiter>) {
    let requests = (0..50).map(|_| port.check("ada", quota("contract")));
    let decisions = futures_util::future::join_all(requests).await;
    let allowed = decisions.iter().filter(|decision| decision.allowed).count();
    assert_eq!(allowed, usize::try_from(LIMIT).expect("a small number"));
}

/// A large quota is one as well.
pub async fn a_large_quota_is_used_up_and_no_more(port: Arc<dyn RateLimiter>) {
    const LARGE: u32 = 5_000;
    let quota = Quota { limit: NonZeroU32::new(LARGE).expect("more than nothing"), ..quota("large") };
    let mut allowed = 0;
    for _ in 0..60 {
        let requests = (0..100).map(|_| port.check("ada", quota));
        let decisions = futures_util::future::join_all(requests).await;
        allowed += decisions.iter().filter(|decision| decision.allowed).count();
    }
    let large = usize::try_from(LARGE).expect("a small number");
    // Some come back while this runs.
    assert!((large..large + 100).contains(&allowed), "{allowed}");
}

/// Who was refused and waits as told may pass again.
pub async fn who_waits_as_told_may_pass(port: Arc<dyn RateLimiter>) {
    let quota = Quota { window: Duration::from_secs(1), ..quota("short") };
    for _ in 0..3 {
        let mut decision = port.check("ada", quota).await;
        while decision.allowed {
            assert!(decision.reset_after <= quota.window);
            decision = port.check("ada", quota).await;
        }
        assert!(decision.reset_after <= quota.window);
        tokio::time::sleep(decision.reset_after + Duration::from_millis(2)).await;
        assert!(port.check("ada", quota).await.allowed);
    }
}

/// Makes a test of each promise. `$setup` gives an `Arc<dyn RateLimiter>`.
#[macro_export]
macro_rules! rate_limiter_contract {
    ($setup:expr) => {
        $crate::rate_limiter_contract! { @cases $setup;
            a_quota_is_used_up_and_no_more
            keys_and_quotas_do_not_mix
            a_quota_holds_for_requests_at_one_time
            a_large_quota_is_used_up_and_no_more
            who_waits_as_told_may_pass
        }
    };
    (@cases $setup:expr; $($case:ident)+) => {$(
        #[tokio::test]
        async fn $case() {
            $crate::contracts::rate_limiter::$case($setup).await;
        }
    )+};
}
