//! Every implementation keeps the promises of its port.

mod local {
    use std::sync::Arc;

    use cache::{LocalCache, LocalRateLimiter, Settings};

    testing::cache_contract!(Arc::new(LocalCache::new(&Settings::default())));
    testing::rate_limiter_contract!(Arc::new(LocalRateLimiter::default()));
}

mod redis {
    use std::sync::Arc;

    use crate::support::{cache_of, database, node, rate_limiter_of, relay_of};

    testing::cache_contract!(Arc::new(cache_of(&node(&database())).await));
    testing::rate_limiter_contract!(Arc::new(rate_limiter_of(&node(&database())).await));
    testing::relay_contract!(Arc::new(relay_of(&node(&database())).await));
}

/// Nobody listens there: the cache and the limits are those of the process.
mod redis_away {
    use std::sync::Arc;

    use cache::Settings;

    use crate::support::node;

    const NOWHERE: &str = "redis://127.0.0.1:1";

    testing::cache_contract!(Arc::new(node(NOWHERE).cache(&Settings::default())));
    testing::rate_limiter_contract!(Arc::new(node(NOWHERE).rate_limiter()));
}
