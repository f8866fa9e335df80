//! The files of a container, in memory.

use std::{
    collections::BTreeMap,
    io::{self, Cursor, Read},
};

use bytes::Bytes;

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A folder.
    Folder,
    /// A file.
    File(Bytes),
    /// A symbolic link.
    Link(String),
    /// A socket.
    Socket,
}

/// A path's content, rights and time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub content: Content,
    /// The rights: `0o644`.
    pub mode: u32,
    /// When it was changed, in seconds of Unix time.
    pub modified: i64,
}

/// Files by their absolute, plain paths. The root is always there.
#[derive(Debug, Clone, Default)]
pub struct Files(BTreeMap<String, Entry>);

/// How many links lead to a file at most.
const LINKS: usize = 16;

impl Files {
    /// The plain form of a path: absolute, without `.`, `..` and double slashes; links are not followed.
    pub fn plain(folder: &str, path: &str) -> String {
        let whole = if path.starts_with('/') { path.to_owned() } else { format!("{folder}/{path}") };
        let mut parts: Vec<&str> = Vec::new();
        for part in whole.split('/') {
            match part {
                "" | "." => {}
                ".." => _ = parts.pop(),
                part => parts.push(part),
            }
        }
        format!("/{}", parts.join("/"))
    }

    /// Where a path leads when all links are followed, whether something is there or not.
    pub fn resolved(&self, path: &str) -> String {
        let mut path = Self::plain("/", path);
        for _ in 0..LINKS {
            let Some((front, target, rest)) = self.first_link(&path) else { return path };
            let parent = front.rsplit_once('/').map_or("/", |(parent, _)| parent);
            path = Self::plain(&Self::plain(parent, &target), &format!("./{rest}"));
        }
        path
    }

    fn first_link(&self, path: &str) -> Option<(String, String, String)> {
        let mut front = String::new();
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        for (at, part) in parts.iter().enumerate() {
            front = format!("{front}/{part}");
            if let Some(Entry { content: Content::Link(target), .. }) = self.0.get(&front) {
                return Some((front, target.clone(), parts[at + 1..].join("/")));
            }
        }
        None
    }

    /// What is at a path, links followed. The root is a folder.
    pub fn get(&self, path: &str) -> Option<Entry> {
        self.there(&self.resolved(path))
    }

    /// What is at a path itself: a link is a link, but its folders are followed.
    pub fn get_itself(&self, path: &str) -> Option<Entry> {
        self.there(&self.itself(path))
    }

    /// The path with the links of its folders followed, but not its own.
    pub fn itself(&self, path: &str) -> String {
        let path = Self::plain("/", path);
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", ""));
        Self::plain(&self.resolved(parent), name)
    }

    fn there(&self, path: &str) -> Option<Entry> {
        let root = || Entry { content: Content::Folder, mode: 0o755, modified: 0 };
        if path == "/" { Some(root()) } else { self.0.get(path).cloned() }
    }

    /// Whether a path is a folder.
    pub fn is_folder(&self, path: &str) -> bool {
        self.get(path).is_some_and(|entry| entry.content == Content::Folder)
    }

    /// The bytes of a file.
    pub fn read(&self, path: &str) -> Option<Bytes> {
        match self.get(path)?.content {
            Content::File(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Put something at a path, whose folders are made.
    pub fn put(&mut self, path: &str, entry: Entry) {
        let path = if matches!(entry.content, Content::Link(_)) { self.itself(path) } else { self.resolved(path) };
        if path == "/" {
            return;
        }
        let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent).to_owned();
        self.folder(&parent, entry.modified);
        self.0.insert(path, entry);
    }

    /// Write a file, whose folders are made.
    pub fn write(&mut self, path: &str, bytes: impl Into<Bytes>) {
        self.put(path, Entry { content: Content::File(bytes.into()), mode: 0o644, modified: now() });
    }

    /// Make a folder, and those above it, unless it is there.
    pub fn folder(&mut self, path: &str, modified: i64) {
        let path = self.resolved(path);
        let mut front = String::new();
        for part in path.split('/').filter(|part| !part.is_empty()) {
            front = format!("{front}/{part}");
            let folder = || Entry { content: Content::Folder, mode: 0o755, modified };
            self.0.entry(front.clone()).or_insert_with(folder);
        }
    }

    /// Remove a path and everything beneath it. Returns whether something was there.
    pub fn remove(&mut self, path: &str) -> bool {
        let path = self.itself(path);
        let beneath = format!("{path}/");
        let before = self.0.len();
        self.0.retain(|one, _| *one != path && !one.starts_with(&beneath));
        self.0.len() != before
    }

    /// Everything beneath a path with its path, in order.
    pub fn beneath<'a>(&'a self, path: &str) -> impl Iterator<Item = (&'a String, &'a Entry)> {
        let front = if path == "/" { "/".to_owned() } else { format!("{path}/") };
        self.0.range(front.clone()..).take_while(move |(one, _)| one.starts_with(&front))
    }

    /// The names of what is in a folder.
    pub fn children(&self, path: &str) -> Vec<String> {
        let path = self.resolved(path);
        let skip = if path == "/" { 1 } else { path.len() + 1 };
        self.beneath(&path).map(|(one, _)| &one[skip..]).filter(|name| !name.contains('/')).map(str::to_owned).collect()
    }

    /// An archive of a path. Its entries are called `name` and what is beneath it.
    ///
    /// # Errors
    /// When a path is too long for an archive.
    pub fn archive(&self, path: &str, name: &str) -> io::Result<Vec<u8>> {
        let mut builder = tar::Builder::new(Vec::new());
        let path = self.itself(path);
        if let Some(entry) = self.there(&path) {
            append(&mut builder, name, &entry)?;
        }
        for (one, entry) in self.beneath(&path) {
            let rest = one[path.len()..].trim_start_matches('/');
            append(&mut builder, &format!("{}/{rest}", name.trim_end_matches('/')), entry)?;
        }
        builder.into_inner()
    }

    /// Unpack an archive into a folder; compressed with gzip or not.
    ///
    /// # Errors
    /// When it is no archive.
    pub fn unpack(&mut self, folder: &str, archive: &[u8]) -> io::Result<()> {
        let mut archive = tar::Archive::new(plain_archive(archive)?);
        for entry in archive.entries()? {
            let mut entry = entry?;
            let path = Self::plain(folder, &format!("./{}", String::from_utf8_lossy(&entry.path_bytes())));
            let (mode, modified) = (entry.header().mode()? & 0o7777, entry.header().mtime()?.cast_signed());
            let link = entry.link_name_bytes().map(|name| String::from_utf8_lossy(&name).into_owned());
            let content = match entry.header().entry_type() {
                tar::EntryType::Directory => Content::Folder,
                tar::EntryType::Symlink => Content::Link(link.unwrap_or_default()),
                tar::EntryType::Link => {
                    let target = Self::plain(folder, &format!("./{}", link.unwrap_or_default()));
                    Content::File(self.read(&target).unwrap_or_default())
                }
                kind if kind.is_file() => {
                    let mut bytes = Vec::new();
                    entry.read_to_end(&mut bytes)?;
                    Content::File(bytes.into())
                }
                _ => continue, // devices and pipes: nothing here reads them
            };
            self.put(&path, Entry { content, mode, modified });
        }
        Ok(())
    }
}

/// The current time in seconds.
pub fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// An archive without its compression.
///
/// # Errors
/// When its compression is broken.
pub fn plain_archive(bytes: &[u8]) -> io::Result<Cursor<Vec<u8>>> {
    let mut plain = Vec::new();
    match bytes.starts_with(&[0x1f, 0x8b]) {
        true => _ = flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut plain)?,
        false => plain.extend_from_slice(bytes),
    }
    Ok(Cursor::new(plain))
}

/// Add something to an archive.
///
/// # Errors
/// When its path is too long.
pub fn append(builder: &mut tar::Builder<Vec<u8>>, name: &str, entry: &Entry) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_mode(entry.mode);
    header.set_mtime(entry.modified.max(0).cast_unsigned());
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(0);
    match &entry.content {
        Content::Folder => {
            header.set_entry_type(tar::EntryType::Directory);
            builder.append_data(&mut header, format!("{}/", name.trim_end_matches('/')), io::empty())
        }
        Content::Link(target) => {
            header.set_entry_type(tar::EntryType::Symlink);
            builder.append_link(&mut header, name, target)
        }
        Content::File(bytes) => {
            header.set_size(bytes.len() as u64);
            builder.append_data(&mut header, name, bytes.as_ref())
        }
        Content::Socket => Ok(()), // archives hold none
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed_and_archives_come_back() {
        let mut files = Files::default();
        files.write("/a/b/file", "text");
        files.put("/l", Entry { content: Content::Link("a/b".into()), mode: 0o777, modified: 0 });
        assert_eq!(files.read("/l/file").unwrap(), "text");
        files.write("/l/other", "more");
        assert_eq!(files.children("/a/b"), ["file", "other"]);
        let archive = files.archive("/a", "a").unwrap();
        let mut copy = Files::default();
        copy.unpack("/x", &archive).unwrap();
        assert_eq!(copy.read("/x/a/b/other").unwrap(), "more");
        assert!(copy.unpack("/", b"no archive, and long enough to be seen as something").is_err());
        assert!(files.remove("/a/b") && !files.remove("/a/b"));
        assert_eq!(files.read("/l/file"), None);
    }

    #[test]
    fn a_circle_of_links_leads_nowhere() {
        let mut files = Files::default();
        let link = |to: &str| Entry { content: Content::Link(to.into()), mode: 0o777, modified: 0 };
        files.put("/a", link("/b"));
        files.put("/b", link("/a"));
        assert_eq!(files.read("/a"), None);
        assert_eq!(Files::plain("/x", "../../y/./z/"), "/y/z");
    }
}
