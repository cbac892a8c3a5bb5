//! What was uploaded, and what an import finds in it.
//!
//! Of a file's content each user sees what they uploaded themselves; the tenant has one user who can.
//! It is held as it came, chunk by chunk, and forgotten two days after anybody touched it, like what
//! exports write.

#![forbid(unsafe_code)]

use std::sync::Arc;

use miniz_oxide::inflate::decompress_to_vec_with_limit;

use crate::files::Content;
use crate::task::KEPT;

/// What Anaplan takes in a chunk, unpacked, in bytes.
pub(crate) const LARGEST_CHUNK: usize = 50_000_000;
/// And how many chunks.
pub(crate) const MOST_CHUNKS: u32 = 1_000;

/// A file that was uploaded, which only imports have a use for.
#[derive(Debug, Clone)]
pub(crate) struct Upload {
    pub(crate) id: String,
    pub(crate) name: String,
    /// What is there for all: the default file.
    pub(crate) common: Option<Content>,
    own: Option<Own>,
}

/// What a user uploaded.
#[derive(Debug, Clone)]
pub(crate) struct Own {
    pub(crate) chunks: Vec<Arc<[u8]>>,
    /// How many there will be. When nobody said, there are more until the upload is complete.
    expected: Option<u32>,
    complete: bool,
    touched: u64,
}

impl Upload {
    pub(crate) fn new(id: String, name: String, common: Option<Content>) -> Self {
        Self { id, name, common, own: None }
    }

    /// What the user uploaded, if that is still there. It may be a part of it.
    pub(crate) fn own(&self, now: u64) -> Option<&Own> {
        self.own.as_ref().filter(|own| now < own.touched.saturating_add(KEPT))
    }

    /// The same, to add to it.
    pub(crate) fn own_mut(&mut self, now: u64) -> Option<&mut Own> {
        self.own.as_mut().filter(|own| now < own.touched.saturating_add(KEPT))
    }

    /// Makes room for so many chunks, or for as many as will come. What was there is gone.
    pub(crate) fn begin(&mut self, expected: Option<u32>, now: u64) {
        self.own = Some(Own { chunks: Vec::new(), expected, complete: false, touched: now });
    }

    /// Forgets what the user uploaded, and says whether there was anything.
    pub(crate) fn remove(&mut self, now: u64) -> bool {
        let there = self.own(now).is_some();
        self.own = None;
        there
    }

    /// The bytes that are held in memory.
    pub(crate) fn held(&self) -> usize {
        self.own.iter().flat_map(|own| &own.chunks).map(|chunk| chunk.len()).sum()
    }
}

impl Own {
    /// Whether there is nothing more to come.
    pub(crate) fn is_whole(&self) -> bool {
        self.complete || self.expected.is_some_and(|expected| self.count() == expected)
    }

    /// What is said of the number of its chunks: -1 while nobody knows.
    pub(crate) fn chunk_count(&self) -> i64 {
        match self.expected {
            Some(expected) => expected.into(),
            None if self.complete => self.count().into(),
            None => -1,
        }
    }

    /// Puts a chunk at its place: the next one, or once more one that is there, for the answer to
    /// it may have been lost. The error is for people.
    pub(crate) fn put(
        &mut self,
        number: u32,
        chunk: Vec<u8>,
        now: u64,
    ) -> Result<(), &'static str> {
        if number >= self.expected.unwrap_or(MOST_CHUNKS) {
            return Err("There are not as many chunks");
        }
        let (count, chunk) = (self.count(), Arc::from(chunk));
        let place = usize::try_from(number).ok().and_then(|place| self.chunks.get_mut(place));
        match place {
            Some(place) => *place = chunk,
            None if number == count && !self.complete => self.chunks.push(chunk),
            None if self.complete => return Err("The upload is complete"),
            None => return Err("Chunks must be uploaded in their order"),
        }
        self.touched = now;
        Ok(())
    }

    /// Says that there are no more chunks. The error is for people.
    pub(crate) fn complete(&mut self, now: u64) -> Result<(), &'static str> {
        if self.chunks.is_empty() || self.expected.is_some_and(|expected| self.count() < expected) {
            return Err("Chunks are missing");
        }
        self.complete = true;
        self.touched = now;
        Ok(())
    }

    pub(crate) fn touch(&mut self, now: u64) {
        self.touched = now;
    }

    fn count(&self) -> u32 {
        u32::try_from(self.chunks.len()).unwrap_or(u32::MAX)
    }
}

/// The content of a file in the format of gzip, of one member. `None` when it is no such file, or has
/// more than `most` bytes.
pub(crate) fn gunzip(bytes: &[u8], most: usize) -> Option<Vec<u8>> {
    let (frame, length) = bytes.split_last_chunk::<4>()?;
    let (frame, sum) = frame.split_last_chunk::<4>()?;
    let ([0x1F, 0x8B, 8, flags, ..], mut rest) = frame.split_first_chunk::<10>()? else {
        return None;
    };
    if flags & 4 != 0 {
        let (size, after) = rest.split_first_chunk::<2>()?;
        rest = after.get(u16::from_le_bytes(*size).into()..)?;
    }
    // A name, a comment.
    for flag in [8, 16] {
        if flags & flag != 0 {
            let end = rest.iter().position(|byte| *byte == 0)?;
            rest = rest.get(end.saturating_add(1)..)?;
        }
    }
    if flags & 2 != 0 {
        rest = rest.get(2..)?;
    }
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    if length > most {
        return None;
    }
    let content = decompress_to_vec_with_limit(rest, length).ok()?;
    (content.len() == length && crc32(&content) == u32::from_le_bytes(*sum)).then_some(content)
}

/// Four bits at a time: a table for eight would be a kilobyte.
fn crc32(bytes: &[u8]) -> u32 {
    let mut table = [0_u32; 16];
    for (entry, number) in table.iter_mut().zip(0_u32..) {
        *entry =
            (0..4).fold(number, |sum, _| (sum >> 1) ^ if sum & 1 == 1 { 0xEDB8_8320 } else { 0 });
    }
    let step = |sum: u32| {
        let place = usize::try_from(sum & 15).unwrap_or_default();
        (sum >> 4) ^ table.get(place).copied().unwrap_or_default()
    };
    !bytes.iter().fold(u32::MAX, |sum, byte| step(step(sum ^ u32::from(*byte))))
}

/// What an import finds in a file: a heading, and rows of which those without a name are refused.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) rows: u32,
    pub(crate) refused: u32,
    /// The refused rows, as a dump has them: each with its line and what was wrong.
    pub(crate) dump: Vec<u8>,
}

impl Reading {
    /// Reads a text with a comma between columns and quotes around those that hold one.
    pub(crate) fn of(chunks: &[Arc<[u8]>]) -> Self {
        let mut reading = Self::default();
        let mut row = Row::default();
        let mut line = 1_u32;
        for byte in chunks.iter().flat_map(|chunk| chunk.iter().copied()) {
            if byte == b'\n' {
                line = line.saturating_add(1);
                if !row.quoted {
                    reading.take(std::mem::replace(&mut row, Row { line, ..Row::default() }));
                    continue;
                }
            }
            row.push(byte);
        }
        reading.take(row);
        reading
    }

    fn take(&mut self, row: Row) {
        let text = row.text.strip_suffix(b"\r").unwrap_or(&row.text);
        if text.is_empty() {
            return;
        }
        if self.dump.is_empty() {
            self.dump.extend(b"_Status_,");
            self.dump.extend(text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text));
            self.dump.extend(b",_Line_,_Error_1_\n");
            return;
        }
        self.rows = self.rows.saturating_add(1);
        if !row.named {
            self.refused = self.refused.saturating_add(1);
            self.dump.extend(b"E,");
            self.dump.extend(text);
            self.dump.extend(format!(",{},The first column is empty\n", row.line).bytes());
        }
    }
}

/// A row while it is read.
struct Row {
    text: Vec<u8>,
    line: u32,
    quoted: bool,
    /// Whether its first column is over, and whether there was anything in it.
    beyond: bool,
    named: bool,
}

impl Default for Row {
    fn default() -> Self {
        Self { text: Vec::new(), line: 1, quoted: false, beyond: false, named: false }
    }
}

impl Row {
    fn push(&mut self, byte: u8) {
        self.text.push(byte);
        match byte {
            b'"' => self.quoted = !self.quoted,
            b',' if !self.quoted => self.beyond = true,
            _ => self.named |= !self.beyond && !byte.is_ascii_whitespace(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use miniz_oxide::deflate::compress_to_vec;

    /// A file as other programs write it: with a name, or with all that a head may have.
    fn gzip(content: &[u8], flags: u8, head: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x1F, 0x8B, 8, flags, 0, 0, 0, 0, 0, 3];
        bytes.extend(head);
        bytes.extend(compress_to_vec(content, 6));
        bytes.extend(crc32(content).to_le_bytes());
        bytes.extend(u32::try_from(content.len()).unwrap().to_le_bytes());
        bytes
    }

    #[test]
    fn gzip_is_unpacked_and_checked() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        let content = "Zürich,1\n".repeat(10_000).into_bytes();
        for (flags, head) in
            [(0, &b""[..]), (8, b"rows.csv\0"), (31, b"\x02\0xyname\0comment\0\x12\x34")]
        {
            assert_eq!(gunzip(&gzip(&content, flags, head), 100_000).as_deref(), Some(&*content));
        }
        assert_eq!(gunzip(&gzip(b"", 0, b""), 0).as_deref(), Some(&b""[..]));
        let good = gzip(&content, 0, b"");
        for place in [0, 1, 2, 10, good.len() - 8, good.len() - 4] {
            let mut bad = good.clone();
            bad[place] ^= 0x41;
            assert_eq!(gunzip(&bad, 100_000), None, "{place}");
        }
        for length in [0, 5, 17, good.len() - 9, good.len() - 1] {
            assert_eq!(gunzip(&good[..length], 100_000), None, "{length}");
        }
    }

    #[test]
    fn what_is_unpacked_is_no_larger_than_a_chunk() {
        let whole = vec![0; 5_000];
        let packed = gzip(&whole, 0, b"");
        assert_eq!(gunzip(&packed, 5_000).map(|content| content.len()), Some(5_000));
        let mut larger = gzip(&[&whole[..], &[0]].concat(), 0, b"");
        assert_eq!(gunzip(&larger, 5_000), None);
        // Nor does it help to lie about it.
        let place = larger.len() - 4;
        larger[place..].copy_from_slice(&5_u32.to_le_bytes());
        assert_eq!(gunzip(&larger, 5_000), None);
    }

    fn reading(text: &str, size: usize) -> Reading {
        let chunks: Vec<Arc<[u8]>> = text.as_bytes().chunks(size).map(Arc::from).collect();
        Reading::of(&chunks)
    }

    #[test]
    fn rows_are_counted_and_those_without_a_name_refused() {
        let text = "\u{FEFF}Region,Month,Revenue\r\nZürich,Jan,1\r\n,Feb,2\r\n\r\n\"a, \"\"b\"\"\nc\",Mar,\
                    3\r\n\"\",Apr,4\r\n  ,May,5";
        for size in [1, 3, 1_000] {
            let found = reading(text, size);
            assert_eq!((found.rows, found.refused), (5, 3));
            assert_eq!(
                String::from_utf8(found.dump).unwrap(),
                "_Status_,Region,Month,Revenue,_Line_,_Error_1_\n\
                 E,,Feb,2,3,The first column is empty\n\
                 E,\"\",Apr,4,7,The first column is empty\n\
                 E,  ,May,5,8,The first column is empty\n"
            );
        }
        assert_eq!(reading("", 9), Reading::default());
        assert_eq!((reading("Region", 9).rows, reading("\n\n", 9).rows), (0, 0));
    }

    #[test]
    fn chunks_come_in_their_order_and_may_come_again() {
        let mut upload = Upload::new("113000000001".into(), "rows.csv".into(), None);
        assert!(upload.own(0).is_none() && !upload.remove(0));
        upload.begin(Some(2), 0);
        let own = upload.own_mut(0).unwrap();
        assert!(own.put(1, vec![1], 5).is_err() && own.complete(5).is_err() && !own.is_whole());
        own.put(0, vec![0], 5).unwrap();
        own.put(0, vec![2], 5).unwrap();
        own.put(1, vec![1], 5).unwrap();
        assert!(own.is_whole() && own.put(2, vec![3], 6).is_err());
        own.put(1, vec![1, 1], 7).unwrap();
        own.complete(8).unwrap();
        own.complete(9).unwrap();
        assert_eq!((own.chunks.concat(), upload.held()), (vec![2, 1, 1], 3));
        assert!(upload.own(8 + KEPT).is_some() && upload.own(9 + KEPT).is_none());

        upload.begin(None, 0);
        assert_eq!((upload.held(), upload.own(0).unwrap().chunk_count()), (0, -1));
        let own = upload.own_mut(0).unwrap();
        assert!(own.complete(0).is_err());
        for number in 0..MOST_CHUNKS {
            own.put(number, Vec::new(), 0).unwrap();
        }
        assert!(own.put(MOST_CHUNKS, Vec::new(), 0).is_err() && !own.is_whole());
        own.complete(0).unwrap();
        assert_eq!((own.is_whole(), own.chunk_count()), (true, 1_000));
        assert!(upload.remove(0) && upload.own(0).is_none());
        upload.begin(None, 0);
        let own = upload.own_mut(0).unwrap();
        own.put(0, vec![0], 0).unwrap();
        own.complete(0).unwrap();
        assert!(own.put(1, vec![0], 0).is_err());
    }
}
