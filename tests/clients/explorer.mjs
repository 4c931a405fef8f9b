// Uses the explorer in a real browser: types and runs a query, completes a field, shows a mistake, opens and runs a published
// operation. The page sends requests to the server's own host only. Prints a line for each check.
//
//   node explorer.mjs http://localhost:5080 [screenshot.png]
//
// CHROMIUM names the browser (default /usr/bin/chromium).
import assert from 'node:assert/strict';
import process from 'node:process';
import { chromium } from 'playwright-core';

const server = new URL(process.argv[2] ?? 'http://localhost:5080');
const screenshot = process.argv[3];
const patience = 60_000; // A cold browser on a busy two-core machine needs some seconds to compile the editor.

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--headless',
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run',
    // No other host resolves, for the page, a worker or a style sheet.
    `--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE ${server.hostname}`,
  ],
});

/** Records the page's activity: requests by origin, workers, and every problem. */
async function watch(context, page) {
  const seen = { requests: 0, elsewhere: [], workers: [], problems: [] };
  context.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol === 'data:' || url.protocol === 'blob:') return;
    if (url.origin === server.origin) seen.requests++;
    else seen.elsewhere.push(url.href);
  });
  page.on('worker', (worker) => seen.workers.push(worker.url()));
  page.on('pageerror', (error) => seen.problems.push(`exception: ${error.message}`));
  page.on('response', (response) => {
    if (response.status() >= 400) seen.problems.push(`${response.status()} for ${response.url()}`);
    // A worker obeys the policy of its own script's response.
    if (response.url().endsWith('.js') && !response.headers()['content-security-policy']) seen.problems.push(`no policy for ${response.url()}`);
  });
  page.on('console', (message) => {
    if (message.type() === 'error') seen.problems.push(`console: ${message.text()} (${message.location().url})`);
  });
  await page.exposeFunction('reportViolation', (directive, what) => seen.problems.push(`policy: ${directive} forbids ${what}`));
  await page.addInitScript(() =>
    addEventListener('securitypolicyviolation', (event) => globalThis.reportViolation(event.effectiveDirective, event.blockedURI)));
  return seen;
}

try {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  const seen = await watch(context, page);
  const editor = page.locator('.graphiql-query-editor .monaco-editor').first();
  const variables = page.locator('.graphiql-editor-tool .monaco-editor').first();
  const answer = page.locator('.result-window');
  const tab = (name) => page.locator('.graphiql-tab').getByText(name, { exact: true });

  /** Replaces the text of an editor by typing. */
  async function type(text, into = editor) {
    await into.click();
    await page.keyboard.press('Control+A');
    await page.keyboard.press('Delete');
    await page.keyboard.type(text);
  }

  /** Runs the operation of this name once the page has parsed and stored a text with this end, a moment after the last key. */
  async function run(name, end) {
    await page.waitForFunction((text) => localStorage.getItem('graphiql:query')?.replace(/[\s}]+$/, '').endsWith(text), end);
    await answer.click(); // Leaving the editor closes its suggestions, which would cover the button.
    const answered = page.waitForResponse((response) => response.request().postDataJSON()?.operationName === name);
    await page.getByRole('button', { name: /execute query/i }).click();
    const response = await answered;
    assert.equal(response.request().headers().accept, 'application/graphql-response+json');
    assert.equal(new URL(response.url()).pathname, '/graphql');
    return response;
  }

  const introspected = page.waitForResponse((response) => response.request().postData()?.includes('IntrospectionQuery') ?? false);
  await page.goto(new URL('/graphql', server).href);
  assert.equal(await page.title(), 'CityHelper explorer');
  assert.equal((await introspected).status(), 200, 'the schema is served');
  await editor.getByText('NewestRequests').waitFor();
  console.log("ok  The page opens with the newcomer's query and knows the schema");

  await type('query Typed { __typename again: __typename }');
  assert.equal((await run('Typed', 'again: __typename')).status(), 200);
  await answer.getByText('"again"').first().waitFor();
  console.log('ok  A query that is typed runs, and its answer is shown');

  await type('query Completed { citie');
  await page.keyboard.press('Control+Space');
  await page.locator('.suggest-widget .monaco-list-row.focused').getByText('cities').first().waitFor();
  await page.keyboard.press('Enter');
  await page.keyboard.type(' { slug');
  const completed = await run('Completed', 'slug');
  assert.match(completed.request().postDataJSON().query, /\bcities\s*{\s*slug\b/);
  assert.ok((await completed.json()).data.cities.length > 0);
  console.log('ok  A field is completed from its beginning, and the query runs');

  await type('query Mistaken { cities { mayor } }');
  await editor.locator('.squiggly-error').first().waitFor();
  assert.deepEqual(seen.problems, []);
  assert.equal((await run('Mistaken', 'mayor')).status(), 400);
  await answer.getByText('FIELDS_ON_CORRECT_TYPE').first().waitFor();
  // The browser logs its own line about the status a moment after the response.
  while (seen.problems.length < 2) await page.waitForEvent('console');
  assert.deepEqual(seen.problems.splice(0).filter((problem) => !problem.includes(' 400 ') && !problem.startsWith('400 ')), []);
  console.log('ok  A mistake is marked in the editor, and the answer says what it is');

  await page.getByRole('button', { name: 'Show Operations' }).click();
  const operations = page.getByRole('region', { name: 'Operations' });
  await operations.getByRole('heading', { name: 'web' }).waitFor();
  const all = await operations.getByRole('listitem').count();
  await operations.getByRole('searchbox', { name: 'Filter operations' }).fill('paged through');
  assert.equal(await operations.getByRole('listitem').count(), 1);
  await operations.getByRole('button', { name: /^ServiceRequestList/ }).click();
  await tab('ServiceRequestList').waitFor();
  await variables.getByText('"city"').waitFor();
  await type('{ "city": "nyc" }', variables);
  const list = await (await run('ServiceRequestList', 'endCursor')).json();
  assert.equal(list.data.serviceRequests.nodes.length, 20);
  await answer.getByText('"serviceRequests"').first().waitFor();
  await tab('Mistaken').waitFor(); // The earlier text is still there, in its own tab.
  console.log(`ok  One of ${all} published operations is found, opened in a tab with the variables that it needs, and run`);

  await operations.getByRole('searchbox').fill('part of the map');
  await operations.getByRole('button', { name: /^ServiceRequestMap / }).click();
  await tab('ServiceRequestMap').waitFor();
  for (const name of ['"city"', '"viewport"', '"west"', '"south"', '"east"', '"north"']) await variables.getByText(name).waitFor();
  console.log('ok  Of a variable that is an object, its required members stand there to be filled in');

  await operations.getByRole('searchbox').fill('Cities');
  await operations.getByRole('searchbox').press('Tab');
  await page.keyboard.press('Enter');
  await tab('Cities').waitFor();
  await page.keyboard.press('Control+Enter');
  await answer.getByText('"timeZone"').first().waitFor();
  console.log('ok  The same is done with the keyboard alone');

  await page.getByRole('button', { name: /documentation explorer/i }).first().click();
  await page.locator('.graphiql-doc-explorer').getByText('Root Types').waitFor();
  console.log('ok  The documentation shows the types of the schema');

  if (screenshot) await page.screenshot({ path: screenshot });
  assert.deepEqual(seen.elsewhere, [], 'no request left the server');
  assert.deepEqual(seen.problems, [], 'no script, style or request failed, nor did the policy forbid any');
  assert.ok(seen.workers.length > 0 && seen.workers.every((worker) => new URL(worker).origin === server.origin));
  console.log(`ok  ${seen.requests} requests and ${seen.workers.length} workers, all of ${server.origin}`);
} finally {
  await browser.close();
}
