import vue from "@vitejs/plugin-vue";

// Vue would look for a component of that name.
const isCustomElement = (tag) => tag === "anaplan-task-status";

export default {
  plugins: [vue({ template: { compilerOptions: { isCustomElement } } })],
  server: { proxy: { "/anaplan": "http://127.0.0.1:8081" } },
};
