// graphql-ws, the client of the protocol graphql-transport-ws, from npm, against a server in development: queries, mutations,
// subscriptions that go on where they were after the connection broke, refusals. Prints a line for each check.
//
//   node graphql-ws.mjs SETTINGS     JSON, as tests/CityHelper.IntegrationTests/Clients/GraphQLWsTests.cs writes it
import assert from 'node:assert/strict';
import process from 'node:process';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { show } from './recorder.mjs';

const { url, changes, mutation, request, statuses } = JSON.parse(process.argv[2]);

const open = (connectionParams, options) =>
  createClient({ url, webSocketImpl: WebSocket, connectionParams, retryWait: () => Promise.resolve(), ...options });

/** The results of an operation, read one by one. */
const next = async (results) => (await results.next()).value;

const change = async (results) => {
  const result = await next(results);
  assert.equal(result.errors, undefined);
  return result.data.onServiceRequestChanged;
};

const write = async (client, status) => {
  const result = await next(client.iterate({ query: mutation, variables: { input: { id: request, status } } }));
  assert.equal(result.data.updateServiceRequestStatus.errors, null);
};

await show('A query has one result', async () => {
  const client = open();
  const results = [];
  for await (const result of client.iterate({ query: '{ cities { slug } }' })) results.push(result);
  assert.deepEqual(results.map(({ data }) => data.cities[0].slug), ['nyc']);
  await client.dispose();
  return [];
});

await show('The errors of a request that was refused are thrown', async () => {
  const client = open();
  await assert.rejects(next(client.iterate({ query: '{ mayor }' })), (errors) => {
    assert.equal(errors[0].extensions.code, 'FIELDS_ON_CORRECT_TYPE');
    return true;
  });
  await client.dispose();
  return [];
});

await show('A subscription goes on where it was, though the connection broke and a change came meanwhile', async () => {
  const client = open();
  const writer = open();
  const payload = { query: changes, variables: {} };
  const events = client.iterate(payload);
  const first = await change(events);
  assert.equal(first.kind, 'RESYNC');
  payload.variables.after = first.cursor;
  await write(writer, statuses[0]);
  const updated = await change(events);
  assert.deepEqual([updated.kind, updated.id, updated.status], ['UPDATED', request, statuses[0]]);

  // The library sends the object again, as it is by then.
  payload.variables.after = updated.cursor;
  const broken = new Promise((resolve) => client.on('closed', resolve));
  client.terminate();
  await broken;
  await write(writer, statuses[1]);
  assert.equal((await change(events)).kind, 'RESUMED');
  const missed = await change(events);
  assert.deepEqual([missed.kind, missed.status], ['UPDATED', statuses[1]]);
  await events.return();
  await client.dispose();
  await writer.dispose();
  return [];
});

await show('A key of nobody is final', async () => {
  let connections = 0;
  const client = open({ apiKey: 'nobody' }, { on: { opened: () => connections++ } });
  await assert.rejects(next(client.iterate({ query: '{ cities { slug } }' })), (closed) => {
    assert.equal(closed.code, 4401);
    return true;
  });
  assert.equal(connections, 1);
  await client.dispose();
  return [];
});

await show('Pings of the client are answered', async () => {
  const ponged = new Promise((resolve) => {
    const client = open(undefined, {
      lazy: false,
      keepAlive: 10,
      on: {
        pong: (received) => {
          if (received) resolve(client);
        },
      },
    });
  });
  await (await ponged).dispose();
  return [];
});
