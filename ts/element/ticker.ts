// One clock for all elements: once a second for those in view, and not at all while nobody looks.

interface Listener {
  tell: () => void;
  isInView: boolean;
}

const listeners = new Map<Element, Listener>();
let timer: ReturnType<typeof setInterval> | undefined;
let seconds = 0;
let views: IntersectionObserver | undefined;

// Where the page is not scrolled to, times are this many seconds old at most.
const outOfView = 15;

/** Calls `tell` as the time goes on, until what it returns is called. */
export function tick(element: Element, tell: () => void): () => void {
  // In view until the browser says otherwise.
  listeners.set(element, { tell, isInView: true });
  if (listeners.size === 1) begin();
  views?.observe(element);
  return () => {
    views?.unobserve(element);
    if (listeners.delete(element) && listeners.size === 0) end();
  };
}

function begin(): void {
  document.addEventListener("visibilitychange", look);
  // A little beyond what is seen, so that it is right when it is scrolled to.
  views = new IntersectionObserver(see, { rootMargin: "25%" });
  run();
}

function end(): void {
  document.removeEventListener("visibilitychange", look);
  clearInterval(timer);
  views?.disconnect();
  views = undefined;
}

function run(): void {
  clearInterval(timer);
  if (!document.hidden) timer = setInterval(pass, 1_000);
}

/** Whoever comes back sees what it is now. */
function look(): void {
  run();
  if (!document.hidden) for (const { tell } of [...listeners.values()]) tell();
}

function see(entries: IntersectionObserverEntry[]): void {
  for (const { target, isIntersecting } of entries) {
    const listener = listeners.get(target);
    if (!listener) continue;
    const { isInView } = listener;
    listener.isInView = isIntersecting;
    if (isIntersecting && !isInView) listener.tell();
  }
}

/** Those in view, and of the others a part each time, so that no second has all of them. */
function pass(): void {
  seconds += 1;
  [...listeners.values()].forEach(({ tell, isInView }, at) => {
    if (isInView || at % outOfView === seconds % outOfView) tell();
  });
}
