//! Work on one connection, inside one transaction that sees one workspace.
//!
//! ```ignore
//! async fn get(&self, workspace_id: WorkspaceId, id: RunId) -> Result<Option<Run>, StorageError> {
//!     let session = self.read(Scope::Workspace(workspace_id)).await?;
//!     let row = session.optional::<Types, Row>(GET, values![id, workspace_id]).await?;
//!     Ok(row.map(Run::try_from).transpose()?)
//! }
//!
//! async fn finish(&self, id: JobId) -> Result<(), StorageError> {
//!     let session = self.write(Scope::System).await?;
//!     session.execute("DELETE FROM jobs WHERE id = $1", values![id]).await?;
//!     Ok(session.commit().await?)
//! }
//! ```
//!
//! Taking a session asks the server nothing: the beginning of the transaction travels with the first statement, and its
//! end is sent, without waiting, when the session is dropped. What was written and not committed is rolled back then.
//! A session that is dropped while a statement is under way, or after a failure of the connection, takes the
//! connection with it. After a statement failed, the others fail too. Statements whose futures are polled together
//! (`futures_util::try_join!`) travel together, but one that is not prepared yet lets others overtake it.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use deadpool::managed::Object;
use diesel::QueryResult;
use diesel::deserialize::FromSqlRow;
use diesel::pg::Pg;
use diesel::result::{DatabaseErrorKind, Error};
use diesel_async::{AsyncConnectionCore, AsyncPgConnection, SimpleAsyncConnection};
use domain::WorkspaceId;
use domain::ports::StorageError;
use futures_util::future::{BoxFuture, FutureExt, join};
use futures_util::stream::TryStreamExt;
use storage::Outage;

use crate::connection::{Connection, Connector};
use crate::errors::{CONFLICT, Outcome};
use crate::statement::{Statement, Value};

/// Which rows a session sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Those of one workspace.
    Workspace(WorkspaceId),
    /// All: for look-ups by a secret, for recovery, background work and keeping order.
    System,
}

/// What a session may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Read.
    Read,
    /// Read and write; what is committed is durable.
    Write,
    /// Read and write; what is committed in the last moments before a crash may be lost.
    Hasty,
}

/// How long a statement waits before it is asked whether the server answers anybody at all.
const UNEASY: Duration = Duration::from_millis(500);

/// Work on one connection, inside one transaction.
pub(crate) struct Session {
    /// Always there until the session is dropped.
    connection: Option<Object<Connector>>,
    scope: Scope,
    access: Access,
    patience: Duration,
    is_patient: bool,
    has_begun: AtomicBool,
    /// A statement is under way, or was when its future was dropped.
    is_busy: AtomicBool,
}

impl Session {
    pub(crate) const fn new(
        connection: Object<Connector>,
        scope: Scope,
        access: Access,
        patience: Duration,
    ) -> Self {
        Self {
            connection: Some(connection),
            scope,
            access,
            patience,
            is_patient: false,
            has_begun: AtomicBool::new(false),
            is_busy: AtomicBool::new(false),
        }
    }

    /// Lets each statement of this session take longer than the settings say. To be called before the first one.
    pub(crate) const fn patient(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self.is_patient = true;
        self
    }

    /// All rows of a query.
    pub(crate) async fn load<Types, Row>(&self, sql: &str, values: &[Value<'_>]) -> Outcome<Vec<Row>>
    where
        Types: 'static,
        Row: FromSqlRow<Types, Pg> + Send + 'static,
    {
        let rows = rows::<Types, Row>(self.diesel()?, sql, values);
        Ok(self.run(rows).await?)
    }

    /// The only row of a query; `None` where there is none.
    pub(crate) async fn optional<Types, Row>(&self, sql: &str, values: &[Value<'_>]) -> Outcome<Option<Row>>
    where
        Types: 'static,
        Row: FromSqlRow<Types, Pg> + Send + 'static,
    {
        Ok(self.load::<Types, Row>(sql, values).await?.into_iter().next())
    }

    /// The only row of a query that always has one.
    pub(crate) async fn one<Types, Row>(&self, sql: &str, values: &[Value<'_>]) -> Outcome<Row>
    where
        Types: 'static,
        Row: FromSqlRow<Types, Pg> + Send + 'static,
    {
        Ok(self.optional::<Types, Row>(sql, values).await?.ok_or(Error::NotFound)?)
    }

    /// Executes a statement; how many rows it changed.
    pub(crate) async fn execute(&self, sql: &str, values: &[Value<'_>]) -> Outcome<usize> {
        let changed = changed(self.diesel()?, sql, values);
        Ok(self.run(changed).await?)
    }

    /// Executes a statement that must change exactly one row, else it is a conflict.
    pub(crate) async fn change_one(&self, sql: &str, values: &[Value<'_>]) -> Outcome<()> {
        if self.execute(sql, values).await? == 1 { Ok(()) } else { Err(CONFLICT) }
    }

    /// Makes what was written durable. Only then a session that writes has changed anything.
    pub(crate) async fn commit(self) -> Outcome<()> {
        if self.has_begun.load(Ordering::Relaxed) {
            let ended = batch(self.diesel()?, "COMMIT".to_owned());
            self.wait(ended).await?;
            self.has_begun.store(false, Ordering::Relaxed);
        }
        Ok(())
    }

    pub(crate) fn connection(&self) -> Outcome<&Connection> {
        Ok(self.connection.as_deref().ok_or_else(|| Outage::new("the session is over"))?)
    }

    pub(crate) fn diesel(&self) -> Outcome<&AsyncPgConnection> {
        Ok(&self.connection()?.diesel)
    }

    /// Runs a statement, behind the beginning of the transaction where it has not begun yet.
    pub(crate) async fn run<T>(
        &self,
        statement: impl Future<Output = QueryResult<T>>,
    ) -> Result<T, StorageError> {
        if self.has_begun.swap(true, Ordering::Relaxed) {
            return self.wait(statement).await;
        }
        let begin = batch(self.diesel().map_err(StorageError::from)?, self.beginning());
        // Polled in this order, they are sent in this order.
        let both = join(begin, statement).map(|(begun, result)| begun.and(result));
        self.wait(both).await
    }

    /// Runs statements that travel together, and gives what became of each; an error where the connection failed.
    pub(crate) async fn together<T>(
        &self,
        statements: Vec<BoxFuture<'_, QueryResult<T>>>,
    ) -> Result<Vec<QueryResult<T>>, StorageError> {
        let answers = in_order(statements).map(|answers| {
            let lost = |answer: &QueryResult<T>| matches!(answer, Err(Error::DatabaseError(kind, _)) if is_lost(*kind));
            match answers.iter().position(lost) {
                Some(index) => Err(answers.into_iter().nth(index).and_then(Result::err).unwrap_or(Error::NotFound)),
                None => Ok(answers),
            }
        });
        self.run(answers).await
    }

    /// Waits for an answer of the server, but not for ever.
    async fn wait<T>(&self, answer: impl Future<Output = QueryResult<T>>) -> Result<T, StorageError> {
        self.is_busy.store(true, Ordering::Relaxed);
        let pulse = &self.connection().map_err(StorageError::from)?.pulse;
        let mut answer = std::pin::pin!(answer);
        let answered = async {
            loop {
                let beats = async {
                    tokio::time::sleep(UNEASY).await;
                    pulse.beats().await
                };
                tokio::select! {
                    biased;
                    answer = &mut answer => return Some(answer),
                    beats = beats => if !beats { return None },
                }
            }
        };
        let answer = tokio::time::timeout(self.patience + Duration::from_millis(500), answered).await;
        let answer =
            answer.ok().flatten().ok_or_else(|| Outage::new("the database did not answer in time"))?;
        let is_lost = matches!(&answer, Err(Error::DatabaseError(kind, _)) if is_lost(*kind));
        self.is_busy.store(is_lost, Ordering::Relaxed);
        answer.map_err(|error| crate::errors::Failure::from(error).into())
    }

    /// What begins the transaction: one message to the server.
    fn beginning(&self) -> String {
        let mode = if self.access == Access::Read { "BEGIN READ ONLY" } else { "BEGIN" };
        let haste = if self.access == Access::Hasty { "; SET LOCAL synchronous_commit = off" } else { "" };
        let patience = if self.is_patient {
            format!("; SET LOCAL statement_timeout = {}", self.patience.as_millis())
        } else {
            String::new()
        };
        match self.scope {
            Scope::Workspace(id) => {
                format!("{mode}; SET LOCAL colloquy.workspace = '{}'{haste}{patience}", id.uuid())
            }
            Scope::System => format!("{mode}; SET LOCAL colloquy.workspace = '*'{haste}{patience}"),
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        if *self.is_busy.get_mut() {
            connection.cut();
            // A connection that is gone must not come back to the pool.
            drop(Object::take(connection));
        } else if *self.has_begun.get_mut() {
            let end = if self.access == Access::Read { "COMMIT" } else { "ROLLBACK" };
            // Asking once sends it; the next transaction on the connection queues up behind it.
            let _ = batch(&connection.diesel, end.to_owned()).now_or_never();
        }
    }
}

const fn is_lost(kind: DatabaseErrorKind) -> bool {
    matches!(kind, DatabaseErrorKind::UnableToSendCommand | DatabaseErrorKind::ClosedConnection)
}

/// Polls all futures once, in their order, and then waits for them in that order.
async fn in_order<T>(mut statements: Vec<BoxFuture<'_, T>>) -> Vec<T> {
    let mut answers: Vec<Option<T>> = Vec::with_capacity(statements.len());
    for statement in &mut statements {
        answers.push(match futures_util::poll!(statement) {
            Poll::Ready(answer) => Some(answer),
            Poll::Pending => None,
        });
    }
    let mut all = Vec::with_capacity(answers.len());
    for (statement, answer) in statements.into_iter().zip(answers) {
        all.push(match answer {
            Some(answer) => answer,
            None => statement.await,
        });
    }
    all
}

/// A few statements without values, in one message.
pub(crate) fn batch(connection: &AsyncPgConnection, sql: String) -> BoxFuture<'_, QueryResult<()>> {
    async move { (&mut &*connection).batch_execute(&sql).await }.boxed()
}

/// Sends a query when it is polled first; all its rows.
pub(crate) fn rows<'c, Types, Row>(
    mut connection: &'c AsyncPgConnection,
    sql: &str,
    values: &[Value<'_>],
) -> impl Future<Output = QueryResult<Vec<Row>>> + Send + use<'c, Types, Row>
where
    Types: 'static,
    Row: FromSqlRow<Types, Pg> + Send + 'static,
{
    let stream = AsyncConnectionCore::load(&mut connection, Statement::<Types>::new(sql, values));
    async move {
        let read = |row| Row::build_from_row(&row).map_err(Error::DeserializationError);
        stream.await?.and_then(async |row| read(row)).try_collect().await
    }
}

/// Sends a statement when it is polled first; how many rows it changed.
pub(crate) fn changed<'c>(
    mut connection: &'c AsyncPgConnection,
    sql: &str,
    values: &[Value<'_>],
) -> BoxFuture<'c, QueryResult<usize>> {
    AsyncConnectionCore::execute_returning_count(&mut connection, Statement::<()>::new(sql, values))
}
