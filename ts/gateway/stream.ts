/**
 * The same stream, which calls `over` when it ends, breaks, or is not wanted any more. It takes a
 * piece when one is asked for and no sooner, so that a slow reader slows whoever writes.
 */
export function until(stream: ReadableStream<Uint8Array> | null, over: () => void) {
  let isOver = false;
  const end = () => {
    if (!isOver) over();
    isOver = true;
  };
  if (!stream) {
    end();
    return null;
  }
  const reader = stream.getReader();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (isOver) return;
          if (!done) return controller.enqueue(value);
          controller.close();
        } catch (error) {
          controller.error(error);
        }
        end();
      },
      async cancel(reason) {
        end();
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
