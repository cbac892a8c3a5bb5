// React's JSX is known to Vite. The gateway is at the page's own origin, in development, too.
export default {
  server: { proxy: { "/anaplan": "http://127.0.0.1:8081" } },
};
