//! Resource Graph's answers as tables: names of columns beside rows.

use crate::diagnostic::Diagnostic;
use crate::json::{Data, Member, Value};

/// The rows of a table as objects; `None` for what is no table. `columns` are objects with a `name`, or names; rows are arrays
/// in the order of the columns.
///
/// # Errors
/// `input.table` where a row does not fit the columns.
pub(super) fn rows(value: &Value) -> Option<Result<Vec<Value>, Diagnostic>> {
    let (columns, rows) = (value.get("columns")?, value.get("rows")?);
    let name = |column: &Value| column.as_str().or_else(|| column.get("name")?.as_str()).map(str::to_owned);
    let names: Vec<String> = columns.items().iter().map(name).collect::<Option<_>>()?;
    Some(rows.items().iter().map(|row| object(&names, row)).collect())
}

fn object(names: &[String], row: &Value) -> Result<Value, Diagnostic> {
    let cells = row.items();
    if cells.len() != names.len() {
        let message = format!("a row of {} cells in a table of {} columns", cells.len(), names.len());
        return Err(Diagnostic::error("input.table", message).at(row.span));
    }
    let members = names.iter().zip(cells).map(|(name, cell)| Member {
        key: name.clone(),
        key_span: cell.span,
        value: cell.clone(),
    });
    Ok(Value::new(row.span, Data::Object(members.collect())))
}
