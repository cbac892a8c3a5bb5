use anaplan_tasks::policy::Transfer;
use proptest::prelude::*;

/// A file on its way from a server that sends as it likes to a reader who reads as he likes.
#[derive(Debug)]
struct World {
    transfer: Transfer,
    concurrency: usize,
    chunks: Vec<Chunk>,
    begun: usize,
    done: usize,
    /// Of those whose size is known.
    largest: Option<f64>,
    /// The largest piece that ever came.
    read: f64,
}

#[derive(Debug, Clone, Copy)]
struct Chunk {
    size: f64,
    /// Whether the server says beforehand how long it is.
    is_said: bool,
    arrived: f64,
    given: f64,
}

/// What happens next.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// A piece comes, of one of those under way.
    Arrives { which: usize, share: f64 },
    /// The reader takes a piece.
    Reads { share: f64 },
}

impl World {
    fn new(chunks: &[(f64, bool)], concurrency: usize) -> Self {
        let chunk = |&(size, is_said)| Chunk { size, is_said, arrived: 0.0, given: 0.0 };
        let mut world = Self {
            transfer: Transfer::new(chunks.len(), concurrency),
            concurrency: concurrency.max(1),
            chunks: chunks.iter().map(chunk).collect(),
            begun: 0,
            done: 0,
            largest: None,
            read: 0.0,
        };
        world.begin();
        world
    }

    fn held(&self) -> f64 {
        self.chunks.iter().map(|chunk| chunk.arrived - chunk.given).sum()
    }

    fn begin(&mut self) {
        while let Some(place) = self.transfer.begin() {
            assert_eq!(place, self.begun, "in order, and each once");
            self.begun += 1;
            let under_way = self.begun - self.done;
            assert!(under_way <= self.concurrency);
            if place != self.done {
                let largest = self.largest.expect("ahead, though no chunk's size is known");
                assert!(under_way as f64 * largest <= Transfer::AHEAD);
            }
            let chunk = self.chunks[place];
            if chunk.is_said {
                self.sized(chunk.size);
            }
        }
        assert!(self.begun > self.done || self.done == self.chunks.len(), "nothing is under way");
    }

    fn sized(&mut self, size: f64) {
        self.transfer.sized(size);
        self.largest = Some(self.largest.unwrap_or(0.0).max(size));
    }

    /// Whether anything came of it.
    fn happens(&mut self, event: Event) -> bool {
        let moved = match event {
            Event::Arrives { which, share } => self.arrives(which, share),
            Event::Reads { share } => self.reads(share),
        };
        // One read more for each chunk: each may have begun when there was room.
        let most = Transfer::AHEAD + self.concurrency as f64 * self.read;
        assert!(self.held() < most, "{} held", self.held());
        assert_eq!(self.transfer.done(), self.done);
        moved
    }

    fn arrives(&mut self, which: usize, share: f64) -> bool {
        let place = self.done + which % (self.begun - self.done).max(1);
        let Some(&chunk) = self.chunks.get(place) else { return false };
        let waiting = chunk.arrived - chunk.given;
        let left = chunk.size - chunk.arrived;
        let may_read = self.transfer.may_read(place, waiting);
        if place == self.done && waiting == 0.0 {
            assert!(may_read, "it waits for itself");
        }
        if !may_read || left == 0.0 {
            return false;
        }
        let piece = (left * share).ceil().clamp(1.0, left.min(1_000_000.0));
        self.read = self.read.max(piece);
        self.chunks[place].arrived += piece;
        self.transfer.took(piece);
        if piece == left {
            self.sized(chunk.size);
            self.begin();
        }
        true
    }

    fn reads(&mut self, share: f64) -> bool {
        let Some(&chunk) = self.chunks.get(self.done) else { return false };
        let waiting = chunk.arrived - chunk.given;
        let piece = (waiting * share).ceil().min(waiting);
        self.chunks[self.done].given += piece;
        self.transfer.gave(piece);
        let is_through = chunk.given + piece == chunk.size;
        if is_through {
            self.done += 1;
            self.transfer.finished();
            self.begin();
        }
        piece > 0.0 || is_through
    }
}

fn chunks() -> impl Strategy<Value = Vec<(f64, bool)>> {
    let size = prop_oneof![
        (0u32..100).prop_map(f64::from),
        (1_000_000u32..20_000_000).prop_map(f64::from),
        (30_000_000u32..200_000_000).prop_map(f64::from),
    ];
    prop::collection::vec((size, any::<bool>()), 0..12)
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0usize..8, 0.0..1.0).prop_map(|(which, share)| Event::Arrives { which, share }),
        1 => (0.0..1.0).prop_map(|share| Event::Reads { share }),
    ]
}

proptest! {
    #[test]
    fn what_it_guarantees_holds_and_it_comes_to_an_end(
        chunks in chunks(),
        concurrency in 0usize..8,
        events in prop::collection::vec(event(), 0..400),
    ) {
        let mut world = World::new(&chunks, concurrency);
        for event in events {
            world.happens(event);
        }
        // From wherever it is, a server that sends and a reader who reads get through, even one who
        // reads nothing before he has to.
        let all = Event::Reads { share: 1.0 };
        loop {
            let mut came = false;
            for which in 0..concurrency.max(1) {
                came |= world.happens(Event::Arrives { which, share: 1.0 });
            }
            if !came && !world.happens(all) {
                break;
            }
        }
        prop_assert_eq!(world.done, chunks.len());
        prop_assert_eq!(world.held(), 0.0);
    }
}

#[test]
fn as_many_as_allowed_are_under_way_once_the_first_says_how_large_it_is() {
    let mut transfer = Transfer::new(100, 4);
    assert_eq!((transfer.begin(), transfer.begin()), (Some(0), None));
    transfer.sized(10_000_000.0);
    assert_eq!([(); 4].map(|()| transfer.begin()), [Some(1), Some(2), Some(3), None]);
    transfer.finished();
    assert_eq!((transfer.begin(), transfer.begin()), (Some(4), None));
}

#[test]
fn large_chunks_are_fetched_by_fewer_at_once() {
    let mut transfer = Transfer::new(100, 4);
    transfer.begin();
    transfer.sized(Transfer::AHEAD / 2.0);
    assert_eq!((transfer.begin(), transfer.begin()), (Some(1), None));
    // A larger one than those before.
    transfer.sized(Transfer::AHEAD / 2.0 + 1.0);
    transfer.finished();
    assert_eq!(transfer.begin(), None);
    transfer.finished();
    assert_eq!((transfer.begin(), transfer.begin()), (Some(2), None));
}

#[test]
fn a_slow_reader_stops_those_ahead_and_never_the_chunk_he_waits_for() {
    let mut transfer = Transfer::new(2, 2);
    transfer.begin();
    transfer.took(Transfer::AHEAD);
    assert!(!transfer.may_read(0, Transfer::AHEAD));
    assert!(!transfer.may_read(1, 0.0));
    // All that is held is of the one ahead.
    assert!(transfer.may_read(0, 0.0));
    transfer.gave(1.0);
    assert!(transfer.may_read(1, 5.0));
    // What was handed on makes as much room.
    transfer.gave(Transfer::AHEAD - 1.0);
    transfer.took(Transfer::AHEAD - 1.0);
    assert!(transfer.may_read(1, 5.0));
}
