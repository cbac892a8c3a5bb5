// The simulator's tenant from end to end, in Node.
import { liveThem } from "../support/life.mjs";
import "./lives.mjs";

liveThem("Node");
