import type { AnaplanError } from "../error.js";

const codes = ["NETWORK", "TIMEOUT", "SERVER", "RATE_LIMITED", "MODEL_UNAVAILABLE", "CONFLICT"];

/** Whether a fault may pass by itself. The rest takes somebody: a new session, another id. */
export function passes({ code }: AnaplanError): boolean {
  return codes.includes(code);
}
