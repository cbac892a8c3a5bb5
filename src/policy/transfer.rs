//! Which chunks of a file are fetched now, and how much of them is taken in.

/// A file that is fetched in chunks and handed on in order.
///
/// Guarantees:
/// - chunks are begun in order, each once, and no more than `concurrency` are under way;
/// - one that is not the next to be handed on is begun only when it is known how large chunks are,
///   and only as many as fit into [`Transfer::AHEAD`] together;
/// - what has arrived and was not handed on stays below [`Transfer::AHEAD`] and one read more for
///   each chunk, whatever the chunks' size, and however slowly it is handed on;
/// - the chunk whose turn it is can always be read, so nothing waits for itself.
#[derive(Debug, Clone)]
pub struct Transfer {
    count: usize,
    begun: usize,
    done: usize,
    concurrency: usize,
    /// Of the chunks seen so far.
    largest: Option<f64>,
    held: f64,
}

impl Transfer {
    /// How many bytes may be here that were not handed on yet.
    pub const AHEAD: f64 = 64_000_000.0;
    /// When nobody says otherwise.
    pub const CONCURRENCY: usize = 4;

    /// Of so many chunks.
    pub fn new(count: usize, concurrency: usize) -> Self {
        Self { count, begun: 0, done: 0, concurrency: concurrency.max(1), largest: None, held: 0.0 }
    }

    /// The chunk that is to be fetched now, by its place; asked until there is none.
    pub fn begin(&mut self) -> Option<usize> {
        let under_way = self.begun.saturating_sub(self.done);
        #[expect(clippy::cast_precision_loss, reason = "fewer than 2^53 chunks")]
        let all = under_way.saturating_add(1) as f64;
        let fits = self.largest.is_some_and(|largest| all * largest <= Self::AHEAD);
        let may = under_way == 0 || (under_way < self.concurrency && fits);
        if self.begun >= self.count || !may {
            return None;
        }
        let place = self.begun;
        self.begun = place.saturating_add(1);
        Some(place)
    }

    /// A chunk has this many bytes.
    pub fn sized(&mut self, bytes: f64) {
        self.largest = Some(self.largest.unwrap_or(0.0).max(bytes));
    }

    /// Whether more of a chunk may be taken in, of which this much is waiting.
    pub fn may_read(&self, place: usize, waiting: f64) -> bool {
        self.held < Self::AHEAD || (place == self.done && waiting <= 0.0)
    }

    /// Bytes have arrived.
    pub fn took(&mut self, bytes: f64) {
        self.held += bytes;
    }

    /// Bytes were handed on.
    pub fn gave(&mut self, bytes: f64) {
        self.held = (self.held - bytes).max(0.0);
    }

    /// The chunk whose turn it was is through.
    pub fn finished(&mut self) {
        self.done = self.done.saturating_add(1);
    }

    /// How many are through.
    pub fn done(&self) -> usize {
        self.done
    }
}
