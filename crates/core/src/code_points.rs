/// Converts between byte offsets into a text and code points, in both directions, in constant time.
///
/// Rust slices by bytes; the lines count Unicode code points, as Python and most readers of JSON do. The index
/// keeps one entry for each 64 bytes, and nothing at all for a text that is plain ASCII.
///
/// ```
/// let text = "Łódź 😀 Erdoğan";
/// let index = gristmill_core::CodePoints::new(text);
/// let start = text.find("Erdoğan").unwrap();
/// assert_eq!(index.at_byte(start), 7);
/// assert_eq!(index.to_byte(7), start);
/// assert_eq!(index.len(), 14);
/// ```
#[derive(Debug, Clone)]
pub struct CodePoints<'t> {
    text: &'t str,
    /// Code points before each block of [`BLOCK`] bytes; empty for ASCII.
    before: Vec<u32>,
    len: usize,
}

const BLOCK: usize = 64;

impl<'t> CodePoints<'t> {
    /// Indexes `text`; costs one pass over it.
    pub fn new(text: &'t str) -> Self {
        if text.is_ascii() {
            return Self {
                text,
                before: Vec::new(),
                len: text.len(),
            };
        }
        let mut before = Vec::with_capacity(text.len() / BLOCK + 1);
        let mut count = 0;
        for block in text.as_bytes().chunks(BLOCK) {
            before.push(count as u32);
            count += starts(block);
        }
        Self {
            text,
            before,
            len: count,
        }
    }

    /// The text indexed.
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// The length of the text in code points.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether the text is empty.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The number of code points that begin before byte `byte`. Past the end it is the length.
    pub fn at_byte(&self, byte: usize) -> usize {
        if byte >= self.text.len() {
            return self.len;
        }
        match self.before.get(byte / BLOCK) {
            None => byte,
            Some(&before) => before as usize + starts(&self.text.as_bytes()[byte / BLOCK * BLOCK..byte]),
        }
    }

    /// The byte at which code point number `point` begins. Past the end it is the length in bytes.
    pub fn to_byte(&self, point: usize) -> usize {
        if point >= self.len {
            return self.text.len();
        }
        if self.before.is_empty() {
            return point;
        }
        let block = self.before.partition_point(|&before| before as usize <= point) - 1;
        let mut left = point - self.before[block] as usize;
        for (offset, &byte) in self.text.as_bytes()[block * BLOCK..].iter().enumerate() {
            if is_start(byte) {
                if left == 0 {
                    return block * BLOCK + offset;
                }
                left -= 1;
            }
        }
        self.text.len()
    }

    /// The slice from code point `start` up to code point `end`; empty where they cross.
    pub fn slice(&self, start: usize, end: usize) -> &'t str {
        self.text
            .get(self.to_byte(start)..self.to_byte(end))
            .unwrap_or_default()
    }
}

fn is_start(byte: u8) -> bool {
    byte & 0xC0 != 0x80
}

fn starts(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| is_start(byte)).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn agrees_with_char_indices(text in "(\\PC|[a-z]|😀|\u{301}){0,300}") {
            let index = CodePoints::new(&text);
            prop_assert_eq!(index.len(), text.chars().count());
            for (point, (byte, _)) in text.char_indices().enumerate() {
                prop_assert_eq!(index.at_byte(byte), point);
                prop_assert_eq!(index.to_byte(point), byte);
            }
            prop_assert_eq!(index.at_byte(text.len()), index.len());
            prop_assert_eq!(index.to_byte(index.len()), text.len());
        }
    }

    #[test]
    fn crossing_ends_give_nothing() {
        assert_eq!(CodePoints::new("abc").slice(2, 1), "");
        assert_eq!(CodePoints::new("").slice(0, 9), "");
    }
}
