//! `table::render`: rows as aligned text.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::layout::{self, Row};
use crate::{Cx, Operation};

/// Write rows as a table of aligned columns. Returns the text, a line a row, with a line feed at the end of each;
/// numbers stand at the right.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Render {
    /// The rows: maps, or lists of cells.
    rows: Vec<Row>,
    /// For maps, which keys to show in which order; by default all, sorted. For lists, the titles.
    #[serde(default)]
    columns: Option<Vec<String>>,
    /// Whether the titles stand above, in capitals.
    #[serde(default = "header")]
    header: bool,
}

impl Operation for Render {
    type Output = String;

    const NAME: &'static str = "table::render";
    const POSITIONAL: &'static [&'static str] = &["rows"];
    const RETURNS: &'static str = "a string";
    const EFFECT: Effect = Effect::Pure;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &[];
    const EXAMPLE: &'static str =
        r#"print(table::render([#{ name: "cluster1", nodes: 3 }, #{ name: "cluster2", nodes: 1 }]));"#;

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        let columns = self.columns.unwrap_or_else(|| layout::columns(&self.rows));
        let cells = self.rows.iter().map(|row| layout::cells(row, &columns)).collect();
        let titles = self.header && !columns.is_empty();
        Ok(layout::align(titles.then_some(columns), cells))
    }
}

fn header() -> bool {
    true
}
