//! How long earlier runs of an action took, as far as the caller remembers.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::platform::{HistoryStore, spawn};
use crate::policy::{Forecast, Millis};
use crate::reference::{ActionRef, Path};

/// The runs of all actions that somebody watched.
pub struct Histories {
    store: Option<HistoryStore>,
    known: RefCell<Vec<(ActionRef, Rc<Runs>)>>,
}

/// The runs of one action.
pub struct Runs {
    store: HistoryStore,
    /// The name that the store knows the action by: its path.
    name: String,
    durations: RefCell<Vec<Millis>>,
    forecast: RefCell<Option<Rc<Forecast>>>,
    is_loaded: Cell<bool>,
}

impl Histories {
    /// In this store, if there is one.
    pub fn new(store: Option<HistoryStore>) -> Self {
        Self { store, known: RefCell::default() }
    }

    /// The runs of an action. They are loaded meanwhile, and until then nothing is known of them.
    pub fn of(&self, action: &ActionRef) -> Option<Rc<Runs>> {
        let store = self.store.as_ref()?;
        let mut known = self.known.borrow_mut();
        let place = known.partition_point(|(other, _)| other < action);
        if let Some((_, runs)) = known.get(place).filter(|(other, _)| other == action) {
            return Some(Rc::clone(runs));
        }
        let runs = Rc::new(Runs {
            store: store.clone(),
            name: Path::Action(action.clone()).to_string(),
            durations: RefCell::default(),
            forecast: RefCell::default(),
            is_loaded: Cell::new(false),
        });
        known.insert(place, (action.clone(), Rc::clone(&runs)));
        let loading = Rc::clone(&runs);
        spawn(async move { loading.load().await });
        Some(runs)
    }
}

impl Runs {
    /// What they say of the run under way.
    pub fn forecast(&self) -> Option<Rc<Forecast>> {
        self.forecast.borrow().clone()
    }

    /// One more has ended.
    pub fn add(&self, duration: Millis) {
        let mut durations = self.durations.borrow_mut();
        Forecast::remember(&mut durations, duration);
        self.learn(&durations);
        // Not over a store that has not answered yet: it may know more.
        if self.is_loaded.get() {
            let durations = durations.clone();
            self.store.save(&self.name, &durations);
        }
    }

    async fn load(&self) {
        let mut loaded = self.store.load(&self.name).await;
        let mut durations = self.durations.borrow_mut();
        for duration in durations.drain(..) {
            Forecast::remember(&mut loaded, duration);
        }
        *durations = loaded;
        self.is_loaded.set(true);
        self.learn(&durations);
    }

    fn learn(&self, durations: &[Millis]) {
        *self.forecast.borrow_mut() = Forecast::new(durations).map(Rc::new);
    }
}
