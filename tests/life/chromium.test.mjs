// The simulator's tenant from end to end, in Chromium.
import { liveThem } from "../support/life.mjs";
import "./lives.mjs";

liveThem("Chromium");
