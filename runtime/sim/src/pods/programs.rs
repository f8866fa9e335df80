//! How programs in containers end, if they do.

use serde_json::Value;

use crate::controllers::object::list;

/// The exit code of the first container of a pod, if its program ends by itself.
pub fn exit_code(pod: &Value) -> Option<i32> {
    let container = list(pod, "/spec/containers").first()?;
    let words = list(container, "/command").iter().chain(list(container, "/args")).filter_map(Value::as_str);
    ends(&words.collect::<Vec<_>>())
}

/// The exit code of a command that ends by itself, as far as that can be read from it.
fn ends(words: &[&str]) -> Option<i32> {
    let (program, arguments) = words.split_first()?;
    match program.rsplit('/').next().unwrap_or_default() {
        "true" | "echo" | "printf" | "date" | "env" | "hostname" | "ls" | "curl" | "wget" => Some(0),
        "false" => Some(1),
        "exit" => arguments.first().and_then(|one| one.parse().ok()),
        "sh" | "bash" | "ash" if arguments.first().is_some_and(|one| one.starts_with('-') && one.ends_with('c')) => {
            let script = arguments.get(1)?;
            let last = script.split([';', '\n', '&']).map(str::trim).rfind(|one| !one.is_empty())?;
            if script.contains("while ") || script.contains("sleep ") && last.starts_with("sleep") {
                return None;
            }
            ends(&last.split_whitespace().collect::<Vec<_>>())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_run_on_and_commands_end() {
        assert_eq!(ends(&["/bin/sleep", "infinity"]), None);
        assert_eq!(ends(&["sh", "-c", "echo hello; exit 3"]), Some(3));
        assert_eq!(ends(&["sh", "-c", "while true; do sleep 1; done"]), None);
        assert_eq!(ends(&["true"]), Some(0));
        assert_eq!(ends(&[]), None);
    }
}
