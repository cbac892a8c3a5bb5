//! One request, from its arrival to its answer.

use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::rc::Rc;

use anaplan_tasks::bindings::options::tell;
use anaplan_tasks::bindings::outcome::to_js;
use anaplan_tasks::client::{self, About, Content};
use anaplan_tasks::platform::{Notify, Opaque, Signal, monotonic, promised, property, sleep};
use anaplan_tasks::policy::{Class, Millis};
use anaplan_tasks::reference::{Path, TaskRef};
use anaplan_tasks::wire;
use futures_util::future::{Either, select};
use js_sys::{Array, Function};
use serde::Serialize;
use wasm_bindgen::JsValue;

use crate::address::Url;
use crate::allow::Allow;
use crate::asked::{Asked, Misunderstood, Operation, Part};
use crate::clients::{Client, Clients, Crowded};
use crate::incoming::{BodyError, Incoming};
use crate::keys::{Key, Print};
use crate::origin::{Admitted, Origins, Sender};
use crate::reply::Reply;
use crate::shared::{self, Question, Reader, Shared};
use crate::start::Start;
use crate::starts::{Order, Progress, Stage, Starts};
use crate::told::Event;
use crate::upstream::Upstream;

/// The gateway.
pub struct Server {
    /// Before the paths of the API.
    pub prefix: String,
    /// What may pass.
    pub allow: Rc<Allow>,
    /// Whose pages may ask.
    pub origins: Origins,
    /// By which names; any where there are none.
    pub hosts: Option<Vec<String>>,
    /// The host application's own word.
    pub authorize: Option<Function>,
    /// Bytes of a body.
    pub body_size: f64,
    /// How long an answer may take.
    pub timeout: Millis,
    /// How much is under way.
    pub clients: RefCell<Clients>,
    /// The way to Anaplan.
    pub upstream: Rc<Upstream>,
    /// What is known.
    pub shared: Rc<Shared>,
    /// What is started.
    pub starts: Rc<Starts>,
    /// Who is told.
    pub on_event: Option<Function>,
    /// Whether it takes no more.
    pub is_closed: Cell<bool>,
    /// A request was answered.
    pub answered: Notify,
}

/// What is answered.
pub enum Answer {
    /// Something of ours.
    Reply(Rc<Reply>),
    /// The bytes of a file, and how many there will be, where that is known.
    Stream(Opaque, Option<f64>),
    /// A `Response` of the host application's.
    Theirs(JsValue),
}

/// An answer, and what else its headers say.
pub struct Answered {
    /// What.
    pub answer: Answer,
    /// The origin that is told that it may read it.
    pub origin: Option<String>,
    /// The request counts as under way until this is dropped.
    pub guest: Option<Guest>,
}

/// The little of a request that what is known takes.
pub struct Glance<'a> {
    /// As it was spelled.
    pub method: &'a str,
    /// The whole address.
    pub url: &'a str,
    /// From where it comes.
    pub sender: Sender<'a>,
    /// The client's address.
    pub address: Option<&'a str>,
}

/// What is told of a request.
#[derive(Default)]
struct Served {
    method: Option<&'static str>,
    path: Option<String>,
    operation: Option<Operation>,
    origin: Option<String>,
}

/// One request under way.
pub struct Guest {
    server: Rc<Server>,
    client: Option<Client>,
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.server.clients.borrow_mut().leave(self.client.as_ref());
        self.server.answered.notify();
    }
}

type Refused<T> = Result<T, Answer>;

impl Server {
    /// An address that is longer is refused unread. The longest that means anything has some 800.
    const LONGEST: usize = 2_000;
    /// Ten times the usual patience, as for the bytes of files on their way here.
    const FILES: f64 = 10.0;

    /// The answer to a request that needs nobody's leave and nothing but what is known, in the form
    /// that `write` gives it. It is what [`handle`](Self::handle) would answer, a tenth of the work.
    pub fn known(
        &self,
        request: &Glance<'_>,
        write: impl FnOnce(&Reply) -> JsValue,
    ) -> Option<JsValue> {
        let started = monotonic();
        if self.is_closed.get() || self.authorize.is_some() || request.method != "GET" {
            return None;
        }
        let url = Url::read(request.url).filter(|url| url.query.is_empty() && self.goes_by(url))?;
        let path = url.path.strip_prefix(self.prefix.as_str())?;
        match self.origins.admit(request.sender, url.origin, false)? {
            Admitted::Own => {}
            Admitted::Named(_) => return None,
        }
        let known = self.shared.known(path, write)?;
        if let Some(listener) = &self.on_event {
            let asked = Asked::read(request.method, path).ok()?;
            let event = Event::Served {
                method: "GET",
                path: Some(path),
                operation: Some(asked.operation),
                status: status(&Array::from(&known).get(0)),
                duration: monotonic() - started,
                address: request.address,
            };
            tell(listener, &event);
        }
        Some(known)
    }

    fn goes_by(&self, url: &Url<'_>) -> bool {
        let is_it = |host: &String| host.eq_ignore_ascii_case(url.host);
        self.hosts.as_ref().is_none_or(|hosts| hosts.iter().any(is_it))
    }

    /// Answers a request.
    pub async fn handle(self: &Rc<Self>, incoming: Incoming, address: Option<String>) -> Answered {
        let started = monotonic();
        // A page that may read the answer may read a refusal, too, whatever the reason.
        let origin = incoming.header("origin").filter(|origin| self.origins.names(origin));
        let mut served = Served { origin, ..Served::default() };
        let client = address.as_deref().map(Client::parse);
        let (answer, guest) = match self.enter(client.clone()) {
            Ok(guest) => match self.serve(&incoming, client, &mut served).await {
                Ok(answer) | Err(answer) => (answer, Some(guest)),
            },
            Err(answer) => (answer, None),
        };
        if let Some(listener) = &self.on_event {
            let duration = monotonic() - started;
            let event = Event::Served {
                method: served.method.unwrap_or("other"),
                path: served.path.as_deref(),
                operation: served.operation,
                status: answer.status(),
                duration,
                address: address.as_deref(),
            };
            tell(listener, &event);
        }
        Answered { answer, origin: served.origin, guest }
    }

    /// Takes no more, and waits until all that is under way is answered, to the last byte.
    pub async fn close(&self) {
        self.is_closed.set(true);
        while !self.clients.borrow().is_empty() {
            self.answered.changed().await;
        }
        self.upstream.exchange.close();
    }

    fn enter(self: &Rc<Self>, client: Option<Client>) -> Refused<Guest> {
        if self.is_closed.get() {
            let reply = Reply::error(503, "The gateway is stopping. Ask again in a moment.");
            return refuse(reply.retry_after(1_000.0));
        }
        match self.clients.borrow_mut().enter(client.as_ref()) {
            Ok(()) => {}
            Err(Crowded::Client) => {
                let text = "Too many requests of this client are under way. Ask again in a moment.";
                return refuse(Reply::error(429, text).retry_after(1_000.0));
            }
            Err(Crowded::All) => {
                let text = "Too many requests are under way. Ask again in a moment.";
                return refuse(Reply::error(429, text).retry_after(1_000.0));
            }
        }
        Ok(Guest { server: Rc::clone(self), client })
    }

    async fn serve(
        &self,
        incoming: &Incoming,
        client: Option<Client>,
        served: &mut Served,
    ) -> Refused<Answer> {
        let url = incoming.url();
        let method = incoming.method();
        served.method = ["GET", "POST", "DELETE", "OPTIONS", "HEAD", "PUT", "PATCH"]
            .into_iter()
            .find(|known| *known == method);
        if url.len() > Self::LONGEST {
            return refuse(Reply::error(414, "The address is too long"));
        }
        let url = Url::read(&url).ok_or_else(|| reply(not_found()))?;
        let below = url.path.strip_prefix(self.prefix.as_str());
        if url.path == "/healthz" || below == Some("/healthz") {
            return match method.as_str() {
                "GET" => Ok(reply(self.health())),
                "HEAD" => Ok(reply(Reply { body: "".into(), ..self.health() })),
                _ => refuse(not_allowed("GET, HEAD")),
            };
        }
        if !self.goes_by(&url) {
            return refuse(Reply::error(421, "The gateway does not go by this host name"));
        }
        let below = below.ok_or_else(|| reply(not_found()))?;
        let sender_site = incoming.header("sec-fetch-site");
        let sender_origin = incoming.header("origin");
        let sender = Sender { site: sender_site.as_deref(), origin: sender_origin.as_deref() };
        if method == "OPTIONS" {
            return self.preflight(incoming, below, sender);
        }
        let asked = Asked::read(&method, below).map_err(misunderstood)?;
        let path = asked.path.to_string();
        served.operation = Some(asked.operation);
        served.path = Some(path.clone());
        if self.origins.admit(sender, url.origin, asked.operation.changes()).is_none() {
            return refuse(Reply::error(403, foreign(asked.operation)));
        }
        if !self.allow.permits(&asked) {
            let operation = asked.operation.as_str();
            let text = format!("The gateway's allow-list does not name this: {operation} {path}");
            return refuse(Reply::error(403, text));
        }
        let part = match asked.path {
            Path::Actions(..) | Path::Tasks(_) | Path::Chunks(_) => {
                Part::read(url.query).map_err(|name| {
                    let text = format!(
                        "{name}: expected limit and offset as whole numbers, and sort as a field of \
                         tasks (creationTime, taskId, taskState, progress), with a - before it or not"
                    );
                    reply(Reply::error(400, text))
                })?
            }
            _ => Part::default(),
        };
        // Names of actions cannot be sorted by what tasks have.
        let part = match asked.path {
            Path::Actions(..) => part.unsorted(),
            _ => part,
        };
        let progress = Progress::new();
        let work = async {
            if asked.operation == Operation::Start {
                let order = self.order(incoming, &asked, path, &progress).await?;
                return Ok(Answer::Reply(self.starts.start(order, &progress).await));
            }
            self.authorized(incoming.request(), &asked).await?;
            self.perform(incoming, &asked, path, part, client).await
        };
        let patience = match &asked.path {
            Path::Chunks(_) | Path::Chunk(..) => self.timeout * Self::FILES,
            _ => self.timeout,
        };
        match select(pin!(work), pin!(sleep(patience))).await {
            Either::Left((answer, _)) => answer,
            Either::Right(_) => {
                // From now on it does not leave any more: whoever is told so may start another.
                let given_up = progress.give_up();
                if asked.operation.changes() {
                    // It goes on, and may have done something already.
                    self.shared.changed(&touched(&asked.path)).await;
                }
                refuse(late(asked.operation, given_up))
            }
        }
    }

    fn health(&self) -> Reply {
        #[derive(Serialize)]
        struct Health {
            status: &'static str,
            #[serde(skip_serializing_if = "Option::is_none")]
            store: Option<&'static str>,
        }
        let store = self.upstream.store.as_ref();
        let store = store.map(|store| if store.is_away() { "away" } else { "connected" });
        Reply::json(200, &Health { status: "ok", store })
    }

    /// What a browser asks before it lets a page of another origin ask.
    fn preflight(&self, incoming: &Incoming, below: &str, sender: Sender<'_>) -> Refused<Answer> {
        let Some(wanted) = incoming.header("access-control-request-method") else {
            return refuse(not_allowed("GET, POST, DELETE"));
        };
        let asked = Asked::read(&wanted, below).map_err(misunderstood)?;
        let is_named = sender.origin.is_some_and(|origin| self.origins.names(origin));
        if !is_named || !self.allow.permits(&asked) {
            return refuse(Reply::error(403, foreign(asked.operation)));
        }
        let answer = Reply::empty(204)
            .with("Access-Control-Allow-Methods", asked.operation.method())
            .with("Access-Control-Allow-Headers", "authorization, content-type, idempotency-key")
            .with("Access-Control-Max-Age", "600");
        Ok(reply(answer))
    }

    async fn authorized(&self, request: &JsValue, asked: &Asked) -> Refused<()> {
        let Some(authorize) = &self.authorize else {
            return Ok(());
        };
        let broken = || reply(Reply::error(500, "The host application could not decide"));
        let operation = JsValue::from_str(asked.operation.as_str());
        let reference = to_js(&asked.subject()).map_err(|_| broken())?;
        let decided = match authorize.call3(&JsValue::UNDEFINED, request, &operation, &reference) {
            Ok(decided) => promised(&decided).await,
            Err(cause) => Err(cause),
        };
        let decided = decided.map_err(|cause| {
            if let Some(listener) = &self.on_event {
                let message = wire::excerpt(&Opaque(cause).describe());
                tell(listener, &Event::Fault { message: &message });
            }
            broken()
        })?;
        if decided.as_bool() == Some(true) {
            return Ok(());
        }
        let is_response = property(&decided, "status").as_f64().is_some()
            && property(&property(&decided, "headers"), "get").is_function();
        if is_response {
            return Err(Answer::Theirs(decided));
        }
        refuse(Reply::error(403, "You may not do this"))
    }

    async fn perform(
        &self,
        incoming: &Incoming,
        asked: &Asked,
        path: String,
        part: Part,
        client: Option<Client>,
    ) -> Refused<Answer> {
        let ask = |task, class, expected, read| Question {
            path: path.clone(),
            query: part.query(),
            part: part.query(),
            client,
            task,
            class,
            expected,
            tells_times: matches!(asked.path, Path::Tasks(_)),
            read,
        };
        let question = match &asked.path {
            Path::Task(task) if asked.operation == Operation::Cancel => {
                return Ok(Answer::Reply(self.cancel(task, path).await));
            }
            Path::Chunk(..) => return self.download(incoming, &path).await,
            Path::Task(task) => ask(
                Some(task.clone()),
                Class::Status,
                "a task",
                Reader::One(Box::new(|answer| {
                    let task = answer.safe_json().and_then(wire::Task::in_answer)?;
                    Some(Reply::task(&task))
                })),
            ),
            Path::Tasks(_) => ask(
                None,
                Class::Status,
                "a list of tasks",
                Reader::One(Box::new(|answer| Reply::tasks(answer.safe_json()?))),
            ),
            Path::Actions(model, kind) => {
                let (model, kind, allow) = (model.clone(), *kind, Rc::clone(&self.allow));
                let read = Box::new(move |rows| Reply::actions(rows, &model, kind, &allow));
                // All of them, so that what is hidden leaves no gaps.
                let question = Question {
                    query: String::new(),
                    part: String::new(),
                    ..ask(
                        None,
                        Class::Status,
                        "a list of actions",
                        Reader::Whole(kind.segment(), read),
                    )
                };
                let all = self.shared.ask(question).await;
                return Ok(Answer::Reply(all.part(kind, &part)));
            }
            Path::Action(action) => {
                let kind = action.kind;
                let read = Box::new(move |answer: &client::Answer| {
                    Reply::metadata(answer.safe_json()?, kind)
                });
                ask(None, Class::Status, "what an action is made of", Reader::One(read))
            }
            Path::Files(_) | Path::File(_) | Path::Complete(_) => {
                return Ok(Answer::Reply(not_found().into()));
            }
            Path::Chunks(_) => ask(
                None,
                Class::Files,
                "a list of chunks",
                Reader::One(Box::new(|answer| Reply::chunks(answer.safe_json()?))),
            ),
        };
        Ok(Answer::Reply(self.shared.ask(question).await))
    }

    async fn cancel(&self, task: &TaskRef, path: String) -> Rc<Reply> {
        let upstream = Rc::clone(&self.upstream);
        let changed = touched(&Path::Task(task.clone()));
        let task = task.clone();
        let name = format!("DELETE {path}");
        let work = async move || {
            let about = About { method: "DELETE", path: &path, task: Some(&task), attempt: 1.0 };
            let sent = upstream.send(Class::Cancel, &about, Content::default(), async || true);
            match sent.await {
                Ok(answer) => {
                    let json = answer.and_then(|answer| answer.safe_json());
                    match json.and_then(wire::Task::in_answer) {
                        Some(task) => Reply::task(&task),
                        // Anaplan's documentation says nothing of what comes back.
                        None => Reply::success([]),
                    }
                }
                Err(failure) => shared::failed(&failure),
            }
        };
        self.shared.change(&name, changed, work).await
    }

    /// What a task is to be started with, once the host application has let it pass. It may read the
    /// body, too, of which there is no more than is allowed.
    async fn order(
        &self,
        incoming: &Incoming,
        asked: &Asked,
        path: String,
        progress: &Progress,
    ) -> Refused<Order> {
        let header = incoming.header("idempotency-key");
        let key = header.as_deref().map(|header| {
            let text = || format!("Idempotency-Key: expected {}", Key::EXPECTED);
            Key::read(header).ok_or_else(|| reply(Reply::error(400, text())))
        });
        let key = key.transpose()?;
        let kind = incoming.header("content-type").unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/json") {
            return refuse(Reply::error(415, "Content-Type: expected application/json"));
        }
        let broken = || reply(Reply::error(400, "The body broke off"));
        let copy = incoming.copy().map_err(|_| broken())?;
        let body = match incoming.body(self.body_size).await {
            Ok(body) => body,
            Err(why) => {
                copy.let_go();
                return match why {
                    BodyError::TooLarge => refuse(Reply::error(413, "The body is too large")),
                    BodyError::Broken => Err(broken()),
                };
            }
        };
        progress.decide();
        self.authorized(copy.request(), asked).await?;
        let start = Start::read(&body).map_err(|text| reply(Reply::error(400, text)))?;
        let body = start.write();
        let keyed = key.map(|key| {
            let [origin, cookie, authorization] =
                ["origin", "cookie", "authorization"].map(|name| incoming.header(name));
            let caller = [origin.as_deref(), cookie.as_deref(), authorization.as_deref()];
            let print = Print::new(&key, &path, &body, caller);
            (key, print)
        });
        Ok(Order { path, body, keyed })
    }

    async fn download(&self, incoming: &Incoming, path: &str) -> Refused<Answer> {
        let about = About { method: "GET", path, task: None, attempt: 1.0 };
        let content = Content { is_file: true, ..Content::default() };
        let sent = pin!(self.upstream.send(Class::Files, &about, content, async || true));
        let signal = incoming.signal();
        let gone = std::future::poll_fn({
            let mut hearing = signal.as_ref().map(Signal::hear);
            move |cx| match &mut hearing {
                Some(hearing) => hearing.poll(cx).map(|_| ()),
                None => std::task::Poll::Pending,
            }
        });
        match select(sent, pin!(gone)).await {
            Either::Left((Ok(Some(answer)), _)) => match answer.status() {
                200 => {
                    let length = answer.length();
                    Ok(Answer::Stream(answer.into_stream(), length))
                }
                // On record for rows that are no longer kept.
                204 => Ok(reply(Reply::empty(204))),
                _ => refuse(shared::failed(&answer.not_understood("a chunk"))),
            },
            Either::Left((Ok(None), _)) => Err(reply(unwanted())),
            Either::Left((Err(failure), _)) => refuse(shared::failed(&failure)),
            // Nobody reads it. The number is what other servers log here.
            Either::Right(_) => refuse(unwanted()),
        }
    }
}

/// The answer when there is none in time. A start that was not sent must not look like one that was.
fn late(operation: Operation, stage: Stage) -> Reply {
    let text = match (operation, stage) {
        (Operation::Start, Stage::Reading) => {
            return Reply::error(408, "The body did not come in time. Nothing was started.");
        }
        (Operation::Start, Stage::Deciding | Stage::Waiting) => {
            let text = "Somebody is slow, or many others wait. Nothing was started.";
            return Reply::error(429, text).retry_after(5_000.0);
        }
        (Operation::Start, Stage::Sent) => {
            "No answer in time. Whether the task was started is not known."
        }
        (Operation::Cancel, _) => "No answer in time. The task may be cancelled yet.",
        _ => "No answer in time: somebody is slow, or many others wait.",
    };
    Reply::error(504, text)
}

/// What a change of this leads to answers that are not right any more.
fn touched(path: &Path) -> Vec<String> {
    match path {
        Path::Task(task) => vec![path.to_string(), Path::Tasks(task.action.clone()).to_string()],
        _ => vec![path.to_string()],
    }
}

impl Answer {
    fn status(&self) -> u16 {
        match self {
            Self::Reply(reply) => reply.status,
            Self::Stream(..) => 200,
            Self::Theirs(response) => status(&property(response, "status")),
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
fn status(value: &JsValue) -> u16 {
    value.as_f64().unwrap_or_default() as u16
}

fn reply(reply: Reply) -> Answer {
    Answer::Reply(Rc::new(reply))
}

fn refuse<T>(refusal: Reply) -> Refused<T> {
    Err(reply(refusal))
}

fn misunderstood(why: Misunderstood) -> Answer {
    reply(match why {
        Misunderstood::Path => not_found(),
        Misunderstood::Method(allowed) => not_allowed(allowed),
    })
}

fn not_found() -> Reply {
    Reply::error(
        404,
        "There is nothing here. The gateway knows the paths of tasks, their actions and \
         their files, as Anaplan spells them, below its prefix.",
    )
}

fn not_allowed(methods: &'static str) -> Reply {
    Reply::error(405, format!("This takes {methods}")).with("Allow", methods)
}

/// For nobody: whoever asked has given up.
fn unwanted() -> Reply {
    Reply::error(499, "Whoever asked has gone")
}

fn foreign(operation: Operation) -> &'static str {
    if operation.changes() {
        "Only pages of the gateway's own origin may do this, or of an origin that `origins` names; \
         programs may with `programs`"
    } else {
        "Only pages of the gateway's own origin may ask, or of an origin that `origins` names"
    }
}
