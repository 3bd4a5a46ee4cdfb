//! Resource Graph's answers as tables: names of columns beside rows.

use crate::diagnostic::Diagnostic;
use crate::json::{Data, Member, Value};

/// Longest name of a column, in bytes: each cell gets it.
const MAX_NAME: usize = 256;

/// The rows of a table as objects, one after the other; `None` for what is no table. `columns` are objects with a `name`, or
/// names; rows are arrays in the order of the columns.
///
/// # Errors
/// `input.table` where a row does not fit the columns, or the name of a column is too long.
pub(super) fn rows(value: &Value) -> Option<Result<impl Iterator<Item = Value>, Diagnostic>> {
    let (columns, rows) = (value.get("columns")?, value.get("rows")?);
    let name = |column: &Value| column.as_str().or_else(|| column.get("name")?.as_str()).map(str::to_owned);
    let names: Vec<String> = columns.items().iter().map(name).collect::<Option<_>>()?;
    let wrong = |message, at| Some(Err(Diagnostic::error("input.table", message).at(at)));
    if names.iter().any(|name| name.len() > MAX_NAME) {
        return wrong(format!("the name of a column has more than {MAX_NAME} bytes"), columns.span);
    }
    if let Some(row) = rows.items().iter().find(|row| row.items().len() != names.len()) {
        return wrong(format!("a row of {} cells in a table of {} columns", row.items().len(), names.len()), row.span);
    }
    Some(Ok(rows.items().iter().map(move |row| object(&names, row))))
}

fn object(names: &[String], row: &Value) -> Value {
    let members = names.iter().zip(row.items()).map(|(name, cell)| Member {
        key: name.clone(),
        key_span: cell.span,
        value: cell.clone(),
    });
    Value::new(row.span, Data::Object(members.collect()))
}
