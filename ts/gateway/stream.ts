/**
 * The same stream, which calls `over` once when it ends, breaks, or is not wanted any more. It takes a
 * piece when one is asked for and no sooner, so that a slow reader slows whoever writes.
 */
export function until(stream: ReadableStream<Uint8Array> | null, over: () => void) {
  if (!stream) {
    over();
    return null;
  }
  const reader = stream.getReader();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (!done) return controller.enqueue(value);
          controller.close();
        } catch (error) {
          controller.error(error);
        }
        over();
      },
      async cancel(reason) {
        over();
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
