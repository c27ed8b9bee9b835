//! `colloquy copy`: moving everything from one database into another one.

#[cfg(test)]
mod accounts;
mod location;
mod progress;
#[cfg(test)]
mod tests;

use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use storage::transfer::{Batch, Digest, Source, TABLES, Table, Target, TransferError};

use crate::cli::CopyArguments;
use crate::failure::Failure;
use crate::output;
use progress::Bar;

/// The most rows that are read in one go; large ones come in smaller pieces.
const ROWS: usize = 4_096;
/// How many pieces wait to be written.
const WAITING: usize = 2;

/// Copies everything and compares both.
pub fn run(arguments: &CopyArguments) -> Result<(), Failure> {
    let from = location::read("--from", arguments.from.as_deref(), arguments.from_file.as_deref())?;
    let to = location::read("--to", arguments.to.as_deref(), arguments.to_file.as_deref())?;
    let mut source = location::source(&from)?;
    let mut target = location::target(&to, &*source)?;
    let accounts =
        TABLES.iter().find(|table| table.name == "users").map(|users| source.count(users)).transpose()?;
    if accounts == Some(0) {
        output::warn("the source has no account: whoever opens the copy first sets it up like a new one");
    }
    let started = Instant::now();
    let copied = fill(&mut *source, &mut *target)?;
    let seconds = started.elapsed().as_secs_f64();
    let digests = compare(&mut *source, &mut *target)?;
    target.finish(source.newest_position()?)?;
    let mut lines: Vec<String> = digests
        .iter()
        .map(|(table, digest)| format!("{:<20} {:>12} rows  {digest}", table.name, digest.rows))
        .collect();
    lines.push(format!(
        "Copied in {seconds:.1} s: {copied} rows, {} rows/s. Both databases hold the same.",
        per_second(copied, seconds)
    ));
    output::print(&lines.join("\n"))
}

#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a rate for people")]
#[expect(clippy::cast_sign_loss, reason = "neither is negative")]
fn per_second(rows: u64, seconds: f64) -> u64 {
    (rows as f64 / seconds.max(0.001)) as u64
}

/// Copies what is missing; gives how many rows that were.
fn fill(source: &mut dyn Source, target: &mut dyn Target) -> Result<u64, Failure> {
    let done = target.begin()?;
    let mut total = 0;
    for table in &TABLES {
        total += source.count(table)?;
    }
    let stored: u64 = done.tables.iter().map(|(_, _, rows)| rows).sum();
    let bar = Bar::new("copying", total, stored);
    for table in &TABLES {
        bar.table(table.name);
        let (after, _) = done.of(table);
        each_batch(source, table, after, |batch| {
            target.write(table, &batch)?;
            bar.add(batch.rows.len());
            Ok(())
        })?;
        if table.name == "workspaces" {
            target.search_in(&source.search_languages()?)?;
        }
    }
    Ok(bar.finish() - stored)
}

/// Reads a table to its end, while what was read before is dealt with.
fn each_batch(
    source: &mut dyn Source,
    table: &'static Table,
    after: Option<&str>,
    mut deal_with: impl FnMut(Batch) -> Result<(), TransferError>,
) -> Result<(), TransferError> {
    let mut after = after.map(str::to_owned);
    thread::scope(|scope| {
        let (batches, ready) = mpsc::sync_channel(WAITING);
        let reading = scope.spawn(move || {
            loop {
                let batch = source.read(table, after.as_deref(), ROWS)?;
                if batch.rows.is_empty() {
                    return Ok(());
                }
                after = Some(batch.cursor.clone());
                // Nobody receives any more where dealing with it failed, and whoever failed says why.
                if batches.send(batch).is_err() {
                    return Ok(());
                }
            }
        });
        let outcome = ready.into_iter().try_for_each(&mut deal_with);
        let read = reading.join().unwrap_or_else(|_| Err(table.problem("reading it broke off")));
        outcome.and(read)
    })
}

/// Reads both databases as a whole and gives what each table holds; a failure where they differ.
fn compare(
    source: &mut dyn Source,
    target: &mut dyn Target,
) -> Result<Vec<(&'static Table, Digest)>, Failure> {
    let mut total = 0;
    for table in &TABLES {
        total += source.count(table)?;
    }
    let bar = Bar::new("comparing", total, 0);
    let mut digests = Vec::with_capacity(TABLES.len());
    for table in &TABLES {
        bar.table(table.name);
        let (expected, found) = thread::scope(|scope| {
            let expected = scope.spawn(|| digest(source, table, &mut |rows| bar.add(rows)));
            let found = digest(target, table, &mut |_| {});
            let expected = expected.join().unwrap_or_else(|_| Err(table.problem("reading it broke off")));
            expected.and_then(|expected| Ok((expected, found?)))
        })?;
        if expected != found {
            return Err(differ(table, expected, found));
        }
        digests.push((table, found));
    }
    bar.finish();
    Ok(digests)
}

fn digest<S: Source + ?Sized>(
    database: &mut S,
    table: &'static Table,
    seen: &mut dyn FnMut(usize),
) -> Result<Digest, TransferError> {
    let (mut digest, mut after) = (Digest::default(), None::<String>);
    loop {
        let batch = database.read(table, after.as_deref(), ROWS)?;
        if batch.rows.is_empty() {
            return Ok(digest);
        }
        for row in &batch.rows {
            digest.add(row);
        }
        seen(batch.rows.len());
        after = Some(batch.cursor);
    }
}

fn differ(table: &Table, expected: Digest, found: Digest) -> Failure {
    let what = if expected.rows == found.rows {
        format!("{} rows each, but not the same ones", expected.rows)
    } else {
        format!("{} rows in the source and {} in the target", expected.rows, found.rows)
    };
    Failure::failed(format!("the two databases differ in {}: {what}", table.name)).advise(
        "The source was changed after the copy had begun. Stop whatever uses it, empty the target, and begin anew.",
    )
}

impl From<TransferError> for Failure {
    fn from(error: TransferError) -> Self {
        match error {
            TransferError::InUse(_) => Self::busy(error.to_string())
                .advise("A database is copied while nobody uses it: stop the server first."),
            TransferError::Unreachable(_) => Self::busy(error.to_string()),
            TransferError::Address(_) | TransferError::Same | TransferError::NotEmpty(_) => {
                Self::settings(error.to_string())
            }
            TransferError::Unusable(_) | TransferError::Row { .. } | TransferError::Failed(_) => {
                Self::failed(error.to_string())
            }
        }
    }
}
