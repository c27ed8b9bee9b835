//! The storage contract on Postgres, and what only Postgres promises.
