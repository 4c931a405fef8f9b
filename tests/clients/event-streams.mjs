// Subscriptions over server-sent events with clients as npm and Chromium have them: graphql-sse, urql, and a browser's EventSource. The
// server is stopped and started again while they listen. Prints a line for each check.
//
//   node event-streams.mjs SETTINGS     JSON: url (of GraphQL), control (of the test), id (of a request that is changed)
//
// CHROMIUM names the browser (default /usr/bin/chromium).
import assert from 'node:assert/strict';
import process from 'node:process';
import { createClient as createSse } from 'graphql-sse';
import { createClient as createUrql, fetchExchange, gql } from '@urql/core';
import { chromium } from 'playwright-core';
import { followed } from './followed.mjs';

const { url, control, id } = JSON.parse(process.argv[2]);
const query = `subscription Follow($id: ID!, $after: String) {
  onServiceRequestUpdated(id: $id, after: $after) { kind cursor status serviceRequest { status } }
}`;
const { write, restart, told, check } = followed(control);

await check('graphql-sse resumes after a restart, and survives six without an event between', async () => {
  const client = createSse({ url, retryAttempts: Infinity, retry: () => new Promise((resolve) => setTimeout(resolve, 50)) });
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
  assert.equal(await events.next(), 'RESYNC');
  await write('ASSIGNED');
  assert.equal(await events.next(), 'UPDATED ASSIGNED');
  await restart('IN_PROGRESS');
  assert.equal(await events.next(), 'RESUMED');
  assert.equal(await events.next(), 'UPDATED IN_PROGRESS');
  for (let i = 0; i < 6; i++) {
    await restart();
    assert.equal(await events.next(), 'RESUMED');
  }

  await write('ASSIGNED');
  assert.equal(await events.next(), 'UPDATED ASSIGNED');
  end();
});

await check('graphql-sse takes single results and refusals', async () => {
  const client = createSse({ url });
  const run = async (operation) => {
    const results = [];
    await new Promise((resolve, reject) =>
      client.subscribe(operation, { next: (result) => results.push(result), error: reject, complete: resolve }));
    return results;
  };
  assert.deepEqual(await run({ query: '{ cities { slug } }' }), [{ data: { cities: [{ slug: 'nyc' }] } }]);
  const [refused] = await run({ query, variables: { id, after: 'no place' } });
  assert.equal(refused.errors[0].extensions.code, 'SUBSCRIPTION_INVALID');
});

await check('urql reads single results as JSON and subscriptions as events, with one Accept', async () => {
  const types = [];
  const client = createUrql({
    url,
    preferGetMethod: false,
    fetchSubscriptions: true,
    exchanges: [fetchExchange],
    async fetch(address, options) {
      const response = await fetch(address, options);
      types.push(response.headers.get('content-type').split(';')[0]);
      return response;
    },
  });
  const { data } = await client.query(gql`{ cities { slug } }`, {}).toPromise();
  assert.deepEqual(data.cities, [{ slug: 'nyc' }]);
  const events = told();
  const { unsubscribe } = client.subscription(gql(query), { id, after: null }).subscribe((result) =>
    result.error ? events.fail(result.error) : events.push(result.data.onServiceRequestUpdated));
  assert.equal(await events.next(), 'RESYNC');
  await write('IN_PROGRESS');
  assert.equal(await events.next(), 'UPDATED IN_PROGRESS');
  unsubscribe();
  assert.deepEqual(types, ['application/graphql-response+json', 'text/event-stream']);
});

await check("a browser's EventSource keeps its place over restarts", async () => {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--headless', '--disable-gpu', '--disable-background-networking'],
  });
  try {
    const page = await browser.newPage();
    await page.goto(new URL('/health/live', url).href);
    const events = told();
    await page.exposeFunction('tell', (text) => events.push(JSON.parse(text).data.onServiceRequestUpdated));
    await page.evaluate(
      ([address, text, variables]) => {
        const at = new URL(address);
        at.searchParams.set('query', text);
        at.searchParams.set('variables', JSON.stringify(variables));
        new EventSource(at).addEventListener('next', (event) => globalThis.tell(event.data));
      },
      [url, query, { id }],
    );
    assert.equal(await events.next(), 'RESYNC');
    await write('ASSIGNED');
    assert.equal(await events.next(), 'UPDATED ASSIGNED');
    await restart('IN_PROGRESS');
    assert.equal(await events.next(), 'RESUMED');
    assert.equal(await events.next(), 'UPDATED IN_PROGRESS');
  } finally {
    await browser.close();
  }
});

process.exit(0); // graphql-sse keeps connections that it has given up.
