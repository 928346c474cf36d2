//! What the file that is read is called, and what lies in it.

use std::path::Path;

/// The name of what is being read: the file, or a member of it.
#[derive(Debug, Clone)]
pub(crate) struct Name {
    /// As `source.path` has it.
    pub(crate) text: String,
    /// As ids have it.
    pub(crate) raw: Vec<u8>,
    /// In lower case, without the extension of a packing.
    pub(crate) extension: String,
}

impl Name {
    /// The member `raw` of the archive with this name.
    pub(crate) fn member(&self, raw: &[u8]) -> Self {
        let text = crate::file::text_of(raw);
        Self {
            extension: extension(&text),
            text: format!("{}!/{text}", self.text),
            raw: [&self.raw[..], b"!/", raw].concat(),
        }
    }
}

/// The extension that tells the kind: of `a.json.gz` it is `json`.
pub(super) fn extension(path: &str) -> String {
    let mut path = Path::new(path);
    loop {
        let extension = path
            .extension()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        match extension.as_str() {
            "gz" | "zst" | "bz2" => path = Path::new(path.file_stem().unwrap_or_default()),
            _ => return extension,
        }
    }
}
