// A store that is a Map: what the four calls of one must do, as short as it can be said.

/** Time is `performance.now()`, so that a driven clock drives it, too. */
export function memoryStore() {
  const entries = new Map();

  function read(key) {
    const entry = entries.get(key);
    if (entry && entry.until > performance.now()) return entry;
    entries.delete(key);
  }

  function write(key, value, ttl) {
    entries.set(key, { value, until: performance.now() + ttl });
  }

  return {
    async get(key) {
      const entry = read(key);
      return entry && { value: String(entry.value), ttl: entry.until - performance.now() };
    },
    async set(key, value, { ttl, ifAbsent }) {
      if (ifAbsent && read(key)) return false;
      write(key, value, ttl);
      return true;
    },
    async delete(key, value) {
      if (read(key)?.value === value) entries.delete(key);
    },
    async take(key, { interval, burst }) {
      const now = performance.now();
      const empty = now + interval * burst;
      const full = interval + Math.min(read(key)?.value ?? now, empty);
      if (full > empty) return Math.ceil(full - empty);
      write(key, full, full - now);
      return 0;
    },
  };
}
