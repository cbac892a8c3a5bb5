// What Lit takes for the browser's own where there is no browser: enough to define a class there.
export const HTMLElement = class {};
export const customElements = undefined;
