//! How a table is laid out. Decides only.

use std::collections::{BTreeMap, BTreeSet};

use meshrun_host::Value;
use schemars::JsonSchema;
use serde::Deserialize;
use unicode_width::UnicodeWidthStr;

use crate::text;

/// What stands between two columns.
const GAP: &str = "   ";

/// A row.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a row: a map, or a list of cells")]
pub enum Row {
    /// Cells by column.
    Map(BTreeMap<String, Value>),
    /// Cells in order.
    List(Vec<Value>),
}

/// A cell as text, and whether it is a number.
#[derive(Debug, Default)]
pub struct Cell {
    text: String,
    number: bool,
}

/// All columns of the rows, sorted.
pub fn columns(rows: &[Row]) -> Vec<String> {
    let keys = rows.iter().flat_map(|row| match row {
        Row::Map(map) => map.keys().cloned().collect::<Vec<_>>(),
        Row::List(_) => Vec::new(),
    });
    keys.collect::<BTreeSet<_>>().into_iter().collect()
}

/// The cells of a row.
pub fn cells(row: &Row, columns: &[String]) -> Vec<Cell> {
    match row {
        Row::List(cells) => cells.iter().map(cell).collect(),
        Row::Map(map) => columns.iter().map(|column| map.get(column).map(cell).unwrap_or_default()).collect(),
    }
}

fn cell(value: &Value) -> Cell {
    Cell { text: text::shown(value).lines().collect::<Vec<_>>().join(" "), number: value.is_number() }
}

/// The lines of the table.
pub fn align(titles: Option<Vec<String>>, rows: Vec<Vec<Cell>>) -> String {
    let numbers = |at: usize| rows.iter().filter_map(|row| row.get(at)).all(|cell| cell.number || cell.text.is_empty());
    let count = rows.iter().map(Vec::len).chain(titles.iter().map(Vec::len)).max().unwrap_or(0);
    let right: Vec<bool> = (0..count).map(numbers).collect();
    let titles = titles.map(|titles| titles.into_iter().map(|title| title.to_uppercase()).collect::<Vec<_>>());
    let rows = rows.into_iter().map(|row| row.into_iter().map(|cell| cell.text).collect::<Vec<_>>());
    let lines: Vec<Vec<String>> = titles.into_iter().chain(rows).collect();
    let width = |at: usize| lines.iter().filter_map(|line| line.get(at)).map(|cell| cell.width()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..count).map(width).collect();
    lines.iter().map(|line| one_line(line, &widths, &right)).collect()
}

fn one_line(cells: &[String], widths: &[usize], right: &[bool]) -> String {
    let padded = cells.iter().enumerate().map(|(at, cell)| {
        let blanks = " ".repeat(widths[at] - cell.width());
        if right[at] { format!("{blanks}{cell}") } else { format!("{cell}{blanks}") }
    });
    let line = padded.collect::<Vec<_>>().join(GAP);
    format!("{}\n", line.trim_end())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rows(value: Value) -> Vec<Row> {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = rows(json!([{ "name": "东", "nodes": 3 }, { "name": "cluster2", "nodes": 12, "ready": true }, {}]));
        let columns = columns(&rows);
        let cells = rows.iter().map(|row| cells(row, &columns)).collect();
        let expected = "NAME       NODES   READY\n东             3\ncluster2      12   true\n\n";
        assert_eq!(align(Some(columns), cells), expected);
    }

    #[test]
    fn lists_are_rows_too_and_lines_in_cells_are_joined() {
        let rows = rows(json!([["a", 1], ["b\nc", [2, 3], null]]));
        let cells = rows.iter().map(|row| cells(row, &[])).collect();
        assert_eq!(align(None, cells), "a     1\nb c   [2,3]\n");
    }
}
