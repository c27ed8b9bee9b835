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

/// Makes a test of each promise. `$setup` gives an `Arc<dyn RateLimiter>`.
#[macro_export]
macro_rules! rate_limiter_contract {
    ($setup:expr) => {
        $crate::rate_limiter_contract! { @cases $setup;
            a_quota_is_used_up_and_no_more
            keys_and_quotas_do_not_mix
            a_quota_holds_for_requests_at_one_time
        }
    };
    (@cases $setup:expr; $($case:ident)+) => {$(
        #[tokio::test]
        async fn $case() {
            $crate::contracts::rate_limiter::$case($setup).await;
        }
    )+};
}
