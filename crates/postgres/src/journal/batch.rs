//! The statements of one unit of work, sent together and judged in order.

use diesel::QueryResult;
use diesel::sql_types::{BigInt, Nullable, Uuid as SqlUuid};
use domain::MessageId;
use domain::ports::StorageError;
use futures_util::future::{BoxFuture, FutureExt};

use crate::columns::Id;
use crate::errors::{CONFLICT, Outcome, is_missing_reference, rejected};
use crate::session::{Session, changed, rows};
use crate::statement::Value;

/// One statement of a unit of work, and when it counts as done.
pub(super) struct Step<'a> {
    sql: &'static str,
    values: Vec<Value<'a>>,
    expected: Expected,
}

/// When a statement counts as done.
pub(super) enum Expected {
    /// Whatever it changed.
    Anything,
    /// When it changed so many rows; anything else is a conflict.
    Rows(usize),
    /// When it gave or changed any row; otherwise this rule is broken.
    Rule(&'static str),
    /// When it changed so many rows, and it is a conflict too when something that it refers to is gone, or when something refers to what
    /// it removes.
    RowsInPlace(usize),
    /// When it changed so many rows, which are new messages: when one of these parents is not in the conversation, that has to be looked into.
    Messages {
        /// How many messages.
        count: usize,
        /// What they stand under.
        parents: Vec<MessageId>,
    },
    /// It gives positions in the event log, and whose they are.
    Places,
}

/// A position in the event log, and whose it is.
pub(super) type Placed = (i64, Option<Id>);

/// Why a unit of work was not done.
pub(super) enum Undone {
    /// For this reason.
    Because(StorageError),
    /// One of these parents does not stand in the conversation: it is gone or elsewhere.
    Parents(Vec<MessageId>),
}

impl<T: Into<StorageError>> From<T> for Undone {
    fn from(error: T) -> Self {
        Self::Because(error.into())
    }
}

/// What a statement did.
enum Done {
    Changed(usize),
    Placed(Vec<Placed>),
}

impl<'a> Step<'a> {
    pub(super) const fn new(sql: &'static str, values: Vec<Value<'a>>, expected: Expected) -> Self {
        Self { sql, values, expected }
    }

    /// Sends it when the future is polled first.
    fn send<'s>(&self, session: &'s Session) -> Outcome<BoxFuture<'s, QueryResult<Done>>> {
        let connection = session.diesel()?;
        Ok(match self.expected {
            Expected::Places => {
                rows::<(BigInt, Nullable<SqlUuid>), Placed>(connection, self.sql, &self.values)
                    .map(|rows| rows.map(Done::Placed))
                    .boxed()
            }
            _ => changed(connection, self.sql, &self.values).map(|count| count.map(Done::Changed)).boxed(),
        })
    }

    /// The places, where it gives some.
    fn judge(self, done: QueryResult<Done>) -> Result<Option<Vec<Placed>>, Undone> {
        let wanted = match &self.expected {
            Expected::Rows(count) | Expected::RowsInPlace(count) | Expected::Messages { count, .. } => {
                Some(*count)
            }
            Expected::Anything | Expected::Places | Expected::Rule(_) => None,
        };
        match (done, self.expected) {
            (Ok(Done::Placed(placed)), _) => Ok(Some(placed)),
            (Ok(Done::Changed(0)), Expected::Rule(rule)) => Err(rejected(rule).into()),
            (Ok(Done::Changed(count)), _) if wanted.is_none_or(|wanted| wanted == count) => Ok(None),
            (Ok(Done::Changed(_)), _) => Err(CONFLICT.into()),
            (Err(error), Expected::Messages { parents, .. })
                if is_missing_reference(&error, "messages_parent") =>
            {
                Err(Undone::Parents(parents))
            }
            (Err(error), Expected::Messages { .. } | Expected::RowsInPlace(_))
                if is_missing_reference(&error, "") =>
            {
                Err(CONFLICT.into())
            }
            (Err(error), _) => Err(crate::errors::Failure::from(error).into()),
        }
    }
}

/// Carries out the steps in one transaction, which is not committed yet; the places that they give, in order. Where
/// every statement is known to the connection, all of them travel together; otherwise one after the other, because a
/// statement that has to be prepared first would be overtaken.
pub(super) async fn carry_out(session: &Session, steps: Vec<Step<'_>>) -> Result<Vec<Vec<Placed>>, Undone> {
    let prepared = &session.connection()?.prepared;
    let is_prepared = {
        let prepared = prepared.lock();
        steps.iter().all(|step| prepared.contains(step.sql))
    };
    let mut places = Vec::new();
    if is_prepared {
        let sent = steps.iter().map(|step| step.send(session)).collect::<Outcome<Vec<_>>>()?;
        let done = session.together(sent).await?;
        for (step, done) in steps.into_iter().zip(done) {
            places.extend(step.judge(done)?);
        }
        return Ok(places);
    }
    for step in steps {
        let sql = step.sql;
        if let Some(done) = session.together(vec![step.send(session)?]).await?.pop() {
            if done.is_ok() {
                prepared.lock().insert(sql);
            }
            places.extend(step.judge(done)?);
        }
    }
    Ok(places)
}
