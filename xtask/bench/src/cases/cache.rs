//! What a value costs that is remembered, beside reading it.

use std::time::{Duration, Instant};

use ::cache::{LocalCache, Redis, RedisSettings, Settings};
use domain::UserId;
use domain::ports::{Cache, CacheKey, Cached};
use uuid::Uuid;

use crate::figures::{print, ratio};
use crate::{Outcome, stores};

const KEEP: Duration = Duration::from_mins(10);
const VALUE: usize = 512;

pub async fn run() -> Outcome {
    let (postgres, redis) = (stores::postgres().await?, stores::redis().await?);
    let database = stores::database(&postgres).await?;
    ::postgres::migrate::up(&::postgres::Settings::at(&database.url())).await?;
    let opened = ::postgres::Postgres::open(&::postgres::Settings::at(&database.url())).await?;
    let read = timed(2_000, async || {
        domain::ports::Identities::first_workspace(&*opened).await.map(drop).map_err(Into::into)
    })
    .await?;
    print("cache", "one row read from Postgres by the port", &shown(read), "");
    let local = LocalCache::new(&Settings::default());
    hits("in process", &local, read).await?;
    let shared = Redis::new(&RedisSettings::at(&redis.url()))?.ok_or("there is a Redis")?;
    let shared = shared.cache(&Settings::default());
    shared.ready(Duration::from_secs(5)).await;
    hits("with Redis, on the node that read it", &shared, read).await?;
    opened.shutdown().await;
    Ok(())
}

async fn hits(what: &str, cache: &dyn Cache, read: Duration) -> Outcome {
    let key = CacheKey { kind: "conversation", id: Uuid::nil().to_string() };
    let load = || -> domain::ports::Load<'static> {
        let value = Cached { owner_id: UserId::from_uuid(Uuid::nil()), bytes: vec![b'x'; VALUE] };
        Box::pin(async move { Ok(Some(value)) })
    };
    cache.get_or_load(&key, KEEP, load()).await?;
    let hit =
        timed(200_000, async || cache.get_or_load(&key, KEEP, load()).await.map(drop).map_err(Into::into));
    let hit = hit.await?;
    let beside = format!("{} reading one row", ratio(hit.as_secs_f64(), read.as_secs_f64()));
    print("cache", &format!("a hit {what}, {VALUE} bytes"), &shown(hit), &beside);
    Ok(())
}

/// How long one of many takes.
async fn timed(times: u32, mut work: impl AsyncFnMut() -> Outcome) -> Outcome<Duration> {
    let start = Instant::now();
    for _ in 0..times {
        work().await?;
    }
    Ok(start.elapsed() / times)
}

fn shown(duration: Duration) -> String {
    format!("{:.2} µs", duration.as_secs_f64() * 1e6)
}
