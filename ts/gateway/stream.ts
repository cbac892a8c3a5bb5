/**
 * The same stream, which calls `over` when it ends, breaks, or is not wanted any more. It takes a
 * piece when one is asked for and no sooner, so that a slow reader slows whoever writes. It breaks
 * where it has another length than `length`, so that no part passes for the whole.
 */
export function until(
  stream: ReadableStream<Uint8Array> | null,
  length: number | undefined,
  over: () => void,
) {
  let seen = 0;
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
          seen += value?.length ?? 0;
          const isWhole = length === undefined || (done ? seen === length : seen <= length);
          if (!isWhole) throw new TypeError("The file has another length than Anaplan said");
          if (!done) return controller.enqueue(value);
          controller.close();
        } catch (error) {
          controller.error(error);
          // Had it only more than it should, it would go on.
          reader.cancel(error).catch(() => {});
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
