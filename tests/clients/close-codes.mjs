// What graphql-ws from npm does after each code that the server closes a WebSocket with: a code that tells of a client's mistake is final,
// also for a client that retries whatever it can; after the others it comes back, and its subscription goes on. A server closes with most
// of them for clients that are wrong, so some of these are. Prints a line for each code.
//
//   node close-codes.mjs SETTINGS     JSON: url (of GraphQL), control (of the test), id (of a request that is changed)
import assert from 'node:assert/strict';
import process from 'node:process';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { followed } from './followed.mjs';

const { url, control, id } = JSON.parse(process.argv[2]);
const query = 'subscription Follow($id: ID!, $after: String) { onServiceRequestUpdated(id: $id, after: $after) { kind cursor status } }';
const { restart, endRights, refuse, told } = followed(control);

/** Listens with a client that never gives up by itself, and counts its connections. */
function listen({ subscriptions = 1, text = query, ...options }) {
  const events = told();
  const codes = [];
  const seen = { events, codes, connections: 0, socket: undefined };
  let comeBack;
  seen.cameBack = new Promise((resolve) => (comeBack = resolve));
  let wake = () => {};
  const closed = (code) => {
    codes.push(code);
    wake();
  };

  /** Waits until it was closed so often with this code. */
  seen.closedWith = async (code, times) => {
    while (codes.filter((one) => one === code).length < times) await new Promise((resolve) => (wake = resolve));
  };
  seen.client = createClient({
    url: url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    retryAttempts: Infinity,
    shouldRetry: () => true,
    // Short: it has to come back, and not to wait.
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 50)),
    on: {
      connecting(isRetry) {
        seen.connections++;
        if (isRetry) comeBack();
      },
      connected: (socket) => (seen.socket = socket),
      closed: ({ code }) => closed(code),
    },
    ...options,
  });
  // A connection that was never open has no code; the error of a refused upgrade names its status.
  seen.client.on('error', ({ message }) => closed(/\b503$/.test(message) ? 503 : message));
  const request = { query: text, variables: { id } };
  seen.ends = Promise.all(Array.from({ length: subscriptions }, () => new Promise((resolve) =>
    seen.client.subscribe(request, {
      next({ data }) {
        request.variables.after = data.onServiceRequestUpdated.cursor;
        events.push(data.onServiceRequestUpdated);
      },
      error(why) {
        events.fail(new Error(`Closed with ${why.code}: ${why.reason}`));
        resolve(why);
      },
      complete() {
        events.fail(new Error('The subscription is complete.'));
        resolve({ code: 'none' });
      },
    }))));
  return seen;
}

// Clients with a mistake: one that asks at once, one that asks for no protocol, one whose first connection says nothing.
class AsksAtOnce extends WebSocket {
  send() {
    super.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }));
  }
}

class NamesNoProtocol extends WebSocket {
  constructor(address) {
    super(address);
  }
}

class IsSilentOnce extends WebSocket {
  static #opened = 0;
  #isSilent = IsSilentOnce.#opened++ === 0;

  send(text) {
    if (!this.#isSilent) super.send(text);
  }
}

const say = (text) => ({ socket }) => socket.send(text);

// Each: the code, its cause, how the client is set up for it, and what is done once the first event is there.
const final = [
  [4400, 'a message that is none of the protocol', {}, say('{"type":"what"}')],
  [4400, 'bytes', {}, say(Buffer.of(1))],
  [4401, 'a key of nobody', { connectionParams: { apiKey: 'nobody' } }],
  [4401, 'asking before saying who it is', { webSocketImpl: AsksAtOnce }],
  [4406, 'naming no protocol', { webSocketImpl: NamesNoProtocol }],
  [4409, 'an id that is in use', { generateID: () => 'same', subscriptions: 2 }],
  [4429, 'saying twice who it is', {}, say('{"type":"connection_init"}')],
  [1009, 'a message of more than 256 kB', { text: `${query} #${'x'.repeat(256 * 1024)}` }],
];

const retried = [
  [4408, 'not saying in time who it is', { webSocketImpl: IsSilentOnce }],
  [1001, 'answering no ping', { disablePong: true }, ({ closedWith }) => closedWith(1001, 1)],
  [1006, 'a connection that broke', {}, ({ socket }) => socket.terminate()],
];

// These happen to all who listen: one after the other.
const retriedByAll = [
  [4403, 'a right that has expired', {}, endRights],
  [1012, 'a server that is restarted', {}, () => restart()],
  [1013, 'no room for subscriptions, until the server is restarted', {}, untilRestart('subscriptions', 1013)],
  [503, 'no room for sockets, until the server is restarted', {}, untilRestart('sockets', 503)],
];

function untilRestart(what, code) {
  return async ({ closedWith, socket }) => {
    await refuse(what);
    // A server that takes no more of them keeps those that it has.
    socket.terminate();
    await closedWith(code, 3);
    await restart();
  };
}

async function isFinal([code, cause, options, act]) {
  const seen = listen(options);
  if (act) {
    assert.equal(await seen.events.next(), 'RESYNC');
    await act(seen);
  }

  const ends = await Promise.race([seen.ends, seen.cameBack.then(() => assert.fail(`It came back: ${cause}`))]);
  for (const why of ends) assert.equal(why.code, code, cause);
  assert.deepEqual([seen.codes, seen.connections], [[code], 1], cause);
  await seen.client.dispose();
  console.log(`ok  ${code} is final: ${cause}`);
}

async function isRetried([code, cause, options, act]) {
  const seen = listen(options);
  assert.equal(await seen.events.next(), 'RESYNC', cause);
  if (act) {
    await act(seen);
    assert.equal(await seen.events.next(), 'RESUMED', cause);
  }

  assert.ok(seen.codes.includes(code), `${cause}: ${code} is one of ${seen.codes}`);
  await seen.cameBack;
  await seen.client.dispose();
  console.log(`ok  ${code} is retried: ${cause}`);
}

// A server that has just started closes with 1013, until it follows the city.
const first = listen({});
assert.equal(await first.events.next(), 'RESYNC');
await first.client.dispose();

await Promise.all([...final.map(isFinal), ...retried.map(isRetried)]);
for (const row of retriedByAll) await isRetried(row);
