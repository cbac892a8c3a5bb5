//! What the host gives us: fetch, timers, clocks, chance, abort. The only room that touches
//! `web-sys`, `js-sys` and `gloo-timers`.
//!
//! Everything is looked up on `globalThis` when it is used, because windows, workers and Node
//! differ, and because tests replace what they find there.

mod abort;
mod callback;
mod clock;
mod crypto;
mod fetch;
mod history;
mod json;
mod notify;
mod page;
mod presence;
mod spawn;
mod stream;
mod text;
mod timer;
mod token;
mod value;

pub use abort::Signal;
pub use callback::Callback;
pub use clock::{chance, date, monotonic, wall};
pub use crypto::{has_crypto, signature, unforeseen, uuid};
pub use fetch::{Body, Fetch, Payload, Request};
pub use history::HistoryStore;
pub use json::json_of;
pub use notify::{Notify, Place};
pub use page::{is_url, origin as page_origin};
pub use presence::{Presence, is_offline};
pub use spawn::{spawn, yield_now};
pub use stream::{Bytes, Reader};
pub use text::{base64, from_base64};
#[cfg(feature = "panic-on-demand")]
pub use timer::from_timer;
pub use timer::{Timer, Timers, sleep};
pub use token::TokenSource;
pub use value::{Opaque, call, hear_out, promised, property};

/// A third the size of the standard one, and as quick for what little is allocated here.
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();
