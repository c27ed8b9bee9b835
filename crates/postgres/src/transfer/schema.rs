//! What stands in the way of filling tables: indexes, references and triggers. They are put aside, and come back in the
//! end, when one pass over each table does what would otherwise be done row by row.

use storage::transfer::{TABLES, TransferError};

use super::copy::Types;
use super::{Connection, explained};

/// What a statement of this lists: the statement that takes something away, and the one that brings it back.
const INDEXES: &str = "
    SELECT format('DROP INDEX %I', i.relname), replace(pg_get_indexdef(x.indexrelid), ' ON ONLY ', ' ON ')
    FROM pg_index x
    JOIN pg_class i ON i.oid = x.indexrelid
    JOIN pg_class t ON t.oid = x.indrelid
    WHERE t.relnamespace = current_schema()::regnamespace AND t.relname::text = ANY ($1)
        AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = x.indexrelid AND c.contype IN ('p', 'u', 'x'))
    ORDER BY i.relname";
const REFERENCES: &str = "
    SELECT format('ALTER TABLE %I DROP CONSTRAINT %I', t.relname, c.conname),
        format('ALTER TABLE %I ADD CONSTRAINT %I %s', t.relname, c.conname, pg_get_constraintdef(c.oid))
    FROM pg_constraint c
    JOIN pg_class t ON t.oid = c.conrelid
    WHERE c.contype = 'f' AND c.conparentid = 0
        AND t.relnamespace = current_schema()::regnamespace AND t.relname::text = ANY ($1)
    ORDER BY t.relname, c.conname";
const TRIGGERS: &str = "
    SELECT DISTINCT format('ALTER TABLE %I DISABLE TRIGGER USER', t.relname),
        format('ALTER TABLE %I ENABLE TRIGGER USER', t.relname)
    FROM pg_trigger g
    JOIN pg_class t ON t.oid = g.tgrelid
    WHERE NOT g.tgisinternal AND t.relnamespace = current_schema()::regnamespace AND t.relname::text = ANY ($1)
    ORDER BY 1";

/// Puts everything aside, and notes how it comes back, in the transaction that is under way.
pub(super) fn put_aside(connection: &Connection) -> Result<(), TransferError> {
    connection.batch(
        "CREATE TABLE unfinished_copy_schema (place bigint GENERATED ALWAYS AS IDENTITY, statement text NOT NULL)",
    )?;
    let names: Vec<&str> = TABLES.iter().map(|table| table.name).collect();
    let mut undo = Vec::new();
    // References lean on indexes, so these come back first.
    for list in [REFERENCES, INDEXES, TRIGGERS] {
        let rows =
            connection.runtime.block_on(connection.client.query(list, &[&names])).map_err(explained)?;
        let mut back = Vec::with_capacity(rows.len());
        for row in rows {
            connection.batch(row.try_get(0).map_err(explained)?)?;
            back.push(row.try_get::<_, String>(1).map_err(explained)?);
        }
        undo.push(back);
    }
    undo.swap(0, 1);
    for statement in undo.iter().flatten() {
        let note = "INSERT INTO unfinished_copy_schema (statement) VALUES ($1)";
        connection.runtime.block_on(connection.client.execute(note, &[statement])).map_err(explained)?;
    }
    Ok(())
}

/// Brings everything back, each in a transaction of its own: what is back is not done again.
pub(super) fn bring_back(connection: &Connection) -> Result<(), TransferError> {
    let list = "SELECT place, statement FROM unfinished_copy_schema ORDER BY place";
    let rows = connection.runtime.block_on(connection.client.query(list, &[])).map_err(explained)?;
    for row in rows {
        let (place, statement): (i64, String) =
            (row.try_get(0).map_err(explained)?, row.try_get(1).map_err(explained)?);
        connection.batch(&format!(
            "BEGIN; {statement}; DELETE FROM unfinished_copy_schema WHERE place = {place}; COMMIT"
        ))?;
    }
    Ok(())
}

/// The types of all columns, as SQL writes them.
pub(super) fn types(connection: &Connection) -> Result<Types, TransferError> {
    let list = "SELECT t.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod)
                FROM pg_attribute a JOIN pg_class t ON t.oid = a.attrelid
                WHERE t.relnamespace = current_schema()::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
                    AND t.relname::text = ANY ($1)";
    let names: Vec<&str> = TABLES.iter().map(|table| table.name).collect();
    let rows = connection.runtime.block_on(connection.client.query(list, &[&names])).map_err(explained)?;
    rows.iter()
        .map(|row| Ok(((row.try_get(0)?, row.try_get(1)?), row.try_get(2)?)))
        .collect::<Result<Types, tokio_postgres::Error>>()
        .map_err(explained)
}
