// What examples share: they work as they are, with the simulator's tenant.

const models = "http://127.0.0.1:8080/2/0/workspaces/c34d0bff90150280e099ec6cd7363ca5/models";
const model = `${models}/85E7BB0F12278575491718DE357E3DA8`;

export const urls = {
  model,
  export: `${model}/exports/116000000001`,
  /** Takes a few seconds. */
  quick: `${models}/CB435C8E746167966775DC7701564F61/exports/116000000007`,
  task: `${model}/exports/116000000001/tasks/9AFCD44D14CF8BFE7476CF8A4BAA5DC0`,
};

/** An example's beginning. */
export const exampleHelp = `Example, without a tenant:
  npx anaplan-tasks simulate --port 8080 &
  export ANAPLAN_USER=planner@example.com ANAPLAN_PASSWORD=simulated-910a2dec`;

/** How tokens for that user are got. */
export const signIn = "--auth-url http://127.0.0.1:8080/token";
