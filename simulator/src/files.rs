//! The bytes that runs leave behind: what an export wrote, the rows that an import refused.
//!
//! They follow from a seed and from their place in the file. So a file costs nothing until a part of
//! it is read, however large it is, and who reads a part twice gets the same bytes.

#![forbid(unsafe_code)]

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::random::Random;

/// What is in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    pub(crate) form: Form,
    pub(crate) seed: u32,
    pub(crate) rows: u32,
}

/// What sort of file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Form {
    /// Text in UTF-8 with a comma between columns.
    Commas,
    /// Text in UTF-8 with a tab between columns.
    Tabs,
    /// Bytes that are no text, with the mark of an old Excel file in front. Excel could not open it.
    Workbook,
    /// Rows that were refused, as text, each with what was wrong.
    Dump,
}

/// Bytes of a file, from one place to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    content: Content,
    start: u64,
    end: u64,
}

/// The bytes of a row of text, all of which are equally long. It is a prime, so that the ends of
/// chunks come to lie at every place of a row, and with that in the middle of characters.
pub(crate) const ROW: u64 = 89;
const CELL: u64 = 64;
const MARK: [u8; 8] = [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];

/// Of one length in bytes, with characters of one to four bytes.
const PLACES: [&str; 4] = [
    "Zürich Altstadt · 東京都江東区 · Ελλάδα 🏔",
    "Malmö – Öresund · 大阪市北区 · Кавказ 🌊",
    "São Paulo · Paraná · 名古屋市中区 · Łódź 🏭",
    "München · 北京市朝阳区 · Αθήνα · Århus 🚢",
];
const MONTHS: [&str; 12] = [
    "Jan 26", "Feb 26", "Mar 26", "Apr 26", "May 26", "Jun 26", "Jul 26", "Aug 26", "Sep 26",
    "Oct 26", "Nov 26", "Dec 26",
];

impl Content {
    /// What a run leaves: other bytes for another run.
    pub(crate) fn of(form: Form, run: &str, rows: u32) -> Self {
        // FNV-1a.
        let seed = run
            .bytes()
            .fold(0x811C_9DC5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        Self { form, seed, rows }
    }

    /// How many bytes it has.
    pub(crate) fn size(&self) -> u64 {
        let rows = u64::from(self.rows);
        match self.form {
            Form::Commas | Form::Tabs => {
                rows.saturating_mul(ROW).saturating_add(self.header().len() as u64)
            }
            Form::Workbook => rows.saturating_mul(CELL).saturating_add(MARK.len() as u64),
            Form::Dump => self.dump().len() as u64,
        }
    }

    /// All of it.
    pub(crate) fn whole(self) -> Part {
        Part { content: self, start: 0, end: self.size() }
    }

    /// One of the pieces that it is handed out in, each but the last of `size` bytes.
    pub(crate) fn chunk(self, number: u32, size: u32) -> Option<Part> {
        let (start, end) = (u64::from(number).saturating_mul(size.into()), self.size());
        let part = Part { content: self, start, end: start.saturating_add(size.into()).min(end) };
        (start < part.end).then_some(part)
    }

    /// The bytes from one place to another, of which `from` is not the larger.
    fn read(&self, from: u64, to: u64) -> Vec<u8> {
        let (base, bytes) = match self.form {
            Form::Commas | Form::Tabs => self.lines(from, to),
            Form::Workbook => self.words(from, to),
            Form::Dump => (0, self.dump().into_bytes()),
        };
        let place = |at: u64| usize::try_from(at.saturating_sub(base)).unwrap_or(usize::MAX);
        bytes.get(place(from)..place(to).min(bytes.len())).unwrap_or_default().to_vec()
    }

    /// The whole lines around some bytes, and where they begin.
    fn lines(&self, from: u64, to: u64) -> (u64, Vec<u8>) {
        let header = self.header();
        let length = header.len() as u64;
        let (mut text, base, mut row) = match from.checked_sub(length) {
            None => (header, 0, 0),
            Some(below) => {
                let row = below / ROW;
                (String::new(), row.saturating_mul(ROW).saturating_add(length), row)
            }
        };
        while base.saturating_add(text.len() as u64) < to {
            self.line(row, &mut text);
            row = row.saturating_add(1);
        }
        (base, text.into_bytes())
    }

    fn header(&self) -> String {
        let between = self.separator();
        format!("Region{between}Month{between}Revenue\n")
    }

    fn line(&self, row: u64, text: &mut String) {
        let (between, [place, month, amount]) = (self.separator(), self.cells(row));
        let _ = writeln!(
            text,
            "\"{} {row:09}\"{between}{}{between}{}.{:02}",
            pick(&PLACES, place),
            pick(&MONTHS, month),
            (amount % 900_000).saturating_add(100_000),
            month % 100,
        );
    }

    fn separator(&self) -> char {
        if self.form == Form::Tabs { '\t' } else { ',' }
    }

    /// The whole words around some bytes, and where they begin.
    fn words(&self, from: u64, to: u64) -> (u64, Vec<u8>) {
        let mut bytes = Vec::new();
        let first = from / 8;
        let mut word = first;
        while word.saturating_mul(8) < to {
            let [value, ..] = self.cells(word);
            bytes.extend(if word == 0 { MARK } else { value.to_le_bytes() });
            word = word.saturating_add(1);
        }
        (first.saturating_mul(8), bytes)
    }

    /// The columns of the source, with `_Status_` before them (an error, a warning), and behind them
    /// the line in the source and what was wrong with it. A dump is small, so it is made as a whole.
    fn dump(&self) -> String {
        let mut text = String::from("_Status_,Region,Month,Revenue,_Line_,_Error_1_,_Error_2_\n");
        for row in 0..u64::from(self.rows) {
            let [place, month, amount] = self.cells(row);
            let (status, error, second) = match row % 3 {
                2 => ("W", "Month: the value was cut off", ""),
                1 => ("E", "Region: no item „Ελλάδα“", "Revenue: 1.234,– is not a number"),
                _ => ("E", "Region: no item „東京都“", ""),
            };
            let _ = writeln!(
                text,
                "{status},\"{} {row}\",{},\"{},–\",{},{error},\"{second}\"",
                pick(&PLACES, place),
                pick(&MONTHS, month),
                amount % 1_000,
                row.saturating_mul(7).saturating_add(2),
            );
        }
        text
    }

    /// Three numbers that belong to a row.
    fn cells(&self, row: u64) -> [u64; 3] {
        let mut random = Random::new(u64::from(self.seed) << 32 ^ row);
        [random.next(), random.next(), random.next()]
    }
}

impl Part {
    /// How many bytes it has.
    pub fn size(&self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// At most `most` of its bytes, beginning with byte `from`. None when there are no more.
    pub fn read(&self, from: u64, most: u32) -> Vec<u8> {
        let from = self.start.saturating_add(from).min(self.end);
        self.content.read(from, from.saturating_add(most.into()).min(self.end))
    }

    /// What is sent of it when it breaks off.
    pub(crate) fn first_half(self) -> Self {
        Self { end: self.start.saturating_add(self.size() / 2), ..self }
    }
}

fn pick<'a>(names: &[&'a str], number: u64) -> &'a str {
    let count = names.len().max(1) as u64;
    let place = number.checked_rem(count).and_then(|place| usize::try_from(place).ok());
    place.and_then(|place| names.get(place)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMS: [Form; 4] = [Form::Commas, Form::Tabs, Form::Workbook, Form::Dump];

    fn all(content: Content) -> Vec<u8> {
        let whole = content.whole();
        let bytes = whole.read(0, u32::MAX);
        assert_eq!(bytes.len() as u64, whole.size());
        bytes
    }

    #[test]
    fn any_part_is_the_part_of_the_whole() {
        for form in FORMS {
            let content = Content::of(form, "A", 7);
            let bytes = all(content);
            for from in 0..=bytes.len() {
                for most in [0, 1, 2, 88, 89, 90, 1_000] {
                    let part = content.whole().read(from as u64, most);
                    let to = (from + most as usize).min(bytes.len());
                    assert_eq!(part, bytes[from..to], "{form:?} {from} {most}");
                }
            }
            assert!(content.whole().read(u64::MAX, 5).is_empty());
        }
    }

    #[test]
    fn chunks_make_up_the_whole_and_there_is_none_after_the_last() {
        for form in FORMS {
            let content = Content::of(form, "A", 40);
            for size in [1, 7, 100, 89, 1_000_000] {
                let mut bytes = Vec::new();
                let mut number = 0;
                while let Some(chunk) = content.chunk(number, size) {
                    bytes.extend(chunk.read(0, u32::MAX));
                    number += 1;
                }
                assert_eq!(u64::from(number), content.size().div_ceil(size.into()));
                assert_eq!(bytes, all(content), "{form:?} {size}");
            }
        }
    }

    #[test]
    fn rows_of_text_are_of_one_length_and_hold_characters_of_every_length() {
        for place in PLACES {
            assert_eq!(place.len(), 59, "{place}");
            for length in 1..=4 {
                assert!(place.chars().any(|c| c.len_utf8() == length), "{place}");
            }
        }
        let content = Content::of(Form::Tabs, "A", 500);
        let text = String::from_utf8(all(content)).unwrap();
        let mut lines = text.split_inclusive('\n');
        assert_eq!(lines.next(), Some("Region\tMonth\tRevenue\n"));
        assert!(lines.all(|line| line.len() as u64 == ROW && line.split('\t').count() == 3));
        assert_eq!(text.lines().count(), 501);
    }

    #[test]
    fn a_run_has_bytes_of_its_own() {
        for form in FORMS {
            let of = |run| all(Content::of(form, run, 9));
            assert_eq!(of("A"), of("A"));
            assert_ne!(of("A"), of("B"));
        }
    }

    #[test]
    fn the_end_of_a_huge_file_is_there_at_once() {
        let content = Content::of(Form::Commas, "A", 99_999_999);
        let size = content.size();
        assert!(size > 8_000_000_000);
        let end = String::from_utf8(content.whole().read(size - ROW, 1_000)).unwrap();
        assert!(end.contains(" 099999998\",") && end.ends_with('\n'), "{end}");
    }
}
