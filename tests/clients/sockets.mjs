// Subscriptions over WebSockets with clients as npm has them: graphql-ws, and Apollo Client and urql above it (urql also above
// graphql-sse). The server is stopped and started again while they listen. Prints a line for each check.
//
//   node sockets.mjs SETTINGS     JSON: url (of GraphQL), control (of the test), id (of a request that is changed)
import assert from 'node:assert/strict';
import process from 'node:process';
import { ApolloClient, ApolloLink, gql as apolloGql, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { cacheExchange, Client, fetchExchange, gql as urqlGql, subscriptionExchange } from '@urql/core';
import { createClient as createSse } from 'graphql-sse';
import { createClient } from 'graphql-ws';
import { tap } from 'rxjs';
import WebSocket from 'ws';
import { followed } from './followed.mjs';

const { url, control, id } = JSON.parse(process.argv[2]);
const query = `subscription Follow($id: ID!, $after: String) {
  onServiceRequestUpdated(id: $id, after: $after) { kind cursor status serviceRequest { id status } }
}`;
const { write, restart, told, check } = followed(control);

const soon = () => new Promise((resolve) => setTimeout(resolve, 50));

/**
 * A client that comes back whatever happened. By itself it gives up when a connection cannot be opened: `shouldRetry` is then asked about
 * an error, and not about a close code. Its own wait begins with one to four seconds, in which the server is up again; so short a one also
 * meets the closed port.
 */
const open = () =>
  createClient({
    url: url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    retryAttempts: Infinity,
    shouldRetry: () => true,
    retryWait: soon,
  });

/** Sees one change, and then the one that comes while the server is away. */
async function seesBoth(events) {
  assert.equal(await events.next(), 'RESYNC');
  await write('ASSIGNED');
  assert.equal(await events.next(), 'UPDATED ASSIGNED');
  await restart('IN_PROGRESS');
  assert.equal(await events.next(), 'RESUMED');
  assert.equal(await events.next(), 'UPDATED IN_PROGRESS');
  await write('OPEN');
  assert.equal(await events.next(), 'UPDATED OPEN');
}

await check('graphql-ws resumes after a restart, and survives six without an event between', async () => {
  const client = open();
  let failures = 0;
  client.on('error', () => failures++);
  const request = { query, variables: { id, after: null } };
  const events = told();
  const end = client.subscribe(request, {
    next({ data, errors }) {
      assert.equal(errors, undefined);
      request.variables.after = data.onServiceRequestUpdated.cursor;
      events.push(data.onServiceRequestUpdated);
    },
    error: (error) => events.fail(error),
    complete: () => events.fail(new Error('The subscription is complete.')),
  });
  await seesBoth(events);
  for (let i = 0; i < 6; i++) {
    await restart();
    assert.equal(await events.next(), 'RESUMED');
  }

  await write('IN_PROGRESS');
  assert.equal(await events.next(), 'UPDATED IN_PROGRESS');
  assert.notEqual(failures, 0, 'The server was always there.');
  end();
  await client.dispose();
});

await check('Apollo Client resumes after a restart', async () => {
  const socket = open();

  // The link below sends the same object again when it comes back, as it is by then.
  const place = new ApolloLink((operation, forward) =>
    forward(operation).pipe(tap(({ data }) => {
      const cursor = Object.values(data ?? {})[0]?.cursor;
      if (cursor && operation.operationType === 'subscription') operation.variables.after = cursor;
    })));
  const client = new ApolloClient({ link: ApolloLink.from([place, new GraphQLWsLink(socket)]), cache: new InMemoryCache() });
  const events = told();
  const subscription = client.subscribe({ query: apolloGql(query), variables: { id } }).subscribe({
    next: ({ data, error }) => (error ? events.fail(error) : events.push(data.onServiceRequestUpdated)),
    error: (error) => events.fail(error),
    complete: () => events.fail(new Error('The subscription is complete.')),
  });
  await seesBoth(events);
  const kept = client.readFragment({ id: `ServiceRequest:${id}`, fragment: apolloGql('fragment S on ServiceRequest { status }') });
  assert.equal(kept.status, 'OPEN', 'The cache has the row of the last event.');
  subscription.unsubscribe();
  await socket.dispose();
});

// Both libraries have the same `subscribe`.
for (const [name, transport] of [['graphql-ws', open()], ['graphql-sse', createSse({ url, retryAttempts: Infinity, retry: soon })]]) {
  await check(`urql resumes after a restart, over ${name}`, async () => {
    const forwardSubscription = ({ query: text, variables }) => {
      const request = { query: text, variables: { ...variables } };
      const next = (sink) => (result) => {
        request.variables.after = Object.values(result.data ?? {})[0]?.cursor ?? request.variables.after;
        sink.next(result);
      };
      return { subscribe: (sink) => ({ unsubscribe: transport.subscribe(request, { ...sink, next: next(sink) }) }) };
    };
    const client = new Client({
      url,
      preferGetMethod: false,
      exchanges: [cacheExchange, fetchExchange, subscriptionExchange({ forwardSubscription })],
    });
    const events = told();
    const { unsubscribe } = client.subscription(urqlGql(query), { id }).subscribe(({ data, error }) =>
      error ? events.fail(error) : events.push(data.onServiceRequestUpdated));
    await seesBoth(events);
    unsubscribe();
    await transport.dispose();
  });
}

process.exit(0); // graphql-sse keeps connections that it has given up.
