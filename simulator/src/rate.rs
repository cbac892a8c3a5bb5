//! The tenant's budget of requests: a token bucket.

#![forbid(unsafe_code)]

/// Holds a minute's worth of requests and refills evenly: 600 and 10 a second for a whole tenant,
/// as Anaplan's page on request limits has it.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    left: f64,
    at: u64,
}

impl Bucket {
    pub(crate) fn new(now: u64, per_minute: u32) -> Self {
        Self { left: f64::from(per_minute), at: now }
    }

    /// Takes one request out, or says after how many whole seconds one will be there.
    pub(crate) fn take(&mut self, now: u64, per_minute: u32) -> Result<(), u64> {
        let capacity = f64::from(per_minute);
        let per_ms = capacity / 60_000.0;
        let elapsed = now.saturating_sub(self.at) as f64;
        self.left = (self.left + elapsed * per_ms).min(capacity);
        self.at = self.at.max(now);
        if self.left >= 1.0 {
            self.left -= 1.0;
            return Ok(());
        }
        // A budget of nothing never refills; the cast saturates and the cap keeps it readable.
        let seconds = ((1.0 - self.left) / per_ms / 1_000.0).ceil();
        Err((seconds as u64).clamp(1, 3_600))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_hundred_at_once_then_ten_a_second() {
        let mut bucket = Bucket::new(0, 600);
        assert!((0..600).all(|_| bucket.take(0, 600).is_ok()));
        assert_eq!(bucket.take(0, 600), Err(1));
        assert_eq!(bucket.take(99, 600), Err(1));
        assert_eq!(bucket.take(100, 600), Ok(()));
        assert_eq!(bucket.take(100, 600), Err(1));
        let second = (0..50).filter(|_| bucket.take(1_100, 600).is_ok()).count();
        assert_eq!(second, 10);
        // It never holds more than its capacity.
        let hour = (0..2_000).filter(|_| bucket.take(3_600_000, 600).is_ok()).count();
        assert_eq!(hour, 600);
    }

    #[test]
    fn a_small_budget_says_how_long_and_none_at_all_stays_closed() {
        let mut bucket = Bucket::new(0, 2);
        assert!(bucket.take(0, 2).is_ok() && bucket.take(0, 2).is_ok());
        assert_eq!(bucket.take(0, 2), Err(30));
        assert_eq!(Bucket::new(0, 0).take(1_000_000, 0), Err(3_600));
        // A clock that goes back takes nothing away and gives nothing.
        assert!(bucket.take(30_000, 2).is_ok());
        assert!(bucket.take(0, 2).is_err());
    }
}
