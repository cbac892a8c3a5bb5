import { takeUp } from "./page.js";

takeUp();
