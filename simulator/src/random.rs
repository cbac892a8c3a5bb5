//! Ids and tokens, the same again for the same seed.

#![forbid(unsafe_code)]

use std::fmt::Write as _;

/// SplitMix64: small, and good enough for names that nobody attacks.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = self.0;
        let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// 32 hex digits in lower case: a workspace, a user.
    pub(crate) fn lower_hex(&mut self) -> String {
        format!("{:016x}{:016x}", self.next(), self.next())
    }

    /// 32 hex digits in upper case: a model, a task.
    pub(crate) fn upper_hex(&mut self) -> String {
        format!("{:016X}{:016X}", self.next(), self.next())
    }

    pub(crate) fn uuid(&mut self) -> String {
        let hex = self.lower_hex();
        let mut uuid = String::with_capacity(36);
        for (place, digit) in hex.chars().enumerate() {
            if matches!(place, 8 | 12 | 16 | 20) {
                uuid.push('-');
            }
            // The digit that says "random" in a UUID.
            uuid.push(if place == 12 { '4' } else { digit });
        }
        uuid
    }

    /// The value of a token: long and opaque, with the characters that real ones have.
    pub(crate) fn token(&mut self) -> String {
        let mut token = String::from("sim+");
        for _ in 0..8 {
            let _ = write!(token, "{:016x}", self.next());
        }
        token.push_str("/A==");
        token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_names_again_and_another_seed_gives_others() {
        let names = |seed| {
            let mut random = Random::new(seed);
            [random.lower_hex(), random.upper_hex(), random.uuid(), random.token()]
        };
        assert_eq!(names(1), names(1));
        assert_ne!(names(1), names(2));
        let [lower, upper, uuid, _] = names(7);
        assert!(lower.len() == 32 && !lower.bytes().any(|b| b.is_ascii_uppercase()));
        assert!(upper.len() == 32 && !upper.bytes().any(|b| b.is_ascii_lowercase()));
        let groups: Vec<usize> = uuid.split('-').map(str::len).collect();
        assert_eq!(groups, [8, 4, 4, 4, 12]);
    }
}
