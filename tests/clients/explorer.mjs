// The explorer in a real browser: the page opens, knows the schema, runs a query that is typed in and shows the answer,
// and asks nothing of any host but the server's own.
//
//   node explorer.mjs http://localhost:5080 [screenshot.png]
//
// CHROMIUM names the browser (default /usr/bin/chromium).
import assert from 'node:assert/strict';
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
  ],
});

try {
  const page = await browser.newPage();
  page.setDefaultTimeout(patience);
  const elsewhere = [];
  const problems = [];
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (['http:', 'https:', 'ws:', 'wss:'].includes(url.protocol) && url.host !== server.host) elsewhere.push(url.href);
  });
  page.on('pageerror', (error) => problems.push(`exception: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400) problems.push(`${response.status()} for ${response.url()}`);
  });

  const introspected = page.waitForResponse((response) => response.request().postData()?.includes('IntrospectionQuery') ?? false);
  await page.goto(new URL('/graphql', server).href);
  assert.equal(await page.title(), 'CityHelper explorer');
  assert.equal((await introspected).status(), 200, 'the schema is served');

  // The newcomer's query is there.
  const editor = page.locator('.graphiql-query-editor .monaco-editor').first();
  await editor.waitFor();
  await editor.getByText('NewestRequests').waitFor();

  // Replace it by one that is typed.
  await editor.click();
  await page.keyboard.press('Control+A');
  await page.keyboard.press('Delete');
  await page.keyboard.insertText('query Typed { __typename again: __typename }');
  // The editor looks at the text a moment after the last key; before that it would still run the old operation's name.
  await page.locator('.graphiql-tab').getByText('Typed').waitFor();
  const answered = page.waitForResponse((response) => response.request().postData()?.includes('query Typed') ?? false);
  await page.getByRole('button', { name: /execute query/i }).click();
  const answer = await answered;
  const request = answer.request();
  assert.equal(request.headers().accept, 'application/graphql-response+json');
  assert.equal(new URL(request.url()).pathname, '/graphql');
  assert.equal(answer.status(), 200);
  await page.locator('.result-window').getByText('"again"').first().waitFor();

  // The documentation explorer shows the schema's query type.
  await page.getByRole('button', { name: /documentation explorer/i }).first().click();
  await page.locator('.graphiql-doc-explorer').getByText('Root Types').waitFor();

  if (screenshot) await page.screenshot({ path: screenshot });
  assert.deepEqual(elsewhere, [], 'no request left the server');
  assert.deepEqual(problems, [], 'no script, style or request failed');
  console.log(`The explorer at ${server.href}graphql works, and loads nothing from elsewhere.`);
} finally {
  await browser.close();
}
