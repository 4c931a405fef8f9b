// What the scripts that follow a request share: changing it, restarting the server, and waiting for events.

/** How long an event is waited for: clients wait up to 5 s before they come back. */
const patience = 60_000;

/** @param control The address of the test that owns the server. */
export function followed(control) {
  const ask = async (what) => {
    const response = await fetch(new URL(what, control), { method: 'POST' });
    if (!response.ok) throw new Error(`${what}: ${response.status} ${await response.text()}`);
  };
  return {
    /** Sets the status of the request. */
    write: (status) => ask(`/write/${status}`),

    /** Stops the server and starts another in its place; changes the request in between, if a status is given. */
    restart: (status) => ask(status ? `/restart/${status}` : '/restart'),

    /** Ends the rights to all subscriptions; who comes back gets them anew. */
    endRights: () => ask('/end-rights'),

    /** Ends all `subscriptions`, or all `sockets`, and takes no more of them until the server is restarted. */
    refuse: (what) => ask(`/refuse/${what}`),

    told,

    /** Runs a check and prints its name. The first failure ends the script. */
    async check(what, run) {
      await run();
      console.log(`ok  ${what}`);
    },
  };
}

/** The events of a subscription, in their order, as texts: `UPDATED ASSIGNED`. */
function told() {
  const events = [];
  let waiting;
  const wake = () => waiting?.();
  return {
    push({ kind, status }) {
      events.push(status ? `${kind} ${status}` : kind);
      wake();
    },
    fail(error) {
      events.push(error);
      wake();
    },
    async next() {
      if (events.length === 0) {
        await Promise.race([
          new Promise((resolve) => (waiting = resolve)),
          new Promise((_, reject) => setTimeout(() => reject(new Error('No event came.')), patience).unref()),
        ]);
      }
      const event = events.shift();
      if (event instanceof Error) throw event;
      return event;
    },
  };
}
