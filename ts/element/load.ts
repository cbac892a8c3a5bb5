import { AnaplanError } from "../error.js";

/** The client is not loaded before an element needs it: what an element shows first does not wait. */
export async function load(): Promise<typeof import("../index.js")> {
  try {
    return await import("../index.js");
  } catch (cause) {
    // By a class of the element's own: the client's is in what could not be loaded.
    throw new AnaplanError({
      code: "NETWORK",
      message: "The script of the client, `index.js` beside the element's, could not be loaded.",
      retryable: true,
      cause,
    });
  }
}
