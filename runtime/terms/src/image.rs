//! A reference to a container image.

use std::{fmt, str::FromStr};

use crate::{Invalid, written_as_string};

const EXPECTED: &str = "an image reference, such as \"kindest/node:v1.27.3\" or \"docker.io/istio/pilot:1.20.1\"";

/// A container image reference: `[registry/]repository[:tag][@sha256:digest]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Image(String);

impl Image {
    /// The reference as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The reference without its digest.
    pub fn without_digest(&self) -> &str {
        self.0.split_once('@').map_or(&*self.0, |(name, _)| name)
    }

    /// The digest, `sha256:` and 64 hexadecimal digits, when there is one.
    pub fn digest(&self) -> Option<&str> {
        self.0.split_once('@').map(|(_, digest)| digest)
    }

    /// The tag, when one is written.
    pub fn tag(&self) -> Option<&str> {
        let name = self.without_digest();
        let last = name.rsplit('/').next()?;
        last.split_once(':').map(|(_, tag)| tag)
    }

    /// The repository with its registry, without tag and digest, as written.
    pub fn repository(&self) -> &str {
        let name = self.without_digest();
        match self.tag() {
            Some(tag) => &name[..name.len() - tag.len() - 1],
            None => name,
        }
    }

    /// The whole name that the reference stands for: `docker.io/library/` and `:latest` spelled out.
    pub fn canonical(&self) -> String {
        let repository = self.repository();
        let (first, rest) = repository.split_once('/').unwrap_or(("", repository));
        let is_host = first.contains(['.', ':']) || first == "localhost";
        let repository = match (is_host, first.is_empty()) {
            (true, _) => repository.to_owned(),
            (false, true) => format!("docker.io/library/{rest}"),
            (false, false) => format!("docker.io/{repository}"),
        };
        match (self.tag(), self.digest()) {
            (Some(tag), Some(digest)) => format!("{repository}:{tag}@{digest}"),
            (None, Some(digest)) => format!("{repository}@{digest}"),
            (tag, None) => format!("{repository}:{}", tag.unwrap_or("latest")),
        }
    }
}

impl FromStr for Image {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let wrong = || Invalid::new(EXPECTED, text);
        let image = Self(text.to_owned());
        if let Some(digest) = image.digest() {
            let hex = digest.strip_prefix("sha256:").ok_or_else(wrong)?;
            if hex.len() != 64 || !hex.chars().all(|c| c.is_ascii_hexdigit()) {
                return Err(wrong());
            }
        }
        let good_tag = |tag: &str| {
            !tag.is_empty() && tag.len() <= 128 && tag.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
        };
        let good_part = |part: &str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c))
        };
        let repository = image.repository();
        let (host, path) = match repository.split_once('/') {
            Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (Some(first), rest),
            _ => (None, repository),
        };
        let good_host = host.is_none_or(|host| !host.is_empty() && host.chars().all(|c| c.is_ascii_graphic()));
        if good_host && path.split('/').all(good_part) && image.tag().is_none_or(good_tag) {
            Ok(image)
        } else {
            Err(wrong())
        }
    }
}

impl fmt::Display for Image {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

written_as_string!(Image, "image", EXPECTED);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_taken_apart() {
        let digest = format!("sha256:{}", "0".repeat(64));
        let image: Image = format!("localhost:5000/a/b:v1@{digest}").parse().unwrap();
        assert_eq!(image.repository(), "localhost:5000/a/b");
        assert_eq!((image.tag(), image.digest()), (Some("v1"), Some(&*digest)));
        assert_eq!(image.without_digest(), "localhost:5000/a/b:v1");
    }

    #[test]
    fn the_canonical_name_spells_out_what_docker_adds() {
        for (short, long) in [
            ("busybox", "docker.io/library/busybox:latest"),
            ("kindest/node:v1.27.3", "docker.io/kindest/node:v1.27.3"),
            ("localhost:5000/foo", "localhost:5000/foo:latest"),
            ("quay.io/metallb/speaker:v0.13.10", "quay.io/metallb/speaker:v0.13.10"),
        ] {
            assert_eq!(short.parse::<Image>().unwrap().canonical(), long);
        }
    }

    #[test]
    fn what_is_no_reference_is_refused() {
        for bad in ["", "Upper/case", "a b", "a:", "a@sha256:12", "a//b", "/a"] {
            assert!(bad.parse::<Image>().is_err(), "{bad}");
        }
    }
}
