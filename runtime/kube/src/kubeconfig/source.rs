//! Which kubeconfig files are meant: the rules of kubectl and kind, given the environment as data.

use std::path::{Path, PathBuf};

/// Where kubeconfigs are. The caller reads the environment; this only knows the rules.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Source {
    /// A file named outright, as by `--kubeconfig`; then nothing else counts.
    pub file: Option<PathBuf>,
    /// What the variable `KUBECONFIG` says: paths with the separator of the system between them.
    pub variable: Option<String>,
    /// The home folder, for `~/.kube/config`.
    pub home: Option<PathBuf>,
}

impl Source {
    /// This file alone.
    pub fn of_file(path: impl Into<PathBuf>) -> Self {
        Self { file: Some(path.into()), ..Self::default() }
    }

    /// All files, in order of precedence; they need not exist. Empty and repeated entries are left out.
    pub fn paths(&self) -> Vec<PathBuf> {
        if let Some(file) = &self.file {
            return vec![file.clone()];
        }
        let mut paths = Vec::new();
        for path in self.variable.iter().flat_map(std::env::split_paths) {
            if !path.as_os_str().is_empty() && !paths.contains(&path) {
                paths.push(path);
            }
        }
        if paths.is_empty() {
            paths.extend(self.home.as_deref().map(default_path));
        }
        paths
    }

    /// The file that new entries and the current context are written to: the first that exists, else the last of the list.
    /// None when there is neither a file, a variable nor a home.
    pub fn path_to_write(&self) -> Option<PathBuf> {
        let paths = self.paths();
        paths.iter().find(|path| path.is_file()).or(paths.last()).cloned()
    }
}

fn default_path(home: &Path) -> PathBuf {
    home.join(".kube").join("config")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_file_stands_alone_and_the_home_comes_last() {
        let source = Source { file: Some("/a".into()), variable: Some("/b:/c".into()), home: Some("/home/me".into()) };
        assert_eq!(source.paths(), [PathBuf::from("/a")]);
        let source = Source { file: None, ..source };
        assert_eq!(source.paths(), [PathBuf::from("/b"), PathBuf::from("/c")]);
        let source = Source { variable: Some(String::new()), ..source };
        assert_eq!(source.paths(), [PathBuf::from("/home/me/.kube/config")]);
        assert_eq!(Source::default().paths(), Vec::<PathBuf>::new());
    }

    #[test]
    fn empty_and_repeated_entries_are_dropped() {
        let source = Source { variable: Some(":/b::/c:/b".into()), ..Source::default() };
        assert_eq!(source.paths(), [PathBuf::from("/b"), PathBuf::from("/c")]);
    }

    #[test]
    fn the_first_existing_file_is_written_to_else_the_last() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        let variable = format!("{}:{}", one.display(), two.display());
        let source = Source { variable: Some(variable), ..Source::default() };
        assert_eq!(source.path_to_write(), Some(two.clone()));
        std::fs::write(&one, "").unwrap();
        assert_eq!(source.path_to_write(), Some(one));
    }
}
